"""A region put into a base of its own, before the server starts."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import orjson

from bench.bulk_fill import Resource, fill, store
from bench.region.directory import directory_lines, structures
from bench.region.records import record_lines
from cordee.store.embedded import EmbeddedPostgres
from cordee.store.migrate import migrate

_TENANT = 1


def fill_region(place: Path, seed: int, patients: int) -> str:
    """Fills the base in a folder that has none; returns how quickly, in words."""
    server = EmbeddedPostgres(place)
    dsn = server.start()
    try:
        asyncio.run(migrate(dsn))
        begun = time.perf_counter()
        found = structures(patients)
        count = asyncio.run(store(dsn, _TENANT, (orjson.loads(text) for _, text in directory_lines(seed, found))))
        count += fill(dsn, _TENANT, patients, partial(_records, seed, patients))
        seconds = time.perf_counter() - begun
    finally:
        server.stop()
    return f"filled: {count:,} resources, {count / seconds:,.0f}/s"


def _records(seed: int, patients: int, numbers: range) -> Iterator[Resource]:
    found = structures(patients)
    for number in numbers:
        for _, text in record_lines(seed, number, found):
            yield orjson.loads(text)
