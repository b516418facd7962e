"""The most recent Observations of each code (R4 operation-observation-lastn.html), found without reading them all."""

import base64
from dataclasses import dataclass
from typing import Any

import orjson

from cordee.fhir.code_groups import code_groups, names_of
from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import Search
from cordee.fhir.query_refusals import too_costly
from cordee.fhir.stored_version import StoredVersion
from cordee.store.bounded_rows import bounded, whole
from cordee.store.connection import Connection
from cordee.store.index_values import long_key, parameter_key
from cordee.store.search import MOST_PAGE_BYTES, SearchPage, find_rids
from cordee.store.search_includes import find_included

MOST_COMPARED = 10_000
"""Observations of which the most recent are told."""

_ROW = "SELECT * FROM resource o WHERE o.tenant = $1 AND o.resource_type = 'Observation' AND o.rid = wanted.rid LIMIT 1"
_CODES = f"""
SELECT (r.body::json -> 'code')::text AS code, array_agg(r.rid) AS rids
FROM unnest($2::bigint[]) AS wanted(rid) CROSS JOIN LATERAL ({_ROW}) AS r
GROUP BY 1"""
# Of equal times all are told; those without a time are not equal, and come last.
_LATEST = """
WITH timed AS (
  SELECT wanted.rid, wanted.code_group, (
    SELECT max(d.high) FROM date_value d WHERE d.tenant = $1 AND d.rid = wanted.rid AND d.key = ANY($2)) AS time
  FROM unnest($3::bigint[], $4::int[]) AS wanted(rid, code_group)),
ranked AS (
  SELECT rid, code_group, time,
         rank() OVER (PARTITION BY code_group
                      ORDER BY time DESC NULLS LAST, CASE WHEN time IS NULL THEN rid END DESC) AS place
  FROM timed),
latest AS (
  SELECT *, max(time) OVER g AS newest, max(rid) OVER g AS last_rid FROM ranked WHERE place <= $5
  WINDOW g AS (PARTITION BY code_group))
SELECT rid, newest, last_rid, time FROM latest
ORDER BY newest DESC NULLS LAST, last_rid DESC, time DESC NULLS LAST, rid DESC"""
_BODIES = bounded(most_bytes="$3", order=["place"], rows=f"""
  SELECT r.*, wanted.place FROM unnest($2::bigint[]) WITH ORDINALITY AS wanted(rid, place)
  CROSS JOIN LATERAL ({_ROW}) AS r WHERE NOT r.deleted""")  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an Observation stands: by its group's newest time and last row, then by its own time and row."""

    rid: int
    newest: int | None
    last_rid: int
    time: int | None

    def order(self) -> tuple[Any, ...]:
        return (_backwards(self.newest), -self.last_rid, _backwards(self.time), -self.rid)


async def last_observations(
    connection: Connection,
    tenant: int,
    wanted: Search,
    *,
    most: int,
    count: int,
    position: str | None = None,
    most_compared: int = MOST_COMPARED,
    most_bytes: int = MOST_PAGE_BYTES,
) -> SearchPage:
    """A page of the `most` recent Observations of each group of codes, more where the last of them are of one time.

    The group whose newest is the most recent comes first; in a group, the most recent first. `total` is that of all
    pages. Raises `InvalidSearch` for more matches than `most_compared`, and for a position that isn't ours.
    """
    horizon, after = await _after(connection, position)
    rids = await find_rids(connection, tenant, wanted, horizon=horizon, most=most_compared + 1)
    if len(rids) > most_compared:
        raise too_costly(
            f"More than {most_compared} Observations match: ask for one patient, and narrow it with category, code or "
            "date."
        )
    places = await _latest(connection, tenant, rids, most)
    if count == 0 or wanted.summary == "count":
        return SearchPage((), (), len(places), None)
    left = [one for one in places if after is None or one.order() > after.order()]
    records = await connection.fetch(_BODIES, tenant, [one.rid for one in left[:count]], most_bytes)
    matches = tuple(StoredVersion(*record) for record in whole(records))
    following = None
    if matches and len(left) > len(matches):
        last = next(one for one in left if one.rid == matches[-1].rid)
        following = _text(horizon, last)
    included = await find_included(connection, tenant, wanted, matches)
    return SearchPage(matches, included, len(places), following)


async def _latest(connection: Connection, tenant: int, rids: list[int], most: int) -> list[_Place]:
    records = await connection.fetch(_CODES, tenant, rids)
    groups = code_groups(names_of(orjson.loads(record["code"] or "{}")) for record in records)
    grouped = [(rid, group) for record, group in zip(records, groups, strict=True) for rid in record["rids"]]
    key = parameter_key(tenant, "Observation", "date")
    found = await connection.fetch(
        _LATEST, tenant, [key, long_key(key)], [rid for rid, _ in grouped], [group for _, group in grouped], most
    )
    return [_Place(*record) for record in found]


async def _after(connection: Connection, position: str | None) -> tuple[int, _Place | None]:
    if position is None:
        return int(await connection.fetchval("SELECT last_value FROM transaction_number")), None
    match _loaded(position):
        case [int(horizon), int(rid), int() | None as newest, int(last_rid), int() | None as time] if (
            0 <= horizon < 2**63
        ):
            return horizon, _Place(rid, newest, last_rid, time)
    raise InvalidSearch("The link to this page is not one that this server wrote; begin again.")


def _loaded(text: str) -> Any:
    try:
        return orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None


def _text(horizon: int, place: _Place) -> str:
    written = orjson.dumps([horizon, place.rid, place.newest, place.last_rid, place.time])
    return base64.urlsafe_b64encode(written).decode().rstrip("=")


def _backwards(time: int | None) -> tuple[bool, int]:
    return time is None, -(time or 0)
