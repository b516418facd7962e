"""A search in terms of the index: its shape, which decides the SQL, apart from the arguments that fill it.

Two searches for different patients have the same shape, so that their SQL is put together once (`search_statements`):
composing it takes milliseconds, more than PostgreSQL needs for the answer. A shape is rendered by `search_sql`, which
takes the arguments in the order in which they were given here: that order, stated on each shape, is the contract.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Any, Literal, Union

from cordee.fhir.converted_quantities import ConvertedSearch, converted_search
from cordee.fhir.definitions import load_definitions
from cordee.fhir.query import Chain, Criterion
from cordee.fhir.query_refusals import unsupported
from cordee.fhir.query_tree import Combination, ReverseChain
from cordee.fhir.query_values import (
    CompositeSearch,
    DateSearch,
    IdSearch,
    MissingSearch,
    NumberSearch,
    OfTypeSearch,
    QuantitySearch,
    ReferenceSearch,
    StringSearch,
    TokenSearch,
    UriSearch,
    Value,
    WordSearch,
)
from cordee.fhir.search_expressions import Field, Presence, search_routes
from cordee.fhir.url_hierarchy import levels
from cordee.fhir.words import AnyWords, Wanted
from cordee.store.date_box import Box, DateTest, box, instants
from cordee.store.index_values import (
    PRESENT,
    composite_key,
    converted_key,
    dimension_hash,
    form_hash,
    grams,
    long_key,
    long_text_gram,
    microseconds,
    of_type_form,
    parameter_key,
    place_key,
    reference_form,
    term_hash,
    text_key,
    unit_hash,
)
from cordee.store.schema import INDEXED_BEGINNING
from cordee.store.search_cost import refuse_costly
from cordee.store.word_index import negates, query

Kind = Literal["date", "number", "string"]
_AFTER_ANY_TEXT = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class HasTerms:
    """The row has one of some terms. Argument: their list; `single` when there is one."""

    single: bool


@dataclass(frozen=True, slots=True)
class IsNamed:
    """`_id`. Argument: the list of ids."""


@dataclass(frozen=True, slots=True)
class WasWritten:
    """`_lastUpdated`: inside one of some times, or outside. Arguments: each one's first moment and the one after."""

    inside: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class HasValue:
    """One index row of `kind` passes every group of tests; a group passes when one of its tests does.

    Arguments: keys; for dates the keys of long ranges and the six numbers of `date_box.Box`; then those of each
    test: low, high for a date's prefix; low, high, value and (`|`) the list of units for a number's prefix; first,
    last and (`long`) the whole text of a beginning; the text, (`grams`) its grams and the long texts' of a part.
    `common`: so many rows have one that each row is tried as it comes (`search_chains`).
    """

    kind: Kind
    tests: tuple[tuple[str, ...], ...]
    common: bool = False


@dataclass(frozen=True, slots=True)
class HasWords:
    """The row's words are as one of some queries has it. Argument: the text of the queries, as one."""


@dataclass(frozen=True, slots=True)
class HasCombination:
    """Two numbers or more of one combination, each under a key of its own. Arguments: of each, keys and its test's."""

    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    shape: "Shape"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One at least."""

    shapes: tuple["Shape", ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of them."""

    shapes: tuple["Shape", ...]


@dataclass(frozen=True, slots=True)
class IsOneOf:
    """The row is one of those found beforehand (`search_chains`). Argument: the row identities."""


@dataclass(frozen=True, slots=True)
class Refers:
    """The row refers to a row of `target`. Arguments: the reference's key, then the target's."""

    target: "Rows"


@dataclass(frozen=True, slots=True)
class ReferredBy:
    """A row of `source` refers to the row. Arguments: the reference's key, then the source's."""

    source: "Rows"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one type that meet every condition. Arguments: the type, then those of each condition."""

    conditions: tuple["Shape", ...]


Shape = Union[  # noqa: UP007 - recursive
    HasTerms, IsNamed, IsOneOf, WasWritten, HasValue, HasWords, HasCombination, Not, AnyOf, AllOf, Refers, ReferredBy
]
Lookup = tuple[Shape, list[Any]]
"""A shape with its arguments."""
Found = Mapping[tuple[str, Criterion], Lookup]
"""What stands for a criterion of a type, where what it leads to was found beforehand because it is little."""


def rows(
    tenant: int, resource_type: str, criteria: Sequence[Criterion], found: Found = MappingProxyType({})
) -> tuple[Rows, list[Any]]:
    """The rows that a search of one type finds, and the arguments; raises `InvalidSearch` for one too costly."""
    refuse_costly(criteria)
    return _rows(tenant, resource_type, criteria, found)


def weight(shape: Shape | Rows) -> int:
    """About how many conditions of SQL the shape becomes."""
    match shape:
        case Rows(conditions):
            return sum(map(weight, conditions))
        case AnyOf(shapes) | AllOf(shapes):
            return sum(map(weight, shapes))
        case Refers(target):
            return 1 + weight(target)
        case ReferredBy(source):
            return 1 + weight(source)
        case Not(opposite):
            return weight(opposite)
        case HasValue(tests=groups):
            return sum(map(len, groups))
        case HasCombination(tests=tests):
            return len(tests)
        case WasWritten(inside):
            return len(inside)
    return 1


def _rows(tenant: int, resource_type: str, criteria: Iterable[Criterion], found: Found) -> tuple[Rows, list[Any]]:
    groups = _merged(resource_type, criteria)
    lookups = [_lookup(tenant, resource_type, group, found) for group in groups]
    if any(isinstance(shape, HasTerms) for shape, _ in lookups):
        lookups += [months for group in groups if (months := _months(tenant, resource_type, group)) is not None]
    # Single terms first: they are looked up together.
    lookups.sort(key=lambda lookup: not (isinstance(lookup[0], HasTerms) and lookup[0].single))
    arguments = [argument for _, given in lookups for argument in given]
    return Rows(tuple(shape for shape, _ in lookups)), [resource_type, *arguments]


def sort_reach(resource_type: str, criteria: Iterable[Criterion], code: str) -> Box | None:
    """Where the dates of the parameter `code` are in what is found; None where the criteria don't say it."""
    for group in _merged(resource_type, criteria):
        if group[0].code == code and _is_of_dates(group[0]) and is_single(resource_type, code):
            return box([_ends(_date_searches(one.values)) for one in group])
    return None


def _merged(resource_type: str, criteria: Iterable[Criterion]) -> list[list[Criterion]]:
    """Criteria that look at one and the same value (`date=ge…&date=lt…`) together: the index is asked once."""
    groups: dict[object, list[Criterion]] = {}
    for number, criterion in enumerate(criteria):
        together = _is_of_dates(criterion) and is_single(resource_type, criterion.code)
        groups.setdefault(criterion.code if together else number, []).append(criterion)
    return list(groups.values())


def _is_of_dates(criterion: Criterion) -> bool:
    plain = criterion.modifier is None and criterion.chain is None and bool(criterion.values)
    return plain and isinstance(criterion.values[0], DateSearch)


@cache
def is_single(resource_type: str, code: str) -> bool:
    """Whether a resource gives the parameter one value at most, by the cardinalities of R4."""
    if code not in load_definitions().search_parameters[resource_type] or code.startswith("_"):
        return False
    routes = search_routes(resource_type, code)
    if isinstance(routes, Presence) or len({route.path for route in routes}) != 1:
        return False
    return all(isinstance(step, Field) and not step.many for route in routes for step in route.steps)


def _lookup(tenant: int, resource_type: str, group: Sequence[Criterion], found: Found) -> Lookup:
    criterion = group[0]
    if (known := found.get((resource_type, criterion))) is not None:
        return known
    if criterion.reverse is not None:
        return _reverse_chain(tenant, criterion.reverse, found)
    if criterion.combination is not None:
        return _combination(tenant, resource_type, criterion.combination, found)
    key = parameter_key(tenant, resource_type, criterion.code)
    if criterion.chain is not None:
        return _chain(tenant, key, criterion.chain, found)
    if criterion.code == "_id":
        return IsNamed(), [[value.id for value in criterion.values if isinstance(value, IdSearch)]]
    if criterion.code == "_lastUpdated":
        moments = [value for value in criterion.values if isinstance(value, DateSearch)]
        times = [end for m in moments for end in instants(m.prefix, m.low, m.high)]
        return WasWritten(tuple(m.prefix != "ne" for m in moments)), times
    if criterion.modifier == "missing":
        missing = any(isinstance(value, MissingSearch) and value.missing for value in criterion.values)
        present = HasTerms(single=True)
        return (Not(present) if missing else present), [[key ^ form_hash(PRESENT)]]
    _refuse_unknown_codes(criterion)
    if criterion.values and all(isinstance(value, DateSearch) for value in criterion.values):
        return _dates([key], [_date_searches(one.values) for one in group])
    searched = [value.wanted for value in criterion.values if isinstance(value, WordSearch)]
    if searched:
        return _words(key, searched)
    if criterion.modifier == "text":
        return _ranged([text_key(key)], None, criterion.values)
    kinds = _token_kinds(resource_type, criterion.code)
    shape, arguments = _any_value(key, criterion.modifier, criterion.values, kinds)
    return (Not(shape) if criterion.modifier == "not" else shape), arguments


def _words(key: int, searched: Sequence[Wanted]) -> Lookup:
    wanted = AnyWords(tuple(searched))
    if not negates(wanted):
        return HasWords(), [query(key, wanted)]
    # Of what has words of this parameter alone: those of the other are in the same row.
    present = [key ^ form_hash(PRESENT)]
    return AllOf((HasTerms(single=True), HasWords())), [present, query(key, wanted)]


def _refuse_unknown_codes(criterion: Criterion) -> None:
    of_tokens = criterion.modifier in ("above", "below") and isinstance(criterion.values[0], TokenSearch)
    if of_tokens or criterion.modifier in ("in", "not-in"):
        raise unsupported(
            f"{criterion.code}:{criterion.modifier} is for searches; a condition must name the codes themselves."
        )


@cache
def _token_kinds(resource_type: str, code: str) -> str:
    """Which of the forms of `index_values.token_forms` a parameter's tokens have: of identifiers, of codes, or both."""
    if code not in load_definitions().search_parameters[resource_type]:
        return "it"
    routes = search_routes(resource_type, code)
    types = set() if isinstance(routes, Presence) else {route.type for route in routes}
    if "Extension" in types:
        return "it"
    return "i" * ("Identifier" in types) + "t" * (types != {"Identifier"})


def token_forms_searched(resource_type: str, code: str, token: TokenSearch) -> list[str]:
    """The forms any of which a token is found by."""
    return _token_forms(token, _token_kinds(resource_type, code))


def _any_value(key: int, modifier: str | None, values: Sequence[Value], kinds: str) -> Lookup:
    terms: list[int] = []
    ranged: list[Value] = []
    composites: list[Lookup] = []
    for value in values:
        if isinstance(value, StringSearch) and modifier == "exact":
            terms.append(key ^ form_hash(f"x{value.literal}"))
        elif (forms := _forms(value, modifier, kinds)) is not None:
            terms.extend(key ^ term_hash(form) for form in forms)
        elif isinstance(value, CompositeSearch):
            composites.append(_composite(key, value))
        else:
            ranged.append(value)
    lookups = composites
    if terms:
        lookups.append((HasTerms(single=len(terms) == 1), [terms]))
    if ranged:
        lookups.append(_ranged([key], modifier, ranged))
    if not lookups:  # the codes of an empty value set
        return HasTerms(single=False), [[]]
    if len(lookups) == 1:
        return lookups[0]
    return AnyOf(tuple(shape for shape, _ in lookups)), [a for _, given in lookups for a in given]


def _forms(value: Value, modifier: str | None = None, kinds: str = "it") -> list[str] | None:
    """The forms any of which an exact value is found by; None for a value that isn't exact."""
    match value:
        case TokenSearch():
            return _token_forms(value, kinds)
        case OfTypeSearch():
            return [of_type_form(value.system, value.code, value.value)]
        case UriSearch(uri) if modifier == "below":
            return [f"b{uri.rstrip('/')}"]
        case UriSearch(uri) if modifier == "above":
            return [form for level in levels(uri) for form in (f"u{level}", f"u{level}/")]
        case UriSearch(uri):
            return [f"u{uri}"]
        case ReferenceSearch(identifier=TokenSearch() as identifier):
            return [f":{form}" for form in _token_forms(identifier, "i")]
        case ReferenceSearch(types, id=str() as id_):
            return [reference_form(type_, id_) for type_ in types or load_definitions().resource_types]
        case ReferenceSearch(url=url):
            return [f"u{url}"]
    return None


def _token_forms(token: TokenSearch, kinds: str) -> list[str]:
    if token.code is None:
        return [f"S{token.system}"]
    separator = ":" if token.any_system else f"={token.system or ''}\x1f"
    return [f"{kind}{separator}{token.code if kind == 'i' else token.code.casefold()}" for kind in kinds]


def _date_searches(values: Sequence[Value]) -> list[DateSearch]:
    return [value for value in values if isinstance(value, DateSearch)]


def _dates(keys: list[int], criteria: Sequence[Sequence[DateSearch]]) -> Lookup:
    ends = [_ends(values) for values in criteria]
    reach = box(ends)
    arguments: list[Any] = [keys, [long_key(key) for key in keys], *reach.arguments()]
    arguments += [end for values in ends for _, low, high in values for end in (low, high)]
    return HasValue("date", tuple(tuple(prefix for prefix, _, _ in values) for values in ends)), arguments


def _months(tenant: int, resource_type: str, group: Sequence[Criterion]) -> Lookup | None:
    """The months that dates are looked for in, where they are few: an index holds them beside other terms."""
    criterion = group[0]
    if not _is_of_dates(criterion) or criterion.code.startswith("_"):
        return None
    forms = box([_ends(_date_searches(one.values)) for one in group]).month_forms()
    key = parameter_key(tenant, resource_type, criterion.code)
    return None if forms is None else (HasTerms(single=False), [[key ^ form_hash(form) for form in forms]])


def _ends(values: Sequence[DateSearch]) -> list[DateTest]:
    return [(value.prefix, microseconds(value.low), microseconds(value.high)) for value in values]


def _ranged(keys: list[int], modifier: str | None, values: Sequence[Value]) -> Lookup:
    """Values of one kind, which is that of the parameter."""
    if isinstance(values[0], DateSearch):
        return _dates(keys, [_date_searches(values)])
    converted = {
        value: found for value in values if isinstance(value, QuantitySearch) and (found := converted_search(value))
    }
    if converted:
        others = [value for value in values if value not in converted]
        whole = _converted(keys, list(converted.values()))
        if not others:
            return whole
        other, given = _ranged(keys, modifier, others)
        return AnyOf((whole[0], other)), [*whole[1], *given]
    kind: Kind = "string" if isinstance(values[0], StringSearch) else "number"
    tests: list[str] = []
    arguments: list[Any] = [keys]
    for value in values:
        test, given = _test(keys[0], modifier, value)
        tests.append(test)
        arguments += given
    return HasValue(kind, (tuple(tests),)), arguments


def _converted(keys: list[int], searches: Sequence[ConvertedSearch]) -> Lookup:
    arguments: list[Any] = [[converted_key(key) for key in keys]]
    for search in searches:
        number = search.number
        arguments += [number.low, number.high, number.value, [dimension_hash(search.dimension)]]
    return HasValue("number", (tuple(f"{search.number.prefix}|" for search in searches),)), arguments


def _test(key: int, modifier: str | None, value: Value) -> tuple[str, list[Any]]:
    match value:
        case NumberSearch():
            return value.prefix, [value.low, value.high, value.value]
        case QuantitySearch(number, system, code):
            limits = [number.low, number.high, number.value]
            if code is None:
                return number.prefix, limits
            return f"{number.prefix}|", [*limits, [unit_hash(system, code)]]
        case StringSearch(normalized) if modifier == "equal":
            return "whole", [normalized[:INDEXED_BEGINNING], normalized]
        case StringSearch(normalized) if modifier == "contains":
            pieces = grams(key, normalized)
            return (
                ("part grams", [normalized, list(pieces), [long_text_gram(key)]]) if pieces else ("part", [normalized])
            )
        case StringSearch(normalized):
            start = normalized[:INDEXED_BEGINNING]
            within = [start, start + _AFTER_ANY_TEXT]
            return ("start", within) if start == normalized else ("start long", [*within, normalized])
    raise TypeError(f"{type(value).__name__} is not a range")


def _composite(key: int, search: CompositeSearch) -> Lookup:
    exact = [forms for component in search.components if (forms := _forms(component)) is not None]
    ranged = [(place, component) for place, component in enumerate(search.components) if _forms(component) is None]
    combined = [composite_key(key, forms) for forms in product(*exact)]
    if not ranged:
        return HasTerms(single=len(combined) == 1), [combined]
    if len(ranged) == 1:
        (place, component), *_ = ranged
        return _ranged([place_key(one, place) for one in combined], None, [component])
    tests: list[str] = []
    arguments: list[Any] = []
    for place, component in ranged:
        test, given = _test(combined[0], None, component)
        tests.append(test)
        arguments += [[place_key(one, place) for one in combined], *given]
    return HasCombination(tuple(tests)), arguments


def _combination(tenant: int, resource_type: str, combination: Combination, found: Found) -> Lookup:
    ways = [_lookup(tenant, resource_type, [criterion], found) for criterion in combination.criteria]
    shapes = tuple(shape for shape, _ in ways)
    arguments = [argument for _, given in ways for argument in given]
    if combination.holds == "all":
        return AllOf(shapes), arguments
    whole: Shape = AnyOf(shapes)
    if all(isinstance(shape, HasTerms) for shape in shapes):
        whole, arguments = HasTerms(single=False), [sorted({term for terms in arguments for term in terms})]
    return (Not(whole) if combination.holds == "none" else whole), arguments


def _chain(tenant: int, key: int, chain: Chain, found: Found) -> Lookup:
    ways: list[Shape] = []
    arguments: list[Any] = []
    for link in chain.links:
        target, given = _rows(tenant, link.resource_type, [link.criterion], found)
        ways.append(Refers(target))
        arguments += [key, *given]
    return (ways[0] if len(ways) == 1 else AnyOf(tuple(ways))), arguments


def _reverse_chain(tenant: int, reverse: ReverseChain, found: Found) -> Lookup:
    source, given = _rows(tenant, reverse.resource_type, [reverse.criterion], found)
    return ReferredBy(source), [parameter_key(tenant, reverse.resource_type, reverse.code), *given]
