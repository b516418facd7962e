"""The interactions that write: create, update, patch, delete, and their conditional forms (R4 http.html)."""

from collections.abc import Callable

from cordee.api.addresses import Address
from cordee.api.binary import binary_of, is_content
from cordee.api.request import FhirRequest, decode_form
from cordee.api.response import FhirResponse, outcome_text
from cordee.api.search_excess import refuse_excess
from cordee.fhir.body import Incoming, with_own_references_relative
from cordee.fhir.outcome import FhirError, Issue
from cordee.fhir.patch import accept_patched
from cordee.fhir.query import Search, parse_search
from cordee.fhir.reference_rewriting import may_refer_conditionally
from cordee.fhir.search_parameters import SHIPPED, SearchParameters
from cordee.settings import Settings
from cordee.store.changes import Written
from cordee.store.repository import Patched, Repository

_STATUS = {"created": 201, "updated": 200, "unchanged": 200, "deleted": 204, "absent": 204}


class Writing:
    """The writing interactions of one request, on one tenant's resources."""

    def __init__(self, settings: Settings, request: FhirRequest, repository: Repository) -> None:
        self._settings = settings
        self._request = request
        self._repository = repository

    async def create(self, address: Address) -> FhirResponse:
        """Stores under an id of the server's; with a condition, unless something matches.

        The condition is in If-None-Exist; some clients (fhirpy) write it in the address, where leaving it unread would
        store duplicates.
        """
        incoming = await self._incoming(address)
        criteria = self._request.header(b"if-none-exist")
        condition = None
        if criteria is not None:
            # Header bytes are Latin-1 to HTTP, UTF-8 to those who write them unencoded.
            raw = criteria.rpartition("?")[2].encode("latin-1", "replace")
            known = await self._repository.search_parameters()
            condition = parse_condition(self._request, address.type, raw, known)
        if self._request.search_parameters():
            if condition is not None:
                raise FhirError("The condition stands both in If-None-Exist and in the address; give it once.")
            condition = await self._condition_in_address(address)
        return written_response(self._request, await self._repository.create(incoming, condition))

    async def update(self, address: Address) -> FhirResponse:
        """Stores the next version, or the first one under the client's id."""
        incoming = await self._incoming(address)
        id_may_be_absent = self._request.is_entry and incoming.id is None
        if incoming.id != address.id and not id_may_be_absent:
            found = "has none" if incoming.id is None else f"says {incoming.id}"
            raise FhirError(
                f"The body's id must be the address's, {address.id}; the body {found} (R4 http.html#update).",
                path=f"{address.type}.id",
            )
        precondition = self._request.precondition()
        written = await self._repository.update(address.type, address.id, incoming, precondition)
        return written_response(self._request, written)

    async def conditional_update(self, address: Address) -> FhirResponse:
        """Updates the one match, or creates."""
        incoming = await self._incoming(address)
        written = await self._repository.conditional_update(
            await self._condition_in_address(address), incoming, self._request.precondition()
        )
        return written_response(self._request, written)

    async def patch(self, address: Address) -> FhirResponse:
        """Stores what the patch makes of the current version."""
        patched = await self._patched()
        precondition = self._request.precondition()
        written = await self._repository.patch(address.type, address.id, patched, precondition)
        return written_response(self._request, written)

    async def conditional_patch(self, address: Address) -> FhirResponse:
        """Patches the one match."""
        patched = await self._patched()
        written = await self._repository.conditional_patch(
            await self._condition_in_address(address), patched, self._request.precondition()
        )
        return written_response(self._request, written)

    async def delete(self, address: Address) -> FhirResponse:
        """Deletes; what is not there is deleted already."""
        precondition = self._request.precondition()
        if self._is_cascade():
            written = await self._repository.delete_with_referrers(address.type, address.id, precondition)
            return written_response(self._request, written[0])
        return written_response(self._request, await self._repository.delete(address.type, address.id, precondition))

    async def conditional_delete(self, address: Address) -> FhirResponse:
        """Deletes the one match, if any; every match where the tenant's policy allows it."""
        if self._repository.write_policies.conditional_delete == "multiple":
            written_all = await self._repository.conditional_delete_all(
                await self._condition_in_address(address), self._request.precondition()
            )
            return deletion_response(self._request, len(written_all))
        written = await self._repository.conditional_delete(
            await self._condition_in_address(address), self._request.precondition()
        )
        return written_response(self._request, written)

    async def _incoming(self, address: Address) -> Incoming:
        if is_content(self._request, address.type):
            body = binary_of(self._request, await self._request.body(self._settings.max_body_bytes), address.id)
        else:
            body = await self._request.resource_body(self._settings.max_body_bytes)
        own = with_own_references_relative(body, self._request.base_url)
        known = await self._repository.search_parameters() if may_refer_conditionally(own) else SHIPPED
        return await self._repository.accept(own, address.type, condition_parser(self._request, known))

    def _is_cascade(self) -> bool:
        """Whether `_cascade=delete` is asked for; raises `FhirError` where it may not be, or for another value."""
        asked = self._request.parameter("_cascade")
        if asked is None:
            return False
        if asked != "delete":
            raise FhirError(f"_cascade={asked}: only _cascade=delete has a meaning.")
        if self._repository.write_policies.delete_referred != "cascade":
            sentence = "This server does not delete what refers to a resource along with it (_cascade)."
            raise FhirError(sentence, issues=[Issue("error", "not-supported", sentence)])
        return True

    async def _patched(self) -> Patched:
        patch = await self._request.patch_body(self._settings.max_body_bytes)
        base_url = self._request.base_url
        return lambda body: accept_patched(with_own_references_relative(patch.patched(body), base_url), body)

    async def _condition_in_address(self, address: Address) -> Search:
        known = await self._repository.search_parameters()
        return _condition(self._request, address.type, self._request.search_parameters(), known)


def condition_parser(request: FhirRequest, known: SearchParameters) -> Callable[[str, str], Search]:
    """What reads conditions of a type by a tenant's search parameters."""
    return lambda resource_type, criteria: parse_condition(request, resource_type, criteria.encode(), known)


def parse_condition(request: FhirRequest, resource_type: str, criteria: bytes, known: SearchParameters) -> Search:
    """The condition of a query; raises `InvalidSearch`."""
    return _condition(request, resource_type, decode_form(criteria), known)


def _condition(
    request: FhirRequest, resource_type: str, pairs: list[tuple[str, str]], known: SearchParameters
) -> Search:
    """Never lenient: a condition that is half understood would match too much."""
    wanted = parse_search(resource_type, pairs, base_url=request.base_url, known=known)
    refuse_excess(wanted)
    return wanted


def deletion_response(request: FhirRequest, deleted: int) -> FhirResponse:
    """What a conditional delete that may concern several says."""
    if request.preferences.answer != "OperationOutcome":
        return FhirResponse(204)
    said = f"{deleted} deleted." if deleted else "There was nothing to delete."
    return FhirResponse(200, outcome_text(Issue("information", "informational", said)))


def written_response(request: FhirRequest, written: Written) -> FhirResponse:
    """Status, location, and what `Prefer` asks for (R4 http.html#ops)."""
    version = written.version
    status = _STATUS[written.effect]
    answer = request.preferences.answer or ("minimal" if request.is_entry else "representation")
    if version is None or version.deleted:
        if answer != "OperationOutcome":
            return FhirResponse(204, version=version)
        said = "Deleted." if version else "There was nothing to delete."
        return FhirResponse(200, outcome_text(Issue("information", "informational", said)), version)
    location = f"{request.base_url}/{version.resource_type}/{version.id}/_history/{version.version}"
    if answer == "minimal":
        return FhirResponse(status, b"", version, location)
    if answer == "OperationOutcome":
        said = f"{written.effect.capitalize()}: version {version.version}."
        told = (Issue("information", "informational", said), *written.issues)
        return FhirResponse(status, outcome_text(*told), version, location)
    return FhirResponse(status, version.body.encode(), version, location)
