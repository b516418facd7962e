"""`$convert`: a resource from JSON to XML or back (R4 operation-resource-convert.html)."""

import msgspec

from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import ANY_TYPE, Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.fhir.body import accept, compact_text
from cordee.fhir.outcome import FhirError
from cordee.store.reader import Reader

_WRAPPED = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PARAMETERS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


async def _convert(_reader: Reader, asked: Asked) -> FhirResponse:
    given = asked.arguments.structures("input")
    if not given:
        raise FhirError("A resource is needed: bare, or as the parameter input of Parameters.", path="input")
    text = asked.posted  # as written: parsed, 72.50 would be 72.5
    if asked.arguments.has_place("input"):
        text = _wrapped(text)
    accept(text)
    return FhirResponse(200, compact_text(text))


def _wrapped(parameters: bytes) -> bytes:
    """The text of the resource inside of Parameters, as it is written there: decimals keep their digits."""
    entries = _PARAMETERS.decode(_WRAPPED.decode(parameters)["parameter"])
    return next(bytes(entry["resource"]) for entry in entries if "resource" in entry)


CONVERT = Operation(
    code="convert",
    resource=None,
    levels=("system",),
    title="Write this resource in another format",
    description=(
        "Answers the resource POSTed, in the format that Accept or _format asks for, JSON or XML; decimals, extensions "
        "of primitives and narrative stay as they were. Nothing is stored. What is no R4 resource is refused, each "
        "fault with its place."
    ),
    inputs=(Input("input", ANY_TYPE, "The resource; it may also be the body itself."),),
    outputs=(Output("return", ANY_TYPE, "The same resource.", min=1),),
    example={
        "resourceType": "Parameters",
        "parameter": [{"name": "input", "resource": {"resourceType": "Patient", "name": [{"family": "Exemple"}]}}],
    },
    read=_convert,
)
