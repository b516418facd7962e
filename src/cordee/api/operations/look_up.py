"""`CodeSystem/$lookup` and `CodeSystem/$subsumes` (R4 codesystem-operation-lookup.html, -subsumes.html)."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from cordee.api.operations import answers
from cordee.api.operations.answers import Part
from cordee.api.operations.arguments import Input
from cordee.api.operations.codings import CODE, CODING, DISPLAY_LANGUAGE, SYSTEM, code_asked, required_system
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.fhir.outcome import FhirError
from cordee.store.reader import Reader
from cordee.store.terminology.concepts import Detail
from cordee.terminology.codes import look_up, subsumes
from cordee.terminology.sources import CodeSystem
from cordee.terminology.words import in_language

_VERSION = Input("version", "string", "Which version of the code system; the highest active one when not given.")
_ALWAYS = ("name", "version", "display", "designation", "definition", "system", "code", "url")


async def _lookup(reader: Reader, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    (coded,) = code_asked(arguments, concept=False)
    system, found = await look_up(reader, required_system(coded))
    return answers.parameters(
        _described(system, found, arguments.text("displayLanguage"), frozenset(arguments.texts("property")))
    )


def _described(system: CodeSystem, found: Detail, language: str | None, wanted: frozenset[str]) -> Iterable[Part]:
    """Without `wanted`, all properties; `designation` among those that are wanted brings the designations."""
    resource = system.known.resource
    yield answers.text("name", resource.get("title") or resource.get("name") or system.url)
    if system.version:
        yield answers.text("version", system.version)
    designations = found.said.get("designation", ())
    yield answers.text("display", in_language(found.concept.display, designations, language) or found.concept.code)
    if "definition" in found.said and (not wanted or "definition" in wanted):
        definition = answers.text("value", found.said["definition"])
        yield answers.group("property", (answers.code("code", "definition"), definition))
    if not wanted or "designation" in wanted:
        for designation in designations:
            yield answers.group("designation", _designation(designation))
    named = wanted.difference(_ALWAYS)
    for code, values in (("parent", found.parents), ("child", found.children)):
        if not wanted or code in named:
            for near in values:
                yield answers.group("property", (answers.code("code", code), answers.code("value", near)))
    for said in found.said.get("property", ()):
        if said["code"] not in ("parent", "child") and (not wanted or said["code"] in named):
            member = next(name for name in said if name.startswith("value"))
            yield answers.group(
                "property", (answers.code("code", said["code"]), {"name": "value", member: said[member]})
            )


def _designation(designation: Mapping[str, Any]) -> Iterable[Part]:
    if "language" in designation:
        yield answers.code("language", designation["language"])
    if "use" in designation:
        yield {"name": "use", "valueCoding": designation["use"]}
    yield answers.text("value", designation["value"])


async def _subsumes(reader: Reader, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    system, version = arguments.text("system"), arguments.text("version")
    if asked.id:
        resource = orjson.loads((await reader.read("CodeSystem", asked.id)).body)
        system, version = resource.get("url"), resource.get("version")
    codes, systems = [], {system} - {None}
    for bare, whole in (("codeA", "codingA"), ("codeB", "codingB")):
        code, codings = arguments.text(bare), arguments.structures(whole)
        if (code is None) == (not codings):
            raise FhirError(f"Give either {bare} or {whole}.", path="Parameters.parameter")
        codes.append(code or str(codings[0].get("code", "")))
        systems |= {coding["system"] for coding in codings if "system" in coding}
    if len(systems) != 1:
        said = " and ".join(sorted(map(str, systems))) or "none"
        raise FhirError(f"Both codes must be of one code system; there is {said}.", path="system")
    return answers.parameters([answers.code("outcome", await subsumes(reader, systems.pop() or "", version, *codes))])


LOOKUP = Operation(
    code="lookup",
    id="code-system-lookup",
    resource="CodeSystem",
    levels=("type",),
    title="Look a code up",
    description="What a code means: its display, definition, designations, properties, parents and children.",
    inputs=(
        CODE,
        SYSTEM,
        _VERSION,
        CODING,
        DISPLAY_LANGUAGE,
        Input("property", "code", "A property to answer; all of them when none is given.", max=None),
    ),
    outputs=(
        Output("name", "string", "What the code system is called.", min=1),
        Output("version", "string", "Its version."),
        Output("display", "string", "What the code is called.", min=1),
        Output(
            "designation",
            "",
            "Another way to call it.",
            max=None,
            parts=(
                Output("language", "code", "Its language."),
                Output("use", "Coding", "What it is for."),
                Output("value", "string", "The words.", min=1),
            ),
        ),
        Output(
            "property",
            "",
            "One value of a property.",
            max=None,
            parts=(
                Output("code", "code", "The property.", min=1),
                Output("value", "Element", "Its value: code, Coding, string, integer, boolean, dateTime or decimal."),
            ),
        ),
    ),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "system", "valueUri": "https://cordee.example/fhir/CodeSystem/payee-kind"},
            {"name": "code", "valueCode": "member"},
        ],
    },
    read=_lookup,
)

SUBSUMES = Operation(
    code="subsumes",
    id="code-system-subsumes",
    resource="CodeSystem",
    levels=("type", "instance"),
    title="How two codes stand to each other",
    description="Whether one code of a system is above the other in its hierarchy.",
    inputs=(
        Input("codeA", "code", "The first code."),
        Input("codeB", "code", "The second code."),
        SYSTEM,
        _VERSION,
        Input("codingA", "Coding", "The first code, as a Coding."),
        Input("codingB", "Coding", "The second code, as a Coding."),
    ),
    outputs=(Output("outcome", "code", "equivalent, subsumes, subsumed-by or not-subsumed.", min=1),),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "system", "valueUri": "https://cordee.example/fhir/CodeSystem/payee-kind"},
            {"name": "codeA", "valueCode": "member"},
            {"name": "codeB", "valueCode": "structure"},
        ],
    },
    read=_subsumes,
)
