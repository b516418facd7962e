"""The order of a search's matches, and the position in it from which the next page goes on."""

import base64
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

import orjson
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Table,
    Text,
    and_,
    any_,
    cast,
    collate,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, array
from sqlalchemy.sql import Select
from sqlalchemy.types import Numeric, TypeEngine

from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import SortKey, search_parameter
from cordee.fhir.search_parameters import SearchParameters
from cordee.store.index_values import FIRST, LAST, long_key, parameter_key
from cordee.store.schema import (
    INDEXED_BEGINNING,
    date_value,
    number_value,
    resource,
    string_beginning,
    string_value,
)
from cordee.store.search_sql import MOMENT, NUMBER, NUMBERS, TEXT, Arguments
from cordee.store.sort_paths import says_presence, sort_paths

SortKind = Literal["_id", "_lastUpdated", "date", "number", "string", "text", "presence", "absent"]

_KINDS: dict[str, SortKind] = {
    **{"date": "date", "number": "number", "quantity": "number", "string": "string"},
    **{"token": "text", "reference": "text", "uri": "text"},
}
SORT_TYPES: dict[SortKind, TypeEngine[Any]] = {
    "_id": TEXT,
    "_lastUpdated": MOMENT,
    "date": NUMBER,
    "number": Numeric(),
    "string": TEXT,
    "text": TEXT,
    "presence": TEXT,
}
_LARGEST_EXPONENT = 400


@dataclass(frozen=True, slots=True)
class OrderShape:
    """What a sort key compares, which way; rows without a value come last either way.

    `paths` are those of `sort_paths`, for what is read from the body. `absent`: no row has a value.
    """

    kind: SortKind
    descending: bool
    paths: tuple[str, ...] = ()

    @property
    def indexed(self) -> bool:
        """Whether the index has the values in order."""
        return not self.paths

    @property
    def always_present(self) -> bool:
        """Whether every row has a value."""
        return self.kind.startswith("_")

    def read(self, value: object) -> Any:
        """A value out of a position, as the database takes it; raises ValueError when it is not of the type."""
        if value is None and not self.always_present:
            return None
        if self.kind == "date":
            return _integer(value)
        if not isinstance(value, str) or "\0" in value:
            raise ValueError("not a text")
        if self.kind == "_lastUpdated":
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise ValueError("no offset")
            return moment
        return _decimal(value) if self.kind == "number" else value


@dataclass(frozen=True, slots=True)
class Position:
    """The last match of a page, and the number of the last transaction that the first page could see."""

    horizon: int
    rid: int
    values: tuple[Any, ...]

    def arguments(self) -> list[Any]:
        """In the order of `search_statements.page`: the horizon, the row identity, the values that are there."""
        return [self.horizon, self.rid, *(value for value in self.values if value is not None)]

    def text(self) -> str:
        """The form that travels in a link."""
        written = orjson.dumps([self.horizon, self.rid, *self.values], default=str)
        return base64.urlsafe_b64encode(written).decode().rstrip("=")


def parse_position(text: str, by: tuple[OrderShape, ...]) -> Position:
    """The position in a link; raises `InvalidSearch` when this server did not write it."""
    try:
        horizon, rid, *values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        read = tuple(order.read(value) for order, value in zip(by, values, strict=True))
        return Position(_integer(horizon), _integer(rid), read)
    except (ValueError, ArithmeticError, TypeError):
        raise InvalidSearch(
            "The link to this page is not one that this server wrote; begin the search again."
        ) from None


def orders(
    tenant: int, resource_type: str, keys: tuple[SortKey, ...], parameters: SearchParameters
) -> tuple[tuple[OrderShape, ...], list[list[int]]]:
    """What each key compares, and the index keys of those that have some.

    Ascending, a resource counts by its lowest value, descending by its highest: of a token that is the code, of a
    reference its text. Raises `InvalidSearch` for a parameter that can't be sorted by.
    """
    shapes: list[OrderShape] = []
    index_keys: list[list[int]] = []
    for key in keys:
        if key.code in ("_id", "_lastUpdated"):
            shapes.append(OrderShape("_id" if key.code == "_id" else "_lastUpdated", key.descending))
            continue
        parameter = search_parameter(resource_type, key.code, parameters)
        kind = _KINDS.get(parameter.type)
        if kind is None:
            raise InvalidSearch(
                f"_sort={key.code}: a {parameter.type} can't be sorted by; tokens, references, dates, numbers and "
                "texts can."
            )
        if kind == "text":
            paths = sort_paths(resource_type, parameter)
            kind = "presence" if says_presence(resource_type, parameter) else kind
            shapes.append(OrderShape(kind, key.descending, paths))
            continue
        shapes.append(OrderShape(kind, key.descending))
        index_key = parameter_key(tenant, resource_type, key.code)
        index_keys.append([index_key, long_key(index_key)] if kind == "date" else [index_key])
    return tuple(shapes), index_keys


def sort_columns(by: tuple[OrderShape, ...], given: Arguments) -> list[ColumnElement[Any]]:
    """The columns `sort_0`, `sort_1`… of `resource`. Arguments: the index keys of each order that has some."""
    return [_column(order, given).label(f"sort_{i}") for i, order in enumerate(by)]


def _column(order: OrderShape, given: Arguments) -> ColumnElement[Any]:
    match order.kind:
        case "_id":
            return resource.c.id
        case "_lastUpdated":
            return resource.c.last_updated
        case "date":
            return _extreme(date_value, date_value.c.high if order.descending else date_value.c.low, order, given)
        case "absent":
            return null()
        case "text":
            return _written(order)
        case "presence":
            return _present(order)
        case "number":
            return _extreme(number_value, number_value.c.high if order.descending else number_value.c.low, order, given)
    # The beginning alone: a value goes into the links to the next pages.
    return _extreme(string_value, string_beginning, order, given)


def _written(order: OrderShape) -> ColumnElement[Any]:
    """The lowest or highest text that the body has at one of the paths."""
    paths = func.unnest(array([_path(path) for path in order.paths])).table_valued("path").render_derived()
    found = func.jsonb_path_query(_body(), paths.c.path).table_valued("value").render_derived()
    # The beginning alone: a value goes into the links to the next pages.
    value = func.left(found.c.value.op("#>>")(literal_column("'{}'")), literal_column(str(INDEXED_BEGINNING)))
    extreme = (func.max if order.descending else func.min)(collate(value, "C"))
    return select(extreme).select_from(paths, found).correlate(resource).scalar_subquery()


def _present(order: OrderShape) -> ColumnElement[Any]:
    return cast(or_(*(func.jsonb_path_exists(_body(), _path(path)) for path in order.paths)), Text)


def _body() -> ColumnElement[Any]:
    # jsonb refuses a number nearer to nothing than it can keep, which JSON allows.
    near_nothing: ColumnElement[str] = literal_column(r"'([:,\[]-?[0-9.]+)[eE]-[0-9]{4,}'")
    less_near: ColumnElement[str] = literal_column(r"'\1e-999'")
    return cast(func.regexp_replace(resource.c.body, near_nothing, less_near, literal_column("'g'")), JSONB)


def _path(path: str) -> ColumnElement[Any]:
    quoted = path.replace("'", "''")
    return literal_column(f"'{quoted}'::jsonpath")


def _extreme(of: Table, value: ColumnElement[Any], order: OrderShape, given: Arguments) -> ColumnElement[Any]:
    extreme = func.max(value) if order.descending else func.min(value)
    here = (of.c.tenant == given.tenant, of.c.rid == resource.c.rid, of.c.key == any_(given.next(NUMBERS)))
    return select(extreme).where(*here).correlate(resource).scalar_subquery()


def ordered(
    found: FromClause, by: tuple[OrderShape, ...], after: tuple[bool, ...] | None, given: Arguments
) -> Select[Any]:
    """The rows of `found` (which has `rid` and the sort columns) in order, beyond a position unless `after` is None.

    Arguments: the position's row identity, then its values that are there, as `after` says.
    """
    statement = select(found)
    if after is not None:
        statement = statement.where(beyond(found, by, after, given))
    return statement.order_by(*order_clauses(found, by))


def order_clauses(found: FromClause, by: tuple[OrderShape, ...]) -> list[ColumnElement[Any]]:
    """The order of `found`, which has `rid` and the sort columns."""
    clauses: list[ColumnElement[Any]] = []
    for i, order in enumerate(by):
        column = found.c[f"sort_{i}"]
        directed = column.desc() if order.descending else column.asc()
        clauses.append(directed if order.always_present else directed.nulls_last())
    clauses.append(found.c.rid.desc() if _is_backwards(by) else found.c.rid.asc())
    return clauses


def _is_backwards(by: tuple[OrderShape, ...]) -> bool:
    # The row identity follows the first key's direction, so that one index can serve both.
    return bool(by) and by[0].descending


def beyond(
    found: FromClause, by: tuple[OrderShape, ...], after: tuple[bool, ...], given: Arguments
) -> ColumnElement[bool]:
    """The rows beyond a position. Arguments: its row identity, then its values that are there, as `after` says."""
    rid = given.next(NUMBER)
    lasts = [given.next(SORT_TYPES[order.kind]) if there else None for order, there in zip(by, after, strict=True)]
    farther_on = found.c.rid < rid if _is_backwards(by) else found.c.rid > rid
    for i, (order, last) in reversed(list(enumerate(zip(by, lasts, strict=True)))):
        column = found.c[f"sort_{i}"]
        if last is None:
            farther_on = and_(column.is_(None), farther_on)
            continue
        farther = column < last if order.descending else column > last
        if not order.always_present:
            farther = or_(farther, column.is_(None))
        farther_on = or_(farther, and_(column == last, farther_on))
    return farther_on


def _decimal(text: str) -> Decimal:
    # An open range has an infinite end: a page may well stop at one.
    value = Decimal(text)
    if value.is_nan() or (value.is_finite() and abs(value.adjusted()) > _LARGEST_EXPONENT):
        raise ValueError("not a number that is kept")
    return value


def _integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not FIRST <= value <= LAST:
        raise ValueError("not an integer of 64 bits")
    return value
