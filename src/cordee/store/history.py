"""History of a resource, of a type, of the whole tenant, newest first, a page at a time (R4 http.html#history).

The pages follow (instant, row, version) downwards, so what is written meanwhile comes before the first page and
moves nothing on the others.
"""

from dataclasses import dataclass
from datetime import datetime

from cordee.fhir.outcome import NotFound
from cordee.fhir.stored_version import StoredVersion
from cordee.store.connection import Connection
from cordee.store.read import OLD_VERSION_COLUMNS, VERSION_COLUMNS, find_current

_VERSIONS_SINCE = " + ".join(
    (
        "SELECT (SELECT count(*) FROM resource WHERE tenant = $1 AND resource_type = $2 AND rid = $3"
        " AND last_updated >= $4)",
        "(SELECT count(*) FROM resource_history WHERE tenant = $1 AND rid = $3 AND last_updated >= $4)",
    )
)


@dataclass(frozen=True, slots=True)
class HistoryPosition:
    """The last entry of a page; the next page begins below it."""

    last_updated: datetime
    rid: int
    version: int


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Versions, newest first; `following` is None on the last page. `total` is counted for one resource only."""

    versions: tuple[StoredVersion, ...]
    following: HistoryPosition | None
    total: int | None = None


async def history(
    connection: Connection,
    tenant: int,
    *,
    count: int,
    resource_type: str | None = None,
    resource_id: str | None = None,
    since: datetime | None = None,
    after: HistoryPosition | None = None,
) -> HistoryPage:
    """A page of at most `count` versions written at or after `since`.

    With an id, raises `NotFound` when nothing was ever stored there; a deleted resource has a history.
    """
    conditions: list[str] = ["tenant = $1"]
    arguments: list[object] = [tenant]
    total = None
    if resource_type is not None and resource_id is not None:
        current = await find_current(connection, tenant, resource_type, resource_id)
        if current is None:
            raise NotFound(f"There is no {resource_type}/{resource_id}.")
        _require(conditions, arguments, "rid = {}", current.rid)
        total = current.version
        if since is not None:
            total = int(await connection.fetchval(_VERSIONS_SINCE, tenant, resource_type, current.rid, since))
    if resource_type is not None:
        _require(conditions, arguments, "resource_type = {}", resource_type)
    if since is not None:
        _require(conditions, arguments, "last_updated >= {}", since)
    if after is not None:
        _require(
            conditions,
            arguments,
            "(last_updated, rid, version) < ({}, {}, {})",
            after.last_updated,
            after.rid,
            after.version,
        )
    arguments.append(count + 1)
    order = f"ORDER BY last_updated DESC, rid DESC, version DESC LIMIT ${len(arguments)}"
    where = " AND ".join(conditions)
    parts = [
        f"(SELECT {columns.format(table)} FROM {table} WHERE {where} {order})"
        for table, columns in (("resource", VERSION_COLUMNS), ("resource_history", OLD_VERSION_COLUMNS))
    ]
    rows = await connection.fetch(f"{' UNION ALL '.join(parts)} {order}", *arguments)
    versions = tuple(StoredVersion(*row) for row in rows[:count])
    last = versions[-1] if len(rows) > count else None
    return HistoryPage(versions, HistoryPosition(last.last_updated, last.rid, last.version) if last else None, total)


def _require(conditions: list[str], arguments: list[object], condition: str, *values: object) -> None:
    """Adds a condition whose `{}` stand for `values`."""
    places = []
    for value in values:
        arguments.append(value)
        places.append(f"${len(arguments)}")
    conditions.append(condition.format(*places))
