"""The shape of a search as conditions of SQLAlchemy Core; what each value means is said in `fhir.query_values`.

Exact things (tokens, references, URIs, exact strings, presence) are terms of the row, asked for with array operators
under the GIN index. Ranges and strings are rows of their own tables, asked for with EXISTS.
"""

from collections.abc import Sequence
from itertools import count, pairwise
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    Table,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, array
from sqlalchemy.types import BigInteger, DateTime, Integer, Numeric, Text, TypeEngine

from cordee.store.index_values import FIRST, LAST, REFERENCE_MARK
from cordee.store.schema import date_value, number_value, resource, string_beginning, string_value, word_value
from cordee.store.search_shape import (
    AllOf,
    AnyOf,
    HasCombination,
    HasTerms,
    HasValue,
    HasWords,
    IsNamed,
    IsOneOf,
    Kind,
    Not,
    ReferredBy,
    Refers,
    Rows,
    Shape,
    WasWritten,
)

Condition = ColumnElement[bool]
_Column = ColumnElement[Any]

NUMBER = BigInteger()
NUMBERS = ARRAY(BigInteger)
TEXT = Text()
MOMENT = DateTime(timezone=True)
_DECIMAL = Numeric()
_TABLES: dict[Kind, Table] = {"date": date_value, "number": number_value, "string": string_value}


class Arguments:
    """The places of a statement's arguments, taken one after the other; the first is the tenant."""

    def __init__(self) -> None:
        self._numbers = count()
        self._aliases = count()
        self.tenant = self.next(Integer())

    def next(self, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """The next argument."""
        return bindparam(f"a{next(self._numbers)}", type_=type_)

    def alias(self, table: Table, name: str) -> FromClause:
        """The table under a name not yet used."""
        return table.alias(self.name(name))

    def name(self, name: str) -> str:
        """A name not yet used."""
        return f"{name}_{next(self._aliases)}"


def rows_conditions(rows: Rows, row: FromClause, given: Arguments) -> list[Condition]:
    """The conditions on `row` (the resource table or an alias) under which it is one of `rows`."""
    here = [row.c.tenant == given.tenant, row.c.resource_type == given.next(TEXT), row.c.deleted.is_(false())]
    return here + [_condition(shape, row, given) for shape in rows.conditions]


def unordered_conditions(rows: Rows, row: FromClause, given: Arguments) -> list[Condition]:
    """The same, where no order is asked for: the type is said as the rows of the index that are between two places.

    PostgreSQL can't tell that a term is of one type alone: from an equality it expects fewer rows, and reads the whole
    index of the type beside that of the terms.
    """
    if not any(isinstance(shape, HasTerms) for shape in rows.conditions):
        return rows_conditions(rows, row, given)
    resource_type = given.next(TEXT)
    place = tuple_(row.c.tenant, row.c.resource_type, row.c.rid)
    first, last = (tuple_(given.tenant, resource_type, literal_column(str(rid))) for rid in (FIRST, LAST))
    here = [place >= first, place <= last, row.c.deleted.is_(false())]
    return here + [_condition(shape, row, given) for shape in rows.conditions]


def _condition(shape: Shape, row: FromClause, given: Arguments) -> Condition:
    match shape:
        case HasTerms(single):
            wanted = given.next(NUMBERS)
            return row.c.terms.contains(wanted) if single else row.c.terms.overlap(wanted)
        case IsNamed():
            return row.c.id == any_(given.next(ARRAY(Text)))
        case IsOneOf():
            return row.c.rid == any_(given.next(NUMBERS))
        case WasWritten(within):
            return or_(*(_written(inside, row.c.last_updated, given) for inside in within))
        case HasValue(kind, tests, common):
            table = _TABLES[kind]
            here = (table.c.rid == row.c.rid, *value_conditions(kind, tests, given))
            found = select(1).where(*here)
            # PostgreSQL never makes a join of a sub-select with OFFSET.
            return exists(found.offset(literal_column("0")) if common else found).correlate(row)
        case HasWords():
            held = word_value.c.words.op("@@", is_comparison=True)(cast(given.next(TEXT), TSQUERY))
            here = (word_value.c.tenant == given.tenant, word_value.c.rid == row.c.rid, held)
            return exists(select(1).where(*here)).correlate(row)
        case HasCombination(tests):
            return _has_combination(tests, row, given)
        case Not(opposite):
            return not_(_condition(opposite, row, given))
        case AnyOf(shapes):
            return or_(*(_condition(one, row, given) for one in shapes))
        case AllOf(shapes):
            return and_(*(_condition(one, row, given) for one in shapes))
        case Refers(target):
            return _refers(target, row, given)
        case ReferredBy(source):
            return _referred_by(source, row, given)


def _written(inside: bool, written: ColumnElement[Any], given: Arguments) -> Condition:
    first, after = given.next(MOMENT), given.next(MOMENT)
    return and_(written >= first, written < after) if inside else or_(written < first, written >= after)


def _refers(target: Rows, row: FromClause, given: Arguments) -> Condition:
    """Row by row: each term less the parameter's key, if it is a reference's, is that of its target."""
    end = given.alias(resource, "target")
    key = given.next(NUMBER)
    named = referred_terms(row, key).correlate(row).subquery(given.name("named"))
    return exists(select(1).where(end.c.self_term == named.c.term, *rows_conditions(target, end, given))).correlate(row)


def referred_terms(row: FromClause, key: ColumnElement[Any]) -> Select[Any]:
    """`term`: those of a row's terms that may be references, less a parameter's key."""
    one = func.unnest(row.c.terms).table_valued("one").render_derived()
    less = cast(one.c.one.op("#")(key), BigInteger)
    mark: ColumnElement[int] = literal_column(str(REFERENCE_MARK))
    return select(less.label("term")).select_from(one).where(less.op("&")(mark) == mark)


def _referred_by(source: Rows, row: FromClause, given: Arguments) -> Condition:
    """Row by row: the term that a reference to it has, among those of the sources."""
    one = given.alias(resource, "one")
    term = row.c.self_term.op("#")(given.next(NUMBER))
    resource_type = given.next(TEXT)
    shapes = list(source.conditions)
    looked_up = [one.c.terms.contains(array([term]))]
    while shapes and isinstance(shapes[0], HasTerms) and shapes[0].single:
        looked_up.append(_condition(shapes.pop(0), one, given))
    # OFFSET 0 keeps the look-up by terms apart: PostgreSQL would else compare every row with every source.
    found = select(one).where(*looked_up).correlate(row).offset(literal_column("0"))
    origin = found.lateral(given.name("origin"))
    here = (origin.c.tenant == given.tenant, origin.c.resource_type == resource_type, origin.c.deleted.is_(false()))
    others = [_condition(shape, origin, given) for shape in shapes]
    return exists(select(1).select_from(origin).where(*here, *others)).correlate(row)


def value_conditions(kind: Kind, tests: Sequence[Sequence[str]], given: Arguments) -> list[Condition]:
    """Which rows of the table of a kind pass the tests of a `HasValue`."""
    table = _TABLES[kind]
    keys = table.c.key == any_(given.next(NUMBERS))
    if table is date_value:
        long_keys = table.c.key == any_(given.next(NUMBERS))
        first, last, *ends = (given.next(NUMBER) for _ in range(6))
        low, high = table.c.low, table.c.high
        keys = or_(
            and_(keys, low >= first, low <= last),
            # Said the other way round: what both sides said alike would be taken out, and the range with it.
            and_(long_keys, ends[0] <= low, ends[1] >= low, high >= ends[2], high <= ends[3]),
        )
    passes = [or_(*(_test(table, test, given) for test in group)) for group in tests]
    return [table.c.tenant == given.tenant, keys, *passes]


def _has_combination(tests: Sequence[str], row: FromClause, given: Arguments) -> Condition:
    parts = [given.alias(number_value, "part") for _ in tests]
    conditions: list[Condition] = []
    for part, test in zip(parts, tests, strict=True):
        keys = part.c.key == any_(given.next(NUMBERS))
        conditions += [part.c.tenant == given.tenant, part.c.rid == row.c.rid, keys, _test(part, test, given)]
    conditions += [one.c.units.overlap(other.c.units) for one, other in pairwise(parts)]
    return exists(select(1).where(*conditions)).correlate(row)


def _test(of: FromClause, test: str, given: Arguments) -> Condition:
    if of is date_value:
        return _in_dates(test, of.c.low, of.c.high, given.next(NUMBER), given.next(NUMBER))
    if of is not string_value:
        name, unit, _ = test.partition("|")
        within = _in_numbers(name, of, given.next(_DECIMAL), given.next(_DECIMAL), given.next(_DECIMAL))
        return and_(within, of.c.units.contains(given.next(NUMBERS))) if unit else within
    # Neither LIKE nor its wildcards: the texts are compared as they are.
    if test.startswith("part"):
        part = func.strpos(of.c.value, given.next(TEXT)) != literal_column("0")
        if test == "part":
            return part
        cut_up = of.c.grams.contains(given.next(NUMBERS))
        return and_(part, or_(cut_up, of.c.grams.contains(given.next(NUMBERS))))
    if test == "whole":
        return and_(string_beginning == given.next(TEXT), of.c.value == given.next(TEXT))
    start = and_(string_beginning >= given.next(TEXT), string_beginning < given.next(TEXT))
    return and_(start, func.starts_with(of.c.value, given.next(TEXT))) if test == "start long" else start


def _in_dates(prefix: str, begins: _Column, ends: _Column, low: _Column, high: _Column) -> Condition:
    match prefix:
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


def _in_numbers(prefix: str, of: FromClause, first: _Column, last: _Column, value: _Column) -> Condition:
    low, high = of.c.low, of.c.high
    match prefix:
        case "gt":
            return high > value
        case "lt":
            return low < value
        case "ge":
            return high >= value
        case "le":
            return low <= value
        case "sa":
            return low > value
        case "eb":
            return high < value
        case "ap":
            return and_(low <= last, high >= first)
        case "ne":
            return or_(low < first, high >= last)
    # That low is below the last one follows, and gives the index a range.
    return and_(low >= first, low < last, high < last)
