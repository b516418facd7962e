"""The parameters of path, query and header that the description refers to, each with an example that works."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from cordee.fhir.definitions import load_definitions

OF_EVERY_REQUEST = ("_format", "_pretty", "X-Request-Id")
IN_PATH = ("tenant", "type", "id", "member", "vid", "file")

_TEXT: Mapping[str, Any] = MappingProxyType({"type": "string"})
_ANY_SEARCH: Mapping[str, Any] = MappingProxyType({"type": "object", "additionalProperties": {"type": "string"}})


@dataclass(frozen=True, slots=True)
class Parameter:
    """`example` is one that works on the demo's data, None where what works depends on the settings."""

    place: Literal["path", "query", "header"]
    documentation: str
    example: Any = None
    schema: Mapping[str, Any] = field(default_factory=lambda: _TEXT)


PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "tenant": Parameter("path", "The tenant: a coordinating structure or a region.", "default"),
        "type": Parameter("path", "An R4 resource type.", "Patient"),
        "id": Parameter(
            "path", "The resource's logical id.", schema={"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}
        ),
        "member": Parameter(
            "path", "The type searched inside of the compartment; * for all that are in it.", "Encounter"
        ),
        "vid": Parameter("path", "The version, counted from 1.", 1, {"type": "integer", "minimum": 1}),
        "file": Parameter("path", "A file's name, as its job tells it.", "Patient.ndjson"),
        "search": Parameter(
            "query",
            "Any search parameter of the type, chains and _has included, as the CapabilityStatement lists them: "
            "name=…, patient=Patient/1, subject:Patient.name=…",
            {"gender": "female", "birthdate": "ge1950-01-01"},
            _ANY_SEARCH,
        ),
        "common-search": Parameter(
            "query",
            "Any search parameter that the types have in common.",
            {"_lastUpdated": "ge2020-01-01"},
            _ANY_SEARCH,
        ),
        "condition": Parameter(
            "query",
            "The search parameters that tell which resource is meant.",
            {"identifier": "https://example.org/patients|exemple"},
            {**_ANY_SEARCH, "minProperties": 1},
        ),
        "_type": Parameter("query", "The types searched, with a comma between.", "Patient,Encounter"),
        "_since": Parameter("query", "Only versions written at or after this instant.", "2020-01-01T00:00:00Z"),
        "_at": Parameter("query", "Only versions that were current at some moment of this date or instant."),
        "_count": Parameter("query", "Entries a page.", 20, {"type": "integer", "minimum": 0}),
        "_history-count": Parameter("query", "Entries a page.", 20, {"type": "integer", "minimum": 1}),
        "_id": Parameter("query", "Ids, with a comma between."),
        "_lastUpdated": Parameter("query", "When the current version was written: ge2026-01-31.", "ge2020-01-01"),
        "_tag": Parameter("query", "A tag: system|code."),
        "_profile": Parameter("query", "A profile that the resource claims."),
        "_security": Parameter("query", "A security label: system|code."),
        "_source": Parameter("query", "Where the resource came from."),
        "_filter": Parameter("query", 'Comparisons joined by and, or, not: birthdate ge 1950 and name sw "du".'),
        "_list": Parameter("query", "What a List has: its id."),
        "_sort": Parameter("query", "Parameters to sort by, - before one for descending.", "-_lastUpdated"),
        "_total": Parameter(
            "query",
            "Whether to count all matches.",
            "accurate",
            {"type": "string", "enum": ["none", "estimate", "accurate"]},
        ),
        "_include": Parameter("query", "Bring what matches refer to: Encounter:patient."),
        "_revinclude": Parameter("query", "Bring what refers to matches: Claim:patient."),
        "_summary": Parameter(
            "query", "Part of each.", schema={"type": "string", "enum": ["true", "text", "data", "count", "false"]}
        ),
        "_summary-of-one": Parameter(
            "query", "Part of it.", schema={"type": "string", "enum": ["true", "text", "data", "false"]}
        ),
        "_elements": Parameter("query", "Top-level elements to return, separated by commas.", "identifier,meta"),
        "_cursor": Parameter("query", "Where a page begins: only as a next link has it."),
        "_explain": Parameter(
            "query", "How the search is carried out, where the settings allow it.", schema={"type": "boolean"}
        ),
        "_cascade": Parameter(
            "query",
            "Delete what refers to it too, where the settings allow it.",
            schema={"type": "string", "enum": ["delete"]},
        ),
        "_format": Parameter("query", "json, xml or a media type; stands before Accept.", "json"),
        "_pretty": Parameter("query", "Indented.", True, {"type": "boolean"}),
        "If-Match": Parameter("header", 'Only over this version: W/"3"; * for any.'),
        "If-None-Match": Parameter(
            "header", "Not for this version; * for a write: only where nothing is.", 'W/"999999"'
        ),
        "If-Modified-Since": Parameter("header", "Only if changed since.", "Wed, 01 Jan 2020 00:00:00 GMT"),
        "If-None-Exist": Parameter(
            "header",
            "Search parameters: create only if nothing matches.",
            "identifier=https://example.org/patients|exemple",
        ),
        "Prefer": Parameter(
            "header",
            "return=minimal, representation or OperationOutcome; handling=strict or lenient; respond-async.",
            "return=representation, handling=strict",
        ),
        "X-Request-Id": Parameter("header", "Repeated in the answer, and in the log if the server fails.", "exemple-1"),
    }
)
"""By the name of the component. One that stands for the same query parameter elsewhere is that name and a suffix."""

_NAMES = {"_history-count": "_count", "_summary-of-one": "_summary"}


def parameter_components() -> dict[str, Any]:
    """The `components.parameters` of the document."""
    return {name: component(name) for name in PARAMETERS}


def reference(name: str) -> dict[str, str]:
    """A reference to the component."""
    return {"$ref": f"#/components/parameters/{name}"}


def component(name: str) -> dict[str, Any]:
    """One parameter object."""
    parameter = PARAMETERS[name]
    schema = dict(parameter.schema)
    if name in ("type", "member"):
        types = list(load_definitions().resource_types)
        schema["enum"] = types if name == "type" else ["*", *types]
    described: dict[str, Any] = {
        "name": _NAMES.get(name, name),
        "in": parameter.place,
        "description": parameter.documentation,
        "schema": schema,
    }
    if parameter.place == "path":
        described["required"] = True
    if schema["type"] == "object":
        described |= {"style": "form", "explode": True}
    if parameter.example is not None:
        described["example"] = parameter.example
    return described
