"""The statements of searches, compiled once a shape and kept: SQL text for asyncpg, and the order of its arguments."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, case, column, false, func, literal_column, or_, select, table
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.types import Integer

from cordee.store.schema import resource, string_value
from cordee.store.search_order import OrderShape, order_clauses, ordered, sort_columns
from cordee.store.search_shape import Rows, weight
from cordee.store.search_sql import (
    NUMBER,
    TEXT,
    Arguments,
    referred_terms,
    rows_conditions,
    unordered_conditions,
    value_conditions,
)
from cordee.store.search_walks import WalkShape, walk_entries, walked

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
# A statement of many criteria is a long text and takes long to compose: a few of those are kept, apart.
_KEPT, _KEPT_LONG = 256, 8
_LONG = 40
_VERSION = [
    resource.c[name]
    for name in ("resource_type", "id", "version", "last_updated", "deleted", "method", "body", "rid", "sealed")
]
VERSION_WIDTH = len(_VERSION)
"""How many columns of a row make a `StoredVersion`; those of a page follow: the horizon, then the sort keys."""

_LAST_TRANSACTION = select(column("last_value", NUMBER)).select_from(table("transaction_number")).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with `$1`, `$2`…, and for each of these the place of its argument in the order of the shape."""

    sql: str
    places: tuple[int, ...]

    def call(self, arguments: Sequence[Any]) -> tuple[Any, ...]:
        """What asyncpg's methods take."""
        return (self.sql, *(arguments[place] for place in self.places))


@dataclass(frozen=True, slots=True)
class PageShape:
    """In which order, and beyond a position unless `after` is None (which of its values are there).

    `bound`: what was created since a first page does not come in; a page after a position is. `walk`: the index of the
    first sort key is gone through instead of sorting all that is found, so that rows without a value are left out.
    """

    by: tuple[OrderShape, ...] = ()
    after: tuple[bool, ...] | None = None
    bound: bool = False
    walk: WalkShape | None = None


def page(rows: Rows, shape: PageShape) -> Statement:
    """A page of `rows`. Past some bytes of bodies the body is null, save that of the first row.

    Arguments: tenant, those of the rows, the keys of each order that has some, the limit, the bytes, those of the walk;
    where it is bound the horizon; then of the position: the row identity, the values that are there.
    """
    return (_long_page if weight(rows) > _LONG else _short_page)(rows, shape)


def total(rows: Rows) -> Statement:
    """How many `rows` there are. Arguments: tenant, those of the rows."""
    return (_long_total if weight(rows) > _LONG else _short_total)(rows)


@lru_cache(maxsize=_KEPT)
def ends(rows: Rows) -> Statement:
    """The `self_term`s of some of `rows`. Arguments: tenant, those of the rows, the most that are told."""
    given = Arguments()
    conditions = unordered_conditions(rows, resource, given)
    return _compiled(select(resource.c.self_term).where(*conditions).limit(given.next(Integer())))


@lru_cache(maxsize=_KEPT)
def texts_at_most(tests: tuple[tuple[str, ...], ...]) -> Statement:
    """How many texts pass the tests of a `HasValue`, up to some. Arguments: tenant, its own, the most counted."""
    given = Arguments()
    conditions = value_conditions("string", tests, given)
    some = select(string_value.c.rid).where(*conditions).limit(given.next(Integer())).subquery("some")
    return _compiled(select(func.count()).select_from(some))


@lru_cache(maxsize=_KEPT)
def at_most(rows: Rows) -> Statement:
    """How many `rows` there are, up to some. Arguments: tenant, those of the rows, the most that are counted."""
    given = Arguments()
    conditions = unordered_conditions(rows, resource, given)
    some = select(resource.c.rid).where(*conditions).limit(given.next(Integer())).subquery("some")
    return _compiled(select(func.count()).select_from(some))


@lru_cache(maxsize=_KEPT)
def identities(rows: Rows) -> Statement:
    """The `rid`s of some of `rows`. Arguments: tenant, those of the rows, the last transaction, the most."""
    given = Arguments()
    conditions = rows_conditions(rows, resource, given)
    there = resource.c.created_txn <= given.next(NUMBER)
    return _compiled(select(resource.c.rid).where(*conditions, there).limit(given.next(Integer())))


@lru_cache(maxsize=_KEPT)
def walk_end(walk: WalkShape) -> Statement:
    """A value that a walk comes to after some, if there is one. Arguments: tenant, those of the walk, how many."""
    given = Arguments()
    entries = walk_entries(walk, given).entries
    return _compiled(select(entries.c.rid).offset(given.next(Integer())).limit(literal_column("1")))


@lru_cache(maxsize=_KEPT)
def explained(rows: Rows) -> Statement:
    """PostgreSQL's plan for finding `rows`, as JSON. Arguments: tenant, those of the rows."""
    conditions = unordered_conditions(rows, resource, Arguments())
    found = _compiled(select(resource.c.rid).where(*conditions))
    return Statement(f"EXPLAIN (FORMAT JSON) {found.sql}", found.places)


@lru_cache(maxsize=_KEPT)
def referred(rows: Rows) -> Statement:
    """The `rid`s of what `rows` refer to; null where there are too many of them.

    Arguments: tenant, those of the rows, the most, the most and one, the key, the type referred to.
    """
    given = Arguments()
    conditions = unordered_conditions(rows, resource, given)
    most = given.next(Integer())
    origin = select(resource.c.terms).where(*conditions).limit(given.next(Integer())).cte("origin")
    few = select(func.count()).select_from(origin).scalar_subquery() <= most
    terms = referred_terms(origin, given.next(NUMBER)).lateral("terms")
    told = select(terms.c.term).distinct().select_from(origin.join(terms, literal_column("true"))).where(few)
    named = told.subquery("named")
    target = resource.alias("target")
    here = (target.c.tenant == given.tenant, target.c.resource_type == given.next(TEXT), target.c.deleted.is_(false()))
    found = select(target.c.rid).where(target.c.self_term == named.c.term, *here)
    return _compiled(select(case((few, func.array(found.scalar_subquery())))))


def _page(rows: Rows, shape: PageShape) -> Statement:
    given = Arguments()
    conditions = rows_conditions(rows, resource, given)
    keys = sort_columns(shape.by, given)
    limit, most_bytes = given.next(Integer()), given.next(NUMBER)
    walk = None if shape.walk is None else walk_entries(shape.walk, given)
    horizon = given.next(NUMBER) if shape.bound else _LAST_TRANSACTION
    if shape.bound:
        conditions.append(resource.c.created_txn <= horizon)
    found = select(*_VERSION, horizon.label("horizon"), *keys).where(*conditions)
    if walk is None:
        matches = ordered(found.subquery("found"), shape.by, shape.after, given)
    else:
        matches = walked(found, walk, shape.by, shape.after, given)
    within = matches.limit(limit).subquery("page")
    clauses = order_clauses(within, shape.by)
    # The length is known without reading the body: those left out are never in memory.
    length = func.sum(func.octet_length(within.c.body)).over(order_by=clauses)
    first = func.row_number().over(order_by=clauses) == literal_column("1")
    body = case((or_(first, length <= most_bytes), within.c.body)).label("body")
    columns = [body if column.name == "body" else column for column in within.c]
    return _compiled(select(*columns).order_by(*clauses))


def _total(rows: Rows) -> Statement:
    conditions = unordered_conditions(rows, resource, Arguments())
    return _compiled(select(func.count()).select_from(resource).where(*conditions))


_short_page, _long_page = lru_cache(maxsize=_KEPT)(_page), lru_cache(maxsize=_KEPT_LONG)(_page)
_short_total, _long_total = lru_cache(maxsize=_KEPT)(_total), lru_cache(maxsize=_KEPT_LONG)(_total)


def _compiled(statement: Select[Any]) -> Statement:
    compiled = statement.compile(dialect=_DIALECT)
    return Statement(str(compiled), tuple(int(name.removeprefix("a")) for name in compiled.positiontup or ()))


def compiled(statement: Select[Any]) -> Statement:
    """A statement that was composed elsewhere, of `Arguments`."""
    return _compiled(statement)
