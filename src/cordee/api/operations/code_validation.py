"""`$validate-code` of a CodeSystem and of a ValueSet (R4 codesystem- and valueset-operation-validate-code.html)."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from cordee.api.operations import answers
from cordee.api.operations.arguments import Input
from cordee.api.operations.codings import (
    CODE,
    CODEABLE_CONCEPT,
    CODING,
    DISPLAY_LANGUAGE,
    SYSTEM,
    canonical_asked,
    code_asked,
    missing,
    required_system,
)
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.fhir.outcome import FhirError
from cordee.fhir.terminology.concept_map import Coded
from cordee.store.reader import Reader
from cordee.terminology.codes import Judged, validate_in_given, validate_in_system, validate_in_value_set
from cordee.terminology.expanding import expansion_of, expansion_of_given
from cordee.terminology.sources import Sources

_DISPLAY = Input("display", "string", "What the code is said to be called; checked when given.")
_ABSTRACT = Input("abstract", "boolean", "Whether a code that only groups others will do; it does when not given.")
_ABOUT_THE_CODE = (_DISPLAY, CODING, CODEABLE_CONCEPT, _ABSTRACT, DISPLAY_LANGUAGE)
_OUTPUTS = (
    Output("result", "boolean", "Whether the code is valid.", min=1),
    Output("message", "string", "Why not, or what could not be checked."),
    Output("display", "string", "What the code is called."),
)


async def _validate_in_system(reader: Reader, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    url, resource = await canonical_asked(reader, asked, "CodeSystem", given="codeSystem", version="version")
    language = arguments.text("displayLanguage")
    if url is None and resource is not None:
        whole = resource
        codes = code_asked(arguments, system=resource.get("url"))

        async def judge_given(coded: Coded) -> Judged:
            return validate_in_given(whole, coded, language)

        return await _answer(codes, judge_given)
    system, _, version = (url or "").partition("|")
    codes = tuple(required_system(coded) for coded in code_asked(arguments, system=system or None))
    elsewhere = next((coded for coded in codes if system and coded.system != system), None)
    if elsewhere is not None:
        raise FhirError(f"{elsewhere.code} is said to be of {elsewhere.system}, not of {system}.", path="coding.system")

    async def judge(coded: Coded) -> Judged:
        meant = replace(coded, version=coded.version or version or None)
        return await validate_in_system(reader, meant, language, abstract=_takes_abstract(asked))

    return await _answer(codes, judge)


async def _validate_in_value_set(reader: Reader, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    canonical, resource = await canonical_asked(reader, asked, "ValueSet", given="valueSet", version="valueSetVersion")
    if resource is not None:
        expansion = await expansion_of_given(reader, resource, Sources(reader))
    elif canonical is not None:
        expansion = await expansion_of(reader, canonical)
    else:
        raise missing("value set", "valueSet")
    name = canonical or "given"

    async def judge(coded: Coded) -> Judged:
        return await validate_in_value_set(
            reader, name, expansion, coded, arguments.text("displayLanguage"), abstract=_takes_abstract(asked)
        )

    return await _answer(code_asked(arguments, version="systemVersion"), judge)


def _takes_abstract(asked: Asked) -> bool:
    return asked.arguments.text("abstract") is None or asked.arguments.flag("abstract")


async def _answer(codes: Iterable[Coded], judge: Callable[[Coded], Awaitable[Judged]]) -> FhirResponse:
    """One valid code is enough; else what is wrong with each is told."""
    judged = [await judge(coded) for coded in codes]
    valid = next((one for one in judged if one.result), None)
    said = valid or judged[0]
    message = said.message if valid else " ".join(one.message for one in judged if one.message)
    parts = [answers.flag("result", said.result)]
    if message:
        parts.append(answers.text("message", message))
    if said.display:
        parts.append(answers.text("display", said.display))
    return answers.parameters(parts)


VALIDATE_IN_SYSTEM = Operation(
    code="validate-code",
    id="code-system-validate-code",
    resource="CodeSystem",
    levels=("type", "instance"),
    title="Validate a code of a code system",
    description="Whether a code is one of a code system, and is called what it is said to be called.",
    inputs=(
        Input("url", "uri", "The canonical address of the code system."),
        Input("codeSystem", "CodeSystem", "The code system itself."),
        Input("code", "code", "The code."),
        Input("version", "string", "Which version of the code system; the highest active one when not given."),
        *_ABOUT_THE_CODE,
    ),
    outputs=_OUTPUTS,
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "url", "valueUri": "https://cordee.example/fhir/CodeSystem/payee-kind"},
            {"name": "code", "valueCode": "member"},
        ],
    },
    read=_validate_in_system,
)

VALIDATE_IN_VALUE_SET = Operation(
    code="validate-code",
    id="value-set-validate-code",
    resource="ValueSet",
    levels=("type", "instance"),
    title="Validate a code of a value set",
    description=(
        "Whether a code, or one of those of a CodeableConcept, is in a value set, and is called what it is said to be "
        "called. Without a system, the code must be of one system only."
    ),
    inputs=(
        Input("url", "uri", "The canonical address of the value set, maybe with |version."),
        Input("valueSet", "ValueSet", "The value set itself."),
        Input("valueSetVersion", "string", "Which version of the value set; the highest active one when not given."),
        CODE,
        SYSTEM,
        Input("systemVersion", "string", "Which version of the code system."),
        *_ABOUT_THE_CODE,
    ),
    outputs=_OUTPUTS,
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "url", "valueUri": "http://hl7.org/fhir/ValueSet/administrative-gender"},
            {"name": "system", "valueUri": "http://hl7.org/fhir/administrative-gender"},
            {"name": "code", "valueCode": "female"},
        ],
    },
    read=_validate_in_value_set,
)
