"""A Settlement as an R4 Claim: one item per quote-part, its steps as details, the sessions as evidence.

Base R4 has one `payee`: it is written only when the structure is paid; each item names its own payee by
`careTeamSequence`. Why it is mapped so: docs/decisions/0005-forfait-as-claim.md. Money is a Decimal with
two decimals: a claim is written by `claim_text` and read by `claim_resource`, which keep a Decimal's digits.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from cordee.claims import canonical
from cordee.claims.claim_record import ClaimTag
from cordee.claims.fhir_claim_information import supporting_information
from cordee.claims.fhir_claim_item import care_team_entry, item
from cordee.claims.fhir_datatypes import Element, coded, insurer_share_extensions, money, named
from cordee.claims.settlement import Settlement

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def claim_text(claim: Mapping[str, Any]) -> bytes:
    """The JSON of a claim, with amounts as numbers that keep their two decimals (`225.20`)."""
    return _ENCODER.encode(claim)


def claim_resource(text: bytes) -> Element:
    """A claim as `claim_text` wrote it, its amounts Decimals again: never by way of a float."""
    resource: Element = _DECODER.decode(text)
    return resource


def claim_id(identifier: str) -> str:
    """The id of the Claim whose identifier is `identifier`: the same forfait is the same row, billed once."""
    return str(uuid5(NAMESPACE_URL, f"{canonical.FORFAIT_IDENTIFIER}|{identifier}"))


def claim_from_settlement(
    settlement: Settlement,
    *,
    coverage: str | None = None,
    evidence_versions: Iterable[str] = (),
    tag: ClaimTag = "ready",
) -> Element:
    """The Claim of a forfait due. `coverage` is the reference of the patient's Coverage, if one is stored.

    `evidence_versions` are the versioned references (`Encounter/x/_history/2`) of all that was read for the
    settlement. Deterministic: the same settlement gives the same claim, and the same forfait the same id at each run.
    """
    context = settlement.context
    structure: Element = {"reference": context.structure.reference, "display": context.structure.name}
    period = {"start": settlement.forfait.start.isoformat(), "end": settlement.forfait.end.isoformat()}
    claim: Element = {
        "resourceType": "Claim",
        "id": claim_id(context.identifier),
        "meta": claim_meta(tag),
        "extension": insurer_share_extensions(settlement.amo, settlement.amc),
        "identifier": [{"system": canonical.FORFAIT_IDENTIFIER, "value": context.identifier}],
        "status": "draft",
        "type": coded(f"{_TERMINOLOGY}claim-type", "professional"),
        "subType": coded(canonical.SERVICE_SYSTEM, "forfait", "forfait"),
        "use": "claim",
        "patient": {"reference": context.patient},
        "billablePeriod": period,
        "created": context.settled_on.isoformat(),
    }
    if settlement.insurer is not None:
        claim["insurer"] = named(settlement.insurer.identifier, settlement.insurer.name)
    claim |= {"provider": structure, "priority": coded(f"{_TERMINOLOGY}processpriority", "normal")}
    if settlement.payee_mode == "via_structure":
        claim["payee"] = {"type": coded(f"{_TERMINOLOGY}payeetype", "provider"), "party": structure}
    return claim | {
        "careTeam": [care_team_entry(number, p.payee) for number, p in enumerate(settlement.parts, 1)],
        "supportingInfo": supporting_information(settlement, period, evidence_versions),
        "insurance": insurances(settlement.amc, coverage),
        "item": [item(number, p) for number, p in enumerate(settlement.parts, 1)],
        "total": money(settlement.total),
    }


def claim_meta(tag: ClaimTag) -> Element:
    """The `meta` of a claim to be stored: the state it carries itself."""
    return {"tag": [{"system": canonical.CLAIM_STATE, "code": tag}]}


def insurances(amc: int, coverage: str | None = None) -> list[Element]:
    """The AMO first, the claim's focus, then the AMC when it pays a part."""
    compulsory = {"reference": coverage} if coverage is not None else {"display": "Assurance maladie obligatoire"}
    found: list[Element] = [{"sequence": 1, "focal": True, "coverage": compulsory}]
    if amc:
        complementary = {"display": "Assurance maladie complémentaire"}
        found.append({"sequence": 2, "focal": False, "coverage": complementary})
    return found
