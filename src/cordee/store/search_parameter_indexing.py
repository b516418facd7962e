"""What was stored before a search parameter was added, changed or dropped, indexed as it would be if written now.

A pass goes through the types concerned in the order of their rows, a batch a transaction, and can be taken up again at
any of them. Before it begins, it waits for those who were writing when the parameters changed: they may not have known
(`search_parameters`). What another writer changes meanwhile is left to them: they know.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from cordee.fhir.search_parameter_reading import types_of
from cordee.fhir.search_parameters import SearchParameters
from cordee.store.connection import Connection, Database
from cordee.store.index_values import PRESENT, IndexRows, form_hash, index_rows, parameter_key
from cordee.store.jobs import Json, RunningJob
from cordee.store.search_parameters import Added, added_parameters, lock, present_edition, renew

KIND: Final = "search-parameters"
"""Of the job."""
BATCH: Final = 500
"""Resources read in one transaction."""
_SECONDS_BETWEEN_LOOKS: Final = 0.05

_TOTAL = "SELECT count(*) FROM resource WHERE tenant = $1 AND resource_type = ANY($2::text[]) AND NOT deleted"
_READ = """
SELECT rid, id, version, terms, body FROM resource
WHERE tenant = $1 AND resource_type = $2 AND rid > $3 AND NOT deleted
ORDER BY rid LIMIT $4"""
# In the order in which every writer locks rows; those that were written meanwhile are not of that version any more.
_LOCK = """
SELECT r.rid FROM unnest($3::text[], $4::int[]) AS wanted(id, version)
JOIN resource r ON r.tenant = $1 AND r.resource_type = $2 AND r.id = wanted.id AND r.version = wanted.version
ORDER BY r.id
FOR NO KEY UPDATE OF r"""
_TERMS = """
UPDATE resource r SET terms = fresh.terms::bigint[] FROM unnest($3::bigint[], $4::text[]) AS fresh(rid, terms)
WHERE r.tenant = $1 AND r.resource_type = $2 AND r.rid = fresh.rid"""
_FORGET = [
    f"DELETE FROM {table} WHERE tenant = $1 AND rid = ANY($2::bigint[])"
    for table in ("date_value", "number_value", "string_value", "word_value")
]
_DATES = """
INSERT INTO date_value (tenant, rid, key, low, high)
SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])"""
_NUMBERS = """
INSERT INTO number_value (tenant, rid, key, low, high, units)
SELECT $1, n.rid, n.key, n.low, n.high, n.units::bigint[]
FROM unnest($2::bigint[], $3::bigint[], $4::numeric[], $5::numeric[], $6::text[]) AS n(rid, key, low, high, units)"""
_STRINGS = """
INSERT INTO string_value (tenant, rid, key, value, grams)
SELECT $1, s.rid, s.key, s.value, s.grams::bigint[]
FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[]) AS s(rid, key, value, grams)"""
_WORDS = """
INSERT INTO word_value (tenant, rid, words)
SELECT $1, v.rid, v.words::tsvector FROM unnest($2::bigint[], $3::text[]) AS v(rid, words)"""
_WRITERS = """
SELECT pid, virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = 'resource'::regclass AND mode = 'RowExclusiveLock'
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()"""
_READY = "UPDATE search_parameter SET state = 'ready', types = $3 WHERE tenant = $1 AND id = $2"
_FORGOTTEN = "DELETE FROM search_parameter WHERE tenant = $1 AND id = $2"


@dataclass(frozen=True, slots=True)
class Place:
    """How far a pass is: what it began with, and the last row seen."""

    edition: int
    types: tuple[str, ...]
    """Those that are not done; the first is under way."""
    rid: int
    seen: int
    total: int

    @property
    def progress(self) -> str:
        """For a person."""
        return f"{self.seen} of about {self.total} resources"


Keep = Callable[[Any, str, Connection | None], Awaitable[None]]
"""Keeps a position, and says how far that is; in the transaction of what was done, when one is given."""


async def run_indexing(running: RunningJob) -> Json:
    """The job that a change of the parameters leaves to the background."""
    job = running.job
    seen = await index_search_parameters(running.database, job.tenant, job.position, running.checkpoint)
    return {"resources": seen}


async def index_search_parameters(
    database: Database, tenant: int, position: Any, keep: Keep, batch: int = BATCH
) -> int:
    """Makes every parameter that was added, changed or dropped ready; how many resources were looked at.

    `position` is what `keep` was last given, None at the beginning.
    """
    place = None if position is None else Place(**{**position, "types": tuple(position["types"])})
    while True:
        async with database.transaction() as connection:
            edition = await present_edition(connection, tenant)
            pending = [one for one in await added_parameters(connection, tenant) if one.state != "ready"]
        if not pending:
            return 0 if place is None else place.seen
        if place is None or place.edition != edition.number:
            await _wait_for_writers(database)
            place = await _beginning(database, tenant, edition.number, pending)
            await keep(asdict(place), place.progress, None)
        async with database.transaction() as connection:
            if place.types:
                place = await _advance(connection, tenant, place, edition.parameters, pending, batch)
                await keep(asdict(place), place.progress, connection)
            else:
                await _finish(connection, tenant, place.edition, pending)


async def _wait_for_writers(database: Database) -> None:
    """Until none of those that are writing now does: what they write is seen by the pass."""
    async with database.rows() as connection:
        writing = {tuple(row) for row in await connection.fetch(_WRITERS)}
        while writing:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            writing &= {tuple(row) for row in await connection.fetch(_WRITERS)}


async def _beginning(database: Database, tenant: int, edition: int, pending: Sequence[Added]) -> Place:
    types = tuple(sorted({name for one in pending for name in one.types}))
    async with database.rows() as connection:
        return Place(edition, types, -1, 0, await connection.fetchval(_TOTAL, tenant, list(types)))


async def _advance(
    connection: Connection,
    tenant: int,
    place: Place,
    parameters: SearchParameters,
    pending: Sequence[Added],
    batch: int,
) -> Place:
    """Indexes the next batch."""
    resource_type = place.types[0]
    rows = await connection.fetch(_READ, tenant, resource_type, place.rid, batch)
    codes = {one.parameter.code for one in pending}
    marks = {parameter_key(tenant, resource_type, code) ^ form_hash(PRESENT) for code in codes}
    changed: dict[int, tuple[Any, IndexRows]] = {}
    for row in rows:
        fresh = index_rows(tenant, orjson.loads(row["body"]), parameters)
        if not marks.isdisjoint(row["terms"]) or not marks.isdisjoint(fresh.terms):
            changed[row["rid"]] = (row, fresh)
    if changed:
        versions = [(row["id"], row["version"]) for row, _ in changed.values()]
        still = await connection.fetch(
            _LOCK, tenant, resource_type, [id_ for id_, _ in versions], [version for _, version in versions]
        )
        await _replace(connection, tenant, resource_type, {row["rid"]: changed[row["rid"]][1] for row in still})
    seen = place.seen + len(rows)
    if len(rows) < batch:
        return Place(place.edition, place.types[1:], -1, seen, place.total)
    return Place(place.edition, place.types, rows[-1]["rid"], seen, place.total)


async def _replace(connection: Connection, tenant: int, resource_type: str, fresh: dict[int, IndexRows]) -> None:
    rids = list(fresh)
    terms = [_array(rows.terms) for rows in fresh.values()]
    await connection.execute(_TERMS, tenant, resource_type, rids, terms)
    for forget in _FORGET:
        await connection.execute(forget, tenant, rids)
    dates = [(rid, *row) for rid, rows in fresh.items() for row in rows.dates]
    numbers = [(rid, *row[:3], _array(row[3])) for rid, rows in fresh.items() for row in rows.numbers]
    strings = [(rid, *row[:2], _array(row[2])) for rid, rows in fresh.items() for row in rows.strings]
    words = [(rid, rows.words) for rid, rows in fresh.items() if rows.words]
    for insert, values in ((_DATES, dates), (_NUMBERS, numbers), (_STRINGS, strings), (_WORDS, words)):
        if values:
            await connection.execute(insert, tenant, *map(list, zip(*values, strict=True)))


def _array(values: Sequence[int]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


async def _finish(connection: Connection, tenant: int, edition: int, pending: Sequence[Added]) -> None:
    """Unless the parameters changed again: then the pass begins again."""
    await lock(connection, tenant)
    if (await present_edition(connection, tenant)).number != edition:
        return
    for one in pending:
        if one.state == "dropped":
            await connection.execute(_FORGOTTEN, tenant, one.id)
        else:
            await connection.execute(_READY, tenant, one.id, list(types_of(one.parameter)))
    await renew(connection, tenant)
