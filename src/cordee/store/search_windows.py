"""A page of a sorted search without sorting all that it finds.

Where much is found, the index of the first sort key is walked from the position on, a window at a time: only what has a
value inside of it can come next, so the page is looked for there. A window is widened until it holds a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cordee.fhir.query_refusals import too_costly
from cordee.store import search_statements as statements
from cordee.store.connection import Connection
from cordee.store.search_order import OrderShape, Position
from cordee.store.search_shape import AllOf, AnyOf, IsOneOf, ReferredBy, Refers, Rows

MOST_SORTED = 1_000
"""Matches that are sorted as they are."""
_MOST_TRIED = 100
"""The same, where each is found by trying rows one by one (`search_chains`)."""
MOST_READ = 10_000
"""Matches whose bodies are read to be sorted."""
_FIRST_WINDOW, _WIDER, _WIDEST = 4, 8, 50_000


@dataclass(frozen=True, slots=True)
class SortedSearch:
    """The rows found with their arguments, the order with the index keys of its keys, and where the page begins.

    `most_bytes` is how much of their bodies a page may hold.
    """

    found: Rows
    arguments: Sequence[Any]
    by: tuple[OrderShape, ...]
    keys: Sequence[Sequence[int]]
    after: Position | None
    most_bytes: int


async def page_records(
    connection: Connection, tenant: int, search: SortedSearch, count: int, *, most_sorted: int = MOST_SORTED
) -> list[Any]:
    """At most `count` records of `search_statements.page`.

    Raises `InvalidSearch` (`too-costly`) where too many bodies would have to be read to sort by them.
    """
    first = search.by[0] if search.by else None
    if first is None or first.always_present or not await _is_much(connection, search, first, most_sorted):
        return await _page(connection, search, count, None)
    width = _FIRST_WINDOW * count
    while width <= _WIDEST:
        window = await _window(connection, tenant, search, first, width)
        if window is None:
            break
        records = await _page(connection, search, count, window)
        if len(records) == count:
            return records
        width *= _WIDER
    return await _page(connection, search, count, None)


async def _is_much(connection: Connection, search: SortedSearch, first: OrderShape, most_sorted: int) -> bool:
    """Whether the walk of an index is worth while."""
    tried = any(isinstance(shape, Refers | ReferredBy | AnyOf | AllOf) for shape in search.found.conditions)
    most = MOST_READ if not first.indexed else min(most_sorted, _MOST_TRIED) if tried else most_sorted
    call = statements.at_most(search.found).call([*search.arguments, most + 1])
    found: int = await connection.fetchval(*call)
    if found > most and not first.indexed:
        raise too_costly(
            f"_sort: more than {MOST_READ} resources are found, and would all have to be read to be sorted by a token, "
            "a reference or a URI; narrow the search, or sort by a date, a number or a text."
        )
    missing = search.after is not None and search.after.values[0] is None
    return found > most and not missing


async def _window(
    connection: Connection, tenant: int, search: SortedSearch, first: OrderShape, width: int
) -> list[int] | None:
    """The rows of the next `width` values and of those equal to the last; None when there are no more, or too many."""
    since = [] if search.after is None else [search.after.values[0]]
    value = '"left"(value, 256)' if first.kind == "string" else "high" if first.descending else "low"
    further, way = ("<=", "DESC") if first.descending else (">=", "ASC")
    walk = f"FROM {first.kind}_value WHERE tenant = $1 AND key = $2"
    if since:
        walk += f" AND {value} {further} $4"
    last = f"SELECT {value} {walk} ORDER BY {value} {way} OFFSET $3 LIMIT 1"
    bounds = [
        bound
        for key in search.keys[0]
        if (bound := await connection.fetchval(last, tenant, key, width, *since)) is not None
    ]
    if not bounds:
        return None
    bound = (max if first.descending else min)(bounds)
    closer = ">=" if first.descending else "<="
    rows = f"SELECT rid {walk} AND {value} {closer} ${4 + len(since)} ORDER BY {value} {way} LIMIT $3"
    found: set[int] = set()
    for key in search.keys[0]:
        records = await connection.fetch(rows, tenant, key, _WIDEST + 1, *since, bound)
        found.update(record[0] for record in records)
    return sorted(found) if len(found) <= _WIDEST else None


async def _page(connection: Connection, search: SortedSearch, count: int, window: list[int] | None) -> list[Any]:
    found, arguments, after = search.found, list(search.arguments), search.after
    if window is not None:
        found = Rows((*found.conditions, IsOneOf()))
        arguments.append(window)
    there = None if after is None else tuple(value is not None for value in after.values)
    arguments += [*search.keys, count, search.most_bytes, *(after.arguments() if after else ())]
    return await connection.fetch(*statements.page(found, search.by, there).call(arguments))
