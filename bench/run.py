"""One run of the load client, from the command line to the table."""

import gc
import os
import platform
import random
import sys
import time
from collections.abc import Sequence

import uvloop

from bench import measure, processes, report, synthea
from bench.ceiling import CEILING_CLIENTS, ceiling_workload, do_nothing_server
from bench.connection import Client, Target
from bench.options import Options, parse
from bench.population import SetupError, prepare
from bench.server import cordee
from bench.workloads import WORKLOADS, Context, Workload, bare_context, context, create_owned


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code.

    It is 0, 1 when a workload had errors, 2 when the server can't be measured, 130 when interrupted.
    """
    options = parse(arguments)
    try:
        if options.ceiling:
            with do_nothing_server() as server:
                return uvloop.run(_run(options, Target.of(server.base), server.processes))
        if options.target is not None:
            return uvloop.run(_run(options, options.target, options.processes))
        with cordee(options.data_dir, options.workers) as server:
            target = Target.of(server.base, options.headers)
            return uvloop.run(_run(options, target, server.processes + options.processes))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


async def _run(options: Options, target: Target, named: tuple[processes.Named, ...]) -> int:
    about: dict[str, object] = {
        "base": f"{'https' if target.secure else 'http'}://{target.host}:{target.port}{target.path}",
        "seed": options.seed,
        "seconds": options.seconds,
        "warm_up_seconds": options.warm_up,
        "processors": os.cpu_count(),
        "client_python": platform.python_version(),
    }
    watch = processes.Watch(named)
    watch.start()
    clients = options.clients
    if options.ceiling:
        workloads, clients = [ceiling_workload()], CEILING_CLIENTS
        shared = bare_context(target, options.seed)
    else:
        workloads, shared = await _prepare(options, target, about)
    # What was made before measuring stays: it need not be looked at by each collection.
    gc.collect()
    gc.freeze()

    rows = []
    print(report.header([one.name for one in named]))
    for workload in workloads:
        for count in clients:
            row = await _measure(options, shared, workload, count, watch)
            rows.append(row)
            print(report.line(row), flush=True)
    peaks = watch.stop()
    if peaks:
        print(report.memory_table(peaks))
    if options.json is not None:
        report.write_json(options.json, about, rows, peaks)
    return 1 if any(row.figures.errors for row in rows) else 0


async def _prepare(options: Options, target: Target, about: dict[str, object]) -> tuple[list[Workload], Context]:
    workloads = [one for one in WORKLOADS if one.name in options.only]
    shared = bare_context(target, options.seed)
    if workloads:
        population = await prepare(target, options.seed, options.patients, options.loaders, _say)
        about["resources"] = population.resources
        about["loading_seconds"] = population.loading_seconds
        shared = context(target, options.seed, population)
    if options.synthea is not None and "synthea" in options.only:
        bundles = synthea.read(options.synthea)
        began = time.perf_counter()
        count = await synthea.post_batches(target, bundles)
        spent = time.perf_counter() - began
        _say(f"posted the {count} resources of Synthea's batches, {count / spent:.0f} resources/s")
        workloads.append(synthea.workload(target, bundles))
    return workloads, shared


async def _measure(
    options: Options, shared: Context, workload: Workload, count: int, watch: processes.Watch
) -> report.Row:
    users = []
    for rank in range(count):
        client = Client(shared.target)
        draw = random.Random(f"{options.seed} {workload.name} {count} {rank}")
        owned = await create_owned(shared, client, workload.owned) if workload.owned else []
        users.append(measure.User(client, workload.session(shared, draw, owned)))
    if options.warm_up:
        await measure.run(users, options.warm_up, options.timeout)
    before, client_before = watch.processor_seconds(), time.process_time()
    figures, first_error = await measure.run(users, options.seconds, options.timeout)
    client_seconds = time.process_time() - client_before
    spent = {"client": client_seconds, **processes.used(before, watch.processor_seconds())}
    for user in users:
        user.client.close()
    answered = max(1, figures.requests + figures.errors)
    milliseconds = {name: 1000 * seconds / answered for name, seconds in spent.items()}
    return report.Row(workload.name, count, figures, first_error, milliseconds)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
