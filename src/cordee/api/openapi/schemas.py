"""The schemas of what is taken and answered. A resource's own is FHIR's, so it is not repeated here."""

from typing import Any

_TEXT = {"type": "string"}
_OBJECT = {"type": "object"}
_RESOURCE = {"$ref": "#/components/schemas/Resource"}
_ISSUE = {
    "type": "object",
    "required": ["severity", "code"],
    "properties": {
        "severity": {"type": "string", "enum": ["fatal", "error", "warning", "information"]},
        "code": _TEXT,
        "diagnostics": _TEXT,
        "expression": {"type": "array", "items": _TEXT},
    },
}
_LINK = {"type": "object", "required": ["relation", "url"], "properties": {"relation": _TEXT, "url": _TEXT}}
_REQUEST = {
    "type": "object",
    "required": ["method", "url"],
    "properties": {
        "method": {"type": "string", "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]},
        "url": _TEXT,
        "ifMatch": _TEXT,
        "ifNoneMatch": _TEXT,
        "ifModifiedSince": _TEXT,
        "ifNoneExist": _TEXT,
    },
}
_RESPONSE = {
    "type": "object",
    "required": ["status"],
    "properties": {
        "status": _TEXT,
        "location": _TEXT,
        "etag": _TEXT,
        "lastModified": _TEXT,
        "outcome": {"$ref": "#/components/schemas/OperationOutcome"},
    },
}


def schemas() -> dict[str, Any]:
    """The `components.schemas` of the document, less those of other routes."""
    return {
        "Resource": {
            "type": "object",
            "description": "A FHIR R4 (4.0.1) resource.",
            "required": ["resourceType"],
            "properties": {"resourceType": _TEXT, "id": _TEXT, "meta": _OBJECT},
            "additionalProperties": True,
        },
        "Xml": {"type": "string", "description": "The same resource in FHIR's XML."},
        "Parameters": _resource("Parameters", "Named values.", {"parameter": _list(_parameter())}),
        "CapabilityStatement": _resource(
            "CapabilityStatement", "What this server implements.", {"fhirVersion": {"const": "4.0.1"}}, ["fhirVersion"]
        ),
        "OperationOutcome": _resource(
            "OperationOutcome", "What went wrong, where, and what to do.", {"issue": _list(_ISSUE)}, ["issue"]
        ),
        "Searchset": _answered_bundle(
            "A page of matches, and of what they bring; the link next leads on.",
            "searchset",
            {
                "fullUrl": _TEXT,
                "resource": _RESOURCE,
                "search": {
                    "type": "object",
                    "required": ["mode"],
                    "properties": {"mode": {"type": "string", "enum": ["match", "include", "outcome"]}},
                },
            },
            ["resource", "search"],
        ),
        "History": _answered_bundle(
            "A page of versions, the newest first; a deletion has no resource.",
            "history",
            {"fullUrl": _TEXT, "resource": _RESOURCE, "request": _REQUEST, "response": _RESPONSE},
            ["request", "response"],
        ),
        "Answers": _resource(
            "Bundle",
            "The answers of a batch or transaction, an entry for an entry.",
            {
                "type": {"type": "string", "enum": ["batch-response", "transaction-response"]},
                "entry": _list(_entry({"resource": _RESOURCE, "response": _RESPONSE}, ["response"])),
            },
            ["type"],
        ),
        "Requests": _resource(
            "Bundle",
            "Each entry is a request; a transaction is carried out whole, or not at all.",
            {
                "type": {"type": "string", "enum": ["batch", "transaction"]},
                "entry": _list(_entry({"fullUrl": _TEXT, "resource": _OBJECT, "request": _REQUEST}, ["request"])),
            },
            ["type"],
        ),
        "JsonPatch": {
            "type": "array",
            "description": "A JSON Patch (RFC 6902).",
            "items": {
                "type": "object",
                "required": ["op", "path"],
                "properties": {
                    "op": {"type": "string", "enum": ["add", "remove", "replace", "move", "copy", "test"]},
                    "path": _TEXT,
                    "from": _TEXT,
                    "value": {},
                },
            },
        },
        "Form": {"type": "object", "description": "Search parameters.", "additionalProperties": _TEXT},
    }


def _resource(
    resource_type: str, description: str, properties: dict[str, Any], required: list[str] | None = None
) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "required": ["resourceType", *(required or [])],
        "properties": {"resourceType": {"const": resource_type}, **properties},
    }


def _answered_bundle(
    description: str, type_: str, of_entry: dict[str, Any], needed_of_entry: list[str]
) -> dict[str, Any]:
    properties = {
        "type": {"const": type_},
        "total": {"type": "integer", "minimum": 0},
        "link": _list(_LINK),
        "entry": _list(_entry(of_entry, needed_of_entry)),
    }
    return _resource("Bundle", description, properties, ["type", "link"])


def _entry(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties}


def _parameter() -> dict[str, Any]:
    return {"type": "object", "required": ["name"], "properties": {"name": _TEXT, "resource": _RESOURCE}}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}
