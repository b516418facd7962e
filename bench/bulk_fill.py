"""Fills an empty database with checked resources by COPY, in several processes: measuring needs volume first.

For the bench alone: nothing is compared with what is stored, so two fills of the same ids collide.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, Protocol

import asyncpg
import orjson

from cordee.fhir.body import accept
from cordee.store.changes import now
from cordee.store.index_values import index_rows, reference_hash

_RESOURCES_A_COPY = 5_000
_COLUMNS = {
    "resource": [
        *("tenant", "resource_type", "id", "rid", "version", "txn", "created_txn", "last_updated", "deleted"),
        *("method", "self_term", "terms", "body"),
    ],
    "date_value": ["tenant", "rid", "key", "low", "high"],
    "number_value": ["tenant", "rid", "key", "low", "high", "units"],
    "string_value": ["tenant", "rid", "key", "value", "grams"],
}

Resource = dict[str, Any]


class Resources(Protocol):
    """What one process is to store; a function of a module, so that it reaches the process."""

    def __call__(self, numbers: range) -> Iterable[Resource]:
        """The resources of the records of these numbers."""
        ...


def fill(dsn: str, tenant: int, records: int, resources: Resources, *, processes: int = 2) -> int:
    """Stores the resources of records 0 to `records` - 1; returns how many resources that is."""
    shares = [range(start, records, processes) for start in range(processes)]
    with ProcessPoolExecutor(processes) as pool:
        stored = sum(pool.map(partial(_fill_share, dsn, tenant, resources), shares))
    asyncio.run(_analyze(dsn))
    return stored


async def store(dsn: str, tenant: int, resources: Iterable[Resource]) -> int:
    """Stores a few resources likewise, in this process."""
    return await _copy(dsn, tenant, iter(resources))


def _fill_share(dsn: str, tenant: int, resources: Resources, numbers: range) -> int:
    return asyncio.run(_copy(dsn, tenant, iter(resources(numbers))))


async def _copy(dsn: str, tenant: int, resources: Iterator[Resource]) -> int:
    connection = await asyncpg.connect(dsn)
    stored = 0
    try:
        while batch := list(islice(resources, _RESOURCES_A_COPY)):
            first = 0
            rids: list[int] = []
            while len(rids) < len(batch):
                first = await connection.fetchval("SELECT nextval('resource_rid')")
                rids.extend(range(first, first + 1000))
            transaction = await connection.fetchval("SELECT nextval('transaction_number')")
            rows = _rows(tenant, transaction, now(), zip(batch, rids, strict=False))
            async with connection.transaction():
                for table, columns in _COLUMNS.items():
                    await connection.copy_records_to_table(table, records=rows[table], columns=columns)
            stored += len(batch)
    finally:
        await connection.close()
    return stored


def _rows(
    tenant: int, transaction: int, moment: datetime, placed: Iterable[tuple[Resource, int]]
) -> dict[str, list[Sequence[object]]]:
    rows: dict[str, list[Sequence[object]]] = {table: [] for table in _COLUMNS}
    for resource, rid in placed:
        kind, id_ = resource["resourceType"], resource["id"]
        incoming = accept(orjson.dumps(resource), kind)
        indexed = index_rows(tenant, incoming.resource)
        rows["resource"].append(
            (
                *(tenant, kind, id_, rid, 1, transaction, transaction, moment, False, "PUT"),
                *(reference_hash(kind, id_), indexed.terms, incoming.stored_text(id_, 1, moment)),
            )
        )
        for table, found in (
            ("date_value", indexed.dates),
            ("number_value", indexed.numbers),
            ("string_value", indexed.strings),
        ):
            rows[table].extend((tenant, rid, *row) for row in found)
    return rows


async def _analyze(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
