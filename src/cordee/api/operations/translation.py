"""`ConceptMap/$translate`: a code in another system, both ways (R4 conceptmap-operation-translate.html)."""

from collections.abc import Sequence

from cordee.api.operations import answers
from cordee.api.operations.answers import Part
from cordee.api.operations.arguments import Input
from cordee.api.operations.codings import CODE, CODEABLE_CONCEPT, CODING, SYSTEM, canonical_asked, code_asked
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.fhir.terminology.concept_map import NOT_A_TRANSLATION
from cordee.store.reader import Reader
from cordee.terminology.translating import Found, Scope, concept_map, concept_maps_of, translate


async def _translate(reader: Reader, asked: Asked) -> FhirResponse:
    arguments = asked.arguments
    url, resource = await canonical_asked(reader, asked, "ConceptMap", given="conceptMap", version="conceptMapVersion")
    codes = code_asked(arguments)
    scope = Scope(
        arguments.text("source"), arguments.text("target"), arguments.text("targetsystem"), arguments.flag("reverse")
    )
    if resource is not None:
        maps = [resource]
    elif url is not None:
        maps = [await concept_map(reader, url, None)]
    else:
        maps = [m for coded in codes for m in await concept_maps_of(reader, coded, scope)]
    found = await translate(reader, maps, codes, scope)
    is_found = any(one.match.equivalence not in NOT_A_TRANSLATION for one in found)
    parts = [answers.flag("result", is_found)]
    if not is_found:
        parts.append(answers.text("message", _why_not(maps, codes[0].code)))
    return answers.parameters([*parts, *map(_match, found)])


def _why_not(maps: Sequence[object], code: str) -> str:
    if not maps:
        return f"No concept map that is stored translates {code}."
    return f"The concept map has no translation of {code} that was asked for."


def _match(found: Found) -> Part:
    match = found.match
    parts: list[Part | None] = [answers.code("equivalence", match.equivalence)]
    if match.target is not None:
        parts.append({"name": "concept", "valueCoding": match.target.coding()})
    for product in match.products:
        coding = {name: product[given] for name, given in (("system", "system"), ("code", "value")) if given in product}
        if "property" not in product or not coding:
            continue
        element = {"name": "element", "valueUri": product["property"]}
        parts.append(answers.group("product", (element, {"name": "concept", "valueCoding": coding})))
    if found.source is not None:
        parts.append({"name": "source", "valueUri": found.source})
    return answers.group("match", parts)


TRANSLATE = Operation(
    code="translate",
    id="concept-map-translate",
    resource="ConceptMap",
    levels=("type", "instance"),
    title="Translate a code",
    description=(
        "What a code is in another system, by a concept map: the one in the address, given whole, named by url, or all "
        "that are stored and have the code."
    ),
    inputs=(
        Input("url", "uri", "The canonical address of the concept map, maybe with |version."),
        Input("conceptMap", "ConceptMap", "The concept map itself."),
        Input("conceptMapVersion", "string", "Which version of the concept map; the highest active one if not given."),
        CODE,
        SYSTEM,
        Input("version", "string", "Which version of the code system the code is of."),
        Input("source", "uri", "The value set that the code is meant in."),
        CODING,
        CODEABLE_CONCEPT,
        Input("target", "uri", "The value set that a translation is wanted in."),
        Input("targetsystem", "uri", "The code system that a translation is wanted in."),
        Input("reverse", "boolean", "From the targets of the map to its sources."),
    ),
    outputs=(
        Output("result", "boolean", "Whether there is a translation.", min=1),
        Output("message", "string", "Why there is none."),
        Output(
            "match",
            "",
            "One translation.",
            max=None,
            parts=(
                Output("equivalence", "code", "How the translation stands to the code: equivalent, wider, unmatched…"),
                Output("concept", "Coding", "The translation."),
                Output(
                    "product",
                    "",
                    "What else the translation says.",
                    max=None,
                    parts=(
                        Output("element", "uri", "Of which element.", min=1),
                        Output("concept", "Coding", "Which code.", min=1),
                    ),
                ),
                Output("source", "uri", "The concept map that says so."),
            ),
        ),
    ),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {"name": "system", "valueUri": "http://hl7.org/fhir/administrative-gender"},
            {"name": "code", "valueCode": "female"},
        ],
    },
    read=_translate,
)
