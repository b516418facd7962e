"""The order of a search's matches, and the position in it from which the next page goes on."""

import base64
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import ColumnElement, FromClause, Table, and_, false, func, literal, or_, select
from sqlalchemy.sql import Select
from sqlalchemy.types import BigInteger, DateTime, Numeric, Text, TypeEngine

from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import SortKey, search_parameter
from cordee.store.index_values import parameter_key
from cordee.store.schema import date_value, number_value, resource, string_value

_TABLES: dict[str, tuple[Table, TypeEngine[Any]]] = {
    "date": (date_value, BigInteger()),
    "number": (number_value, Numeric()),
    "quantity": (number_value, Numeric()),
    "string": (string_value, Text()),
}


@dataclass(frozen=True, slots=True)
class Position:
    """The last match of a page, and the number of the last transaction that the first page could see."""

    horizon: int
    rid: int
    values: tuple[Any, ...]

    def text(self) -> str:
        """The form that travels in a link."""
        written = orjson.dumps([self.horizon, self.rid, *self.values], default=str)
        return base64.urlsafe_b64encode(written).decode().rstrip("=")


def parse_position(text: str, orders: "tuple[Order, ...]") -> Position:
    """The position in a link; raises `InvalidSearch` when this server did not write it."""
    try:
        horizon, rid, *values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not (isinstance(horizon, int) and isinstance(rid, int)):
            raise ValueError(text)
        read = tuple(order.read(value) for order, value in zip(orders, values, strict=True))
    except (ValueError, ArithmeticError, TypeError):
        raise InvalidSearch(
            "The link to this page is not one that this server wrote; begin the search again."
        ) from None
    return Position(horizon, rid, read)


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key: what to compare, which way; rows without a value come last either way."""

    key: SortKey
    column: ColumnElement[Any]
    type: TypeEngine[Any]
    always_present: bool

    def read(self, value: object) -> Any:
        """A value out of a position, as the database takes it; raises ValueError when it is not of the type."""
        if value is None and not self.always_present:
            return None
        if isinstance(self.type, BigInteger) and isinstance(value, int):
            return value
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is no {self.type}")
        if isinstance(self.type, DateTime):
            return datetime.fromisoformat(value)
        return Decimal(value) if isinstance(self.type, Numeric) else value


def orders(tenant: int, resource_type: str, keys: tuple[SortKey, ...]) -> tuple[Order, ...]:
    """What each key compares. Ascending, a resource counts by its lowest value, descending by its highest.

    Raises `InvalidSearch` for parameters whose values aren't kept in an order (tokens, references, URIs).
    """
    return tuple(_order(tenant, resource_type, key) for key in keys)


def _order(tenant: int, resource_type: str, key: SortKey) -> Order:
    if key.code == "_id":
        return Order(key, resource.c.id, Text(), always_present=True)
    if key.code == "_lastUpdated":
        return Order(key, resource.c.last_updated, DateTime(timezone=True), always_present=True)
    kind = search_parameter(resource_type, key.code).type
    if kind not in _TABLES:
        raise InvalidSearch(
            f"_sort={key.code}: sorting by a {kind} is not supported yet; dates, numbers and strings are."
        )
    table, type_ = _TABLES[kind]
    low, high = (table.c.value, table.c.value) if table is string_value else (table.c.low, table.c.high)
    value = func.max(high) if key.descending else func.min(low)
    of_row = select(value).where(
        table.c.tenant == tenant,
        table.c.rid == resource.c.rid,
        table.c.key == parameter_key(tenant, resource_type, key.code),
    )
    return Order(key, of_row.correlate(resource).scalar_subquery(), type_, always_present=False)


def ordered(found: FromClause, by: tuple[Order, ...], after: Position | None) -> Select[Any]:
    """The rows of `found` (which has `rid` and a column `sort_N` an order) beyond `after`, in order."""
    # The row identity follows the first key's direction, so that one index can serve both.
    backwards = bool(by) and by[0].key.descending
    statement = select(found)
    clauses = []
    for i, order in enumerate(by):
        column = found.c[f"sort_{i}"]
        directed = column.desc() if order.key.descending else column.asc()
        clauses.append(directed if order.always_present else directed.nulls_last())
    clauses.append(found.c.rid.desc() if backwards else found.c.rid.asc())
    if after is not None:
        statement = statement.where(_beyond(found, by, after, backwards=backwards))
    return statement.order_by(*clauses)


def _beyond(found: FromClause, by: tuple[Order, ...], after: Position, *, backwards: bool) -> ColumnElement[bool]:
    rid = found.c.rid
    beyond = rid < after.rid if backwards else rid > after.rid
    for i, order in reversed(list(enumerate(by))):
        column, value = found.c[f"sort_{i}"], after.values[i]
        if value is None:
            beyond = and_(column.is_(None), beyond)
            continue
        last = literal(value, order.type)
        farther: ColumnElement[bool] = column < last if order.key.descending else column > last
        if not order.always_present:
            farther = or_(farther, column.is_(None))
        beyond = or_(farther, and_(column == last, beyond))
    return beyond if by else or_(false(), beyond)
