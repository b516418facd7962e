"""Running a search: a page of matches, what they include, how many there are.

Pages follow the sort keys and the row identity, and are bound to the transaction number of the first page: what was
created since does not come in, and what was there is neither repeated nor skipped. Nothing is kept on the server: a
page's position travels in its link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, column, func, literal, select, table
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql import Select
from sqlalchemy.types import BigInteger

from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import Include, Search
from cordee.fhir.search_values import ReferenceValue, extract_parameter
from cordee.fhir.stored_version import StoredVersion
from cordee.store.connection import Connection
from cordee.store.index_values import form_hash, parameter_key, reference_form
from cordee.store.read import find_several
from cordee.store.schema import resource
from cordee.store.search_order import Order, Position, ordered, orders, parse_position
from cordee.store.search_sql import as_sql, criteria_conditions

MOST_INCLUDED = 10_000
"""A page may not bring more than this along by one _revinclude."""

_VERSION = [
    resource.c[name] for name in ("resource_type", "id", "version", "last_updated", "deleted", "method", "body", "rid")
]
_LAST_TRANSACTION = select(column("last_value", BigInteger)).select_from(table("transaction_number")).scalar_subquery()


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page. `following` is the position of the next one, None on the last; `total` None when not asked for."""

    matches: tuple[StoredVersion, ...]
    included: tuple[StoredVersion, ...]
    total: int | None
    following: str | None


async def search(
    connection: Connection, tenant: int, wanted: Search, *, count: int, position: str | None = None
) -> SearchPage:
    """A page of at most `count` matches, after `position`; 0 gives the total alone.

    Raises `InvalidSearch` for a sort that isn't possible or a position that isn't ours.
    """
    conditions = criteria_conditions(tenant, wanted.resource_type, wanted.criteria, resource)
    only_total = wanted.summary == "count" or count == 0
    total = None
    if wanted.total != "none" or only_total:
        counted = select(func.count()).select_from(resource).where(*conditions)
        total = await connection.fetchval(*_flat(counted))
    if only_total:
        return SearchPage((), (), total, None)
    by = orders(tenant, wanted.resource_type, wanted.sort)
    after = None if position is None else parse_position(position, by)
    rows = await connection.fetch(*_flat(_page(conditions, by, after).limit(count + 1)))
    width = len(_VERSION)
    matches = tuple(StoredVersion(*row[:width]) for row in rows[:count])
    following = None
    if len(rows) > count:
        last = rows[count - 1]
        horizon = last["horizon"] if after is None else after.horizon
        following = Position(horizon, last["rid"], tuple(last[width + 1 :])).text()
    included = await _included(connection, tenant, wanted, matches)
    return SearchPage(matches, included, total, following)


async def find_matching(connection: Connection, tenant: int, wanted: Search, *, limit: int = 2) -> list[StoredVersion]:
    """The first matches of a condition; two are enough to know that there are several."""
    conditions = criteria_conditions(tenant, wanted.resource_type, wanted.criteria, resource)
    statement = select(*_VERSION).where(*conditions).order_by(resource.c.rid).limit(limit)
    return [StoredVersion(*row) for row in await connection.fetch(*_flat(statement))]


def _flat(statement: Select[Any]) -> tuple[Any, ...]:
    sql, arguments = as_sql(statement)
    return (sql, *arguments)


def _page(conditions: list[ColumnElement[bool]], by: tuple[Order, ...], after: Position | None) -> Select[Any]:
    horizon = _LAST_TRANSACTION if after is None else literal(after.horizon, BigInteger)
    keys = [order.column.label(f"sort_{i}") for i, order in enumerate(by)]
    if after is not None:
        conditions = [*conditions, resource.c.created_txn <= after.horizon]
    found = select(*_VERSION, horizon.label("horizon"), *keys).where(*conditions).subquery("found")
    return ordered(found, by, after)


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
    key = parameter_key(tenant, include.resource_type, include.code)
    terms = [key ^ form_hash(reference_form(match.resource_type, match.id)) for match in matches]
    if not terms:
        return []
    conditions = criteria_conditions(tenant, include.resource_type, (), resource)
    conditions.append(resource.c.terms.overlap(literal(terms, ARRAY(BigInteger))))
    statement = select(*_VERSION).where(*conditions).order_by(resource.c.rid).limit(MOST_INCLUDED + 1)
    rows = await connection.fetch(*_flat(statement))
    if len(rows) > MOST_INCLUDED:
        raise InvalidSearch(
            f"_revinclude={include.resource_type}:{include.code} brings more than {MOST_INCLUDED} resources to one "
            "page; ask for smaller pages with _count."
        )
    return [StoredVersion(*row) for row in rows]
