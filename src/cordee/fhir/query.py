"""Searches read from queries and written back; the tree itself is described in `query_tree`."""

from collections.abc import Sequence

from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import InvalidSearch, Issue, UnknownResourceType
from cordee.fhir.query_chains import ChainBudget
from cordee.fhir.query_criteria import parse_criterion
from cordee.fhir.query_parameters import search_parameter
from cordee.fhir.query_refusals import MOST_CRITERIA, malformed, too_costly
from cordee.fhir.query_results import RESULT_PARSERS, ResultParameters
from cordee.fhir.query_tree import Chain, Criterion, Include, Link, Search, SortKey
from cordee.fhir.query_values import format_value
from cordee.fhir.search_parameters import SHIPPED, SearchParameters

__all__ = [
    "Chain",
    "Criterion",
    "Include",
    "Link",
    "Search",
    "SortKey",
    "parse_search",
    "search_parameter",
    "search_parameters_as_query",
]


def parse_search(
    resource_type: str,
    parameters: Sequence[tuple[str, str]],
    *,
    lenient: bool = False,
    base_url: str | None = None,
    known: SearchParameters = SHIPPED,
) -> Search:
    """The search that `parameters` ask for: names and values as they stand in the query, URL-decoded.

    `resource_type` may be `Resource` for the parameters common to all types. `base_url` is this server's
    FHIR base: references that start with it are read as local ones. Parameters of the HTTP layer (`_format`,
    `_pretty`) must have been taken out. `known` are the search parameters of the tenant.

    Raises UnknownResourceType, and InvalidSearch with an issue for every parameter that is unknown, not
    supported, not ready or malformed. With `lenient`, the first three are listed in `ignored` instead
    (R4 search.html#errors, Prefer: handling=lenient).
    """
    if resource_type not in load_definitions().search_parameters:
        raise UnknownResourceType(f"FHIR R4 has no resource type {resource_type!r}.")
    asked = sum(name.partition(":")[0] not in RESULT_PARSERS for name, _ in parameters)
    if asked > MOST_CRITERIA:
        raise too_costly(f"{asked} criteria in one search; at most {MOST_CRITERIA} are taken.")
    budget = ChainBudget()
    criteria: list[Criterion] = []
    results = ResultParameters(known)
    ignored: list[str] = []
    incomplete: list[str] = []
    issues: list[Issue] = []
    for name, text in parameters:
        try:
            _check_text(name, text)
            parse_result = RESULT_PARSERS.get(name.partition(":")[0])
            if parse_result is not None:
                parse_result(results, resource_type, name, text)
            else:
                criteria.append(parse_criterion(resource_type, name, text, base_url, budget, known))
        except InvalidSearch as refusal:
            if lenient and all(issue.code in ("not-supported", "incomplete") for issue in refusal.issues):
                ignored.append(name)
                unready = [issue.diagnostics for issue in refusal.issues if issue.code == "incomplete"]
                incomplete.extend(unready)
            elif any(issue.code == "too-costly" for issue in refusal.issues):
                raise
            else:
                issues.extend(refusal.issues)
    if issues:
        raise InvalidSearch("; ".join(issue.diagnostics for issue in issues), issues=issues)
    return Search(
        resource_type,
        tuple(criteria),
        sort=tuple(results.sort),
        count=results.count,
        total=results.total or "none",
        includes=tuple(dict.fromkeys(results.includes)),
        revincludes=tuple(dict.fromkeys(results.revincludes)),
        summary=None if results.summary == "false" else results.summary,
        elements=tuple(dict.fromkeys(results.elements)),
        ignored=tuple(ignored),
        incomplete=tuple(incomplete),
        parameters=known,
    )


def search_parameters_as_query(search: Search) -> list[tuple[str, str]]:
    """The canonical query of `search`, not URL-encoded: criteria in the order given, then result parameters.

    Parsed again it gives an equal search, save that `ignored` is empty. Sort the pairs to compare searches
    whatever the order of their parameters.
    """
    written = [
        criterion for criterion in search.criteria if criterion.combination is None or criterion.combination.text
    ]
    query = [_criterion_as_query(criterion) for criterion in written]
    query += [_include_as_query("_include", include) for include in search.includes]
    query += [_include_as_query("_revinclude", include) for include in search.revincludes]
    if search.sort:
        query.append(("_sort", ",".join("-" * key.descending + key.code for key in search.sort)))
    if search.count is not None:
        query.append(("_count", str(search.count)))
    if search.total != "none":
        query.append(("_total", search.total))
    if search.summary is not None:
        query.append(("_summary", search.summary))
    if search.elements:
        query.append(("_elements", ",".join(search.elements)))
    return query


def _criterion_as_query(criterion: Criterion, *, alone: bool = True) -> tuple[str, str]:
    """`alone`: no other criterion was read from the same words, for another type."""
    if criterion.chain is not None:
        links = criterion.chain.links
        # With the type where there is one alone, so that a condition has one form however it was written.
        alone = alone and len(links) == 1
        type_ = links[0].resource_type if alone else criterion.chain.named
        name, value = _criterion_as_query(links[0].criterion, alone=alone)
        return f"{criterion.code}{f':{type_}' if type_ else ''}.{name}", value
    if criterion.reverse is not None:
        name, value = _criterion_as_query(criterion.reverse.criterion, alone=alone)
        return f"_has:{criterion.reverse.resource_type}:{criterion.reverse.code}:{name}", value
    if criterion.combination is not None:
        return criterion.code, criterion.combination.text
    name = f"{criterion.code}:{criterion.modifier}" if criterion.modifier else criterion.code
    return name, ",".join(map(format_value, criterion.values))


def _include_as_query(name: str, include: Include) -> tuple[str, str]:
    parts = ("*",) if include.resource_type == "*" else (include.resource_type, include.code, include.target)
    return f"{name}:iterate" if include.iterate else name, ":".join(filter(None, parts))


def _check_text(name: str, text: str) -> None:
    # PostgreSQL keeps neither NUL nor half of a surrogate pair, so nothing stored can match one.
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise malformed(f"{name}: the value holds a character that no FHIR text may hold (NUL or a surrogate).")
