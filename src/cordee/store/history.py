"""History of a resource, of a type, of the whole tenant, newest first, a page at a time (R4 http.html#history).

The pages follow (instant, row, version) downwards, so what is written meanwhile comes before the first page and
moves nothing on the others.
"""

from dataclasses import dataclass
from datetime import datetime

from cordee.fhir.outcome import NotFound
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.temporal import DateRange
from cordee.store.connection import Connection
from cordee.store.read import OLD_VERSION_COLUMNS, VERSION_COLUMNS, find_current

_REPLACED_AT = """(
  SELECT n.last_updated FROM resource_history n
  WHERE n.tenant = resource_history.tenant AND n.rid = resource_history.rid AND n.version = resource_history.version + 1
  UNION ALL
  SELECT r.last_updated FROM resource r
  WHERE r.tenant = resource_history.tenant AND r.resource_type = resource_history.resource_type
    AND r.rid = resource_history.rid AND r.version = resource_history.version + 1)"""
"""When a version that is no longer current stopped to be."""


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
    at: DateRange | None = None,
    after: HistoryPosition | None = None,
) -> HistoryPage:
    """A page of at most `count` versions written at or after `since`, and current at some moment of `at`.

    With an id, raises `NotFound` when nothing was ever stored there; a deleted resource has a history.
    """
    wanted = _Conditions()
    wanted.require("tenant = {}", tenant)
    if resource_type is not None:
        wanted.require("resource_type = {}", resource_type)
    if resource_type is not None and resource_id is not None:
        current = await find_current(connection, tenant, resource_type, resource_id)
        if current is None:
            raise NotFound(f"There is no {resource_type}/{resource_id}.")
        wanted.require("rid = {}", current.rid)
    if since is not None:
        wanted.require("last_updated >= {}", since)
    if at is not None:
        wanted.require("last_updated < {}", at.high)
        wanted.require_of_old(f"{_REPLACED_AT} > {{}}", at.low)
    total = None
    if resource_id is not None:
        counted = " + ".join(f"({part})" for part in wanted.selects("count(*)", "count(*)"))
        total = int(await connection.fetchval(f"SELECT {counted}", *wanted.arguments))
    if after is not None:
        position = (after.last_updated, after.rid, after.version)
        wanted.require("(last_updated, rid, version) < ({}, {}, {})", *position)
    wanted.arguments.append(count + 1)
    order = f"ORDER BY last_updated DESC, rid DESC, version DESC LIMIT ${len(wanted.arguments)}"
    columns = VERSION_COLUMNS.format("resource"), OLD_VERSION_COLUMNS.format("resource_history")
    parts = [f"({part} {order})" for part in wanted.selects(*columns)]
    rows = await connection.fetch(f"{' UNION ALL '.join(parts)} {order}", *wanted.arguments)
    versions = tuple(StoredVersion(*row) for row in rows[:count])
    last = versions[-1] if len(rows) > count else None
    return HistoryPage(versions, HistoryPosition(last.last_updated, last.rid, last.version) if last else None, total)


class _Conditions:
    """What versions must meet, with the values for it; some conditions are for those that are no longer current."""

    def __init__(self) -> None:
        self.arguments: list[object] = []
        self._of_all: list[str] = []
        self._of_old: list[str] = []

    def require(self, condition: str, *values: object) -> None:
        """Adds a condition whose `{}` stand for `values`."""
        self._of_all.append(self._placed(condition, values))

    def require_of_old(self, condition: str, *values: object) -> None:
        """Adds one for versions that were replaced."""
        self._of_old.append(self._placed(condition, values))

    def selects(self, of_current: str, of_old: str) -> tuple[str, str]:
        """The two queries, of the current versions and of the old ones."""
        return (
            f"SELECT {of_current} FROM resource WHERE {' AND '.join(self._of_all)}",
            f"SELECT {of_old} FROM resource_history WHERE {' AND '.join((*self._of_all, *self._of_old))}",
        )

    def _placed(self, condition: str, values: tuple[object, ...]) -> str:
        first = len(self.arguments) + 1
        self.arguments.extend(values)
        return condition.format(*(f"${number}" for number in range(first, first + len(values))))
