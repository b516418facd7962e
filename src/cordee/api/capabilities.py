"""The CapabilityStatement, made from what is implemented, so that it can't claim more (R4 http.html#capabilities)."""

from functools import lru_cache
from typing import Any

import orjson

from cordee import __version__
from cordee.api.media_types import PATCH_TYPES, Format
from cordee.api.operations.definition import ANY_TYPE
from cordee.api.operations.description import operation_canonical
from cordee.api.operations.subscription_queries import websocket_url
from cordee.api.operations.table import OPERATIONS
from cordee.fhir.definitions import load_definitions
from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import Include, search_parameter
from cordee.fhir.query_includes import referring_parameters
from cordee.fhir.search_expressions import reference_targets
from cordee.fhir.search_parameters import SHIPPED, SearchParameters
from cordee.fhir.subscriptions.subscription import GUIDE
from cordee.fhir.subscriptions.topics import TOPICS
from cordee.store.tenant_policies import WritePolicies

_INTERACTIONS = (
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
)
_OF_EVERY_TYPE = {"_id": "token", "_lastUpdated": "date", "_filter": "special", "_list": "special"}
_BULK_DATA = "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data"
_PUBLISHED = "2026-11-23"
_WEBSOCKET = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket"
_TOPIC = f"{GUIDE}/StructureDefinition/capabilitystatement-subscriptiontopic-canonical"


@lru_cache(maxsize=32)
def statement_text(base_url: str, policies: WritePolicies, known: SearchParameters) -> bytes:
    """The statement of the server at `base_url`, for a tenant with these search parameters."""
    return orjson.dumps(statement(base_url, policies, known))


def statement(base_url: str, policies: WritePolicies, known: SearchParameters = SHIPPED) -> dict[str, Any]:
    """The CapabilityStatement as JSON."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _PUBLISHED,
        "kind": "instance",
        "instantiates": [_BULK_DATA, f"{GUIDE}/CapabilityStatement/backport-subscription-server-r4"],
        "software": {"name": "Cordée", "version": __version__},
        "implementation": {"description": "Cordée, FHIR R4 for coordinated care", "url": base_url},
        "fhirVersion": "4.0.1",
        "patchFormat": list(PATCH_TYPES),
        "format": [name for format_ in Format for name in (format_.value, format_.short)],
        "rest": [
            {
                "extension": [{"url": _WEBSOCKET, "valueUri": websocket_url(base_url)}],
                "mode": "server",
                "security": {
                    "cors": True,
                    "description": "This version has no access control of its own: it listens on loopback by default.",
                },
                "resource": [_resource(name, policies, known) for name in load_definitions().resource_types],
                "interaction": [{"code": code} for code in ("transaction", "batch", "history-system", "search-system")],
                "searchParam": [
                    *({"name": code, "type": kind} for code, kind in sorted(_common_parameters().items())),
                    *_added("Resource", known),
                ],
                "operation": _operations(None),
                "compartment": [
                    f"http://hl7.org/fhir/CompartmentDefinition/{name.lower()}"
                    for name in sorted(load_definitions().compartments)
                ],
            }
        ],
    }


def served_parameters(resource_type: str) -> dict[str, str]:
    """The search parameters that can be searched, with their type."""
    served = {}
    for code, parameter in load_definitions().search_parameters[resource_type].items():
        try:
            search_parameter(resource_type, code)
        except InvalidSearch:
            continue
        served[code] = parameter.type
    return served


def _common_parameters() -> dict[str, str]:
    return {"_id": "token", "_lastUpdated": "date", "_type": "token"} | served_parameters("Resource")


def _added(resource_type: str, known: SearchParameters) -> list[dict[str, str]]:
    """What the tenant adds, with its state."""
    return [
        {
            "name": parameter.code,
            "definition": parameter.url,
            "type": parameter.type,
            "documentation": "Still being indexed: searches by it are refused."
            if (resource_type, parameter.code) in known.unready
            else "Added by a SearchParameter stored here.",
        }
        for parameter in sorted(known.added_to(resource_type), key=lambda one: one.code)
    ]


def _resource(resource_type: str, policies: WritePolicies, known: SearchParameters) -> dict[str, Any]:
    parameters = _OF_EVERY_TYPE | served_parameters(resource_type)
    references = [code for code, kind in parameters.items() if kind == "reference"]
    references += [p.code for p in known.added_to(resource_type) if p.type == "reference"]
    described: dict[str, Any] = {
        "type": resource_type,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": policies.conditional_delete,
        "referencePolicy": ["literal", "logical", *(["enforced"] if policies.integrity.refuses_dangling else [])],
        "searchParam": [
            *({"name": code, "type": kind} for code, kind in sorted(parameters.items())),
            *_added(resource_type, known),
        ],
    }
    if resource_type == "Subscription":
        described["extension"] = [{"url": _TOPIC, "valueCanonical": canonical} for canonical in TOPICS]
        described["supportedProfile"] = [f"{GUIDE}/StructureDefinition/backport-subscription"]
    if operations := _operations(resource_type):
        described["operation"] = operations
    if references:
        described["searchInclude"] = ["*", *(f"{resource_type}:{code}" for code in sorted(references))]
    described["searchRevInclude"] = ["*", *_referring(resource_type)]
    return described


@lru_cache(maxsize=256)
def _referring(resource_type: str) -> tuple[str, ...]:
    """The parameters made to refer to a type; those that may refer to any, which are hundreds, are left out."""
    return tuple(
        f"{source}:{code}"
        for source, code in referring_parameters(Include("*", "*", None), resource_type)
        if resource_type in reference_targets(source, code)
    )


def _operations(resource_type: str | None) -> list[dict[str, str]]:
    return [
        {"name": operation.code, "definition": operation_canonical(operation)}
        for operation in OPERATIONS
        if operation.resource == resource_type or (resource_type is not None and operation.resource == ANY_TYPE)
    ]
