"""The interactions of R4 http.html as the description has them; operations have declarations of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cordee.api.asynchronous_request import may_be_put_aside
from cordee.api.media_types import Format
from cordee.api.openapi.examples import BODIES, WRITTEN, as_xml
from cordee.api.openapi.parameters import component, reference
from cordee.api.openapi.responses import PUT_ASIDE, answer, refused

_BAD_BODY = (400, 413, 415)
_COMMON_SEARCH = ("_id", "_lastUpdated", "_tag", "_profile", "_security", "_source", "_filter", "_list")
_SHAPING = (
    "_sort",
    "_count",
    "_total",
    "_include",
    "_revinclude",
    "_summary",
    "_elements",
    "_cursor",
    "_explain",
    "Prefer",
)
_OF_READ = ("_summary-of-one", "_elements", "If-None-Match", "If-Modified-Since")
_OF_HISTORY = ("_since", "_at", "_history-count", "_cursor")
_VERSION = ("ETag", "Last-Modified")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Described:
    """`successes` are statuses with what they mean; 202, 204 and 304 have no body, the others `answered`.

    `body` is the schema of the JSON taken; `headers` those of every success.
    """

    summary: str
    successes: Mapping[int, str]
    refusals: tuple[int, ...]
    parameters: tuple[str, ...] = ()
    body: str | None = None
    answered: str = "Resource"
    headers: tuple[str, ...] = ()


_STORED = {200: "Stored as the next version, or equal to what was stored."}
_DELETED = {204: "Deleted, or nothing was there.", 200: "The same, told in an OperationOutcome when preferred."}

INTERACTIONS_DESCRIBED: Mapping[str, Described] = MappingProxyType(
    {
        "capabilities": Described(
            "The CapabilityStatement",
            {200: "What this server implements."},
            (400, 404),
            answered="CapabilityStatement",
        ),
        "bundle": Described(
            "Carry out a batch or transaction Bundle",
            {200: "The answers, an entry for an entry."},
            (*_BAD_BODY, 404, 409, 410, 412, 422),
            ("Prefer",),
            "Requests",
            "Answers",
        ),
        "read": Described(
            "Read the current version",
            {200: "The resource.", 304: "The client has this version."},
            (400, 404, 410),
            _OF_READ,
            headers=_VERSION,
        ),
        "vread": Described(
            "Read one version",
            {200: "That version.", 304: "The client has this version."},
            (400, 404, 410),
            _OF_READ,
            headers=_VERSION,
        ),
        "create": Described(
            "Create; with If-None-Exist, unless something matches",
            {200: "A resource matched the condition: nothing was stored.", 201: "Stored as version 1."},
            (*_BAD_BODY, 404, 412, 422),
            ("If-None-Exist", "Prefer"),
            "Resource",
            headers=(*_VERSION, "Location"),
        ),
        "update": Described(
            "Update, or create under this id",
            {**_STORED, 201: "Stored where nothing was."},
            (*_BAD_BODY, 404, 409, 412, 422),
            ("If-Match", "If-None-Match", "Prefer"),
            "Resource",
            headers=(*_VERSION, "Location"),
        ),
        "conditional-update": Described(
            "Update the one match, or create",
            {**_STORED, 201: "Nothing matched: stored anew."},
            (*_BAD_BODY, 404, 409, 412, 422),
            ("condition", "If-Match", "If-None-Match", "Prefer"),
            "Resource",
            headers=(*_VERSION, "Location"),
        ),
        "patch": Described(
            "Patch the current version: a JSON Patch, or the Parameters of a FHIRPath Patch",
            _STORED,
            (*_BAD_BODY, 404, 409, 410, 412, 422),
            ("If-Match", "Prefer"),
            "Parameters",
            headers=(*_VERSION, "Location"),
        ),
        "conditional-patch": Described(
            "Patch the one match",
            _STORED,
            (*_BAD_BODY, 404, 409, 412, 422),
            ("condition", "If-Match", "Prefer"),
            "Parameters",
            headers=(*_VERSION, "Location"),
        ),
        "delete": Described(
            "Delete; the history stays",
            _DELETED,
            (400, 404, 409, 412),
            ("_cascade", "If-Match", "Prefer"),
            answered="OperationOutcome",
        ),
        "conditional-delete": Described(
            "Delete the one match, or every match where the settings allow it",
            _DELETED,
            (400, 404, 409, 412),
            ("condition", "If-Match", "Prefer"),
            answered="OperationOutcome",
        ),
        "search": Described(
            "Search a type",
            {200: "A page of matches; parameters are those of the CapabilityStatement."},
            (400, 404),
            ("search", *_COMMON_SEARCH, *_SHAPING),
            answered="Searchset",
        ),
        "posted-search": Described(
            "Search a type, the parameters in the body",
            {200: "A page of matches."},
            (*_BAD_BODY, 404),
            ("Prefer",),
            "Form",
            "Searchset",
        ),
        "search-system": Described(
            "Search several types, or all",
            {200: "A page of matches; the parameters are common to the types."},
            (400, 404),
            ("_type", "common-search", *_COMMON_SEARCH, *_SHAPING),
            answered="Searchset",
        ),
        "posted-search-system": Described(
            "Search several types, or all, the parameters in the body",
            {200: "A page of matches."},
            (*_BAD_BODY, 404),
            ("Prefer",),
            "Form",
            "Searchset",
        ),
        "search-compartment": Described(
            "Search inside of a compartment",
            {200: "A page of what is in it and matches."},
            (400, 404),
            ("common-search", *_COMMON_SEARCH, *_SHAPING),
            answered="Searchset",
        ),
        "job": Described(
            "What became of a job, or of a request that was put aside",
            {200: "Completed: what it gave; for a request, a batch-response of one entry.", 202: "Under way."},
            (400, 404, 422),
            headers=("Expires", "X-Progress"),
        ),
        "job-cancel": Described("Cancel a job, and forget what it made", {202: "It stops where it can."}, (400, 404)),
        "job-file": Described("A file that a job gave", {200: "The file."}, (400, 404)),
        "history-system": Described(
            "History of all resources", {200: "A page of versions."}, (400, 404), _OF_HISTORY, answered="History"
        ),
        "history-type": Described(
            "History of a type", {200: "A page of versions."}, (400, 404), _OF_HISTORY, answered="History"
        ),
        "history-instance": Described(
            "History of a resource",
            {200: "A page of versions, deletions included."},
            (400, 404),
            _OF_HISTORY,
            answered="History",
        ),
    }
)
# What a creation leads to, for clients and tools that follow links (OpenAPI 3.1, Link Object).
_FOLLOWING = ("read", "patch", "history-instance", "delete")


def describe_interaction(name: str, suffix: str) -> dict[str, Any]:
    """The operation object; `suffix` tells its id from that of the same interaction under the other base."""
    described = INTERACTIONS_DESCRIBED[name]
    responses = {
        str(status): answer(text, None if status in (202, 204, 304) else described.answered, described.headers)
        for status, text in described.successes.items()
    }
    if name == "create":
        given = {"type": "$request.path.type", "id": "$response.body#/id"}
        responses["201"]["links"] = {
            following: {"operationId": following + suffix, "parameters": given} for following in _FOLLOWING
        }
    if may_be_put_aside(name, ""):
        responses["202"] = answer(PUT_ASIDE, None, ("Content-Location",))
    operation: dict[str, Any] = {
        "operationId": name + suffix,
        "summary": described.summary,
        "parameters": _parameters(name, described),
        "responses": responses | refused(described.refusals),
    }
    if described.body is not None:
        required = described.body != "Form"
        operation["requestBody"] = {"required": required, "content": _taken(name, described.body)}
    return operation


def _parameters(name: str, described: Described) -> list[dict[str, Any]]:
    references: list[dict[str, Any]] = [reference(parameter) for parameter in described.parameters]
    if name in ("update", "patch", "delete"):
        return [{**component("id"), "example": WRITTEN}, *references]
    return references


def _taken(name: str, schema: str) -> dict[str, Any]:
    examples = BODIES[name]
    if schema == "Form":
        return {_FORM: {"schema": {"$ref": "#/components/schemas/Form"}, "example": examples[_FORM]}}
    json_ = Format.JSON.value
    taken = {
        json_: {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": examples[json_]},
        Format.XML.value: {"schema": {"$ref": "#/components/schemas/Xml"}, "example": as_xml(examples[json_])},
    }
    for kind in examples.keys() - taken.keys():
        taken[kind] = {"schema": {"$ref": "#/components/schemas/JsonPatch"}, "example": examples[kind]}
    return taken
