"""An act of a pathway as an R4 ActivityDefinition."""

from typing import Any

from cordee.pathways import canonical
from cordee.pathways.fhir_labels import concept, period, translated
from cordee.pathways.fhir_plan_definition import act_id, computable_name
from cordee.pathways.model import Act, Pathway


def activity_definition(pathway: Pathway, act: Act) -> dict[str, Any]:
    """What the act is, and by which code an Encounter says that it was done."""
    definition_id = act_id(pathway, act.code)
    return {
        "resourceType": "ActivityDefinition",
        "id": definition_id,
        "language": "fr",
        "url": canonical.ACTIVITY + definition_id,
        "version": pathway.version,
        "name": computable_name(definition_id),
        **translated("title", act.label),
        "status": "active",
        "jurisdiction": [concept("urn:iso:std:iso:3166", "FR")],
        "effectivePeriod": period(pathway.validity),
        "kind": "ServiceRequest",
        "code": concept(act.system, act.code, act.label),
    }
