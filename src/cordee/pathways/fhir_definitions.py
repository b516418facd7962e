"""All the FHIR definitions of a pathway, checked as any resource is before it is stored."""

from typing import Any

import msgspec

from cordee.fhir.body import Incoming, accept
from cordee.pathways.fhir_activity_definition import activity_definition
from cordee.pathways.fhir_charge_item_definition import charge_item_definition
from cordee.pathways.fhir_plan_definition import plan_definition
from cordee.pathways.model import Pathway

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def definitions(pathway: Pathway, yaml_text: str) -> tuple[Incoming, ...]:
    """The ActivityDefinitions and ChargeItemDefinitions of a pathway, then the PlanDefinition that names them.

    `yaml_text` is the very text `pathway` was read from. Deterministic: the same file gives the same definitions.
    """
    built: list[dict[str, Any]] = [activity_definition(pathway, act) for act in pathway.acts]
    built += [charge_item_definition(pathway, forfait) for forfait in pathway.forfaits]
    built.append(plan_definition(pathway, yaml_text))
    return tuple(accept(_ENCODER.encode(resource), resource["resourceType"]) for resource in built)
