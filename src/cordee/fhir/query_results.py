"""The parameters that shape a search's answer: order, pages, includes, summaries (R4 search.html#return)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cordee.fhir.definitions import load_definitions
from cordee.fhir.query_includes import add_include, parse_include, parse_revinclude
from cordee.fhir.query_parameters import COLUMN_PARAMETERS, search_parameter
from cordee.fhir.query_refusals import malformed, too_costly, unsupported
from cordee.fhir.query_tree import Include, SortKey
from cordee.fhir.search_parameters import SHIPPED, SearchParameters
from cordee.fhir.words import WORD_PARAMETERS

SORTABLE_TYPES = ("date", "number", "quantity", "reference", "string", "token", "uri")
"""The parameter types that `_sort` takes, besides `_id` and `_lastUpdated`."""

MOST_SORT_KEYS = 10
_SUMMARIES = ("true", "text", "data", "count", "false")
_TOTALS = ("none", "estimate", "accurate")


@dataclass(slots=True)
class ResultParameters:
    """What has been read so far; None where a parameter has not been given."""

    parameters: SearchParameters = SHIPPED
    sort: list[SortKey] = field(default_factory=list)
    count: int | None = None
    total: str | None = None
    includes: list[Include] = field(default_factory=list)
    revincludes: list[Include] = field(default_factory=list)
    summary: str | None = None
    elements: list[str] = field(default_factory=list)


def _parse_count(given: ResultParameters, _resource_type: str, name: str, text: str) -> None:
    _once(name, given.count is not None)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise malformed(f"{name}={text}: expected a whole number, 0 or more; for example _count=50.")
    given.count = int(text)


def _parse_total(given: ResultParameters, _resource_type: str, name: str, text: str) -> None:
    _once(name, given.total is not None)
    given.total = _one_of(name, text, _TOTALS)


def _parse_summary(given: ResultParameters, _resource_type: str, name: str, text: str) -> None:
    _once(name, given.summary is not None)
    given.summary = _one_of(name, text, _SUMMARIES)


def _parse_elements(given: ResultParameters, resource_type: str, name: str, text: str) -> None:
    for element in text.split(","):
        known = not {".", ":"} & set(element) and load_definitions().element(f"{resource_type}.{element}")
        if not known:
            raise malformed(
                f"{name}={text}: {element!r} is not a top-level element of {resource_type}; for example {name}=id,meta."
            )
        given.elements.append(element)


def _parse_sort(given: ResultParameters, resource_type: str, name: str, text: str) -> None:
    _once(name, bool(given.sort))
    items = text.split(",", MOST_SORT_KEYS)
    if len(items) > MOST_SORT_KEYS:
        raise too_costly(f"{name}: at most {MOST_SORT_KEYS} keys are taken.")
    for item in items:
        code = item.removeprefix("-")
        if not code:
            raise malformed(f"{name}={text}: expected a parameter's name; for example _sort=-_lastUpdated.")
        if code not in COLUMN_PARAMETERS:
            kind = search_parameter(resource_type, code, given.parameters, named_in=f"{name}={text}").type
            if kind not in SORTABLE_TYPES or code in WORD_PARAMETERS:
                raise unsupported(f"{name}={text}: {code} is a {kind}, which can't be sorted by.")
        if any(key.code == code for key in given.sort):
            raise malformed(f"{name}={text}: {code} is given twice; give it once.")
        given.sort.append(SortKey(code, item.startswith("-")))


def _parse_include(given: ResultParameters, resource_type: str, name: str, text: str) -> None:
    add_include(given.includes, name, parse_include(resource_type, name, text, given.parameters))


def _parse_revinclude(given: ResultParameters, resource_type: str, name: str, text: str) -> None:
    add_include(given.revincludes, name, parse_revinclude(resource_type, name, text, given.parameters))


def _once(name: str, given: bool) -> None:
    if given:
        raise malformed(f"{name} is given twice; give it once.")


def _one_of(name: str, text: str, allowed: Sequence[str]) -> str:
    if text not in allowed:
        raise malformed(f"{name}={text}: expected one of {', '.join(allowed)}; for example {name}={allowed[0]}.")
    return text


RESULT_PARSERS: Mapping[str, Callable[[ResultParameters, str, str, str], None]] = {
    "_count": _parse_count,
    "_total": _parse_total,
    "_summary": _parse_summary,
    "_elements": _parse_elements,
    "_sort": _parse_sort,
    "_include": _parse_include,
    "_revinclude": _parse_revinclude,
}
"""Readers by parameter name: what has been read, the resource type, the name as given, and the value."""
