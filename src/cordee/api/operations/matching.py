"""`Patient/$match`: which stored patients are, or could be, this person (R4 patient-operation-match.html)."""

from collections.abc import Mapping
from typing import Any

import orjson

from cordee.api.operations.answers import in_both_languages
from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse, outcome_text
from cordee.claims import canonical
from cordee.fhir import bundle_text
from cordee.fhir.body import accept
from cordee.fhir.bundle_text import SearchEntry
from cordee.fhir.outcome import FhirError, Issue, Unprocessable
from cordee.identity.grading import LEAST_POINTS, most_points
from cordee.identity.matching import Found, Matches, find_matches
from cordee.identity.traits import Identity, identity_of
from cordee.store.reader import Reader

_DEFAULT_COUNT, _MOST_COUNT = 20, 100
_GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"


async def _match(reader: Reader, asked: Asked) -> FhirResponse:
    person = identity_of(_patient(asked))
    _require_enough(person)
    count = _count(asked)
    matches = await find_matches(reader, person)
    issues = [Issue("information", "incomplete", f"{said.fr} / {said.en}") for said in matches.cut]
    found = matches.found
    if asked.arguments.flag("onlyCertainMatches"):
        found, issues = _only_certain(matches, issues)
    entries = [_entry(one, asked.base_url) for one in found[:count]]
    if issues:
        entries.append(SearchEntry(None, outcome_text(*issues), "outcome"))
    return FhirResponse(200, bundle_text.searchset(entries, (), len(found)))


def _patient(asked: Asked) -> Mapping[str, Any]:
    """The Patient given, checked; raises `InvalidResource` or `MalformedBody`."""
    return accept(orjson.dumps(asked.arguments.structures("resource")[0]), "Patient").resource


def _require_enough(person: Identity) -> None:
    if person.ins or person.identifiers or most_points(person) >= LEAST_POINTS:
        return
    raise Unprocessable(
        "What is given fits too many people: give an identifier with its system, or two at least of a family name, "
        "first names and a birth date.",
        path="Patient",
    )


def _count(asked: Asked) -> int:
    count = asked.arguments.number("count")
    if count is None:
        return _DEFAULT_COUNT
    if count < 1:
        raise FhirError(f"count is {count}; a whole number from 1 was expected.", path=asked.arguments.place("count"))
    return min(count, _MOST_COUNT)


def _only_certain(matches: Matches, issues: list[Issue]) -> tuple[tuple[Found, ...], list[Issue]]:
    """The one certain match. Several are none: nobody could tell which one to use."""
    certain = matches.certain
    if len(certain) < 2:
        return certain, issues
    records = ", ".join(f"Patient/{one.version.id}" for one in certain)
    text = (
        f"Plusieurs fiches sont certaines, à fusionner : {records}. / "
        f"Several records are certain, and should be merged: {records}."
    )
    return (), [*issues, Issue("warning", "multiple-matches", text)]


def _entry(found: Found, base: str) -> SearchEntry:
    version, compared = found.version, found.compared
    said = [{"url": canonical.MATCH_REASON, **in_both_languages(reason)} for reason in compared.reasons]
    grade = {"url": _GRADE, "valueCode": compared.grade.code}
    text = version.body.encode()
    address = f"{base}/{version.resource_type}/{version.id}"
    return SearchEntry(address, text, "match", float(compared.score), (grade, *said))


MATCH = Operation(
    code="match",
    id="patient-match",
    resource="Patient",
    levels=("type",),
    title="Which patients could this be?",
    description=(
        "The stored patients that are, or could be, the person whose traits are given: by INS, by the strict traits "
        "(birth name, first names, birth date, sex, place of birth), and by what is close to them. Each is answered "
        "with its grade, its score and the reasons; best first. Nothing is written."
    ),
    inputs=(
        Input("resource", "Patient", "What is known of the person, as a Patient, complete or not.", min=1),
        Input(
            "onlyCertainMatches",
            "boolean",
            "Only a match that is certain; where several are, none, and a warning that names them.",
        ),
        Input("count", "integer", f"How many to answer at most, {_MOST_COUNT} at most; {_DEFAULT_COUNT} by default."),
    ),
    outputs=(Output("return", "Bundle", "The patients found, each with its score, its grade and the reasons.", min=1),),
    example={
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "resource",
                "resource": {
                    "resourceType": "Patient",
                    "name": [{"use": "official", "family": "Exemple", "given": ["Camille"]}],
                    "gender": "female",
                    "birthDate": "1974-12-25",
                },
            },
            {"name": "count", "valueInteger": 5},
        ],
    },
    read=_match,
)
