"""The command line of the load client."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.care import NUMBERS_PER_SEED, RESOURCES_PER_RECORD
from bench.connection import Target
from bench.workloads import FIRST_BUNDLE_INDEX, WORKLOADS

_EXAMPLES = """\
examples:
  python -m bench
      starts Cordée on a database of its own, loads 10,000 resources, runs every workload
  python -m bench --resources 100000 --seconds 10 --json figures.json
      the run whose figures are published
  python -m bench --only read,search --clients 1,8
      reads and every search; a name stands for all those that begin with it
  python -m bench --base http://127.0.0.1:8080/fhir --processes server=1234,postgresql=1200
      another server, which runs already; its processes are watched for memory
  python -m bench --synthea ../shared/corpus/fhir-r4/synthea
      transaction bundles of Synthea, in resources/s
  python -m bench --ceiling
      what the client itself can do, against a server that does nothing

workloads:
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked on the command line."""

    target: Target | None
    processes: tuple[processes.Named, ...]
    headers: tuple[tuple[str, str], ...]
    only: tuple[str, ...]
    clients: tuple[int, ...]
    seconds: float
    warm_up: float
    patients: int
    loaders: int
    seed: int
    synthea: Path | None
    json: Path | None
    data_dir: Path | None
    workers: int
    timeout: float
    ceiling: bool


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options of a command line; ends the program with a message when they can't be used."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        headers = tuple(_header(text) for text in given.header)
        target = Target.of(given.base, headers) if given.base else None
        named = processes.parse(given.processes)
        only = _names(given.only, given.synthea is not None)
        clients = tuple(_positive(text, "--clients") for text in given.clients.split(","))
    except ValueError as error:
        parser.error(str(error))
    patients = max(10, -(-given.resources // RESOURCES_PER_RECORD))
    if patients > FIRST_BUNDLE_INDEX:
        parser.error(f"--resources is at most {FIRST_BUNDLE_INDEX * RESOURCES_PER_RECORD}")
    if not 0 <= given.seed < 10**8 // NUMBERS_PER_SEED:
        parser.error(f"--seed is between 0 and {10**8 // NUMBERS_PER_SEED - 1}")
    if given.seconds <= 0 or given.warm_up < 0:
        parser.error("--seconds must be more than 0, and --warm-up not less than 0")
    if target is not None and given.data_dir is not None:
        parser.error("--data-dir is for the server started here: leave it out with --base")
    return Options(
        target=target,
        processes=named,
        headers=headers,
        only=only,
        clients=clients,
        seconds=given.seconds,
        warm_up=given.warm_up,
        patients=patients,
        loaders=given.loaders,
        seed=given.seed,
        synthea=given.synthea,
        json=given.json,
        data_dir=given.data_dir,
        workers=given.workers,
        timeout=given.timeout,
        ceiling=given.ceiling,
    )


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {one.name:20} {one.what}" for one in WORKLOADS)
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures a FHIR R4 server: requests/s, response times, memory. "
        "Without --base, it starts Cordée and ends it.",
        epilog=_EXAMPLES + listed + "\n  synthea              Synthea's transaction bundles (needs --synthea)",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--base", metavar="URL", help="FHIR base of a server that runs already")
    add(
        "--processes",
        default="",
        metavar="PID,…",
        help="its processes, as PID or NAME=PID, with their children",
    )
    add("--header", action="append", default=[], metavar="'NAME: VALUE'", help="a header for every request")
    add(
        "--only",
        default="",
        metavar="NAME,…",
        help="workloads to run (default: all; with --synthea: synthea)",
    )
    add("--clients", default="1,8,32", metavar="N,…", help="clients at once (default: 1,8,32)")
    add("--seconds", type=float, default=5.0, help="time of each measure (default: 5)")
    add("--warm-up", type=float, default=1.0, metavar="SECONDS", help="before each measure (default: 1)")
    add("--resources", type=int, default=10_000, metavar="N", help="loaded before measuring (default: 10000)")
    add("--loaders", type=int, default=4, metavar="N", help="clients that load (default: 4)")
    add("--seed", type=int, default=1, help="of the data (default: 1); loaded only if not there yet")
    add("--synthea", type=Path, metavar="DIR", help="folder of Synthea bundles (.json, .json.gz, .json.bz2)")
    add("--json", type=Path, metavar="FILE", help="also write the figures there")
    add(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="where the server started here keeps its data, kept at the end",
    )
    add("--workers", type=int, default=1, metavar="N", help="of the server started here (default: 1)")
    add(
        "--timeout",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="to wait for a last answer (default: 60)",
    )
    add("--ceiling", action="store_true", help="measure the client instead of a server")
    return parser


def _names(text: str, synthea: bool) -> tuple[str, ...]:
    known = [one.name for one in WORKLOADS] + (["synthea"] if synthea else [])
    wanted = [name for name in (part.strip() for part in text.split(",")) if name]
    if not wanted:
        return ("synthea",) if synthea else tuple(known)
    for name in wanted:
        if not any(_stands_for(name, one) for one in known):
            raise ValueError(f"{name!r} is no workload: give some of {', '.join(known)}")
    return tuple(one for one in known if any(_stands_for(name, one) for name in wanted))


def _stands_for(name: str, workload: str) -> bool:
    return workload == name or workload.startswith(name + "-")


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"{text!r} is not a header: give 'NAME: VALUE'")
    return name.strip(), value.strip()


def _positive(text: str, option: str) -> int:
    if not text.strip().isdigit() or int(text) < 1:
        raise ValueError(f"{option} takes numbers of at least 1 separated by commas, not {text!r}")
    return int(text)
