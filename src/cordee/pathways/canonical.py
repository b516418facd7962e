"""The addresses of the parcours' own FHIR artefacts."""

from cordee.fhir import project

BASE = project.BASE

PATHWAY = f"{BASE}/PlanDefinition/"
"""Followed by a pathway's code, as `CarePlan.instantiatesCanonical` and `Contract.instantiatesUri`."""

ACTIVITY = f"{BASE}/ActivityDefinition/"
CHARGE = f"{BASE}/ChargeItemDefinition/"

TOPIC_SYSTEM = f"{BASE}/CodeSystem/definition-topic"
"""System of `PlanDefinition.topic`: `parcours` is one whose file Cordée reads."""

SEQUENCE_SYSTEM = f"{BASE}/CodeSystem/sequence"
FORFAIT_SYSTEM = f"{BASE}/CodeSystem/forfait"
PROFILE_SYSTEM = f"{BASE}/CodeSystem/profile"
"""System of the patient profile in `CarePlan.category`; the code is the pathway file's."""

PRICE_BOUND_SYSTEM = f"{BASE}/CodeSystem/price-bound"
TERRITORY_SYSTEM = f"{BASE}/CodeSystem/territory"

AMOUNT_PERIOD = f"{BASE}/StructureDefinition/amount-period"
"""Extension of `ChargeItemDefinition.propertyGroup.applicability`: the days an amount is in force, both included."""

AMOUNT_SOURCE = f"{BASE}/StructureDefinition/amount-source"
"""Extension beside it: the address of the text the amount comes from."""


def pathway_canonical(code: str) -> str:
    """The canonical address of a pathway."""
    return PATHWAY + code


def pathway_code(canonical: str) -> str | None:
    """The pathway a canonical names, whatever its version; None when it is not one of the project's."""
    address = canonical.partition("|")[0]
    return address.removeprefix(PATHWAY) if address.startswith(PATHWAY) else None
