"""`NamingSystem/$preferred-id`: another identifier of a system (R4 namingsystem-operation-preferred-id.html)."""

from typing import get_args

from cordee.api.operations import answers
from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.fhir.outcome import FhirError, NotFound
from cordee.fhir.terminology.naming_system import IdKind
from cordee.store.reader import Reader
from cordee.terminology.naming import preferred_id

_KINDS = get_args(IdKind)


async def _preferred_id(reader: Reader, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    identifier, wanted = arguments.text("id") or "", arguments.text("type")
    kind = next((known for known in _KINDS if known == wanted), None)
    if kind is None:
        raise FhirError(f"«{wanted}» is not a type: {', '.join(_KINDS)}.", path=arguments.place("type"))
    found = await preferred_id(reader, identifier, kind)
    if found is None:
        raise NotFound(f"Nothing here tells an identifier of type {kind} of the system {identifier}.")
    return answers.parameters([answers.text("result", found)])


PREFERRED_ID = Operation(
    code="preferred-id",
    id="naming-system-preferred-id",
    resource="NamingSystem",
    levels=("type",),
    title="Another identifier of a system",
    description=(
        "The identifier of a type (OID, UUID, address) of the system that another of its identifiers names: what "
        "stored NamingSystems say, the identifiers of stored CodeSystems, and the OIDs of those that the standard "
        "knows."
    ),
    inputs=(
        Input("id", "string", "The identifier to start from: an address, an OID or UUID with or without urn:.", min=1),
        Input("type", "code", "The type of the one wanted: oid, uuid, uri or other.", min=1),
    ),
    outputs=(Output("result", "string", "The identifier; an OID or UUID without urn:.", min=1),),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "id", "valueString": "2.16.840.1.113883.6.1"},
            {"name": "type", "valueCode": "uri"},
        ],
    },
    read=_preferred_id,
)
