"""The interactions that read: capabilities, read, vread, search, history (R4 http.html, search.html)."""

import base64
from collections.abc import Mapping
from dataclasses import replace

import orjson

from cordee.api import capabilities
from cordee.api.addresses import Address
from cordee.api.binary import content_of
from cordee.api.history_links import next_history_link, parse_history_position
from cordee.api.policies import default_policies
from cordee.api.request import FhirRequest, decode_form
from cordee.api.response import FhirResponse
from cordee.api.search_excess import refuse_excess
from cordee.api.searchsets import link, search_query, searchset_text
from cordee.fhir import bundle_text
from cordee.fhir.outcome import InvalidSearch, Issue, UnsupportedMediaType
from cordee.fhir.query import Search, parse_search
from cordee.fhir.query_refusals import malformed, unsupported
from cordee.fhir.query_types import inside, parse_searches
from cordee.fhir.search_parameters import SearchParameters
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subset import subset
from cordee.fhir.temporal import DateRange, date_range
from cordee.settings import Settings
from cordee.store.reader import Reader
from cordee.terminology.search_codes import with_codes

_SHAPING = ("_summary", "_elements")
_OF_HTTP = ("_format", "_pretty")
_OF_HISTORY = ("_since", "_at", "_count")
_FORM = "application/x-www-form-urlencoded"

MOST_FORM_BYTES = 1_000_000


class Reading:
    """The reading interactions of one request, on one tenant's resources."""

    def __init__(self, settings: Settings, request: FhirRequest, reader: Reader) -> None:
        self._settings = settings
        self._request = request
        self._reader = reader

    async def capabilities(self, _address: Address) -> FhirResponse:
        """The CapabilityStatement."""
        policies = (await self._reader.policies()).over(default_policies(self._settings))
        known = await self._reader.search_parameters()
        text = capabilities.statement_text(self._request.base_url, policies, known)
        return FhirResponse(200, self._shaped(text, "CapabilityStatement"))

    async def read(self, address: Address) -> FhirResponse:
        """The current version; 304 when the client has it."""
        self._check_read_parameters()
        return self._version_read(await self._reader.read(address.type, address.id))

    async def vread(self, address: Address) -> FhirResponse:
        """One version."""
        self._check_read_parameters()
        return self._version_read(await self._reader.vread(address.type, address.id, address.version))

    async def posted_search(self, address: Address) -> FhirResponse:
        """A search whose parameters come from the body and from the address (R4 http.html#search)."""
        declared = (self._request.header(b"content-type") or "").partition(";")[0].strip().lower()
        body = await self._request.body(min(self._settings.max_body_bytes, MOST_FORM_BYTES))
        if body and declared != _FORM:
            raise UnsupportedMediaType(f"The body of _search must be {_FORM}.")
        form = decode_form(body)
        self._request.take_form([pair for pair in form if pair[0] in _OF_HTTP])
        self._request.require_served()
        posted = [(n, v) for n, v in form if n not in (*_OF_HTTP, "_cursor")]
        return await self._search(address, posted + self._request.search_parameters())

    async def search(self, address: Address) -> FhirResponse:
        """A page of matches."""
        return await self._search(address, self._request.search_parameters())

    async def history(self, address: Address) -> FhirResponse:
        """A page of the versions of a resource, of a type or of the tenant, newest first."""
        parameters = dict(self._request.query)
        unknown = parameters.keys() - {*_OF_HISTORY, "_cursor", *_OF_HTTP}
        if unknown and not self._request.preferences.lenient:
            sentence = f"History takes _since, _at and _count, not {', '.join(sorted(unknown))}."
            raise InvalidSearch(sentence, issues=[Issue("error", "not-supported", sentence)])
        page = await self._reader.history(
            count=self._history_count(parameters.get("_count")),
            resource_type=address.type or None,
            resource_id=address.id or None,
            since=None if (since := _time(parameters, "_since")) is None else since.low,
            at=_time(parameters, "_at"),
            after=parse_history_position(parameters.get("_cursor")),
        )
        here = "/".join(part for part in (address.type, address.id, "_history") if part)
        query = [(name, value) for name, value in self._request.query if name in _OF_HISTORY]
        links = [("self", link(self._request.base_url, here, query))]
        if page.following is not None:
            following = next_history_link(page.following)
            links.append(("next", link(self._request.base_url, here, [*query, ("_cursor", following)])))
        return FhirResponse(200, bundle_text.history(page.versions, links, self._request.base_url, page.total))

    async def _search(self, address: Address, given: list[tuple[str, str]]) -> FhirResponse:
        parameters = [pair for pair in given if pair[0] != "_explain"]
        explained = self._wants_explanation([text for name, text in given if name == "_explain"])
        searches = await self._parsed(address, parameters)
        for one in searches:
            refuse_excess(one)
            if one.summary == "text" and (one.includes or one.revincludes):
                raise InvalidSearch("_summary=text can't go with _include or _revinclude (R4 search.html#summary).")
        count = searches[0].count
        if count is not None:  # the self link tells the page size that was used
            count = min(count, self._settings.max_page_size)
            searches = tuple(replace(one, count=count) for one in searches)
        wanted = [await with_codes(self._reader, one) for one in searches]
        size = self._settings.default_page_size if count is None else count
        position = checked_position(self._request.parameter("_cursor"))
        page = await self._reader.search(*wanted, count=size, position=position)
        statements = await self._reader.explain(*wanted, count=size, position=position) if explained else []
        query = search_query(searches, [pair for pair in parameters if pair[0] == "_type"])
        here = "/".join(part for part in (address.type, address.id, address.member) if part)
        return FhirResponse(200, searchset_text(self._request.base_url, here, query, searches[0], page, statements))

    def _wants_explanation(self, given: list[str]) -> bool:
        """Raises `InvalidSearch` where the settings don't allow it."""
        if not given:
            return False
        if given not in (["true"], ["false"]):
            raise malformed(f"_explain={','.join(given)}: expected true or false, once.")
        if given == ["true"] and not self._settings.explain_searches:
            raise unsupported("_explain: this server does not show how it searches (its setting explain_searches).")
        return given == ["true"]

    async def _parsed(self, address: Address, parameters: list[tuple[str, str]]) -> tuple[Search, ...]:
        """The search of each type that the address and the query ask for."""
        if self._request.preferences.lenient:  # what is left out may be known by now
            return self._parse(address, parameters, await self._reader.search_parameters())
        return await self._reader.parsed(lambda known: self._parse(address, parameters, known))

    def _parse(
        self, address: Address, parameters: list[tuple[str, str]], known: SearchParameters
    ) -> tuple[Search, ...]:
        lenient, base_url = self._request.preferences.lenient, self._request.base_url
        compartment = (address.type, address.id) if address.member else None
        searched = address.member or address.type
        if searched in ("", "*"):
            return parse_searches(parameters, compartment=compartment, lenient=lenient, base_url=base_url, known=known)
        one = parse_search(searched, parameters, lenient=lenient, base_url=base_url, known=known)
        return (inside(one, compartment) if compartment else one,)

    def _check_read_parameters(self) -> None:
        unknown = {name for name, _ in self._request.query} - {*_SHAPING, *_OF_HTTP}
        if unknown and not self._request.preferences.lenient:
            sentence = f"A read takes _summary, _elements, _format and _pretty, not {', '.join(sorted(unknown))}."
            raise InvalidSearch(sentence, issues=[Issue("error", "not-supported", sentence)])

    def _version_read(self, version: StoredVersion) -> FhirResponse:
        if self._request.is_known_to_client(version.version, version.last_updated):
            return FhirResponse(304, version=version)
        if version.resource_type == "Binary":
            content = content_of(self._request, version)
            if content is not None:
                return content
            self._request.require_served()
        return FhirResponse(200, self._shaped(version.body.encode(), version.resource_type), version)

    def _shaped(self, text: bytes, resource_type: str) -> bytes:
        """The part of a resource that `_summary` and `_elements` ask for."""
        shape = [(name, value) for name, value in self._request.query if name in _SHAPING]
        if not shape:
            return text
        wanted = parse_search(resource_type, shape)
        if wanted.summary == "count":
            raise InvalidSearch("_summary=count is for searches; a read has one answer.")
        return subset(text, wanted.summary, wanted.elements)

    def _history_count(self, text: str | None) -> int:
        if text is None:
            return self._settings.default_page_size
        if not (text.isascii() and text.isdecimal()) or int(text) == 0 or len(text) > 9:
            raise InvalidSearch(f"_count={text}: expected a whole number from 1; for example _count=20.")
        return min(int(text), self._settings.max_page_size)


def checked_position(text: str | None) -> str | None:
    """Raises `InvalidSearch` when a link's position holds what the database could not even take."""
    if text is None:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        sound = isinstance(values, list) and all(map(_is_sound, values))
    except ValueError:
        sound = False
    if not sound:
        raise InvalidSearch("The link to this page is not one that this server wrote; begin the search again.")
    return text


def _is_sound(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | str | None):
        return False
    return "\0" not in value if isinstance(value, str) else value is None or -(2**63) <= value < 2**63


def _time(parameters: Mapping[str, str], name: str) -> DateRange | None:
    text = parameters.get(name)
    if text is None:
        return None
    try:
        return date_range(text.replace(" ", "+"))
    except ValueError as problem:
        raise InvalidSearch(f"{name}={text}: {problem}; for example {name}=2026-01-31T10:00:00%2B01:00.") from None
