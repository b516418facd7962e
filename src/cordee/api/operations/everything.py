"""`$everything` of a patient, an encounter, a plan (R4 operation-patient-everything.html and its like)."""

from collections.abc import Sequence

import orjson

from cordee.api.operations.arguments import Arguments, Input
from cordee.api.operations.definition import Asked, Operation, Output
from cordee.api.response import FhirResponse
from cordee.api.searchsets import link
from cordee.claims.care_view import care_view
from cordee.fhir import bundle_text
from cordee.fhir.bundle_text import SearchEntry
from cordee.fhir.care_records import patients_named
from cordee.fhir.definitions import load_definitions
from cordee.fhir.gathering import Gathering, Part, around_encounter, around_patient
from cordee.fhir.outcome import FhirError, Issue
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.temporal import EARLIEST, LATEST, DateRange
from cordee.store.gathered_page import GatheredPage
from cordee.store.reader import Reader


async def _of_patients(reader: Reader, asked: Asked) -> FhirResponse:
    if not asked.id:
        part, count = _part(asked.arguments), _count(asked.arguments)
        return _answer(asked, await reader.everyone(part, count=count, position=asked.cursor))
    patient = await reader.read("Patient", asked.id)
    return await _page(reader, asked, around_patient(asked.id, patients_named(orjson.loads(patient.body))))


async def _of_encounter(reader: Reader, asked: Asked) -> FhirResponse:
    encounter = await reader.read("Encounter", asked.id)
    return await _page(reader, asked, around_encounter(asked.id, patients_named(orjson.loads(encounter.body))))


async def _of_plan(reader: Reader, asked: Asked) -> FhirResponse:
    return await _page(reader, asked, await care_view(reader, asked.id))


async def _page(reader: Reader, asked: Asked, gathering: Gathering) -> FhirResponse:
    arguments = asked.arguments
    page = await reader.gather(
        gathering, _part(arguments), count=_count(arguments), position=asked.cursor, base_url=asked.base_url
    )
    return _answer(asked, page)


def _answer(asked: Asked, page: GatheredPage) -> FhirResponse:
    entries = [*_entries(asked, page.matches, "match"), *_entries(asked, page.included, "include")]
    here = "/".join(part for part in (asked.type, asked.id, "$everything") if part)
    query = list(asked.arguments.query)
    links = [("self", link(asked.base_url, here, query))]
    if page.following is not None:
        links.append(("next", link(asked.base_url, here, [*query, ("_cursor", page.following)])))
    is_all = page.following is None and asked.cursor is None
    return FhirResponse(200, bundle_text.searchset(entries, links, len(entries) if is_all else None))


def _entries(asked: Asked, versions: Sequence[StoredVersion], mode: str) -> list[SearchEntry]:
    return [SearchEntry(f"{asked.base_url}/{v.resource_type}/{v.id}", v.body.encode(), mode) for v in versions]


def _part(arguments: Arguments) -> Part:
    since = arguments.time("_since")
    care = _care(arguments) if arguments.takes("start") else None
    return Part(_types(arguments), None if since is None else since.low, care)


def _care(arguments: Arguments) -> DateRange | None:
    start, end = arguments.time("start"), arguments.time("end")
    if start is None and end is None:
        return None
    care = DateRange(EARLIEST if start is None else start.low, LATEST if end is None else end.high)
    if care.low >= care.high:
        raise FhirError("end is before start.", path=arguments.place("end"))
    return care


def _types(arguments: Arguments) -> frozenset[str] | None:
    given = [type_ for text in arguments.texts("_type") for type_ in text.split(",")]
    known = load_definitions().resource_types
    if unknown := [type_ for type_ in given if type_ not in known]:
        sentence = f"_type: R4 has no resource type {', '.join(repr(type_) for type_ in unknown)}."
        raise FhirError(sentence, issues=[Issue("error", "value", sentence, arguments.place("_type"))])
    return frozenset(given) or None


def _count(arguments: Arguments) -> int | None:
    count = arguments.number("_count")
    if count is not None and count < 1:
        raise FhirError("_count must be 1 or more.", path=arguments.place("_count"))
    return count


_SINCE = Input("_since", "instant", "Only what was written at this time or later.")
_TYPE = Input("_type", "code", "Only resources of these types, a comma between them.", max=None)
_COUNT = Input("_count", "integer", "How many a page, at most. Without it all come at once, up to 10,000 and 32 MB.")
_CARE = (
    Input("start", "date", "Care given on this day, month or year, or later.", partial=True),
    Input("end", "date", "Care given on this day, month or year, or before.", partial=True),
)
_RETURN = Output("return", "Bundle", "A searchset; `next` leads to the rest.", min=1)
_PAGED = (
    " Whatever these refer to is there too, once: practitioners, organizations, locations, medications, attachments; "
    "but nothing that is about another patient."
)

PATIENT_EVERYTHING = Operation(
    code="everything",
    id="patient-everything",
    resource="Patient",
    levels=("instance", "type"),
    title="All that is known about this patient, or about all patients",
    description=(
        "The patient, and all that is in the patient compartment; Tasks, Contracts and Devices too." + _PAGED + " At "
        "type level, the same of all patients; then all resources of the types that their records may refer to."
    ),
    inputs=(*_CARE, _SINCE, _TYPE, _COUNT),
    outputs=(_RETURN,),
    example={
        "resourceType": "Parameters",
        "parameter": [{"name": "start", "valueDate": "2026-01-01"}, {"name": "_count", "valueInteger": 100}],
    },
    read=_of_patients,
)
ENCOUNTER_EVERYTHING = Operation(
    code="everything",
    id="encounter-everything",
    resource="Encounter",
    levels=("instance",),
    title="All that is known about this encounter",
    description="The encounter, and all that is in its compartment." + _PAGED,
    inputs=(_SINCE, _TYPE, _COUNT),
    outputs=(_RETURN,),
    example={"resourceType": "Parameters", "parameter": [{"name": "_type", "valueCode": "Encounter,Observation"}]},
    read=_of_encounter,
)
CARE_PLAN_EVERYTHING = Operation(
    code="everything",
    id="care-plan-everything",
    resource="CarePlan",
    levels=("instance",),
    title="The care view of this plan",
    description=(
        "The plan with its patient, care circle, goals and conditions; its sessions with their observations and "
        "documents; its Claims with their answers and payments; its Tasks, and all else that refers to it." + _PAGED
    ),
    inputs=(*_CARE, _SINCE, _TYPE, _COUNT),
    outputs=(_RETURN,),
    example={"resourceType": "Parameters", "parameter": [{"name": "_since", "valueInstant": "2026-03-01T00:00:00Z"}]},
    read=_of_plan,
)
