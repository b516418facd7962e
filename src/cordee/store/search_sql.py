"""The search tree compiled to conditions of SQLAlchemy Core; what each value means is said in `fhir.query_values`.

Exact things (tokens, references, URIs, exact strings, presence) are terms of the row, asked for with array operators
under the GIN index. Ranges and strings are rows of their own tables, asked for with EXISTS.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, any_, exists, false, literal, not_, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, array, asyncpg
from sqlalchemy.sql import Select
from sqlalchemy.types import BigInteger, Text

from cordee.fhir.definitions import load_definitions
from cordee.fhir.query import Chain, Criterion
from cordee.fhir.query_values import (
    CompositeSearch,
    DateSearch,
    IdSearch,
    MissingSearch,
    NumberSearch,
    QuantitySearch,
    ReferenceSearch,
    StringSearch,
    TokenSearch,
    UriSearch,
    Value,
)
from cordee.store.index_values import (
    PRESENT,
    composite_key,
    form_hash,
    grams,
    microseconds,
    parameter_key,
    reference_form,
)
from cordee.store.schema import (
    INDEXED_BEGINNING,
    date_value,
    number_value,
    resource,
    string_beginning,
    string_value,
)

Condition = ColumnElement[bool]

_DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]
_AFTER_ANY_TEXT = chr(0x10FFFF)
_MILLISECOND = timedelta(milliseconds=1)
_Bounds = tuple[ColumnElement[Any], ColumnElement[Any]]
_Moment = datetime | int


def as_sql(statement: Select[Any]) -> tuple[str, list[Any]]:
    """The text and the parameters, in order, for asyncpg."""
    compiled = statement.compile(dialect=_DIALECT)
    return str(compiled), [compiled.params[name] for name in compiled.positiontup or ()]


def criteria_conditions(
    tenant: int, resource_type: str, criteria: Iterable[Criterion], row: FromClause
) -> list[Condition]:
    """The conditions on `row` (the resource table or an alias) under which every criterion holds."""
    here = [row.c.tenant == tenant, row.c.resource_type == resource_type, row.c.deleted.is_(false())]
    return here + [_criterion(tenant, resource_type, criterion, row) for criterion in criteria]


def _criterion(tenant: int, resource_type: str, criterion: Criterion, row: FromClause) -> Condition:
    key = parameter_key(tenant, resource_type, criterion.code)
    if criterion.chain is not None:
        return _chain(tenant, resource_type, key, criterion.chain, row)
    if criterion.code == "_id":
        return row.c.id == _any_text([v.id for v in criterion.values if isinstance(v, IdSearch)])
    if criterion.code == "_lastUpdated":
        bounds = (row.c.last_updated, row.c.last_updated + _MILLISECOND)
        return or_(*(_in_dates(v, bounds, v.low, v.high) for v in criterion.values if isinstance(v, DateSearch)))
    if criterion.modifier == "missing":
        missing = any(isinstance(v, MissingSearch) and v.missing for v in criterion.values)
        present = _has_term(row, [key ^ form_hash(PRESENT)])
        return not_(present) if missing else present
    found = _values(tenant, key, criterion.modifier, criterion.values, row)
    return not_(found) if criterion.modifier == "not" else found


def _values(tenant: int, key: int, modifier: str | None, values: Sequence[Value], row: FromClause) -> Condition:
    terms: list[int] = []
    conditions: list[Condition] = []
    for value in values:
        if isinstance(value, StringSearch) and modifier == "exact":
            terms.append(key ^ form_hash(f"x{value.literal}"))
        elif (forms := _forms(value)) is not None:
            terms.extend(key ^ form_hash(form) for form in forms)
        elif isinstance(value, CompositeSearch):
            conditions.append(_composite(tenant, key, value, row))
        else:
            conditions.append(_ranged(tenant, key, modifier, value, row))
    if terms:
        conditions.append(_has_term(row, terms))
    return or_(*conditions)


def _forms(value: Value) -> list[str] | None:
    """The forms any of which an exact value is found by; None for a value that isn't exact."""
    match value:
        case TokenSearch():
            return _token_forms(value)
        case UriSearch(uri):
            return [f"u{uri}"]
        case ReferenceSearch(identifier=TokenSearch() as identifier):
            return [f":{form}" for form in _token_forms(identifier)]
        case ReferenceSearch(types, id=str() as id_):
            return [reference_form(type_, id_) for type_ in types or load_definitions().resource_types]
        case ReferenceSearch(url=url):
            return [f"u{url}"]
    return None


def _token_forms(token: TokenSearch) -> list[str]:
    if token.code is None:
        return [f"S{token.system}"]
    separator = ":" if token.any_system else f"={token.system or ''}\x1f"
    return [f"i{separator}{token.code}", f"t{separator}{token.code.casefold()}"]


def _has_term(row: FromClause, terms: list[int]) -> Condition:
    wanted = literal(terms, ARRAY(BigInteger))
    return row.c.terms.contains(wanted) if len(terms) == 1 else row.c.terms.overlap(wanted)


def _ranged(tenant: int, key: int, modifier: str | None, value: Value, row: FromClause) -> Condition:
    match value:
        case DateSearch():
            within = _in_dates(
                value,
                (date_value.c.low, date_value.c.high),
                microseconds(value.low),
                microseconds(value.high),
            )
            return _exists(tenant, key, date_value, row, within)
        case NumberSearch():
            return _exists(tenant, key, number_value, row, _in_numbers(value))
        case QuantitySearch():
            within = _in_numbers(value.number)
            if value.code is not None:
                name = f"{value.system or ''}|{value.code}"
                within = and_(within, number_value.c.units.contains(literal([form_hash(name)], ARRAY(BigInteger))))
            return _exists(tenant, key, number_value, row, within)
        case StringSearch():
            return _exists(tenant, key, string_value, row, _in_strings(key, value.normalized, modifier))
    raise TypeError(f"{type(value).__name__} is not a range")


def _exists(tenant: int, key: int, table: FromClause, row: FromClause, within: Condition) -> Condition:
    return exists(
        select(1).where(table.c.tenant == tenant, table.c.rid == row.c.rid, table.c.key == key, within)
    ).correlate(row)


def _in_dates(value: DateSearch, bounds: _Bounds, low: _Moment, high: _Moment) -> Condition:
    begins, ends = bounds
    match value.prefix:
        case "gt":
            return ends > high
        case "lt":
            return begins < low
        case "ge":
            return or_(ends > high, begins >= low)
        case "le":
            return or_(begins < low, ends <= high)
        case "sa":
            return begins >= high
        case "eb":
            return ends <= low
        case "ap":
            return and_(begins < high, ends > low)
        case "ne":
            return or_(begins < low, ends > high)
    return and_(begins >= low, ends <= high)


def _in_numbers(value: NumberSearch) -> Condition:
    low, high = number_value.c.low, number_value.c.high
    match value.prefix:
        case "gt":
            return high > value.value
        case "lt":
            return low < value.value
        case "ge":
            return high >= value.value
        case "le":
            return low <= value.value
        case "sa":
            return low > value.value
        case "eb":
            return high < value.value
        case "ap":
            return and_(low <= value.high, high >= value.low)
        case "ne":
            return or_(low < value.low, high >= value.high)
    return and_(low >= value.low, high < value.high)


def _in_strings(key: int, normalized: str, modifier: str | None) -> Condition:
    value = string_value.c.value
    if modifier == "contains":
        pieces = grams(key, normalized)
        contains = value.contains(normalized, autoescape=True)
        return (
            and_(string_value.c.grams.contains(literal(list(pieces), ARRAY(BigInteger))), contains)
            if pieces
            else contains
        )
    start = normalized[:INDEXED_BEGINNING]
    within = and_(string_beginning >= start, string_beginning < start + _AFTER_ANY_TEXT)
    return within if start == normalized else and_(within, value.startswith(normalized, autoescape=True))


def _composite(tenant: int, key: int, search: CompositeSearch, row: FromClause) -> Condition:
    exact = [forms for c in search.components if (forms := _forms(c)) is not None]
    ranged = [(place, c) for place, c in enumerate(search.components) if _forms(c) is None]
    keys = [composite_key(key, forms) for forms in product(*exact)]
    if not ranged:
        return _has_term(row, keys)
    return or_(
        *(
            and_(*(_ranged(tenant, k ^ form_hash(f"#{place}"), None, component, row) for place, component in ranged))
            for k in keys
        )
    )


def _chain(tenant: int, resource_type: str, key: int, chain: Chain, row: FromClause) -> Condition:
    """Found from the far end: the targets first, then, by the term each one's references have, the rows."""
    ways = []
    for number, link in enumerate(chain.links):
        target = resource.alias(f"target_{number}")
        source = resource.alias(f"source_{number}")
        reference = source.c.terms.contains(array([target.c.self_term.op("#")(literal(key, BigInteger))]))
        ways.append(
            select(source.c.rid).where(
                *criteria_conditions(tenant, link.resource_type, [link.criterion], target),
                source.c.tenant == tenant,
                source.c.resource_type == resource_type,
                reference,
            )
        )
    return or_(*(row.c.rid.in_(way) for way in ways))


def _any_text(values: list[str]) -> ColumnElement[Any]:
    return any_(literal(values, ARRAY(Text)))
