"""A page of a search as the Bundle that is answered (R4 search.html#return)."""

from urllib.parse import urlencode

from cordee.api.response import outcome_text
from cordee.fhir import bundle_text
from cordee.fhir.bundle_text import SearchEntry
from cordee.fhir.outcome import Issue
from cordee.fhir.query import Search, search_parameters_as_query
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subset import subset
from cordee.store.search import SearchPage


def searchset_text(base: str, wanted: Search, page: SearchPage) -> bytes:
    """The Bundle of a page, with a warning where parameters were left out under lenient handling."""
    entries = [_entry(base, version, "match", wanted) for version in page.matches]
    entries += [_entry(base, version, "include", wanted) for version in page.included]
    if wanted.ignored:
        issue = Issue("warning", "not-supported", f"Parameters left out: {', '.join(wanted.ignored)}.")
        entries.append(SearchEntry(None, outcome_text(issue), "outcome"))
    return bundle_text.searchset(entries, _links(base, wanted, page.following), page.total)


def link(base: str, address: str, query: list[tuple[str, str]]) -> str:
    """An absolute address with its query."""
    return f"{base}/{address}?{urlencode(query)}" if query else f"{base}/{address}"


def _entry(base: str, version: StoredVersion, mode: str, wanted: Search) -> SearchEntry:
    elements = wanted.elements if mode == "match" else ()
    text = subset(version.body.encode(), wanted.summary, elements)
    return SearchEntry(f"{base}/{version.resource_type}/{version.id}", text, mode)


def _links(base: str, wanted: Search, following: str | None) -> list[tuple[str, str]]:
    """`self`, with the parameters as they were understood, and `next` unless this is the last page."""
    query = search_parameters_as_query(wanted)
    links = [("self", link(base, wanted.resource_type, query))]
    if following is not None:
        links.append(("next", link(base, wanted.resource_type, [*query, ("_cursor", following)])))
    return links
