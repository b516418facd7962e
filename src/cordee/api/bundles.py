"""Batch and transaction at the HTTP door: entries carried out, and answered in the order they were given."""

from http import HTTPStatus
from urllib.parse import urlencode

from cordee.api.request import FhirRequest, decode_form, parse_precondition
from cordee.api.response import outcome_text
from cordee.fhir import bundle_text
from cordee.fhir.body import accept, instant
from cordee.fhir.bundle import BundleEntry, IncomingBundle, InvalidBundle, in_processing_order
from cordee.fhir.bundle_text import ResponseEntry, SearchEntry, etag
from cordee.fhir.outcome import FhirError, Issue, Unavailable
from cordee.fhir.query import Search, parse_search, search_parameters_as_query
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subset import subset
from cordee.settings import Settings
from cordee.store.changes import Precondition, Written
from cordee.store.repository import Repository
from cordee.store.search import SearchPage

_STATUS = {
    "created": "201 Created",
    "updated": "200 OK",
    "unchanged": "200 OK",
    "deleted": "204 No Content",
    "absent": "204 No Content",
}


async def run_bundle(bundle: IncomingBundle, repository: Repository, request: FhirRequest, settings: Settings) -> bytes:
    """The answer's text. Raises `FhirError` when the Bundle as a whole is refused, a transaction at its first fault."""
    run = _Run(repository, request, settings)
    if bundle.type == "transaction":
        return await run.transaction(bundle)
    if bundle.type == "batch":
        return await run.batch(bundle)
    raise InvalidBundle(
        f"A Bundle posted to the base must be a batch or a transaction, not a {bundle.type}; "
        "post it to /Bundle to store it as it is.",
        path="Bundle.type",
    )


class _Run:
    """One Bundle being carried out."""

    def __init__(self, repository: Repository, request: FhirRequest, settings: Settings) -> None:
        self._repository = repository
        self._request = request
        self._settings = settings

    async def transaction(self, bundle: IncomingBundle) -> bytes:
        """Writes all or nothing; reads see what was written (R4 http.html#trules)."""
        for entry in bundle.entries:
            _require_request(entry)
        written = await self._repository.transaction(bundle.entries, _precondition, self._search_for)
        answers: list[ResponseEntry] = []
        for entry in bundle.entries:
            if entry.index in written:
                answers.append(self._written(written[entry.index]))
            else:
                answers.append(await self._read(entry))
        return bundle_text.responses("transaction", answers)

    async def batch(self, bundle: IncomingBundle) -> bytes:
        """Each entry on its own; a refusal is the answer of its entry only."""
        answers: dict[int, ResponseEntry] = {}
        for entry in in_processing_order(bundle.entries):
            try:
                _require_request(entry)
                answers[entry.index] = await self._carry_out(entry)
            except Unavailable:
                raise
            except FhirError as refusal:
                answers[entry.index] = ResponseEntry(_status_line(refusal), outcome=outcome_text(*refusal.issues))
        return bundle_text.responses("batch", [answers[index] for index in sorted(answers)])

    async def _carry_out(self, entry: BundleEntry) -> ResponseEntry:
        if entry.method in ("GET", "HEAD"):
            return await self._read(entry)
        if entry.resource_type is None:
            raise InvalidBundle("A Bundle inside a Bundle can't be carried out.", path=f"{entry.path}.request.url")
        condition = None
        criteria = entry.if_none_exist if entry.method == "POST" else entry.criteria
        if criteria is not None and (entry.method == "POST" or entry.id is None):
            condition = self._search_for(entry.resource_type, criteria.rpartition("?")[2])
        return self._written(await self._write(entry, entry.resource_type, condition))

    async def _write(self, entry: BundleEntry, resource_type: str, condition: Search | None) -> Written:
        precondition = _precondition(entry)
        if entry.method == "DELETE":
            if condition is not None:
                return await self._repository.conditional_delete(condition, precondition)
            return await self._repository.delete(resource_type, _required_id(entry), precondition)
        incoming = accept(entry.resource or b"", resource_type)
        if entry.method == "POST":
            return await self._repository.create(incoming, condition)
        if condition is not None:
            return await self._repository.conditional_update(condition, incoming, precondition)
        resource_id = _required_id(entry)
        if incoming.id not in (None, resource_id):
            raise InvalidBundle(f"The body's id is {incoming.id}, the request's {resource_id}.", path=entry.path)
        return await self._repository.update(resource_type, resource_id, incoming, precondition)

    async def _read(self, entry: BundleEntry) -> ResponseEntry:
        try:
            if entry.resource_type is None:
                raise InvalidBundle("A read in a Bundle needs a type.", path=f"{entry.path}.request.url")
            if entry.id is None:
                return await self._search(entry, entry.resource_type)
            if entry.version is not None:
                found = await self._repository.vread(entry.resource_type, entry.id, entry.version)
            else:
                found = await self._repository.read(entry.resource_type, entry.id)
        except FhirError as refusal:
            return ResponseEntry(_status_line(refusal), outcome=outcome_text(*refusal.issues))
        return ResponseEntry(
            "200 OK",
            etag=etag(found.version),
            last_modified=instant(found.last_updated),
            text=found.body.encode(),
        )

    async def _search(self, entry: BundleEntry, resource_type: str) -> ResponseEntry:
        wanted = self._search_for(resource_type, entry.criteria or "")
        count = self._settings.default_page_size if wanted.count is None else wanted.count
        page = await self._repository.search(wanted, count=min(count, self._settings.max_page_size))
        return ResponseEntry("200 OK", text=searchset_text(self._request.base_url, wanted, page))

    def _search_for(self, resource_type: str, criteria: str) -> Search:
        pairs = decode_form(criteria.encode())
        return parse_search(resource_type, pairs, base_url=self._request.base_url)

    def _written(self, written: Written) -> ResponseEntry:
        version = written.version
        if version is None:
            return ResponseEntry(_STATUS[written.effect])
        location = f"{self._request.base_url}/{version.resource_type}/{version.id}/_history/{version.version}"
        text = None
        if (
            self._request.preferences.answer == "representation"
            and not version.deleted
            and self._request.header(b"prefer")
        ):
            text = version.body.encode()
        return ResponseEntry(
            _STATUS[written.effect], location, etag(version.version), instant(version.last_updated), text
        )


def searchset_text(base: str, wanted: Search, page: SearchPage) -> bytes:
    """The Bundle of a page, with a warning where parameters were left out under lenient handling."""
    entries = [_search_entry(base, version, "match", wanted) for version in page.matches]
    entries += [_search_entry(base, version, "include", wanted) for version in page.included]
    if wanted.ignored:
        issue = Issue("warning", "not-supported", f"Parameters left out: {', '.join(wanted.ignored)}.")
        entries.append(SearchEntry(None, outcome_text(issue), "outcome"))
    return bundle_text.searchset(entries, _search_links(base, wanted, page.following), page.total)


def _search_entry(base: str, version: StoredVersion, mode: str, wanted: Search) -> SearchEntry:
    elements = wanted.elements if mode == "match" else ()
    text = subset(version.body.encode(), wanted.summary, elements)
    return SearchEntry(f"{base}/{version.resource_type}/{version.id}", text, mode)


def _search_links(base: str, wanted: Search, following: str | None) -> list[tuple[str, str]]:
    """`self`, with the parameters as they were understood, and `next` unless this is the last page."""
    query = search_parameters_as_query(wanted)
    links = [("self", link(base, wanted.resource_type, query))]
    if following is not None:
        links.append(("next", link(base, wanted.resource_type, [*query, ("_cursor", following)])))
    return links


def link(base: str, address: str, query: list[tuple[str, str]]) -> str:
    """An absolute address with its query."""
    return f"{base}/{address}?{urlencode(query)}" if query else f"{base}/{address}"


def _precondition(entry: BundleEntry) -> Precondition:
    return parse_precondition(entry.if_match, entry.if_none_match)


def _require_request(entry: BundleEntry) -> None:
    if not entry.method:
        raise InvalidBundle("The entry has no request: a batch or transaction says what to do.", path=entry.path)


def _required_id(entry: BundleEntry) -> str:
    if entry.id is None:
        raise InvalidBundle(
            f"A {entry.method} needs an id or a condition; for example Patient/1.",
            path=f"{entry.path}.request.url",
        )
    return entry.id


def _status_line(refusal: FhirError) -> str:
    return f"{refusal.status} {HTTPStatus(refusal.status).phrase}"
