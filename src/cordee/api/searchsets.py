"""A page of a search as the Bundle that is answered (R4 search.html#return)."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode

from cordee.api.response import outcome_text
from cordee.fhir import bundle_text
from cordee.fhir.bundle_text import SearchEntry
from cordee.fhir.outcome import Issue
from cordee.fhir.query import Search, search_parameters_as_query
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subset import subset
from cordee.store.search import SearchPage
from cordee.store.search_explanation import ExplainedStatement

Query = list[tuple[str, str]]


def searchset_text(
    base: str,
    here: str,
    query: Query,
    wanted: Search,
    page: SearchPage,
    explained: Sequence[ExplainedStatement] = (),
) -> bytes:
    """The Bundle of a page at the address `here`, asked for by `query`.

    With a warning where parameters were left out under lenient handling, and the statements that were to be explained.
    """
    entries = [_entry(base, version, "match", wanted) for version in page.matches]
    entries += [_entry(base, version, "include", wanted) for version in page.included]
    if wanted.ignored:
        issue = Issue("warning", "not-supported", f"Parameters left out: {', '.join(wanted.ignored)}.")
        entries.append(SearchEntry(None, outcome_text(issue), "outcome"))
    if wanted.incomplete:
        issues = (Issue("warning", "incomplete", sentence) for sentence in wanted.incomplete)
        entries.append(SearchEntry(None, outcome_text(*issues), "outcome"))
    if explained:
        plans = (Issue("information", "informational", f"{one.sql}\n\n{one.plan}") for one in explained)
        entries.append(SearchEntry(None, outcome_text(*plans), "outcome"))
    return bundle_text.searchset(entries, _links(base, here, query, page.following), page.total)


def search_query(searches: Sequence[Search], types: Query) -> Query:
    """The canonical query of searches that are alike but for their includes; `types` is `_type` as it was given."""
    includes = tuple(dict.fromkeys(include for one in searches for include in one.includes))
    revincludes = tuple(dict.fromkeys(include for one in searches for include in one.revincludes))
    return types + search_parameters_as_query(replace(searches[0], includes=includes, revincludes=revincludes))


def link(base: str, address: str, query: Query) -> str:
    """An absolute address with its query."""
    whole = f"{base}/{address}" if address else base
    return f"{whole}?{urlencode(query)}" if query else whole


def _entry(base: str, version: StoredVersion, mode: str, wanted: Search) -> SearchEntry:
    elements = wanted.elements if mode == "match" else ()
    text = subset(version.body.encode(), wanted.summary, elements)
    return SearchEntry(f"{base}/{version.resource_type}/{version.id}", text, mode)


def _links(base: str, here: str, query: Query, following: str | None) -> list[tuple[str, str]]:
    """`self`, with the parameters as they were understood, and `next` unless this is the last page."""
    links = [("self", link(base, here, query))]
    if following is not None:
        links.append(("next", link(base, here, [*query, ("_cursor", following)])))
    return links
