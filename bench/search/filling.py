"""A region put into a base of its own, before the server starts."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path

import orjson

from bench.bulk_fill import Resource, fill
from bench.region.files import write_region
from cordee.store.embedded import EmbeddedPostgres
from cordee.store.migrate import migrate

_TENANT = 1
_LINES_A_CHUNK = 5_000


def fill_region(place: Path, seed: int, patients: int) -> str:
    """Fills the base in a folder that has none, a type after the other; returns how quickly, in words."""
    files = place / "region"
    counts = write_region(files, seed, patients)
    server = EmbeddedPostgres(place)
    dsn = server.start()
    try:
        asyncio.run(migrate(dsn))
        begun = time.perf_counter()
        chunks = sum(-(-count // _LINES_A_CHUNK) for count in counts.values())
        count = fill(dsn, _TENANT, chunks, partial(_resources, [files / f"{name}.ndjson" for name in counts]))
        seconds = time.perf_counter() - begun
    finally:
        server.stop()
        shutil.rmtree(files)
    return f"filled: {count:,} resources, {count / seconds:,.0f}/s"


def _resources(files: list[Path], numbers: range) -> Iterator[Resource]:
    """Those of the chunks of these numbers, which go on from a file to the next."""
    chunk = 0
    for path in files:
        with path.open(encoding="utf-8") as lines:
            while some := list(islice(lines, _LINES_A_CHUNK)):
                if chunk in numbers:
                    yield from map(orjson.loads, some)
                chunk += 1
