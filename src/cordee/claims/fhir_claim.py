"""A Settlement as an R4 Claim: one item per quote-part, its steps as details, the sessions as evidence.

Base R4 has one `payee`: it is written only when the structure is paid; each item names its own payee by
`careTeamSequence`. Why it is mapped so: docs/decisions/0005-forfait-as-claim.md. Money is a Decimal with
two decimals, so the resource must be written by `claim_text`, or by another encoder that keeps a
Decimal's digits.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from cordee.claims import canonical
from cordee.claims.counting import OUT_OF_SCOPE, NotCounted
from cordee.claims.explanation import Explanation
from cordee.claims.payees import Payee
from cordee.claims.quote_parts import QuotePart
from cordee.claims.settlement import Settlement
from cordee.claims.wording import in_full, sentence
from cordee.pathways.model import Label
from cordee.pathways.money import euros

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_ENCODER = msgspec.json.Encoder(decimal_format="number")

_KINDS = {
    "member": Label("membre du cercle de soins", "member of the care circle"),
    "structure": Label("structure responsable de la coordination", "structure responsible for coordination"),
    "organization": Label("organisation bénéficiaire", "beneficiary organisation"),
    "practitioner": Label("professionnel bénéficiaire", "beneficiary professional"),
    "reserve": Label("réserve de la structure", "reserve of the structure"),
}


def claim_text(claim: Mapping[str, Any]) -> bytes:
    """The JSON of a claim, with amounts as numbers that keep their two decimals (`225.20`)."""
    return _ENCODER.encode(claim)


def claim_from_settlement(settlement: Settlement, coverage: str | None = None) -> dict[str, Any]:
    """The Claim of a forfait due. `coverage` is the reference of the patient's Coverage, if one is stored.

    Deterministic: the same settlement gives the same claim, and `identifier` the same forfait at each run.
    """
    context = settlement.context
    structure: dict[str, Any] = {"reference": context.structure.reference, "display": context.structure.name}
    period = {"start": settlement.forfait.start.isoformat(), "end": settlement.forfait.end.isoformat()}
    claim: dict[str, Any] = {
        "resourceType": "Claim",
        "identifier": [{"system": canonical.FORFAIT_IDENTIFIER, "value": context.identifier}],
        "status": "active",
        "type": _coded(f"{_TERMINOLOGY}claim-type", "professional"),
        "subType": _coded(canonical.SERVICE_SYSTEM, "forfait", "forfait"),
        "use": "claim",
        "patient": {"reference": context.patient},
        "billablePeriod": period,
        "created": context.settled_on.isoformat(),
    }
    if settlement.insurer is not None:
        claim["insurer"] = _named(settlement.insurer.identifier, settlement.insurer.name)
    claim |= {"provider": structure, "priority": _coded(f"{_TERMINOLOGY}processpriority", "normal")}
    if settlement.payee_mode == "via_structure":
        claim["payee"] = {"type": _coded(f"{_TERMINOLOGY}payeetype", "provider"), "party": structure}
    return claim | {
        "careTeam": [_care_team(number, p.payee) for number, p in enumerate(settlement.parts, 1)],
        "supportingInfo": _supporting_information(settlement, period),
        "insurance": [{"sequence": 1, "focal": True, "coverage": _coverage(coverage)}],
        "item": [_item(number, p, context.pathway, period) for number, p in enumerate(settlement.parts, 1)],
        "total": _money(settlement.total),
    }


def _care_team(number: int, payee: Payee) -> dict[str, Any]:
    entry: dict[str, Any] = {"sequence": number, "provider": _provider(payee)}
    if payee.kind == "structure":
        entry["responsible"] = True
    if payee.profession is not None:
        code = payee.profession
        entry["role"] = _coded(code.system, code.code, code.display or None)
    else:
        entry["role"] = _coded(canonical.PAYEE_SYSTEM, payee.kind, _KINDS[payee.kind].fr)
    return entry


def _provider(payee: Payee) -> dict[str, Any]:
    if payee.reference is not None:
        return {"reference": payee.reference, "display": payee.name}
    kind = "Organization" if payee.kind == "organization" else "Practitioner"
    return {"type": kind} | _named(payee.identifier, payee.name)


def _item(number: int, quote_part: QuotePart, pathway: str, period: Mapping[str, str]) -> dict[str, Any]:
    payee = quote_part.payee
    item: dict[str, Any] = {
        "sequence": number,
        "careTeamSequence": [number],
        "category": _coded(canonical.PAYEE_SYSTEM, payee.kind, _KINDS[payee.kind].fr),
        "productOrService": _coded(canonical.SERVICE_SYSTEM, "quote-part", "quote-part du forfait"),
        "programCode": [_coded(canonical.PATHWAY_SYSTEM, pathway)],
        "servicedPeriod": dict(period),
        "net": _money(quote_part.cents),
    }
    sessions = sorted({act.session for act in quote_part.acts})
    if sessions:
        item["encounter"] = [{"reference": session} for session in sessions]
    because = quote_part.explanation.because
    item["detail"] = [_detail(step, why) for step, why in enumerate(because, 1)]
    return item


def _detail(number: int, why: Explanation) -> dict[str, Any]:
    concept = _coded(canonical.STEP_SYSTEM, why.rule.removeprefix("step.").replace(".", "-").replace("_", "-"))
    words = _translated(in_full(why, "fr"), in_full(why, "en"))
    return {
        "sequence": number,
        "productOrService": concept | {"text": words[0], "_text": words[1]},
        "net": _money(why.cents or 0),
    }


def _supporting_information(settlement: Settlement, period: Mapping[str, str]) -> list[dict[str, Any]]:
    context = settlement.context
    entries: list[dict[str, Any]] = [
        {
            "category": _information("profile"),
            "code": _coded(canonical.PROFILE_SYSTEM, context.profile or ""),
        },
        {
            "category": _information("pathway"),
            "code": _coded(canonical.PATHWAY_SYSTEM, context.pathway),
            "valueString": context.pathway_version,
        },
        {
            "category": _information("sequence"),
            "code": {"text": settlement.forfait.label.fr},
            "timingPeriod": dict(period),
            "valueString": context.forfait,
        },
        {
            "category": _information("convention"),
            "code": {"text": f"version {context.convention_version}"},
            "valueReference": {"type": "Contract"}
            | _named(context.convention, f"convention, version {context.convention_version}"),
        },
        {"category": _information("inclusion"), "valueReference": {"reference": context.care_plan}},
        {"category": _information("forfait")} | _text_of(settlement.price_explanation),
    ]
    if settlement.not_billed:
        amount = {
            "value": euros(settlement.not_billed),
            "unit": "EUR",
            "system": "urn:iso:std:iso:4217",
            "code": "EUR",
        }
        entries.append({"category": _information("not-billed"), "valueQuantity": amount})
    entries += [_not_counted(n) for n in settlement.not_counted if n.reason.rule not in OUT_OF_SCOPE]
    return [{"sequence": number} | entry for number, entry in enumerate(entries, 1)]


def _not_counted(session: NotCounted) -> dict[str, Any]:
    why = session.reason
    words = _translated(sentence(why.rule, why.inputs, "fr"), sentence(why.rule, why.inputs, "en"))
    concept = _coded(canonical.NOT_COUNTED_SYSTEM, why.rule.partition(".")[2].replace("_", "-"))
    return {
        "category": _information("session-not-counted"),
        "valueReference": {"reference": session.session},
        "reason": concept | {"text": words[0], "_text": words[1]},
    }


def _text_of(why: Explanation) -> dict[str, Any]:
    words = _translated(in_full(why, "fr"), in_full(why, "en"))
    return {"valueString": words[0], "_valueString": words[1]}


def _translated(french: str, english: str) -> tuple[str, dict[str, Any]]:
    """A French text, and the element that carries its English (HL7's translation extension)."""
    parts = [{"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": english}]
    return french, {"extension": [{"url": canonical.TRANSLATION, "extension": parts}]}


def _information(code: str) -> dict[str, Any]:
    return _coded(canonical.INFORMATION_SYSTEM, code)


def _coverage(coverage: str | None) -> dict[str, str]:
    return {"reference": coverage} if coverage is not None else {"display": "Assurance maladie obligatoire"}


def _named(identifier: str, name: str) -> dict[str, Any]:
    system, _, value = identifier.partition("|")
    return {"identifier": {"system": system, "value": value}, "display": name}


def _coded(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


def _money(cents: int) -> dict[str, Any]:
    return {"value": euros(cents), "currency": "EUR"}
