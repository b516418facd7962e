"""From a request to the service: the arguments read, the operation carried out."""

from cordee.api.addresses import Address
from cordee.api.operations.arguments import Arguments, from_parameters, from_query
from cordee.api.operations.definition import Asked, Operation
from cordee.api.operations.posted_resource import arguments_with_resource
from cordee.api.operations.table import operation_at
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
    return await operation.write(repository, await _asked(operation, address, settings, request))


async def _asked(operation: Operation, address: Address, settings: Settings, request: FhirRequest) -> Asked:
    posted = await request.resource_body(settings.max_body_bytes) if request.method == "POST" else b""
    arguments = _arguments(operation, request, posted)
    return Asked(address.id, arguments, request.base_url, address.type, request.parameter("_cursor"), posted)


def _arguments(operation: Operation, request: FhirRequest, posted: bytes) -> Arguments:
    """Of the query for a GET, of the body for a POST, which may be empty (R4 operations.html#request)."""
    lenient, base_url = request.preferences.lenient, request.base_url
    pairs = request.search_parameters()
    if request.method != "POST":
        return from_query(operation.inputs, pairs, lenient=lenient, base_url=base_url)
    body = with_own_references_relative(posted, base_url)
    if operation.resource_input is not None:
        return arguments_with_resource(operation, body, pairs, lenient=lenient, base_url=base_url)
    if pairs:
        names = ", ".join(sorted({name for name, _ in pairs}))
        raise FhirError(f"The parameters of a POST stand in its body, not in its address: {names}.")
    resource = accept(body, "Parameters").resource if body.strip() else {}
    return from_parameters(operation.inputs, resource, lenient=lenient, base_url=base_url)
