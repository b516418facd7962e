"""What corrects a submitted Claim, which is itself never edited: a credit, a replacement, or one part claimed again.

Pure: the original as `claim_resource` parsed it in, a Claim to be stored out. `number` is the correction's rank
for its forfait, from 2; a credit and the replacement that goes with it share it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from cordee.claims import canonical
from cordee.claims.claim_record import ClaimItem, ClaimKind, ClaimRecord
from cordee.claims.claim_words import CLAIM_KINDS
from cordee.claims.fhir_claim import claim_from_settlement, claim_id, claim_meta, insurances
from cordee.claims.fhir_claim_information import information, numbered
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.fhir_datatypes import Element, coded, insurer_share_extensions, money, said, translated
from cordee.claims.fhir_evidence import Resource
from cordee.claims.fhir_reading import code_in
from cordee.claims.returns import Insurer
from cordee.claims.settlement import Settlement
from cordee.pathways.model import Label, Validity

_PRIOR = "http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship"
_PARTS_OF_AN_IDENTIFIER = 4
_KEPT = frozenset(
    ("profile", "pathway", "sequence", "convention", "inclusion", "settled-on", "insurers", "evidence-versions")
)


@dataclass(frozen=True, slots=True)
class Correction:
    """Why a Claim is corrected, on which day; `regularises` is the period a later one makes up for."""

    number: int
    on: date
    reason: Label
    regularises: Validity | None = None


def forfait_identifier(identifier: str) -> str:
    """The forfait's own identifier, of any Claim about it: what comes before the correction's number."""
    return ":".join(identifier.split(":")[:_PARTS_OF_AN_IDENTIFIER])


def credit(original: Resource, correction: Correction) -> Element:
    """The Claim that takes `original` back: every amount negative, to the cent.

    Raises EvidenceError when the original isn't as the project writes it, ValueError when it is a credit itself.
    """
    record = _correctable(original, correction)
    items = [_negated(item, claimed) for item, claimed in zip(original["item"], record.items, strict=True)]
    identifier = f"{forfait_identifier(record.identifier)}:{correction.number}:credit"
    claim = _about(original, "credit", identifier, correction)
    amo, amc = sum(item.amo for item in record.items), sum(item.amc for item in record.items)
    return claim | {
        "extension": insurer_share_extensions(-amo, -amc),
        "careTeam": list(original["careTeam"]),
        "insurance": list(original["insurance"]),
        "item": items,
        "total": money(-record.total),
    }


def replacement(
    original: Resource, settlement: Settlement, correction: Correction, *, evidence_versions: Iterable[str] = ()
) -> Element:
    """The Claim of the same forfait as it is settled now, in place of `original`.

    Raises EvidenceError when the original isn't as the project writes it, ValueError when it is a credit, or the
    settlement that of another forfait.
    """
    record = _correctable(original, correction)
    base = forfait_identifier(record.identifier)
    if settlement.context.identifier != base:
        raise ValueError(f"{record.reference} is of {base}: the settlement is of {settlement.context.identifier}")
    coverage = original["insurance"][0]["coverage"].get("reference")
    fresh = claim_from_settlement(settlement, coverage=coverage, evidence_versions=evidence_versions)
    entries = numbered([*fresh["supportingInfo"], *_reasons(correction)])
    return (
        fresh | _own(original, "replacement", f"{base}:{correction.number}", correction) | {"supportingInfo": entries}
    )


def resubmission(
    original: Resource, item_sequence: int, correction: Correction, insurers: Collection[Insurer] = ("amo", "amc")
) -> Element:
    """The part of one payee claimed again, with the very same cents; the others are not split again.

    `insurers` keeps to the share of one of them, where the other did pay. Raises EvidenceError when the original isn't
    as the project writes it, ValueError when it is a credit, or has no such item, or nothing is claimed by it.
    """
    record = _correctable(original, correction)
    found = [n for n, item in enumerate(record.items) if item.sequence == item_sequence]
    amounts = [_claimed_of(record.items[n], insurers) for n in found]
    if not found or not sum(amounts[0]):
        raise ValueError(f"{record.reference} claims nothing by an item {item_sequence}: there is none to claim again")
    claimed, item, (amo, amc) = record.items[found[0]], original["item"][found[0]], amounts[0]
    if amo + amc != claimed.cents:
        item = item | _share_alone(amo, amc)
    entry = next(e for e in original["careTeam"] if e["sequence"] == item["careTeamSequence"][0])
    identifier = f"{forfait_identifier(record.identifier)}:{correction.number}:{_payee_key(claimed)}"
    coverage = original["insurance"][0]["coverage"].get("reference")
    return _about(original, "resubmission", identifier, correction) | {
        "extension": insurer_share_extensions(amo, amc),
        "careTeam": [{**entry, "sequence": 1}],
        "insurance": insurances(amc, coverage),
        "item": [{**item, "sequence": 1, "careTeamSequence": [1]}],
        "total": money(amo + amc),
    }


def _claimed_of(item: ClaimItem, insurers: Collection[Insurer]) -> tuple[int, int]:
    return item.amo if "amo" in insurers else 0, item.amc if "amc" in insurers else 0


def _share_alone(amo: int, amc: int) -> Element:
    """What an item is of one insurer's share only: the steps of the split are those of the whole, and told there."""
    share = Label("part de l'AMO", "AMO's share") if amo else Label("part de l'AMC", "AMC's share")
    words = translated(Label(f"{share.fr}, seule présentée de nouveau", f"{share.en}, the only one claimed again"))
    concept = coded(canonical.STEP_SYSTEM, "insurer-share") | {"text": words[0], "_text": words[1]}
    net = money(amo + amc)
    return {
        "extension": insurer_share_extensions(amo, amc),
        "net": net,
        "detail": [{"sequence": 1, "productOrService": concept, "net": net}],
    }


def _correctable(original: Resource, correction: Correction) -> ClaimRecord:
    record = claim_record_from_claim(original)
    if record.kind == "credit":
        raise ValueError(f"{record.reference} is a credit: correct the claim it takes back by a new one")
    if correction.number < 2:
        raise ValueError(f"a correction of {record.reference} is numbered from 2, not {correction.number}")
    return record


def _about(original: Resource, kind: ClaimKind, identifier: str, correction: Correction) -> Element:
    """What the correction has of the original but for its amounts, and what it says of itself."""
    kept = [
        entry
        for entry in original["supportingInfo"]
        if code_in(entry.get("category"), canonical.INFORMATION_SYSTEM) in _KEPT
    ]
    same = ("resourceType", "type", "use", "patient", "billablePeriod", "insurer", "provider", "priority", "payee")
    copied = {name: original[name] for name in same if name in original}
    entries = numbered([*kept, *_reasons(correction)])
    return copied | _own(original, kind, identifier, correction) | {"supportingInfo": entries}


def _own(original: Resource, kind: ClaimKind, identifier: str, correction: Correction) -> Element:
    relationship = coded(_PRIOR, "prior")
    relationship["coding"].append({"system": canonical.CLAIM_RELATION, "code": kind})
    return {
        "id": claim_id(identifier),
        "meta": claim_meta("ready"),
        "identifier": [{"system": canonical.FORFAIT_IDENTIFIER, "value": identifier}],
        "status": "draft",
        "subType": coded(canonical.SERVICE_SYSTEM, kind, CLAIM_KINDS[kind]),
        "created": correction.on.isoformat(),
        "related": [{"claim": {"reference": f"Claim/{original['id']}"}, "relationship": relationship}],
    }


def _reasons(correction: Correction) -> list[Element]:
    entries = [information("correction") | {"timingDate": correction.on.isoformat()} | said(correction.reason)]
    if (period := correction.regularises) is not None:
        days = {"start": period.first.isoformat()} | ({"end": period.last.isoformat()} if period.last else {})
        entries.append(information("regularisation") | {"timingPeriod": days} | said(correction.reason))
    return entries


def _negated(item: Mapping[str, Any], claimed: ClaimItem) -> Element:
    return dict(item) | {
        "extension": insurer_share_extensions(-claimed.amo, -claimed.amc),
        "net": money(-claimed.cents),
        "detail": [_negated_detail(detail) for detail in item["detail"]],
    }


def _negated_detail(detail: Mapping[str, Any]) -> Element:
    concept = dict(detail["productOrService"])
    english = concept["_text"]["extension"][0]["extension"][1]["valueString"]
    concept["text"], concept["_text"] = translated(Label(f"avoir : {concept['text']}", f"credit: {english}"))
    cents = int(Decimal(detail["net"]["value"]).scaleb(2))
    return dict(detail) | {"productOrService": concept, "net": money(-cents)}


def _payee_key(claimed: ClaimItem) -> str:
    """As `Member.key`, two professions of one person being two payees; without the bar that separates in a search."""
    kind = claimed.kind if claimed.profession is None else claimed.profession.rpartition("|")[2]
    return f"{claimed.payee.replace('|', '/')}#{kind}"
