"""The OpenAPI description: FHIR's paths from the table that routes them, the others from their FastAPI routes.

The FHIR paths are generic (`{type}` is any of the R4 resource types): `/metadata` is the description of what each type
takes. A resource's schema is FHIR's own, so it is not repeated here.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from cordee import __version__
from cordee.api.addresses import INTERACTIONS
from cordee.api.media_types import Format
from cordee.api.operations.openapi import OPERATION_REFUSALS, describe_operation
from cordee.api.operations.table import OPERATIONS_BY_SHAPE
from cordee.fhir.definitions import load_definitions
from cordee.fhir.patch import PatchKind

TITLE = "Cordée"
SUMMARY = "A FHIR R4 server for French coordinated care."
_FHIR_JSON = Format.JSON.value
_FORMATS = tuple(format_.value for format_ in Format)
_BASES = (("/fhir", "of the default tenant"), ("/t/{tenant}/fhir", "of a tenant"))

# By interaction: what it does; success statuses with what they mean; refusals; parameters; the body taken.
_DESCRIBED: dict[str, tuple[str, dict[int, str], tuple[int, ...], tuple[str, ...], str | None]] = {
    "bundle": (
        "Carry out a batch or transaction Bundle",
        {200: "The answers, an entry for an entry."},
        (400, 404, 409, 412, 413, 415, 422),
        ("Prefer",),
        _FHIR_JSON,
    ),
    "capabilities": ("The CapabilityStatement", {200: "What this server implements."}, (), (), None),
    "history-system": (
        "History of all resources",
        {200: "A page of versions."},
        (400,),
        ("_since", "_at", "_count"),
        None,
    ),
    "history-type": ("History of a type", {200: "A page of versions."}, (400, 404), ("_since", "_at", "_count"), None),
    "history-instance": (
        "History of a resource",
        {200: "A page of versions, deletions included."},
        (400, 404),
        ("_since", "_at", "_count"),
        None,
    ),
    "search": (
        "Search a type",
        {200: "A page of matches; parameters are those of the CapabilityStatement."},
        (400, 404),
        ("search", "_sort", "_count", "_total", "_include", "_revinclude", "_summary", "_elements", "Prefer"),
        None,
    ),
    "posted-search": (
        "Search a type, the parameters in the body",
        {200: "A page of matches."},
        (400, 404, 413, 415),
        ("Prefer",),
        "application/x-www-form-urlencoded",
    ),
    "search-system": (
        "Search several types, or all",
        {200: "A page of matches; the parameters are common to the types."},
        (400,),
        ("_type", "search", "_sort", "_count", "_total", "_include", "_revinclude", "_summary", "_elements", "Prefer"),
        None,
    ),
    "posted-search-system": (
        "Search several types, or all, the parameters in the body",
        {200: "A page of matches."},
        (400, 413, 415),
        ("Prefer",),
        "application/x-www-form-urlencoded",
    ),
    "search-compartment": (
        "Search inside of a compartment",
        {200: "A page of what is in it and matches."},
        (400, 404),
        ("search", "_sort", "_count", "_total", "_include", "_revinclude", "_summary", "_elements", "Prefer"),
        None,
    ),
    "create": (
        "Create; with If-None-Exist, unless something matches",
        {200: "A resource matched the condition: nothing was stored.", 201: "Stored as version 1."},
        (400, 404, 412, 413, 415, 422),
        ("If-None-Exist", "Prefer"),
        _FHIR_JSON,
    ),
    "conditional-update": (
        "Update the one match, or create",
        {200: "Stored as the next version, or equal to what was stored.", 201: "Nothing matched: stored anew."},
        (400, 404, 409, 412, 413, 415, 422),
        ("search", "If-Match", "If-None-Match", "Prefer"),
        _FHIR_JSON,
    ),
    "patch": (
        "Patch the current version: a JSON Patch, or the Parameters of a FHIRPath Patch",
        {200: "Stored as the next version, or equal to what was stored."},
        (400, 404, 409, 410, 412, 413, 415, 422),
        ("If-Match", "Prefer"),
        _FHIR_JSON,
    ),
    "conditional-patch": (
        "Patch the one match",
        {200: "Stored as the next version, or equal to what was stored."},
        (400, 404, 409, 412, 413, 415, 422),
        ("search", "If-Match", "Prefer"),
        _FHIR_JSON,
    ),
    "conditional-delete": (
        "Delete the one match",
        {204: "Deleted, or nothing matched.", 200: "The same, told in an OperationOutcome when preferred."},
        (400, 404, 409, 412),
        ("search", "If-Match", "Prefer"),
        None,
    ),
    "read": (
        "Read the current version",
        {200: "The resource.", 304: "The client has this version."},
        (400, 404, 410),
        ("_summary", "_elements", "If-None-Match", "If-Modified-Since"),
        None,
    ),
    "vread": (
        "Read one version",
        {200: "That version.", 304: "The client has this version."},
        (400, 404, 410),
        ("_summary", "_elements", "If-None-Match", "If-Modified-Since"),
        None,
    ),
    "update": (
        "Update, or create under this id",
        {200: "Stored as the next version, or equal to what was stored.", 201: "Stored where nothing was."},
        (400, 404, 409, 412, 413, 415, 422),
        ("If-Match", "If-None-Match", "Prefer"),
        _FHIR_JSON,
    ),
    "delete": (
        "Delete; the history stays",
        {204: "Deleted, or nothing was there.", 200: "The same, told in an OperationOutcome when preferred."},
        (400, 404, 409, 412),
        ("_cascade", "If-Match", "Prefer"),
        None,
    ),
}
_REFUSALS = {
    400: "The request can't be understood.",
    404: "Nothing is or was there, or there is no such type or tenant.",
    405: "The method does not apply here; Allow lists those that do.",
    406: "Another format than JSON or XML was asked for.",
    409: "Another writer was first, or the resource exists and is not what the condition means.",
    410: "It was deleted.",
    412: "If-Match, If-None-Match or a condition is not met.",
    413: "The body is over the limit.",
    415: "The body is not of a format that is read.",
    422: "The resource breaks the rules of FHIR R4, each problem listed with its path; or what is stored forbids this.",
    503: "The database can't be reached now; Retry-After says when to try again.",
}
_EVERYWHERE = (406, 503)
_PARAMETERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "tenant": ("path", {"type": "string"}, "The tenant: a coordinating structure or a region."),
    "type": ("path", {"type": "string"}, "An R4 resource type."),
    "id": ("path", {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}, "The resource's logical id."),
    "member": ("path", {"type": "string"}, "The type searched inside of the compartment; * for all that are in it."),
    "vid": ("path", {"type": "integer", "minimum": 1}, "The version, counted from 1."),
    "search": (
        "query",
        {"type": "object", "additionalProperties": {"type": "string"}},
        "Any search parameter of the type, for example name=… or patient=Patient/1.",
    ),
    "_type": ("query", {"type": "string"}, "The types searched, with a comma between."),
    "_since": ("query", {"type": "string"}, "Only versions written at or after this instant."),
    "_at": ("query", {"type": "string"}, "Only versions that were current at some moment of this date or instant."),
    "_count": ("query", {"type": "integer"}, "Entries a page."),
    "_sort": ("query", {"type": "string"}, "Parameters to sort by, - before one for descending."),
    "_total": ("query", {"type": "string", "enum": ["none", "estimate", "accurate"]}, "Whether to count all matches."),
    "_include": ("query", {"type": "string"}, "Bring what matches refer to: Encounter:patient."),
    "_revinclude": ("query", {"type": "string"}, "Bring what refers to matches: Claim:patient."),
    "_summary": ("query", {"type": "string", "enum": ["true", "text", "data", "count", "false"]}, "Part of each."),
    "_elements": ("query", {"type": "string"}, "Top-level elements to return, separated by commas."),
    "_cascade": ("query", {"type": "string", "enum": ["delete"]}, "Delete what refers to it too, where allowed."),
    "_format": ("query", {"type": "string"}, "json or xml; stands before Accept."),
    "_pretty": ("query", {"type": "boolean"}, "Indented."),
    "If-Match": ("header", {"type": "string"}, 'Only over this version: W/"3".'),
    "If-None-Match": ("header", {"type": "string"}, "Not for this version; * for a write: only where nothing is."),
    "If-Modified-Since": ("header", {"type": "string"}, "Only if changed since."),
    "If-None-Exist": ("header", {"type": "string"}, "Search parameters: create only if nothing matches."),
    "Prefer": ("header", {"type": "string"}, "return=minimal, representation or OperationOutcome; handling=lenient."),
    "X-Request-Id": ("header", {"type": "string"}, "Repeated in the answer, and in the log if the server fails."),
}
_OF_EVERY_REQUEST = ("_format", "_pretty", "X-Request-Id")


def describe(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document of the FHIR paths and of `routes`."""
    document = get_openapi(title=TITLE, version=__version__, summary=SUMMARY, routes=list(routes))
    paths = {
        f"{base}/{shape}".rstrip("/"): _path(base, whose, shape) for base, whose in _BASES for shape in INTERACTIONS
    }
    document["paths"] = paths | document["paths"]
    components = document.setdefault("components", {})
    components["parameters"] = {name: _parameter(name) for name in _PARAMETERS}
    components.setdefault("schemas", {}).update(_schemas())
    return document


def _path(base: str, whose: str, shape: str) -> dict[str, Any]:
    in_path = [name for name in ("tenant", "type", "id", "vid") if f"{{{name}}}" in f"{base}/{shape}"]
    described: dict[str, Any] = {"parameters": [_reference(name) for name in (*in_path, *_OF_EVERY_REQUEST)]}
    for method, interaction in INTERACTIONS[shape].items():
        if shape in OPERATIONS_BY_SHAPE:
            described[method.lower()] = {
                "tags": [f"FHIR {whose}"],
                **describe_operation(OPERATIONS_BY_SHAPE[shape], shape, method, of_tenant=base != "/fhir"),
            }
            described[method.lower()]["responses"] |= _refused(OPERATION_REFUSALS)
        else:
            described[method.lower()] = _operation(interaction, base, whose)
    return described


def _operation(interaction: str, base: str, whose: str) -> dict[str, Any]:
    summary, successes, refusals, parameters, body = _DESCRIBED[interaction]
    responses = {str(status): _answer(status, text, interaction) for status, text in successes.items()}
    responses |= _refused(refusals)
    operation: dict[str, Any] = {
        "tags": [f"FHIR {whose}"],
        "operationId": interaction if base == "/fhir" else f"{interaction}-of-tenant",
        "summary": summary,
        "parameters": [_reference(name) for name in parameters],
        "responses": responses,
    }
    if body is not None:
        schema = {"$ref": "#/components/schemas/Resource"} if body == _FHIR_JSON else {"type": "object"}
        kinds = _FORMATS if body == _FHIR_JSON else (body,)
        content = {kind: {"schema": schema} for kind in kinds}
        if interaction in ("patch", "conditional-patch"):
            content[PatchKind.JSON.value] = {"schema": {"$ref": "#/components/schemas/JsonPatch"}}
        operation["requestBody"] = {"required": body == _FHIR_JSON, "content": content}
    return operation


def _refused(statuses: Iterable[int]) -> dict[str, Any]:
    content = {kind: {"schema": {"$ref": "#/components/schemas/OperationOutcome"}} for kind in _FORMATS}
    return {
        str(status): {"description": _REFUSALS[status], "content": content}
        for status in sorted({*statuses, *_EVERYWHERE})
    }


def _answer(status: int, text: str, interaction: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": text}
    if status not in (204, 304):
        answer["content"] = {kind: {"schema": {"$ref": "#/components/schemas/Resource"}} for kind in _FORMATS}
    names = []
    if interaction in ("read", "vread", "create", "update", "conditional-update", "patch", "conditional-patch"):
        names = ["ETag", "Last-Modified"]
    if interaction in ("create", "update", "conditional-update", "patch", "conditional-patch"):
        names.append("Location")
    if names:
        answer["headers"] = {name: {"schema": {"type": "string"}} for name in names}
    return answer


def _parameter(name: str) -> dict[str, Any]:
    place, schema, description = _PARAMETERS[name]
    if name in ("type", "member"):
        types = list(load_definitions().resource_types)
        schema = {**schema, "enum": types if name == "type" else ["*", *types]}
    described: dict[str, Any] = {"name": name, "in": place, "description": description, "schema": schema}
    if place == "path":
        described["required"] = True
    if name == "search":
        described |= {"style": "form", "explode": True}
    return described


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}


def _schemas() -> dict[str, Any]:
    text = {"type": "string"}
    issue = {
        "type": "object",
        "required": ["severity", "code"],
        "properties": {
            "severity": {"type": "string", "enum": ["fatal", "error", "warning", "information"]},
            "code": text,
            "diagnostics": text,
            "expression": {"type": "array", "items": text},
        },
    }
    return {
        "Resource": {
            "type": "object",
            "description": "A FHIR R4 (4.0.1) resource.",
            "required": ["resourceType"],
            "properties": {"resourceType": text, "id": text, "meta": {"type": "object"}},
            "additionalProperties": True,
        },
        "JsonPatch": {
            "type": "array",
            "description": "A JSON Patch (RFC 6902).",
            "items": {
                "type": "object",
                "required": ["op", "path"],
                "properties": {
                    "op": {"type": "string", "enum": ["add", "remove", "replace", "move", "copy", "test"]},
                    "path": text,
                    "from": text,
                    "value": {},
                },
            },
        },
        "OperationOutcome": {
            "type": "object",
            "description": "What went wrong, where, and what to do.",
            "required": ["resourceType", "issue"],
            "properties": {
                "resourceType": {"type": "string", "const": "OperationOutcome"},
                "issue": {"type": "array", "items": issue},
            },
        },
    }
