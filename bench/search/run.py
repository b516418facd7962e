"""Fills a base with a region, asks each kind of search over HTTP, and draws how the times grow with the size."""

import argparse
import asyncio
import os
import random
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from bench import measure
from bench.bundle import transaction
from bench.care import RESOURCES_PER_RECORD, patient_number, record
from bench.connection import Client, Target
from bench.directory import directory, directory_entries
from bench.figures import Figures
from bench.region.files import patients_for
from bench.search.curve import picture
from bench.search.filling import fill_region
from bench.search.mix import KINDS, Kind, Region
from bench.search.paging import page_link
from bench.server import cordee
from bench.workloads import Request, Session, searchset_answered

_PATIENCE_SECONDS = 120.0
_FAR_PAGE = 1_000
_BUNDLES, _BUNDLE_SEED = 20, 7


@dataclass(frozen=True, slots=True)
class Measured:
    """A kind of search at a size, with a number of workers and as many clients."""

    kind: str
    resources: int
    workers: int
    figures: Figures
    first_error: str | None
    load_average: float


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
                    target = Target.of(server.base)
                    for one in asyncio.run(_measure_all(target, region, wanted, resources, workers, options.seconds)):
                        results.append(one)
    if options.json is not None:
        options.json.write_bytes(orjson.dumps([asdict(one) for one in results], option=orjson.OPT_INDENT_2))
    if options.picture is not None:
        points = {kind.name: _curve(results, kind) for kind in wanted}
        options.picture.write_text(picture({name: curve for name, curve in points.items() if len(curve) > 1}))
    return 1 if any(one.figures.errors for one in results) else 0


def _curve(results: Sequence[Measured], kind: Kind) -> list[tuple[int, float]]:
    own = [one for one in results if one.kind == kind.name and one.workers == min(o.workers for o in results)]
    return [(one.resources, one.figures.p50_ms) for one in own if one.figures.p50_ms is not None]


async def _measure_all(
    target: Target, region: Region, kinds: Sequence[Kind], resources: int, workers: int, seconds: float
) -> list[Measured]:
    done = []
    for kind in kinds:
        done.append(await _measure(target, region, kind, resources, workers, seconds))
        print(_line(done[-1], kind), flush=True)
    for name, path in (("pages", "Encounter?_count=20"), ("pages-sorted", "Encounter?_sort=-date&_count=20")):
        for number in (1, _FAR_PAGE):
            link, reached = await page_link(target, path, number)
            kind = Kind(f"{name}-{reached}", "order and pages", lambda _region, _draw, link=link: link)  # type: ignore[misc]
            done.append(await _measure(target, region, kind, resources, workers, seconds))
            print(_line(done[-1], kind), flush=True)
    done.append(await _measure(target, region, None, resources, workers, seconds))
    print(_line(done[-1], None), flush=True)
    return done


async def _measure(
    target: Target, region: Region, kind: Kind | None, resources: int, workers: int, seconds: float
) -> Measured:
    """`kind` None is for transactions."""
    users = []
    name = "transaction-100" if kind is None else kind.name
    for rank in range(workers):
        draw = random.Random(f"{region.seed} {name} {rank}")
        session = _bundles(target, draw) if kind is None else _session(target, region, kind, draw)
        users.append(measure.User(Client(target), session))
    await measure.run(users, seconds / 4, _PATIENCE_SECONDS)
    figures, error = await measure.run(users, seconds, _PATIENCE_SECONDS)
    for user in users:
        user.client.close()
    return Measured(name, resources, workers, figures, error, os.getloadavg()[0])


def _session(target: Target, region: Region, kind: Kind, draw: random.Random) -> Session:
    while True:
        path = kind.query(region, draw)
        yield Request(target.get(path), check=searchset_answered if "?" in path else None)


def _bundles(target: Target, draw: random.Random) -> Session:
    """Transactions of a record of 100 resources each."""
    structures = directory([f"{kind['resourceType']}/{url[-36:]}" for url, kind in directory_entries(_BUNDLE_SEED)])
    bodies = [
        transaction(record(_BUNDLE_SEED, patient_number(_BUNDLE_SEED, number), structures))
        for number in range(_BUNDLES)
    ]
    while True:
        yield Request(target.post("", draw.choice(bodies)), resources=RESOURCES_PER_RECORD)


def _line(one: Measured, kind: Kind | None) -> str:
    p50, p99 = (f"{time_ms:9.2f}" if time_ms is not None else "        –"
                for time_ms in (one.figures.p50_ms, one.figures.p99_ms))  # fmt: skip
    line = f"{one.kind:32}{one.figures.requests:>7} p50{p50} p99{p99}"
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
