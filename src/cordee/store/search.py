"""Running a search: a page of matches, what they include, how many there are.

Pages follow the sort keys and the row identity, and are bound to the transaction number of the first page: what was
created since does not come in. In the default order what was there is neither repeated nor skipped; in another, a
resource whose sort value is changed between two pages can cross the position, and come twice or not at all. Nothing is
kept on the server: a page's position travels in its link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import Include, Search
from cordee.fhir.search_values import ReferenceValue, extract_parameter
from cordee.fhir.stored_version import StoredVersion
from cordee.store import search_statements as statements
from cordee.store.connection import Connection
from cordee.store.read import find_several
from cordee.store.referring import find_referring
from cordee.store.search_chains import MOST_FOLLOWED, follow_chains
from cordee.store.search_cost import refuse_costly
from cordee.store.search_order import Position, orders, parse_position
from cordee.store.search_shape import rows
from cordee.store.search_statements import VERSION_WIDTH

MOST_INCLUDED = 10_000
"""A page may not bring more than this along by one _revinclude."""


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
    wanted: Search,
    *,
    count: int,
    position: str | None = None,
    most_followed: int = MOST_FOLLOWED,
) -> SearchPage:
    """A page of at most `count` matches, after `position`; 0 gives the total alone.

    `most_followed` is that of `search_chains`. Raises `InvalidSearch` for a sort that isn't possible or a position that
    isn't ours.
    """
    refuse_costly(wanted.criteria)
    ends = await follow_chains(connection, tenant, wanted.resource_type, wanted.criteria, most=most_followed)
    found, arguments = rows(tenant, wanted.resource_type, wanted.criteria, ends)
    arguments = [tenant, *arguments]
    only_total = wanted.summary == "count" or count == 0
    total = None
    if wanted.total != "none" or only_total:
        total = await connection.fetchval(*statements.total(found).call(arguments))
    if only_total:
        return SearchPage((), (), total, None)
    by, keys = orders(tenant, wanted.resource_type, wanted.sort)
    after = None if position is None else parse_position(position, by)
    there = None if after is None else tuple(value is not None for value in after.values)
    arguments += [*keys, count + 1, *(after.arguments() if after else ())]
    records = await connection.fetch(*statements.page(found, by, there).call(arguments))
    matches = tuple(StoredVersion(*record[:VERSION_WIDTH]) for record in records[:count])
    following = None
    if len(records) > count:
        last = records[count - 1]
        horizon = last["horizon"] if after is None else after.horizon
        following = Position(horizon, last["rid"], tuple(last[VERSION_WIDTH + 1 :])).text()
    included = await _included(connection, tenant, wanted, matches)
    return SearchPage(matches, included, total, following)


async def find_matching(connection: Connection, tenant: int, wanted: Search, *, limit: int = 2) -> list[StoredVersion]:
    """The first matches of a condition; two are enough to know that there are several."""
    refuse_costly(wanted.criteria)
    ends = await follow_chains(connection, tenant, wanted.resource_type, wanted.criteria)
    found, arguments = rows(tenant, wanted.resource_type, wanted.criteria, ends)
    records = await connection.fetch(*statements.page(found, (), None).call([tenant, *arguments, limit]))
    return [StoredVersion(*record[:VERSION_WIDTH]) for record in records]


async def _included(
    connection: Connection, tenant: int, wanted: Search, matches: Sequence[StoredVersion]
) -> tuple[StoredVersion, ...]:
    """What the matches refer to and what refers to them, each once, and not again what is a match."""
    known = {(match.resource_type, match.id) for match in matches}
    included: dict[tuple[str, str], StoredVersion] = {}
    if wanted.includes:
        bodies = [orjson.loads(match.body) for match in matches]
        keys = {key for include in wanted.includes for body in bodies for key in _references(include, body)}
        included |= await find_several(connection, tenant, keys - known)
    for include in wanted.revincludes:
        for version in await _referring(connection, tenant, include, matches):
            included[version.resource_type, version.id] = version
    return tuple(v for key, v in included.items() if key not in known and not v.deleted)


def _references(include: Include, body: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (value.type, value.id)
        for value in extract_parameter(body, include.code)
        if isinstance(value, ReferenceValue) and value.type and value.id and include.target in (None, value.type)
    ]


async def _referring(
    connection: Connection, tenant: int, include: Include, matches: Sequence[StoredVersion]
) -> list[StoredVersion]:
    targets = [(match.resource_type, match.id) for match in matches]
    found = await find_referring(
        connection, tenant, include.resource_type, include.code, targets, limit=MOST_INCLUDED + 1
    )
    if len(found) > MOST_INCLUDED:
        raise InvalidSearch(
            f"_revinclude={include.resource_type}:{include.code} brings more than {MOST_INCLUDED} resources to one "
            "page; ask for smaller pages with _count."
        )
    return found
