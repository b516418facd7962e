"""Fills a base with a region, asks each kind of search over HTTP, and draws how their cost grows with the size."""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import orjson

from bench.connection import Target
from bench.processes import Watch
from bench.region.files import patients_for
from bench.search.curve import picture
from bench.search.filling import fill_region
from bench.search.measuring import Bench, Measured
from bench.search.mix import KINDS, Kind, Region
from bench.server import cordee


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; the exit code is 1 when an answer was not the one expected."""
    options = _parser().parse_args(arguments)
    wanted = [kind for kind in KINDS if not options.only or any(kind.name.startswith(o) for o in options.only)]
    results: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="cordee-bench-") as own:
        for resources in options.resources:
            place = Path(options.data_dir or own) / str(resources)
            region = Region(options.seed, patients_for(resources))
            if not (place / "postgresql").exists():
                print(fill_region(place, region.seed, region.patients), flush=True)
            for workers in options.workers:
                print(f"\n{resources:,} resources, {workers} worker(s) and client(s); load {os.getloadavg()[0]:.1f}")
                with cordee(place, workers) as server:
                    watch = Watch(server.processes)
                    bench = Bench(Target.of(server.base), watch, region, resources, workers, options.seconds)
                    results += asyncio.run(_measure(bench, wanted))
    if options.json is not None:
        options.json.write_bytes(orjson.dumps([asdict(one) for one in results], option=orjson.OPT_INDENT_2))
    if options.picture is not None:
        points = {kind.name: _curve(results, kind) for kind in wanted}
        options.picture.write_text(picture({name: curve for name, curve in points.items() if len(curve) > 1}))
    return 1 if any(one.figures.errors for one in results) else 0


async def _measure(bench: Bench, kinds: Sequence[Kind]) -> list[Measured]:
    done = []
    async for kind, measured in bench.measure_all(kinds):
        print(_line(measured, kind), flush=True)
        done.append(measured)
    return done


def _curve(results: Sequence[Measured], kind: Kind) -> list[tuple[int, float]]:
    fewest = min((one.workers for one in results), default=1)
    return [(one.resources, one.processor_ms) for one in results if one.kind == kind.name and one.workers == fewest]


def _line(one: Measured, kind: Kind | None) -> str:
    times = (one.figures.p50_ms, one.figures.p99_ms, one.processor_ms)
    p50, p99, spent = (f"{time:9.2f}" if time is not None else "        –" for time in times)
    line = f"{one.kind:32}{one.figures.requests:>7} p50{p50} p99{p99} processors{spent} ms"
    if kind is not None and kind.limit_ms is not None and (one.figures.p50_ms or 0) > kind.limit_ms:
        line += f"  over {kind.limit_ms} ms"
    if one.figures.resources_per_second is not None:
        line += f"  {one.figures.resources_per_second:.0f} resources/s"
    return f"{line}\n    first error: {one.first_error}" if one.first_error else line


def _numbers(text: str) -> list[int]:
    return [int(part.replace("_", "")) for part in text.split(",")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    add = parser.add_argument
    add("--resources", type=_numbers, default=[10_000, 100_000], metavar="N,…", help="sizes (default: 10000,100000)")
    add("--workers", type=_numbers, default=[1], metavar="N,…", help="of the server, and clients (default: 1)")
    add("--seconds", type=float, default=2.0, help="time of each measure (default: 2)")
    add("--only", type=lambda text: text.split(","), default=[], metavar="NAME,…", help="beginnings of names")
    add("--seed", type=int, default=1)
    add("--data-dir", type=Path, help="where the bases are kept, one folder a size, and found by the next run")
    add("--json", type=Path, metavar="FILE", help="also write the figures there")
    add("--picture", type=Path, metavar="FILE", help="also draw them there, as SVG")
    return parser
