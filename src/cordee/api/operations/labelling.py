"""`$meta`, `$meta-add`, `$meta-delete`: a resource's labels (R4 resource-operations.html)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import ANY_TYPE, Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.fhir.meta_labels import with_labels, without_labels
from cordee.fhir.patch import accept_patched
from cordee.fhir.patch.resource_text import resource_from_text, text_of
from cordee.fhir.stored_version import StoredVersion
from cordee.store.reader import Reader
from cordee.store.repository import Repository


async def _read(reader: Reader, asked: Asked) -> FhirResponse:
    return _meta(await reader.read(asked.type, asked.id))


def _changed_by(
    change: Callable[[str, Mapping[str, Any]], bytes],
) -> Callable[[Repository, Asked], Awaitable[FhirResponse]]:
    async def write(repository: Repository, asked: Asked) -> FhirResponse:
        (labels,) = asked.arguments.structures("meta")
        written = await repository.patch(asked.type, asked.id, lambda body: accept_patched(change(body, labels), body))
        if written.version is None:
            raise TypeError("a patch leaves a version")
        return _meta(written.version)

    return write


def _meta(version: StoredVersion) -> FhirResponse:
    meta = resource_from_text(version.body)["meta"]
    said = {"resourceType": "Parameters", "parameter": [{"name": "return", "valueMeta": meta}]}
    return FhirResponse(200, text_of(said), version)


_RETURN = Output("return", "Meta", "The meta of the resource as it now stands.", min=1)
_LABELS = Input("meta", "Meta", "Profiles, security labels and tags; its other elements count not.", min=1)
_EXAMPLE = {
    "resourceType": "Parameters",
    "parameter": [{"name": "meta", "valueMeta": {"tag": [{"system": "https://example.org/tags", "code": "a-revoir"}]}}],
}

META = Operation(
    code="meta",
    resource=ANY_TYPE,
    levels=("instance",),
    title="What labels does this resource have?",
    description="The meta of a resource: its profiles, security labels, tags and version.",
    inputs=(),
    outputs=(_RETURN,),
    example={"resourceType": "Parameters"},
    read=_read,
)
META_ADD = Operation(
    code="meta-add",
    resource=ANY_TYPE,
    levels=("instance",),
    title="Label this resource",
    description=(
        "Adds profiles, security labels and tags that the resource does not have, as its next version. A tag is its "
        "system and code. Adding what is there already writes nothing."
    ),
    inputs=(_LABELS,),
    outputs=(_RETURN,),
    example=_EXAMPLE,
    write=_changed_by(with_labels),
)
META_DELETE = Operation(
    code="meta-delete",
    resource=ANY_TYPE,
    levels=("instance",),
    title="Take labels off this resource",
    description=(
        "Takes profiles, security labels and tags off the resource, as its next version. Taking off what is not there "
        "writes nothing."
    ),
    inputs=(_LABELS,),
    outputs=(_RETURN,),
    example=_EXAMPLE,
    write=_changed_by(without_labels),
)
