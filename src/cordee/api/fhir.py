"""The FHIR REST interactions (R4 http.html), routed by the shape of the address: no type has a route of its own."""

import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from starlette.types import Receive, Scope, Send

from cordee.api import capabilities
from cordee.api.bundles import link, run_bundle, searchset_text
from cordee.api.history_links import next_history_link, parse_history_position
from cordee.api.metrics import Metrics
from cordee.api.request import FhirRequest, decode_form
from cordee.api.response import FhirResponse, outcome_text, refusal, version_headers
from cordee.fhir import bundle_text
from cordee.fhir.body import accept, parse_json
from cordee.fhir.bundle import parse_bundle
from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import (
    FhirError,
    InvalidSearch,
    Issue,
    MalformedBody,
    MethodNotAllowed,
    NotFound,
    UnknownResourceType,
)
from cordee.fhir.query import Search, parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subset import subset
from cordee.fhir.temporal import date_range
from cordee.settings import Settings
from cordee.store.changes import Written
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.repository import Repository

_log = structlog.get_logger("cordee.api")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_RESULT_ONLY_WITH_READ = frozenset({"_summary", "_elements", "_format", "_pretty"})

Handler = Callable[[], Awaitable[FhirResponse]]
_STATUS = {"created": 201, "updated": 200, "unchanged": 200, "deleted": 204, "absent": 204}


class FhirApplication:
    """The ASGI application under `/fhir` and `/t/{tenant}/fhir`. `open` gives the database once it is ready."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._types = frozenset(load_definitions().resource_types)
        self.database: Database | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; whatever happens, with a FHIR resource."""
        begun = time.perf_counter()
        tenant, path, base_path = _split(scope["path"])
        request = FhirRequest(scope, receive, path, base_path, self._settings.base_url)
        interaction = "unknown"
        try:
            request.require_json()
            repository = await self._repository(tenant)
            interaction, handler = self._route(request, repository)
            response = await handler()
        except FhirError as error:
            response = refusal(error)
        except Exception as error:
            _log_failure(error, interaction)
            issue = Issue("fatal", "exception", "The server failed on this request; its log says where.")
            response = FhirResponse(500, outcome_text(issue))
        request_id = request.header(b"x-request-id")
        if request_id is not None:
            response.headers.append((b"x-request-id", request_id.encode("latin-1")))
        try:
            indented = request.pretty
        except FhirError:
            indented = False
        await response.send(send, head=request.method == "HEAD", indented=indented)
        self._metrics.count(interaction, response.status, time.perf_counter() - begun)

    async def _repository(self, tenant: str) -> Repository:
        if self.database is None:
            raise RuntimeError("the application was not started")
        return Repository(self.database, await self.database.tenant(tenant))

    def _route(self, request: FhirRequest, repository: Repository) -> tuple[str, Handler]:
        """The interaction's name, and what carries it out."""
        interactions = _Interactions(self._settings, request, repository)
        method = "GET" if request.method == "HEAD" else request.method
        match (method, *request.path):
            case ("GET", "metadata"):
                return "capabilities", interactions.capabilities
            case ("POST",):
                return "transaction", interactions.bundle
            case ("GET", "_history"):
                return "history-system", interactions.history
            case (_, resource_type, *_) if resource_type not in self._types:
                raise _unknown_address(resource_type)
            case ("GET", resource_type):
                return "search-type", lambda: interactions.search(resource_type, request.search_parameters())
            case ("POST", resource_type):
                return "create", lambda: interactions.create(resource_type)
            case ("PUT", resource_type):
                return "conditional-update", lambda: interactions.conditional_update(resource_type)
            case ("DELETE", resource_type):
                return "conditional-delete", lambda: interactions.conditional_delete(resource_type)
            case ("POST", resource_type, "_search"):
                return "search-type", lambda: interactions.posted_search(resource_type)
            case ("GET", resource_type, "_history"):
                return "history-type", lambda: interactions.history(resource_type)
            case (_, _, operation, *_) | (_, _, _, operation) if operation.startswith("$"):
                raise NotFound(f"The operation {operation} is not served here; /metadata lists those that are.")
            case (_, resource_type, resource_id, *_) if not _ID.fullmatch(resource_id):
                raise FhirError(f"«{resource_id}» can't be an id: letters, digits, - and . only, at most 64.")
            case ("GET", resource_type, resource_id):
                return "read", lambda: interactions.read(resource_type, resource_id)
            case ("PUT", resource_type, resource_id):
                return "update", lambda: interactions.update(resource_type, resource_id)
            case ("DELETE", resource_type, resource_id):
                return "delete", lambda: interactions.delete(resource_type, resource_id)
            case ("GET", resource_type, resource_id, "_history"):
                return "history-instance", lambda: interactions.history(resource_type, resource_id)
            case ("GET", resource_type, resource_id, "_history", version) if _VERSION.fullmatch(version):
                return "vread", lambda: interactions.vread(resource_type, resource_id, int(version))
        raise _refused_method(request)


class _Interactions:
    """The interactions of one request."""

    def __init__(self, settings: Settings, request: FhirRequest, repository: Repository) -> None:
        self._settings = settings
        self._request = request
        self._repository = repository

    async def capabilities(self) -> FhirResponse:
        return FhirResponse(200, capabilities.statement_text(self._request.base_url))

    async def read(self, resource_type: str, resource_id: str) -> FhirResponse:
        self._check_read_parameters()
        return self._version_read(await self._repository.read(resource_type, resource_id))

    async def vread(self, resource_type: str, resource_id: str, version: int) -> FhirResponse:
        self._check_read_parameters()
        return self._version_read(await self._repository.vread(resource_type, resource_id, version))

    async def create(self, resource_type: str) -> FhirResponse:
        incoming = accept(await self._body(), resource_type)
        criteria = self._request.header(b"if-none-exist")
        condition = None if criteria is None else self._condition(resource_type, criteria)
        return self._written(await self._repository.create(incoming, condition))

    async def update(self, resource_type: str, resource_id: str) -> FhirResponse:
        incoming = accept(await self._body(), resource_type)
        if incoming.id != resource_id:
            found = "has none" if incoming.id is None else f"says {incoming.id}"
            raise FhirError(
                f"The body's id must be the address's, {resource_id}; the body {found} (R4 http.html#update).",
                path=f"{resource_type}.id",
            )
        precondition = self._request.precondition()
        return self._written(await self._repository.update(resource_type, resource_id, incoming, precondition))

    async def conditional_update(self, resource_type: str) -> FhirResponse:
        incoming = accept(await self._body(), resource_type)
        condition = self._condition_in_address(resource_type)
        return self._written(
            await self._repository.conditional_update(condition, incoming, self._request.precondition())
        )

    async def delete(self, resource_type: str, resource_id: str) -> FhirResponse:
        return self._deleted(await self._repository.delete(resource_type, resource_id, self._request.precondition()))

    async def conditional_delete(self, resource_type: str) -> FhirResponse:
        condition = self._condition_in_address(resource_type)
        return self._deleted(await self._repository.conditional_delete(condition, self._request.precondition()))

    async def posted_search(self, resource_type: str) -> FhirResponse:
        """Parameters come from the body and from the address (R4 http.html#search)."""
        declared = (self._request.header(b"content-type") or "").partition(";")[0].strip().lower()
        body = await self._request.body(self._settings.max_body_bytes)
        if body and declared != "application/x-www-form-urlencoded":
            raise MalformedBody("The body of _search must be application/x-www-form-urlencoded.")
        posted = [(n, v) for n, v in decode_form(body) if n not in ("_format", "_pretty", "_cursor")]
        return await self.search(resource_type, posted + self._request.search_parameters())

    async def search(self, resource_type: str, parameters: list[tuple[str, str]]) -> FhirResponse:
        lenient = self._request.preferences.lenient
        wanted = parse_search(resource_type, parameters, lenient=lenient, base_url=self._request.base_url)
        count = self._settings.default_page_size if wanted.count is None else wanted.count
        page = await self._repository.search(
            wanted,
            count=min(count, self._settings.max_page_size),
            position=self._request.parameter("_cursor"),
        )
        return FhirResponse(200, searchset_text(self._request.base_url, wanted, page))

    async def history(self, resource_type: str | None = None, resource_id: str | None = None) -> FhirResponse:
        parameters = dict(self._request.query)
        unknown = parameters.keys() - {"_since", "_count", "_cursor", "_format", "_pretty"}
        if unknown:
            raise InvalidSearch(f"History takes _since and _count, not {', '.join(sorted(unknown))}.")
        page = await self._repository.history(
            count=self._history_count(parameters.get("_count")),
            resource_type=resource_type,
            resource_id=resource_id,
            since=_since(parameters.get("_since")),
            after=parse_history_position(parameters.get("_cursor")),
        )
        address = "/".join(part for part in (resource_type, resource_id, "_history") if part)
        query = [(name, value) for name, value in self._request.query if name in ("_since", "_count")]
        links = [("self", link(self._request.base_url, address, query))]
        if page.following is not None:
            following = next_history_link(page.following)
            links.append(("next", link(self._request.base_url, address, [*query, ("_cursor", following)])))
        return FhirResponse(200, bundle_text.history(page.versions, links, self._request.base_url))

    async def bundle(self) -> FhirResponse:
        raw = await self._body()
        parse_json(raw)
        bundle = parse_bundle(raw, base_url=self._request.base_url, most_entries=self._settings.max_bundle_entries)
        return FhirResponse(200, await run_bundle(bundle, self._repository, self._request, self._settings))

    async def _body(self) -> bytes:
        return await self._request.resource_body(self._settings.max_body_bytes)

    def _check_read_parameters(self) -> None:
        unknown = {name for name, _ in self._request.query} - _RESULT_ONLY_WITH_READ
        if unknown and not self._request.preferences.lenient:
            raise InvalidSearch(
                f"A read takes _summary, _elements, _format and _pretty, not {', '.join(sorted(unknown))}."
            )

    def _version_read(self, version: StoredVersion) -> FhirResponse:
        headers = version_headers(version)
        if self._request.is_known_to_client(version.version, version.last_updated):
            return FhirResponse(304, headers=headers)
        text = version.body.encode()
        if self._request.query:
            shape = [(n, v) for n, v in self._request.query if n in ("_summary", "_elements")]
            wanted = parse_search(version.resource_type, shape)
            text = subset(text, wanted.summary, wanted.elements)
        return FhirResponse(200, text, headers)

    def _written(self, written: Written) -> FhirResponse:
        """Status, Location, and what `Prefer` asks for (R4 http.html#ops)."""
        version = written.version
        if version is None:
            return FhirResponse(204)
        headers = version_headers(version)
        address = f"{self._request.base_url}/{version.resource_type}/{version.id}/_history/{version.version}"
        headers.append((b"location", address.encode()))
        status = _STATUS[written.effect]
        match self._request.preferences.answer:
            case "minimal":
                return FhirResponse(status, headers=headers)
            case "OperationOutcome":
                issue = Issue(
                    "information",
                    "informational",
                    f"{written.effect.capitalize()} as version {version.version}.",
                )
                return FhirResponse(status, outcome_text(issue), headers)
        return FhirResponse(status, version.body.encode(), headers)

    def _deleted(self, written: Written) -> FhirResponse:
        headers = [] if written.version is None else version_headers(written.version)[:1]
        if self._request.preferences.answer == "OperationOutcome":
            said = "Deleted." if written.version else "There was nothing to delete."
            return FhirResponse(200, outcome_text(Issue("information", "informational", said)), headers)
        return FhirResponse(204, headers=headers)

    def _condition(self, resource_type: str, criteria: str) -> Search:
        """A condition is never lenient: one that is half understood would match too much."""
        pairs = decode_form(criteria.rpartition("?")[2].encode("latin-1"))
        return parse_search(resource_type, pairs, base_url=self._request.base_url)

    def _condition_in_address(self, resource_type: str) -> Search:
        pairs = self._request.search_parameters()
        return parse_search(resource_type, pairs, base_url=self._request.base_url)

    def _history_count(self, text: str | None) -> int:
        if text is None:
            return self._settings.default_page_size
        if not text.isdecimal() or int(text) == 0 or len(text) > 9:
            raise InvalidSearch(f"_count={text}: expected a whole number from 1; for example _count=20.")
        return min(int(text), self._settings.max_page_size)


def _split(path: str) -> tuple[str, list[str], str]:
    """Tenant, what follows the FHIR base, and the base."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["fhir"]:
        return DEFAULT_TENANT, parts[1:], "/fhir"
    return parts[1], parts[3:], f"/t/{parts[1]}/fhir"


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return date_range(text.replace(" ", "+")).low
    except ValueError as problem:
        raise InvalidSearch(f"_since={text}: {problem}; for example _since=2026-01-31T10:00:00%2B01:00.") from None


def _unknown_address(segment: str) -> FhirError:
    if segment.startswith(("$", "_")):
        return NotFound(f"«{segment}» is not served here; /metadata lists what is.")
    return UnknownResourceType(f"FHIR R4 has no resource type «{segment}».")


def _refused_method(request: FhirRequest) -> FhirError:
    if not request.path and request.method in ("GET", "HEAD"):
        return InvalidSearch(
            "A search over all types is not supported yet; search one type, for example Patient?name=…"
        )
    if len(request.path) > 4 or (len(request.path) > 2 and request.path[2] != "_history"):
        return NotFound("There is nothing at this address; /metadata lists what is served.")
    return MethodNotAllowed(f"{request.method} does not apply to this address.")


def _log_failure(error: Exception, interaction: str) -> None:
    """Where it happened, not what it said: a message can hold personal data."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    _log.error("request failed", interaction=interaction, error=type(error).__name__, at=" < ".join(reversed(places)))
