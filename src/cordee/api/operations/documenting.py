"""`$document`: a Composition and what it is made of, in one Bundle (R4 operation-composition-document.html)."""

from collections.abc import Mapping

from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.fhir.body import accept
from cordee.fhir.document import IDENTIFIER_SYSTEM, document_text
from cordee.fhir.outcome import FhirError, Issue
from cordee.fhir.query import parse_search
from cordee.store.reader import Reader
from cordee.store.repository import Repository


async def _read(reader: Reader, asked: Asked) -> FhirResponse:
    if asked.arguments.flag("persist"):
        place = asked.arguments.place("persist")
        raise FhirError("persist=true stores the document, which a GET can't do: POST it.", path=place)
    return FhirResponse(200, await _document(reader, asked))


async def _write(repository: Repository, asked: Asked) -> FhirResponse:
    text = await _document(repository, asked)
    if not asked.arguments.flag("persist"):
        return FhirResponse(200, text)
    document = accept(text, "Bundle")
    identifier = document.resource["identifier"]["value"]
    same = parse_search("Bundle", [("identifier", f"{IDENTIFIER_SYSTEM}|{identifier}")])
    written = await repository.create(document, same)
    if written.version is None:
        raise TypeError("a create leaves a version")
    location = f"{asked.base_url}/Bundle/{written.version.id}/_history/{written.version.version}"
    return FhirResponse(200, written.version.body.encode(), written.version, location)


async def _document(reader: Reader, asked: Asked) -> bytes:
    if asked.arguments.text("graph") is not None:
        sentence = "graph: what a document holds is not told by a GraphDefinition here; leave it out."
        raise FhirError(sentence, issues=[Issue("error", "not-supported", sentence, asked.arguments.place("graph"))])
    composition = await reader.read("Composition", _id(asked))
    return document_text(asked.base_url, composition, await reader.document_parts(composition, asked.base_url))


def _id(asked: Asked) -> str:
    named = asked.arguments.text("id")
    if asked.id:
        if named is not None:
            raise FhirError(
                "The address names the Composition: id can't name another.", path=asked.arguments.place("id")
            )
        return asked.id
    if named is None:
        raise FhirError("id is needed: the Composition to make a document of.", path="id")
    id_ = named.removeprefix(f"{asked.base_url}/").removeprefix("Composition/")
    if "/" in id_ or ":" in id_:
        sentence = f"{named} is on another server, or no Composition: documents are made of what is stored here."
        raise FhirError(sentence, issues=[Issue("error", "not-supported", sentence, asked.arguments.place("id"))])
    return id_


_EXAMPLE: Mapping[str, object] = {
    "resourceType": "Parameters",
    "parameter": [{"name": "id", "valueUri": "exemple"}, {"name": "persist", "valueBoolean": False}],
}

DOCUMENT = Operation(
    code="document",
    resource="Composition",
    levels=("instance", "type"),
    title="The document of this Composition",
    description=(
        "A Bundle of type document: the Composition, all that it names, and what that refers to in turn, as far as it "
        "is here and about no other patient. Of the same versions it is the same document, to the byte. What the "
        "Composition names and is not here is refused, each reference with its place."
    ),
    inputs=(
        Input("id", "uri", "At type level: the Composition, by its id or its address here."),
        Input("persist", "boolean", "Whether to store the document, once; Location tells where. Only by POST."),
        Input("graph", "uri", "Refused: what a document holds is not told by a GraphDefinition here."),
    ),
    outputs=(Output("return", "Bundle", "The document.", min=1),),
    example=_EXAMPLE,
    read=_read,
    write=_write,
)
