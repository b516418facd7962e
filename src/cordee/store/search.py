"""Running a search: a page of matches, what they include, how many there are.

Pages follow the sort keys and the row identity, and are bound to the transaction number of the first page: what was
created since does not come in. In the default order what was there is neither repeated nor skipped; in another, a
resource whose sort value is changed between two pages can cross the position, and come twice or not at all. Nothing is
kept on the server: a page's position travels in its link.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from cordee.fhir.query import Search
from cordee.fhir.stored_version import StoredVersion
from cordee.store import search_statements as statements
from cordee.store.combined_values import combined_keys
from cordee.store.connection import Connection
from cordee.store.search_chains import MOST_FOLLOWED, follow_chains
from cordee.store.search_cost import refuse_costly
from cordee.store.search_includes import find_included
from cordee.store.search_order import Position, orders, parse_position
from cordee.store.search_pages import MOST_SORTED, SortedSearch, page_records
from cordee.store.search_shape import Rows, is_single, rows, sort_reach
from cordee.store.search_statements import VERSION_WIDTH, PageShape
from cordee.store.search_types import merged, one_order

MOST_PAGE_BYTES = 32_000_000
"""What the bodies of a page's matches hold at most, unless one alone is longer: the next page goes on from there."""


MOST_COUNTED = 10_000
"""By `_total=estimate`; more are estimated."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page. `following` is the position of the next one, None on the last; `total` None when not asked for."""

    matches: tuple[StoredVersion, ...]
    included: tuple[StoredVersion, ...]
    total: int | None
    following: str | None


async def search(
    connection: Connection,
    tenant: int,
    *wanted: Search,
    count: int,
    position: str | None = None,
    most_followed: int = MOST_FOLLOWED,
    most_sorted: int = MOST_SORTED,
    most_bytes: int = MOST_PAGE_BYTES,
) -> SearchPage:
    """A page of at most `count` matches, after `position`; 0 gives the total alone.

    Several searches are of a type each, and alike in all but their criteria and includes. `most_followed` is that of
    `search_chains`, `most_sorted` that of `search_pages`, `most_bytes` what the bodies of a page may hold. Raises
    `InvalidSearch` for a sort that isn't possible or costs too much, and for a position that isn't ours.
    """
    lookups = []
    for one in wanted:
        refuse_costly(one.criteria)
        ends = await follow_chains(connection, tenant, one.resource_type, one.criteria, most=most_followed)
        found, arguments = rows(tenant, one.resource_type, one.criteria, ends)
        lookups.append((one, found, [tenant, *arguments]))
    only_total = wanted[0].summary == "count" or count == 0
    total = None
    if wanted[0].total != "none" or only_total:
        estimated = wanted[0].total == "estimate" and not only_total
        total = sum([await _total(connection, found, given, estimated=estimated) for _, found, given in lookups])
    if only_total:
        return SearchPage((), (), total, None)
    by = one_order(tenant, wanted)
    after = None if position is None else parse_position(position, by)
    records: list[Any] = []
    for one, found, given in lookups:
        _, keys = orders(tenant, one.resource_type, one.sort, one.parameters)
        code = one.sort[0].code if one.sort else ""
        reach = sort_reach(one.resource_type, one.criteria, code)
        single = bool(code) and is_single(one.resource_type, code)
        combined = combined_keys(tenant, one.resource_type, one.criteria, code)
        walked = combined or (keys[0] if keys else [])
        ordered = SortedSearch(found, given, by, keys, walked, reach, single, after, most_bytes // len(wanted))
        records += await page_records(connection, ordered, count + 1, most_sorted=most_sorted)
    if len(wanted) > 1:
        records = merged(records, by)
    # Where the bodies of a page are too long together, it ends before the first that was left out.
    fit = next((place for place, record in enumerate(records) if record["body"] is None), len(records))
    matches = tuple(StoredVersion(*record[:VERSION_WIDTH]) for record in records[: min(fit, count)])
    following = None
    if len(records) > len(matches):
        last = records[len(matches) - 1]
        horizon = min(record["horizon"] for record in records) if after is None else after.horizon
        following = Position(horizon, last["rid"], tuple(last[VERSION_WIDTH + 1 :])).text()
    included: dict[tuple[str, str], StoredVersion] = {}
    for one in wanted:
        own = [match for match in matches if match.resource_type == one.resource_type]
        brought = await find_included(connection, tenant, one, own)
        included |= {(version.resource_type, version.id): version for version in brought}
    matched = {(match.resource_type, match.id) for match in matches}
    return SearchPage(matches, tuple(v for key, v in included.items() if key not in matched), total, following)


async def _total(connection: Connection, found: Rows, given: list[Any], *, estimated: bool) -> int:
    """How many rows there are: exactly, or up to `MOST_COUNTED` exactly and beyond as PostgreSQL believes."""
    if not estimated:
        return int(await connection.fetchval(*statements.total(found).call(given)))
    counted: int = await connection.fetchval(*statements.at_most(found).call([*given, MOST_COUNTED + 1]))
    if counted <= MOST_COUNTED:
        return counted
    plan = orjson.loads(await connection.fetchval(*statements.explained(found).call(given)))
    believed: int = plan[0]["Plan"]["Plan Rows"]
    return max(counted, believed)


async def find_rids(connection: Connection, tenant: int, wanted: Search, *, horizon: int, most: int) -> list[int]:
    """The rows, `most` of them, of what is found and was there at a transaction's number; raises `InvalidSearch`."""
    ends = await follow_chains(connection, tenant, wanted.resource_type, wanted.criteria)
    found, arguments = rows(tenant, wanted.resource_type, wanted.criteria, ends)
    call = statements.identities(found).call([tenant, *arguments, horizon, most])
    return [record[0] for record in await connection.fetch(*call)]


async def find_matching(connection: Connection, tenant: int, wanted: Search, *, limit: int = 2) -> list[StoredVersion]:
    """The first matches of a condition; two are enough to know that there are several."""
    refuse_costly(wanted.criteria)
    ends = await follow_chains(connection, tenant, wanted.resource_type, wanted.criteria)
    found, arguments = rows(tenant, wanted.resource_type, wanted.criteria, ends)
    call = statements.page(found, PageShape()).call([tenant, *arguments, limit, MOST_PAGE_BYTES])
    records = await connection.fetch(*call)
    return [StoredVersion(*record[:VERSION_WIDTH]) for record in records]
