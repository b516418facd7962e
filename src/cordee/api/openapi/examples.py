"""Bodies and ids that work as they stand on the demo's data (`make demo`)."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cordee.api.media_types import Format
from cordee.fhir.patch import PatchKind
from cordee.fhir.xml import xml_from_json

_PATIENT = {
    "resourceType": "Patient",
    "identifier": [{"system": "https://example.org/patients", "value": "exemple"}],
    "name": [{"family": "Exemple", "given": ["Camille"]}],
    "gender": "female",
    "birthDate": "1980-02-29",
}
_JSON_PATCH = [{"op": "add", "path": "/language", "value": "fr"}]
_FHIRPATH_PATCH = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Patient.gender"},
                {"name": "value", "valueCode": "other"},
            ],
        }
    ],
}
_TRANSACTION = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {
            "fullUrl": "urn:uuid:8d1f3d5e-2f0c-4c43-9f5c-6a1f6c0a7b11",
            "resource": _PATIENT,
            "request": {
                "method": "POST",
                "url": "Patient",
                "ifNoneExist": "identifier=https://example.org/patients|exemple",
            },
        },
        {
            "resource": {
                "resourceType": "Encounter",
                "status": "planned",
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
                "subject": {"reference": "urn:uuid:8d1f3d5e-2f0c-4c43-9f5c-6a1f6c0a7b11"},
            },
            "request": {"method": "POST", "url": "Encounter"},
        },
        {"request": {"method": "GET", "url": "Patient?identifier=https://example.org/patients|exemple"}},
    ],
}

INSTANCES: Mapping[str, str] = MappingProxyType(
    {
        "CarePlan": "patient-01",
        "Claim": "9246a071-7105-5c36-9b5b-37c3a2e8f6d1",
        "CodeSystem": "payee-kind",
        "Composition": "exemple",
        "ConceptMap": "exemple",
        "Encounter": "patient-01-seance-01",
        "Group": "exemple",
        "Patient": "patient-01",
        "Subscription": "exemple",
        "ValueSet": "exemple",
    }
)
"""By type, the id of a resource of the demo, or that the demo makes when it bills."""

WRITTEN = "exemple-1"
"""The id that the examples write to, so that the demo's data stay as they are."""

BODIES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "bundle": {Format.JSON.value: _TRANSACTION},
        "create": {Format.JSON.value: _PATIENT},
        "update": {
            Format.JSON.value: {
                **_PATIENT,
                "id": WRITTEN,
                "identifier": [{"system": "https://example.org/patients", "value": WRITTEN}],
            }
        },
        "conditional-update": {Format.JSON.value: {**_PATIENT, "active": True}},
        "patch": {Format.JSON.value: _FHIRPATH_PATCH, PatchKind.JSON.value: _JSON_PATCH},
        "conditional-patch": {Format.JSON.value: _FHIRPATH_PATCH, PatchKind.JSON.value: _JSON_PATCH},
        "posted-search": {"application/x-www-form-urlencoded": {"gender": "female", "_count": "20"}},
        "posted-search-system": {"application/x-www-form-urlencoded": {"_type": "Patient,Encounter", "_count": "20"}},
    }
)
"""By interaction and media type; the XML is that of the JSON."""


def as_xml(resource: Mapping[str, Any]) -> str:
    """A resource's XML text."""
    return xml_from_json(json.dumps(resource).encode()).decode()
