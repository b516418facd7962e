"""The index of a sort key gone through in its order, each row tried as it comes, until a page is full.

PostgreSQL would rather sort all that is found, or take the index where next to nothing in it is found: so which of the
two is done is decided beforehand (`search_pages`), and the walk is written so that it can only be carried out as one.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Subquery, any_, exists, literal_column, select, tuple_, union_all
from sqlalchemy.sql import Select
from sqlalchemy.types import Integer

from cordee.store.schema import date_value, number_value, resource, string_beginning, string_value
from cordee.store.search_order import SORT_TYPES, OrderShape, beyond, order_clauses
from cordee.store.search_sql import NUMBER, NUMBERS, Arguments

_TABLES = {"date": date_value, "number": number_value, "string": string_value}


@dataclass(frozen=True, slots=True)
class WalkShape:
    """Which index is gone through, from where.

    `keys` is how many keys the parameter has there; `single`, whether a resource has one value at most; `started`,
    whether the page is after a position; `alone`, whether there is no other sort key. Arguments: for each key itself
    and for dates the first and the last value that count, the most values looked at; `started`: the position's value
    and (`alone`) row identity; not `single`: the list of keys.
    """

    by: OrderShape
    keys: int
    single: bool
    started: bool
    alone: bool


@dataclass(frozen=True, slots=True)
class WalkEntries:
    """The values in order, with `rid` and `value`; and what tells the first of equal ones of a row."""

    entries: Subquery
    repeated: ColumnElement[bool] | None


def walk_entries(walk: WalkShape, given: Arguments) -> WalkEntries:
    """The index entries of a walk."""
    table, value = _TABLES[walk.by.kind], _value(walk.by)
    bounds = [_bounds(walk, given) for _ in range(walk.keys)]
    most = given.next(Integer())
    since: list[ColumnElement[bool]] = []
    if walk.started:
        last = given.next(SORT_TYPES[walk.by.kind])
        if walk.alone:
            place, position = tuple_(value, table.c.rid), tuple_(last, given.next(NUMBER))
            since = [place < position if walk.by.descending else place > position]
        else:
            since = [value <= last if walk.by.descending else value >= last]
    columns = [table.c.rid, value.label("value")]
    if not walk.single:
        columns.append(literal_column(f"{table.name}.ctid").label("place"))
    here = table.c.tenant == given.tenant
    # Each key's own order is asked for: PostgreSQL would else sort them together instead of merging.
    parts = [
        select(*columns).where(here, *bound, *since).order_by(*_directed(walk.by, value, table.c.rid)).limit(most)
        for bound in bounds
    ]
    whole = (parts[0] if len(parts) == 1 else union_all(*parts)).subquery(given.name("indexed"))
    order = _directed(walk.by, whole.c.value, whole.c.rid)
    entries = select(whole).order_by(*order).limit(most).subquery(given.name("walk"))
    if walk.single:
        return WalkEntries(entries, None)
    other = table.alias(given.name("other"))
    same = (other.c.tenant == given.tenant, other.c.rid == entries.c.rid, other.c.key == any_(given.next(NUMBERS)))
    equal = _value(walk.by, other) == entries.c.value
    before = literal_column(f"{other.name}.ctid") < entries.c.place
    return WalkEntries(entries, exists(select(1).select_from(other).where(*same, equal, before)).correlate(entries))


def walked(
    found: Select[Any], walk: WalkEntries, by: tuple[OrderShape, ...], after: tuple[bool, ...] | None, given: Arguments
) -> Select[Any]:
    """What `search_order.ordered` gives, save the rows without a value, of `found` (a selection of `resource`)."""
    entries = walk.entries
    # OFFSET 0 keeps PostgreSQL from joining in another order.
    row = found.where(resource.c.rid == entries.c.rid).correlate(entries).offset(literal_column("0")).lateral("found")
    # A row comes at the value it is sorted by, and once.
    statement = (
        select(row).select_from(entries.join(row, literal_column("true"))).where(row.c.sort_0 == entries.c.value)
    )
    if walk.repeated is not None:
        statement = statement.where(~walk.repeated)
    if after is not None:
        statement = statement.where(beyond(row, by, after, given))
    others = order_clauses(row, by)[1:-1]
    first, last = _directed(by[0], entries.c.value, entries.c.rid)
    return statement.order_by(first, *others, last)


def _directed(by: OrderShape, *columns: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    return [column.desc() if by.descending else column.asc() for column in columns]


def _value(by: OrderShape, of: FromClause | None = None) -> ColumnElement[Any]:
    if by.kind == "string":
        return string_beginning if of is None else literal_column(f'"left"({of.name}.value, 256)')  # type: ignore[attr-defined]
    columns = (_TABLES[by.kind] if of is None else of).c
    return columns.high if by.descending else columns.low


def _bounds(walk: WalkShape, given: Arguments) -> list[ColumnElement[bool]]:
    table, value = _TABLES[walk.by.kind], _value(walk.by)
    key = table.c.key == given.next(NUMBER)
    if walk.by.kind != "date":
        return [key]
    return [key, value >= given.next(NUMBER), value <= given.next(NUMBER)]
