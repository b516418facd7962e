"""From a request to the service: the arguments read, the operation carried out."""

from cordee.api.addresses import Address
from cordee.api.media_types import media_type
from cordee.api.operations.arguments import Arguments, from_parameters, from_query
from cordee.api.operations.definition import Asked, Operation, OwnBody
from cordee.api.operations.posted_resource import arguments_with_resource
from cordee.api.operations.table import operation_at
from cordee.api.policies import default_policies
from cordee.api.request import FhirRequest
from cordee.api.response import FhirResponse
from cordee.fhir.body import accept, with_own_references_relative
from cordee.fhir.outcome import FhirError
from cordee.settings import Settings
from cordee.store.reader import Reader
from cordee.store.repository import Repository


async def read_operation(address: Address, settings: Settings, request: FhirRequest, reader: Reader) -> FhirResponse:
    """The answer of an operation that changes nothing; raises `FhirError`."""
    operation = operation_at(address.shape)
    _refuse_as_entry(operation, request)
    asked = await _asked(operation, address, settings, request)
    if operation.read is None:
        raise TypeError(f"{operation.name} writes: it is not to be asked of a reader")
    return await operation.read(reader, asked)


async def run_operation(
    address: Address, settings: Settings, request: FhirRequest, repository: Repository
) -> FhirResponse:
    """The answer of any operation; raises `FhirError`."""
    operation = operation_at(address.shape)
    if operation.write is None or (operation.read is not None and request.method != "POST"):
        return await read_operation(address, settings, request, repository)
    _refuse_as_entry(operation, request)
    if operation.write_posted is not None and request.is_ndjson:
        inputs = [one for one in operation.inputs if one.name in operation.posted_inputs]
        given = from_query(
            inputs, request.search_parameters(), lenient=request.preferences.lenient, base_url=request.base_url
        )
        return await operation.write_posted(repository, _about(address, settings, request, given), request.blocks())
    return await operation.write(repository, await _asked(operation, address, settings, request))


def _refuse_as_entry(operation: Operation, request: FhirRequest) -> None:
    if operation.is_job and request.is_entry:
        raise FhirError(f"{operation.name} is carried out in the background: ask for it by itself, not in a Bundle.")


async def _asked(operation: Operation, address: Address, settings: Settings, request: FhirRequest) -> Asked:
    own = _own_body(operation, request)
    posted = b""
    if request.method == "POST":
        read = request.resource_body if own is None else request.body
        posted = await read(settings.max_body_bytes)
    return _about(address, settings, request, _arguments(operation, request, posted, own), posted)


def _about(
    address: Address, settings: Settings, request: FhirRequest, arguments: Arguments, posted: bytes = b""
) -> Asked:
    return Asked(
        address.id,
        arguments,
        request.base_url,
        address.type,
        request.parameter("_cursor"),
        posted,
        default_policies(settings),
        request.preferences.lenient,
        request.preferences.later,
        request.url,
        settings,
    )


def _arguments(operation: Operation, request: FhirRequest, posted: bytes, own: OwnBody | None) -> Arguments:
    """Of the query for a GET, of the body for a POST, which may be empty (R4 operations.html#request)."""
    lenient = request.preferences.lenient or bool(operation.searches)
    base_url = request.base_url
    pairs = request.search_parameters()
    if request.method != "POST":
        return from_query(operation.inputs, pairs, lenient=lenient, base_url=base_url)
    if own is not None and (texts := own.read(posted)) is not None:
        return from_query(operation.inputs, [*pairs, *texts.items()], lenient=lenient, base_url=base_url)
    body = with_own_references_relative(posted, base_url)
    if operation.resource_input is not None:
        return arguments_with_resource(operation, body, pairs, lenient=lenient, base_url=base_url)
    if pairs:
        names = ", ".join(sorted({name for name, _ in pairs}))
        raise FhirError(f"The parameters of a POST stand in its body, not in its address: {names}.")
    resource = accept(body, "Parameters").resource if body.strip() else {}
    return from_parameters(operation.inputs, resource, lenient=lenient, base_url=base_url)


def _own_body(operation: Operation, request: FhirRequest) -> OwnBody | None:
    declared = media_type(request.header(b"content-type") or "")[0]
    return next((own for own in operation.own_bodies if own.media_type == declared), None)
