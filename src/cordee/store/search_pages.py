"""A page of a search, without sorting all that it finds.

Few matches are sorted as they are. Where there are many, the index of the first sort key is walked from the position on
(`search_walks`); what has no value there comes after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from cordee.fhir.query_refusals import too_costly
from cordee.store import search_statements as statements
from cordee.store.connection import Connection
from cordee.store.date_box import Box
from cordee.store.index_values import PRESENT, form_hash
from cordee.store.search_chains import MANY_TERMS
from cordee.store.search_order import OrderShape, Position
from cordee.store.search_shape import AllOf, AnyOf, HasTerms, Not, ReferredBy, Refers, Rows
from cordee.store.search_statements import PageShape
from cordee.store.search_walks import WalkShape

MOST_SORTED = 2_000
"""Matches that are sorted as they are: about as long as the walk takes to find a page among ten thousand each."""
_MOST_TRIED = 100
"""The same, where each is found by trying rows one by one (`search_chains`)."""
MOST_READ = 10_000
"""Matches whose bodies are read to be sorted."""
MOST_WALKED = 50_000
"""Values gone through for one page; what is farther off is sorted with all that is found."""


@dataclass(frozen=True, slots=True)
class SortedSearch:
    """The rows found with their arguments, the order with the index keys of its keys, and where the page begins.

    `walked` are the index keys where the values of the first key are gone through. `reach` is where the dates are that
    it can have, if it is one; None for anywhere. `single`: a resource has one value of it at most. `most_bytes` is how
    much of their bodies a page may hold.
    """

    found: Rows
    arguments: Sequence[Any]
    by: tuple[OrderShape, ...]
    keys: Sequence[Sequence[int]]
    walked: Sequence[int]
    reach: Box | None
    single: bool
    after: Position | None
    most_bytes: int


async def page_records(
    connection: Connection, search: SortedSearch, count: int, *, most_sorted: int = MOST_SORTED
) -> list[Any]:
    """At most `count` records of `search_statements.page`.

    Raises `InvalidSearch` (`too-costly`) where too many bodies would have to be read to sort by them.
    """
    if not search.by or search.by[0].always_present or not await _is_much(connection, search, most_sorted):
        return await _page(connection, search, count)
    records: list[Any] = []
    if search.after is None or search.after.values[0] is not None:
        records = await _walk(connection, search, count)
        if len(records) == count:
            return records
        if await _goes_on(connection, search):
            return await _page(connection, search, count)
    if search.reach is None:
        records += await _absent(connection, search, count - len(records))
    return records


async def _is_much(connection: Connection, search: SortedSearch, most_sorted: int) -> bool:
    """Whether the walk of an index is worth while."""
    indexed = search.by[0].indexed
    if indexed and _has_many_terms(search):
        return True
    tried = any(isinstance(shape, Refers | ReferredBy | AnyOf | AllOf) for shape in search.found.conditions)
    most = MOST_READ if not indexed else min(most_sorted, _MOST_TRIED) if tried else most_sorted
    call = statements.at_most(search.found).call([*search.arguments, most + 1])
    found: int = await connection.fetchval(*call)
    if found > most and not indexed:
        raise too_costly(
            f"_sort: more than {MOST_READ} resources are found, and would all have to be read to be sorted by a token, "
            "a reference or a URI; narrow the search, or sort by a date, a number or a text."
        )
    return found > most


def _has_many_terms(search: SortedSearch) -> bool:
    """Whether all that is asked is one of many terms: those that few rows have were found beforehand (`search_chains`).

    To count them would be to compare each row's terms with them all.
    """
    if search.found.conditions != (HasTerms(single=False),):
        return False
    _tenant, _type, terms = search.arguments
    return len(terms) >= 2 * MANY_TERMS  # a token is looked for in two forms


async def _page(connection: Connection, search: SortedSearch, count: int) -> list[Any]:
    after = search.after
    shape = PageShape(search.by, _there(after), bound=after is not None)
    position = after.arguments() if after else ()
    arguments = [*search.arguments, *search.keys, count, search.most_bytes, *position]
    return await connection.fetch(*statements.page(search.found, shape).call(arguments))


async def _walk(connection: Connection, search: SortedSearch, count: int) -> list[Any]:
    after, walk = search.after, _walk_shape(search)
    shape = PageShape(search.by, _there(after), bound=after is not None, walk=walk)
    entries: list[Any] = [*_bounds(search), MOST_WALKED]
    if after is not None:
        entries += [after.values[0], after.rid] if walk.alone else [after.values[0]]
    if not walk.single:
        entries.append(search.walked)
    position = after.arguments() if after else ()
    arguments = [*search.arguments, *search.keys, count, search.most_bytes, *entries, *position]
    return await connection.fetch(*statements.page(search.found, shape).call(arguments))


async def _goes_on(connection: Connection, search: SortedSearch) -> bool:
    """Whether there are more values than a page may go through."""
    since = [] if search.after is None else [search.after.values[0]]
    if search.after is not None and len(search.by) == 1:
        since.append(search.after.rid)
    tenant = search.arguments[0]
    call = statements.walk_end(replace(_walk_shape(search), single=True)).call(
        [tenant, *_bounds(search), MOST_WALKED + 1, *since, MOST_WALKED]
    )
    return await connection.fetchval(*call) is not None


async def _absent(connection: Connection, search: SortedSearch, count: int) -> list[Any]:
    """The rows without a value of the first key, in the order of the others."""
    first, *others = search.by
    by = (replace(first, kind="absent"), *others)
    after = search.after
    among = after is not None and after.values[0] is None
    shape = PageShape(by, _there(after) if among else None, bound=after is not None)
    position = after.arguments() if after is not None else []
    found = Rows((*search.found.conditions, Not(HasTerms(single=True))))
    arguments = [
        *search.arguments,
        [search.keys[0][0] ^ form_hash(PRESENT)],
        *search.keys[1:],
        count,
        search.most_bytes,
    ]
    arguments += position if among else position[:1]
    return await connection.fetch(*statements.page(found, shape).call(arguments))


def _walk_shape(search: SortedSearch) -> WalkShape:
    alone = len(search.by) == 1
    return WalkShape(search.by[0], len(search.walked), search.single, search.after is not None, alone)


def _bounds(search: SortedSearch) -> list[Any]:
    first, keys = search.by[0], search.walked
    if first.kind != "date":
        return list(keys)
    reach = search.reach or Box()
    ends = reach.ends() if first.descending else reach.beginnings()
    return [bound for key, (low, high) in zip(keys, ends, strict=True) for bound in (key, low, high)]


def _there(after: Position | None) -> tuple[bool, ...] | None:
    return None if after is None else tuple(value is not None for value in after.values)
