"""The FHIR door: one ASGI application for every base; each request located, carried out, answered and counted."""

import re
import secrets
import time

from starlette.types import Receive, Scope, Send

from cordee.api.addresses import Address, locate
from cordee.api.asynchronous_request import may_be_put_aside, put_aside
from cordee.api.bundles import run_bundle
from cordee.api.dispatch import carry_out
from cordee.api.failures import failure_issue, log_failure
from cordee.api.media_types import PATCH_TYPES, Format
from cordee.api.metrics import Metrics
from cordee.api.operations.table import file_type_at
from cordee.api.policies import default_policies
from cordee.api.request import FhirRequest
from cordee.api.response import FhirResponse, accepted, outcome_text, refusal
from cordee.fhir.body import with_own_references_relative
from cordee.fhir.bundle import parse_bundle
from cordee.fhir.outcome import FhirError, MethodNotAllowed, NotFound
from cordee.settings import Settings
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.repository import Repository
from cordee.store.tenant_policies import policies_of

_OF_ANY_FORMAT = {("Binary", "read"), ("Binary", "vread"), ("", "job-file")}
"""What it holds says which formats will do."""

_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_TENANT = re.compile(r"[A-Za-z0-9._\-]{1,64}")


class FhirApplication:
    """The ASGI application under `/fhir` and `/t/{tenant}/fhir`. `database` is set once it is open."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self.database: Database | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; whatever happens, with a FHIR resource."""
        begun = time.perf_counter()
        tenant, path, base_path = _split(scope["path"])
        request = FhirRequest(scope, receive, path, base_path, self._settings.base_url)
        request_id = _request_id(request)
        interaction = "unknown"
        format_, indented = Format.JSON, False
        try:
            format_, indented = request.answer_format or Format.JSON, request.pretty
            address = locate(path)
            interaction = address.interaction(request.method) or "unknown"
            response = await self._respond(interaction, address, request, tenant, request_id)
            format_, indented = request.answer_format or Format.JSON, request.pretty  # a posted form may say too
        except FhirError as error:
            response = refusal(error)
        except Exception as error:
            response = _failure(error, interaction, request_id)
        try:
            await response.write_as(format_, indented=indented)
        except FhirError as error:
            response = refusal(error)
        except Exception as error:
            response = _failure(error, interaction, request_id)
        response.headers.append((b"x-request-id", request_id.encode()))
        await response.send(send, head=request.method == "HEAD", compressed=request.accepts_gzip)
        self._metrics.count(interaction, response.status, time.perf_counter() - begun)

    async def _respond(
        self, interaction: str, address: Address, request: FhirRequest, tenant: str, request_id: str
    ) -> FhirResponse:
        if request.method == "OPTIONS":
            return FhirResponse(204, headers=_options(address))
        if interaction == "unknown":
            return _refused_method(request.method, address)
        if (address.type, interaction) not in _OF_ANY_FORMAT:
            request.require_served(file_type_at(address.shape))
        repository = await self._repository(tenant)
        if request.preferences.later and may_be_put_aside(interaction, address.shape):
            job = await put_aside(request, repository.jobs, self._settings.max_body_bytes)
            return accepted(job.id, request.base_url)
        if interaction == "bundle":
            return await self._bundle(request, repository, request_id)
        return await carry_out(interaction, address, self._settings, request, repository)

    async def _repository(self, tenant: str) -> Repository:
        if self.database is None:
            raise RuntimeError("the application was not started")
        if not _TENANT.fullmatch(tenant):
            raise NotFound("There is no such tenant here.")
        number = await self.database.tenant(tenant)
        policies = await policies_of(self.database, number)
        return Repository(self.database, number, policies.over(default_policies(self._settings)))

    async def _bundle(self, request: FhirRequest, repository: Repository, request_id: str) -> FhirResponse:
        body = await request.resource_body(self._settings.max_body_bytes)
        raw = with_own_references_relative(body, request.base_url)
        bundle = parse_bundle(
            raw, base_url=request.base_url, most_entries=self._settings.max_bundle_entries, faults_by_entry=True
        )
        return FhirResponse(200, await run_bundle(bundle, repository, request, self._settings, request_id))


def _split(path: str) -> tuple[str, list[str], str]:
    """Tenant, what follows the FHIR base, and the base."""
    if path.startswith("/fhir"):
        return DEFAULT_TENANT, [part for part in path[5:].split("/") if part], "/fhir"
    _, _, tenant, _, *rest = path.split("/")
    return tenant, [part for part in rest if part], f"/t/{tenant}/fhir"


def _request_id(request: FhirRequest) -> str:
    """The client's X-Request-Id, or one of the server's (R4 http.html#custom)."""
    given = request.headers.get(b"x-request-id", b"")
    return given.decode() if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _failure(error: Exception, interaction: str, request_id: str) -> FhirResponse:
    log_failure(error, interaction, request_id)
    return FhirResponse(500, outcome_text(failure_issue(request_id)))


def _options(address: Address) -> list[tuple[bytes, bytes]]:
    if "PATCH" not in address.methods:
        return [_allow(address)]
    return [_allow(address), (b"accept-patch", ", ".join(PATCH_TYPES).encode())]


def _allow(address: Address) -> tuple[bytes, bytes]:
    return b"allow", ", ".join(address.methods).encode()


def _refused_method(method: str, address: Address) -> FhirResponse:
    response = refusal(MethodNotAllowed(f"{method} does not apply to this address; {', '.join(address.methods)} do."))
    response.headers.append(_allow(address))
    return response
