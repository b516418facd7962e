"""Which versions an export gives: a file of (row, version, length) for each type, made in one snapshot.

Once it is there, an export can be gone on with whatever is written meanwhile: a version that was replaced is in the
history.
"""

from array import array
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false, func, literal_column, or_, select
from sqlalchemy.sql.selectable import LateralFromClause

from cordee.fhir.query import Search
from cordee.store.bulk_export.compartments import of_patients
from cordee.store.connection import Connection
from cordee.store.jobs.folders import open_private
from cordee.store.schema import resource, resource_history
from cordee.store.search_chains import follow_chains
from cordee.store.search_shape import rows
from cordee.store.search_sql import MOMENT, TEXT, Arguments, rows_conditions
from cordee.store.search_statements import Statement, compiled

_WIDTH = 3
_FETCHED = 5_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is listed of one type. `patients` are ids, None for all; asked only where `of_patients`."""

    resource_type: str
    filters: tuple[Search, ...]
    moment: datetime
    since: datetime | None
    until: datetime | None
    of_patients: bool
    patients: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A row, the version it had at the moment, and the bytes that version has."""

    rid: int
    version: int
    size: int


async def write_listing(connection: Connection, tenant: int, wanted: Wanted, path: Path) -> int:
    """Lists what is wanted into a file; how many there are. Inside a transaction that has one snapshot."""
    total = 0
    with open_private(path) as file:
        async for page in _pages(connection, tenant, wanted):
            numbers = array("q")
            for record in page:
                if record["version"] is not None:
                    numbers.extend((record["rid"], record["version"], record["size"]))
            numbers.tofile(file)
            total += len(numbers) // _WIDTH
    return total


def read_listing(path: Path, start: int, *, most: int, most_bytes: int) -> Iterator[list[Listed]]:
    """The listing from its entry `start`, so many at a time, or fewer that are long; one at least."""
    with path.open("rb") as file:
        file.seek(start * _WIDTH * array("q").itemsize)
        chunk: list[Listed] = []
        size = 0
        while block := file.read(_FETCHED * _WIDTH * array("q").itemsize):
            numbers = array("q", block)
            for place in range(0, len(numbers), _WIDTH):
                one = Listed(*numbers[place : place + _WIDTH])
                if chunk and (len(chunk) >= most or size + one.size > most_bytes):
                    yield chunk
                    chunk, size = [], 0
                chunk.append(one)
                size += one.size
        if chunk:
            yield chunk


async def _pages(connection: Connection, tenant: int, wanted: Wanted) -> AsyncIterator[Sequence[Any]]:
    statement, arguments = await _statement(connection, tenant, wanted)
    cursor = await connection.cursor(*statement.call(arguments))
    while page := await cursor.fetch(_FETCHED):
        yield page


async def _statement(connection: Connection, tenant: int, wanted: Wanted) -> tuple[Statement, list[Any]]:
    given = Arguments()
    moment = given.next(MOMENT)
    conditions: list[ColumnElement[bool]] = [
        resource.c.tenant == given.tenant,
        resource.c.resource_type == given.next(TEXT),
        resource.c.deleted.is_(false()),
    ]
    arguments: list[Any] = [tenant, wanted.moment, wanted.resource_type]
    if wanted.since is not None:
        conditions.append(resource.c.last_updated > given.next(MOMENT))
        arguments.append(wanted.since)
    if wanted.until is not None:
        conditions.append(resource.c.last_updated <= given.next(MOMENT))
        arguments.append(wanted.until)
    if wanted.filters:
        matches = []
        for one in wanted.filters:
            ends = await follow_chains(connection, tenant, one.resource_type, one.criteria)
            found, values = rows(tenant, one.resource_type, one.criteria, ends)
            matches.append(and_(*rows_conditions(found, resource, given)))
            arguments += values
        conditions.append(or_(*matches))
    if wanted.of_patients:
        condition, values = of_patients(tenant, wanted.resource_type, wanted.patients, given)
        conditions.append(condition)
        arguments += values
    is_later = resource.c.last_updated > moment
    then = _version_at(moment)
    columns = [
        resource.c.rid,
        case((is_later, then.c.version), else_=resource.c.version).label("version"),
        case((is_later, then.c.size), else_=func.octet_length(resource.c.body)).label("size"),
    ]
    listed = resource.outerjoin(then, literal_column("true"))
    return compiled(select(*columns).select_from(listed).where(*conditions).order_by(resource.c.rid)), arguments


def _version_at(moment: ColumnElement[Any]) -> LateralFromClause:
    """The version that a row which was written since had at the moment; null for a deletion."""
    history = resource_history.c
    return (
        select(
            case((history.deleted, None), else_=history.version).label("version"),
            func.octet_length(history.body).label("size"),
        )
        .where(
            history.tenant == resource.c.tenant,
            history.rid == resource.c.rid,
            resource.c.last_updated > moment,
            history.last_updated <= moment,
        )
        .order_by(history.version.desc())
        .limit(literal_column("1"))
        .lateral("at_moment")
    )
