"""A page of the records of all the patients: what is about them type by type, then what they have in common.

Going through a type costs what a page holds, however much is stored. What the records refer to is not looked up one by
one, as it is for one patient: all that is of a type that they may refer to comes, once.
"""

from collections.abc import AsyncIterator, Iterable, Sequence

import orjson

from cordee.fhir.care_records import is_of_a_patient, parameters_about_patients, shared_types
from cordee.fhir.gathering import Part
from cordee.fhir.stored_version import StoredVersion
from cordee.store.bounded_rows import bounded, care_arguments, cared, whole
from cordee.store.connection import Connection
from cordee.store.gathered_page import MOST_GATHERED, GatheredPage, Page, Position, Stage
from cordee.store.gathering import position_after
from cordee.store.index_values import LAST
from cordee.store.search import MOST_PAGE_BYTES

MOST_LOOKED_AT = 10_000
"""Rows of a page; where most are left out, it ends before it is full, and the next goes on."""
MOST_PASSED = 50_000
"""Rows of a page whose dates of care are looked at; the same."""
_CHUNK = 1_000

_THERE = """
SELECT t FROM unnest($2::text[]) AS t
WHERE EXISTS (SELECT FROM resource r WHERE r.tenant = $1 AND r.resource_type = t)"""
_OF_TYPE = bounded(most_bytes="$8", rows=f"""
  SELECT r.* FROM resource r
  WHERE r.tenant = $1 AND r.resource_type = $2 AND r.rid > $3 AND r.rid <= $10 AND NOT r.deleted AND r.created_txn <= $4
    AND ($5::timestamptz IS NULL OR r.last_updated >= $5)
    AND {cared("$6", "$7")}
  ORDER BY r.rid LIMIT $9""")  # fmt: skip


_WINDOW = """
SELECT r.rid FROM resource r WHERE r.tenant = $1 AND r.resource_type = $2 AND r.rid > $3
ORDER BY r.rid OFFSET $4 LIMIT 1"""


async def everyone(
    connection: Connection,
    tenant: int,
    part: Part,
    *,
    count: int | None = None,
    position: str | None = None,
    most_bytes: int = MOST_PAGE_BYTES,
    most_looked_at: int = MOST_LOOKED_AT,
    most_passed: int = MOST_PASSED,
) -> GatheredPage:
    """At most `count` resources after `position`; `most_bytes` is what their bodies may hold together.

    Raises `InvalidSearch` for a position that isn't ours.
    """
    after = await position_after(connection, position)
    page = Page(MOST_GATHERED if count is None else count, most_bytes, after)
    members, left = 0, most_looked_at
    for stage, type_, since_rid in await _types(connection, tenant, part, after):
        last = None
        if part.care is not None:  # no index has the dates in the order of pages
            last = await connection.fetchval(_WINDOW, tenant, type_, since_rid, most_passed - 1)
        async for version in _of_type(connection, tenant, type_, (since_rid, last or LAST), part, page):
            if left == 0:
                return _of(page, members, page.reached.text())
            left -= 1
            if stage == "members" and not is_of_a_patient(orjson.loads(version.body)):
                page.reached = Position(after.horizon, stage, type_, version.rid)
                continue
            if not page.take(version, stage):
                return _of(page, members, page.reached.text())
            members += stage == "members"
        if last is not None:
            page.reached = Position(after.horizon, stage, type_, last)
            return _of(page, members, page.reached.text())
    return _of(page, members, None)


def _of(page: Page, members: int, following: str | None) -> GatheredPage:
    return GatheredPage(tuple(page.taken[:members]), tuple(page.taken[members:]), following)


async def _types(connection: Connection, tenant: int, part: Part, after: Position) -> Sequence[tuple[Stage, str, int]]:
    """The types that have something, in order, each with the row after which to go on."""
    stages: tuple[tuple[Stage, Iterable[str]], ...] = (
        ("members", parameters_about_patients()),
        ("referred", shared_types()),
    )
    wanted = [
        (stage, type_)
        for stage, types in stages
        for type_ in sorted(types)
        if (stage, type_) >= (after.stage, after.resource_type) and (part.types is None or type_ in part.types)
    ]
    there = {row[0] for row in await connection.fetch(_THERE, tenant, [type_ for _, type_ in wanted])}
    return [
        (stage, type_, after.rid if type_ == after.resource_type else 0) for stage, type_ in wanted if type_ in there
    ]


async def _of_type(
    connection: Connection, tenant: int, type_: str, between: tuple[int, int], part: Part, page: Page
) -> AsyncIterator[StoredVersion]:
    """The rows of a type after the first of two, up to the second."""
    rid, last = between
    care = care_arguments(tenant, part.care)
    while True:
        limit = min(page.room + 1, _CHUNK)
        records = await connection.fetch(
            _OF_TYPE, tenant, type_, rid, page.reached.horizon, part.since, *care, page.most_bytes, limit, last
        )
        for record in whole(records):
            rid = record["rid"]
            yield StoredVersion(*record)
        if len(records) < limit and all(record["body"] is not None for record in records):
            return
