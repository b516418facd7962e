"""`$export`: what the tenant holds as files of NDJSON, as a job (Bulk Data Access 2.0, hl7.org/fhir/uv/bulkdata)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from cordee.api.media_types import NDJSON
from cordee.api.operations.arguments import Input
from cordee.api.operations.definition import Asked, Operation
from cordee.api.request import FhirRequest, decode_form
from cordee.api.response import FhirResponse, File, accepted
from cordee.fhir.body import instant
from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import FhirError, Issue, NotFound
from cordee.fhir.query import Search, parse_search
from cordee.fhir.search_parameters import SearchParameters
from cordee.store.bulk_export import KIND, ExportOrder
from cordee.store.bulk_export.compartments import compartment_types
from cordee.store.jobs import Job
from cordee.store.reader import Reader
from cordee.store.repository import Repository
from cordee.terminology.search_codes import with_codes

_BETWEEN_FILTERS = re.compile(r",(?=[A-Z][A-Za-z]*\?)")
MOST_FILTERS = 50
_GUIDE = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/{}"


async def plan_export(reader: Reader, order: ExportOrder) -> Mapping[str, Sequence[Search]]:
    """The searches of each type that an order filters by, their value sets put in words of codes."""
    filters: dict[str, list[Search]] = {}
    known = await reader.search_parameters()
    for query in order.filters:
        search = await with_codes(reader, _filter(query, order.base, known))
        filters.setdefault(search.resource_type, []).append(search)
    return filters


async def _export_all(reader: Reader, asked: Asked) -> FhirResponse:
    return await _export(reader, asked, load_definitions().resource_types)


async def _export_patients(reader: Reader, asked: Asked) -> FhirResponse:
    return await _export(reader, asked, compartment_types())


async def _export_group(reader: Reader, asked: Asked) -> FhirResponse:
    await reader.read("Group", asked.id)
    return await _export(reader, asked, compartment_types())


async def _export(reader: Reader, asked: Asked, types: Sequence[str]) -> FhirResponse:
    if not isinstance(reader, Repository):
        raise FhirError("An export is no part of a transaction: ask for it by itself.")
    if not (asked.later or asked.lenient):
        raise FhirError("An export is carried out in the background: ask for it with Prefer: respond-async.")
    order = _order(asked, types, await reader.search_parameters())
    await _require_patients(reader, order.patients or ())
    await plan_export(reader, order)
    job = await reader.jobs.ask(KIND, order.as_json())
    return accepted(job.id, asked.base_url)


def _order(asked: Asked, types: Sequence[str], known: SearchParameters) -> ExportOrder:
    """What is asked; raises `FhirError` (400) with every fault at once."""
    arguments = asked.arguments
    issues: list[Issue] = []

    def refuse(name: str, code: str, sentence: str) -> None:
        issues.append(Issue("error", code, f"{name}: {sentence}", arguments.place(name)))

    given_format = arguments.text("_outputFormat")
    if given_format is not None and given_format.replace(" ", "+") not in NDJSON:
        refuse("_outputFormat", "not-supported", f"«{given_format}» is not written; {', '.join(NDJSON)} are.")
    wanted = _separated(arguments.texts("_type"))
    for name in wanted:
        if name not in load_definitions().resource_types:
            refuse("_type", "value", f"FHIR R4 has no resource type «{name}».")
        elif name not in types and not asked.lenient:
            refuse("_type", "not-supported", f"a {name} is in no patient's compartment; export it at system level.")
    exported = tuple(name for name in types if name in wanted) if wanted else tuple(types)
    filters = [query for text in arguments.texts("_typeFilter") for query in _BETWEEN_FILTERS.split(text)]
    if len(filters) > MOST_FILTERS:
        refuse("_typeFilter", "too-costly", f"{len(filters)} searches in one export; at most {MOST_FILTERS} are taken.")
    for query in filters[:MOST_FILTERS]:
        try:
            search = _filter(query, asked.base_url, known)
        except FhirError as fault:
            for issue in fault.issues:
                refuse("_typeFilter", issue.code, issue.diagnostics)
            continue
        if search.resource_type not in exported:
            refuse("_typeFilter", "value", f"{search.resource_type} is not among the types exported.")
    for name in _separated(arguments.texts("_elements")):
        if not _is_element(name):
            refuse("_elements", "value", f"«{name}» is not an element of a resource: name, or Patient.name.")
    if issues:
        raise FhirError(issues[0].diagnostics, issues=issues)
    patients = arguments.texts("patient") if arguments.takes("patient") else ()
    return ExportOrder(
        exported,
        tuple(filters),
        _separated(arguments.texts("_elements")),
        _instant(asked, "_since"),
        _instant(asked, "_until"),
        asked.type != "",
        tuple(dict.fromkeys(one.rpartition("/")[2] for one in patients)) or None,
        asked.id or None,
        asked.url,
        asked.base_url,
    )


def _separated(texts: Sequence[str]) -> tuple[str, ...]:
    """The values of a parameter that takes several, a comma between them."""
    return tuple(dict.fromkeys(one.strip() for text in texts for one in text.split(",") if one.strip()))


def _filter(query: str, base_url: str, known: SearchParameters) -> Search:
    """A `_typeFilter`; raises `FhirError` unless it is a search of one type that chooses, and does no more."""
    resource_type, mark, parameters = query.partition("?")
    if not mark:
        raise FhirError(f"«{query}» is not a search; write it as Observation?status=final.")
    search = parse_search(resource_type, decode_form(parameters.encode()), base_url=base_url, known=known)
    if search != Search(resource_type, search.criteria):
        raise FhirError(f"«{query}» does more than choose: _sort, _count, _include and their like have no place here.")
    return search


def _is_element(name: str) -> bool:
    resource_type, _, element = name.rpartition(".")
    structures = load_definitions().structures
    owners = [resource_type] if resource_type else load_definitions().resource_types
    return any(
        f"{owner}.{element}{choice}" in structures[owner].elements
        for owner in owners
        if owner in structures
        for choice in ("", "[x]")
    )


def _instant(asked: Asked, name: str) -> str | None:
    time = asked.arguments.time(name)
    return None if time is None else instant(time.low)


async def _require_patients(reader: Reader, patients: Sequence[str]) -> None:
    known = await reader.read_many([("Patient", one) for one in patients]) if patients else {}
    absent = [one for one in patients if ("Patient", one) not in known or known["Patient", one].deleted]
    if absent:
        raise NotFound(f"There is no {', '.join(f'Patient/{one}' for one in absent[:20])}.", path="http.patient")


def rendered(job: Job, request: FhirRequest) -> FhirResponse:
    """The manifest: the files, with their types and how many resources they hold."""

    def files(name: str) -> list[dict[str, Any]]:
        return [
            {"type": one["type"], "url": f"{request.base_url}/_job/{job.id}/{one['file']}", "count": one["count"]}
            for one in job.result[name]
        ]

    manifest = {
        "transactionTime": job.result["moment"],
        "request": job.request["request"],
        "requiresAccessToken": False,
        "output": files("output"),
        "deleted": files("deleted"),
        "error": [],
    }
    return FhirResponse(200, file=File(None, "application/json", iter((orjson.dumps(manifest),))))


_INPUTS = (
    Input("_outputFormat", "string", f"{NDJSON[0]}, which is what is written."),
    Input("_since", "instant", "Only what was written after this instant, and what was deleted."),
    Input("_until", "instant", "Only what has not been written again after this instant."),
    Input("_type", "string", "Only these types, a comma between them.", max=None),
    Input("_typeFilter", "string", "Only what a search finds, of its type: Observation?status=final.", max=None),
    Input("_elements", "string", "Only these elements, of every type (id) or of one (Patient.id).", max=None),
)
_OF_PATIENTS = Input("patient", "reference", "Only of these patients.", max=None, targets=("Patient",))
_ANSWER = (
    "The files are NDJSON, as things stood at one moment, which the manifest tells; whatever is written meanwhile. "
    "The answer is 202: Content-Location is where the manifest will be."
)
_EXAMPLE = {
    "resourceType": "Parameters",
    "parameter": [
        {"name": "_type", "valueString": "Patient,Observation"},
        {"name": "_since", "valueInstant": "2026-01-01T00:00:00Z"},
        {"name": "_typeFilter", "valueString": "Observation?status=final"},
    ],
}

EXPORT = Operation(
    code="export",
    resource=None,
    levels=("system",),
    title="Export everything",
    description=f"All the resources of the tenant, or those of some types. {_ANSWER}",
    inputs=_INPUTS,
    outputs=(),
    example=_EXAMPLE,
    read=_export_all,
    is_job=True,
    base=_GUIDE.format("export"),
)
EXPORT_PATIENTS = Operation(
    code="export",
    id="patient-export",
    resource="Patient",
    levels=("type",),
    title="Export the patients' records",
    description=f"The patients, and what is in their compartments. {_ANSWER}",
    inputs=(*_INPUTS, _OF_PATIENTS),
    outputs=(),
    example=_EXAMPLE,
    read=_export_patients,
    is_job=True,
    base=_GUIDE.format("patient-export"),
)
EXPORT_GROUP = Operation(
    code="export",
    id="group-export",
    resource="Group",
    levels=("instance",),
    title="Export the records of a group's patients",
    description=(
        "The patients that are active members of the Group, or of Groups that are members of it, and what is in their "
        f"compartments. {_ANSWER}"
    ),
    inputs=(*_INPUTS, _OF_PATIENTS),
    outputs=(),
    example=_EXAMPLE,
    read=_export_group,
    is_job=True,
    base=_GUIDE.format("group-export"),
)
