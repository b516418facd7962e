"""A collective payment as an R4 Invoice: a Claim needs one patient, and this has a list of them.

The shape, and why: docs/collective.md. Money is a Decimal with two decimals: the Invoice is written by `claim_text`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import NAMESPACE_URL, uuid5

from cordee.claims import canonical
from cordee.claims.collective.amount import Component
from cordee.claims.collective.settlement import CollectiveSettlement
from cordee.claims.explanation import Explanation, explain
from cordee.claims.fhir_claim_item import care_team_entry
from cordee.claims.fhir_datatypes import Element, coded, insurer_share_extensions, money, named, said, translated
from cordee.claims.quote_parts import QuotePart
from cordee.claims.wording import in_full, lines
from cordee.pathways.model import Label

InvoiceStatus = Literal["draft", "issued"]

COMPONENTS = {
    "weighted-list": Label("patientèle pondérée", "weighted patient list"),
    "care-elsewhere": Label("soins reçus hors de l'équipe", "care received elsewhere"),
    "growth-cap": Label("plafond d'évolution", "cap on growth"),
    "savings": Label("intéressement", "shared savings"),
    "quality": Label("effet du score de qualité", "effect of the quality score"),
    "not-billed": Label("part non facturée", "part not billed"),
}


@dataclass(frozen=True, slots=True)
class CollectiveEvidence:
    """What a payment was read from: versioned references, and a digest of those there is one of for each patient.

    `patients` is how many the digest stands for: Patients, and reports about one patient.
    """

    versions: tuple[str, ...]
    digest: str
    patients: int


def invoice_id(identifier: str) -> str:
    """The id of the Invoice whose identifier is `identifier`: the same payment is the same row, billed once."""
    return str(uuid5(NAMESPACE_URL, f"{canonical.COLLECTIVE_IDENTIFIER}|{identifier}"))


def names_invoice(identifier: str) -> bool:
    """Whether it is the identifier of a collective payment, not that of a forfait, which names its plan too."""
    return identifier.count(":") == 2


def lock_of_invoice(identifier: str) -> str:
    """What a unit of work locks before it writes the Invoice of this identifier, or answers it."""
    return f"collective:{identifier}"


def invoice_from_settlement(
    settlement: CollectiveSettlement, evidence: CollectiveEvidence, status: InvoiceStatus
) -> Element:
    """The Invoice of a payment due; the same settlement and evidence give the same Invoice."""
    dossier = settlement.dossier
    components = list(settlement.amount.components)
    if settlement.not_billed:
        components.append(_not_billed(settlement))
    invoice: Element = {
        "resourceType": "Invoice",
        "id": invoice_id(dossier.identifier),
        "extension": [_payment(settlement, evidence)],
        "identifier": [{"system": canonical.COLLECTIVE_IDENTIFIER, "value": dossier.identifier}],
        "status": status,
        "type": coded(canonical.SERVICE_SYSTEM, "collective", "forfait collectif"),
        "subject": {"reference": dossier.group},
        "date": settlement.settled_on.isoformat(),
        "participant": [_participant(number, part) for number, part in enumerate(settlement.parts, 1)],
        "issuer": {"reference": dossier.structure.reference, "display": dossier.structure.name},
        "lineItem": [_line(number, component) for number, component in enumerate(components, 1)],
        "totalNet": money(settlement.total),
        "totalGross": money(settlement.total),
        "note": [_note((settlement.amount.explanation,)), *_notes(settlement)],
    }
    if dossier.convention.insurer is not None:
        invoice["recipient"] = named(dossier.convention.insurer.identifier, dossier.convention.insurer.name)
    return invoice


def _not_billed(settlement: CollectiveSettlement) -> Component:
    cents = settlement.not_billed
    return Component("not-billed", -cents, explain("collective.not_billed", -cents))


def _payment(settlement: CollectiveSettlement, evidence: CollectiveEvidence) -> Element:
    dossier = settlement.dossier
    period, convention = dossier.period, dossier.convention
    pathway = {
        "system": canonical.PATHWAY_SYSTEM,
        "version": dossier.pathway.version,
        "code": dossier.pathway.code,
        "display": dossier.pathway.label.fr,
    }
    contract = {"type": "Contract"} | named(convention.identifier, f"convention, version {convention.version}")
    return {
        "url": canonical.COLLECTIVE_PAYMENT,
        "extension": [
            {"url": "pathway", "valueCoding": pathway},
            {"url": "period", "valuePeriod": {"start": period.first.isoformat(), "end": period.last.isoformat()}},
            {"url": "convention", "valueReference": contract},
            {"url": "convention-version", "valueString": convention.version},
            {"url": "payee-mode", "valueCode": convention.payee_mode.replace("_", "-")},
            {"url": "evidence-versions", "valueString": " ".join(evidence.versions)},
            {"url": "patient-evidence-count", "valueInteger": evidence.patients},
            {"url": "patient-evidence-sha256", "valueString": evidence.digest},
        ],
    }


def _participant(number: int, quote_part: QuotePart) -> Element:
    entry = care_team_entry(number, quote_part.payee)
    why = quote_part.explanation
    return {
        "extension": [
            {
                "url": canonical.COLLECTIVE_QUOTE_PART,
                "extension": [
                    {"url": "amount", "valueMoney": money(quote_part.cents)},
                    {"url": "reason"} | said(Label(in_full(why, "fr"), in_full(why, "en"))),
                ],
            },
            *insurer_share_extensions(quote_part.amo, quote_part.amc),
        ],
        "role": entry["role"],
        "actor": entry["provider"],
    }


def _line(number: int, component: Component) -> Element:
    why = component.explanation
    concept = coded(canonical.COLLECTIVE_COMPONENT, component.code, COMPONENTS[component.code].fr)
    concept["text"], concept["_text"] = translated(Label(in_full(why, "fr"), in_full(why, "en")))
    kind = "base" if component.cents >= 0 else "deduction"
    return {
        "sequence": number,
        "chargeItemCodeableConcept": concept,
        "priceComponent": [{"type": kind, "amount": money(component.cents)}],
    }


def _notes(settlement: CollectiveSettlement) -> list[Element]:
    told = [*settlement.amount.set_aside, *(entry.reason for entry in settlement.not_counted)]
    if settlement.insurers is not None:
        told.insert(0, settlement.insurers)
    return [_note(told)] if told else []


def _note(explanations: Iterable[Explanation]) -> Element:
    """Trees as a Markdown list in French, with its English."""
    trees = tuple(explanations)
    french, english = (
        "\n".join(f"{'  ' * depth}- {text}" for tree in trees for depth, text in lines(tree, language))
        for language in ("fr", "en")
    )
    text, translation = translated(Label(french, english))
    return {"text": text, "_text": translation}
