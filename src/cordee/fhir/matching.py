"""A search evaluated in memory: the meaning that the store's SQL must have too.

Each case below is one sentence of the classes of `query_values`; `query_tree` says how criteria combine.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cordee.fhir.converted_quantities import converted_search, converted_value
from cordee.fhir.query_tree import Chain, Criterion, ReverseChain, Search
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
from cordee.fhir.search_parameters import SearchParameters
from cordee.fhir.search_value_types import (
    CompositeValue,
    NumberRange,
    QuantityValue,
    ReferenceValue,
    SearchValue,
    StringValue,
    Token,
    TokenText,
    UriValue,
)
from cordee.fhir.search_values import extract_parameter
from cordee.fhir.temporal import DateRange, date_range
from cordee.fhir.text_normalization import normalize_text
from cordee.fhir.url_hierarchy import levels
from cordee.fhir.words import WORD_PARAMETERS, Words, match_words, words_of

Resolve = Callable[[str, str], Mapping[str, Any] | None]
"""The current resource of a type and an id; None when there is none."""
OfType = Callable[[str], Iterable[Mapping[str, Any]]]
"""The current resources of a type."""


def _none_of_type(_resource_type: str) -> Iterable[Mapping[str, Any]]:
    return ()


@dataclass(frozen=True, slots=True)
class _Record:
    """What surrounds a resource: the others, the base under which references are local, the search parameters."""

    resolve: Resolve
    of_type: OfType
    base_url: str | None
    parameters: SearchParameters


def matches(
    search: Search,
    resource: Mapping[str, Any],
    resolve: Resolve,
    *,
    of_type: OfType = _none_of_type,
    base_url: str | None = None,
) -> bool:
    """Whether `resource` is among the results of `search`; sorting, pages and includes play no part.

    `resolve` is asked for the targets of chained criteria, `of_type` for what may refer to a resource. `base_url` is
    as in `search_values.extract`.
    """
    record = _Record(resolve, of_type, base_url, search.parameters)
    return resource["resourceType"] == search.resource_type and all(
        _holds(criterion, resource, record) for criterion in search.criteria
    )


def _holds(criterion: Criterion, resource: Mapping[str, Any], record: _Record) -> bool:
    if criterion.reverse is not None:
        return _is_referred_to(criterion.reverse, resource, record)
    if criterion.combination is not None:
        each = (_holds(one, resource, record) for one in criterion.combination.criteria)
        holds = criterion.combination.holds
        return all(each) if holds == "all" else any(each) is (holds == "any")
    found: Iterable[SearchValue | Words | str]
    if criterion.code == "_id":
        found = (resource["id"],) if "id" in resource else ()
    elif criterion.code == "_lastUpdated":
        written = resource.get("meta", {}).get("lastUpdated")
        found = (date_range(written),) if written else ()
    elif criterion.code in WORD_PARAMETERS:
        words = words_of(resource, criterion.code)
        found = (words,) if words is not None else ()
    else:
        found = extract_parameter(resource, criterion.code, record.parameters, base_url=record.base_url)
    if criterion.chain is not None:
        return _leads(criterion.chain, found, record)
    if criterion.modifier == "missing":
        return MissingSearch(missing=not found) in criterion.values
    matched = any(value_matches(wanted, value, criterion.modifier) for wanted in criterion.values for value in found)
    return not matched if criterion.modifier == "not" else matched


def _leads(chain: Chain, found: Iterable[SearchValue | Words | str], record: _Record) -> bool:
    for value in found:
        if not isinstance(value, ReferenceValue) or value.type is None or value.id is None:
            continue
        links = [link for link in chain.links if link.resource_type == value.type]
        target = record.resolve(value.type, value.id) if links else None
        if target is not None and any(_holds(link.criterion, target, record) for link in links):
            return True
    return False


def _is_referred_to(reverse: ReverseChain, resource: Mapping[str, Any], record: _Record) -> bool:
    here = (resource["resourceType"], resource.get("id"))
    for source in record.of_type(reverse.resource_type):
        values = extract_parameter(source, reverse.code, record.parameters, base_url=record.base_url)
        refers = any(isinstance(value, ReferenceValue) and (value.type, value.id) == here for value in values)
        if refers and _holds(reverse.criterion, source, record):
            return True
    return False


def value_matches(wanted: Value, found: SearchValue | Words | str, modifier: str | None = None) -> bool:
    """Whether one value looked for matches one value of a resource (a text: its id; `Words`: all of them).

    False when the two are of different kinds. `modifier` is looked at for strings and URIs only.
    """
    match wanted, found:
        case TokenSearch(), Token():
            return _token_matches(wanted, found)
        case StringSearch(), StringValue(text):
            return _string_matches(wanted, text, modifier)
        case WordSearch(query), Words():
            return match_words(query, found)
        case ReferenceSearch(), ReferenceValue():
            return _reference_matches(wanted, found)
        case DateSearch(), DateRange():
            return _date_matches(wanted, found)
        case NumberSearch(), NumberRange(low, high):
            return _number_matches(wanted, low, high)
        case QuantitySearch(number, system, code), QuantityValue():
            if (asked := converted_search(wanted)) is not None:
                held = converted_value(found)
                alike = held is not None and held.dimension == asked.dimension
                return alike and held is not None and _number_matches(asked.number, held.low, held.high)
            if code is not None and system is not None and (system, code) != (found.system, found.code):
                return False
            if code is not None and system is None and code not in (found.code, found.unit):
                return False
            return _number_matches(number, found.low, found.high)
        case StringSearch(), TokenText(text):
            return _string_matches(wanted, text, None)
        case OfTypeSearch(system, code, value), Token():
            return value == found.code and (system, code) in found.types
        case UriSearch(uri), UriValue():
            if modifier == "below":
                return uri.rstrip("/") in levels(found.uri)
            return found.uri.rstrip("/") in levels(uri) if modifier == "above" else uri == found.uri
        case CompositeSearch(components), CompositeValue():
            pairs = zip(components, found.components, strict=True)
            return all(value_matches(one, other) for one, other in pairs)
        case IdSearch(id_), str():
            return id_ == found
    return False


def _token_matches(wanted: TokenSearch, found: Token) -> bool:
    if not wanted.any_system and wanted.system != found.system:
        return False
    if wanted.code is None:
        return True
    if found.code is None:
        return False
    if found.exact:
        return wanted.code == found.code
    return wanted.code.casefold() == found.code.casefold()


def _string_matches(wanted: StringSearch, text: str, modifier: str | None) -> bool:
    if modifier == "exact":
        return text == wanted.literal
    normalized = normalize_text(text)
    if modifier == "equal":
        return normalized == wanted.normalized
    if modifier == "contains":
        return wanted.normalized in normalized
    return normalized.startswith(wanted.normalized)


def _reference_matches(wanted: ReferenceSearch, found: ReferenceValue) -> bool:
    if wanted.identifier is not None:
        return found.identifier is not None and _token_matches(wanted.identifier, found.identifier)
    if wanted.id is not None:
        return wanted.id == found.id and (not wanted.types or found.type in wanted.types)
    return wanted.url == found.url


def _date_matches(wanted: DateSearch, found: DateRange) -> bool:
    within = wanted.low <= found.low and found.high <= wanted.high
    match wanted.prefix:
        case "ne":
            return not within
        case "gt":
            return found.high > wanted.high
        case "lt":
            return found.low < wanted.low
        case "ge":
            return found.high > wanted.high or found.low >= wanted.low
        case "le":
            return found.low < wanted.low or found.high <= wanted.high
        case "sa":
            return found.low >= wanted.high
        case "eb":
            return found.high <= wanted.low
        case "ap":
            return found.low < wanted.high and found.high > wanted.low
        case _:
            return within


def _number_matches(wanted: NumberSearch, low: Decimal | None, high: Decimal | None) -> bool:
    first = Decimal("-Infinity") if low is None else low
    last = Decimal("Infinity") if high is None else high
    within = wanted.low <= first and last < wanted.high
    match wanted.prefix:
        case "ne":
            return not within
        case "gt":
            return last > wanted.value
        case "lt":
            return first < wanted.value
        case "ge":
            return last >= wanted.value
        case "le":
            return first <= wanted.value
        case "sa":
            return first > wanted.value
        case "eb":
            return last < wanted.value
        case "ap":
            return first <= wanted.high and last >= wanted.low
        case _:
            return within
