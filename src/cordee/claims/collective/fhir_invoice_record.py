"""An Invoice of the project read back; what is not as the project writes it is refused by place."""

from dataclasses import dataclass
from datetime import date
from typing import get_args

from cordee.claims import canonical
from cordee.claims.claim_record import ClaimItem, PaymentRequest
from cordee.claims.fhir_claim import claim_resource
from cordee.claims.fhir_claim_record import PAYEES, insurers_of, profession_of
from cordee.claims.fhir_evidence import Resource
from cordee.claims.fhir_reading import Part, Reading, code_in
from cordee.claims.payees import PayeeKind
from cordee.fhir.stored_version import StoredVersion
from cordee.pathways.convention import PayeeMode
from cordee.pathways.model import Validity


@dataclass(frozen=True, slots=True)
class InvoiceRecord(PaymentRequest):
    """An Invoice of the project: an item a participant, in their order, from 1. `dated` is the day it was settled on.

    `pathway` is a code, `period` the days it pays.
    """

    pathway: str
    period: Validity
    dated: date


def stored_invoice(version: StoredVersion) -> InvoiceRecord:
    """The record of a stored Invoice; one that was not sealed was not issued by the engine, whatever it says.

    Raises EvidenceError as `invoice_record` does.
    """
    return invoice_record(claim_resource(version.body.encode()), issued=version.sealed)


def invoice_record(invoice: Resource, *, issued: bool) -> InvoiceRecord:
    """The record of an Invoice that `claim_resource` parsed.

    Raises EvidenceError, naming the element and the fix, for an Invoice the project did not write or that was altered:
    lines or participants that do not add up to the total, AMO and AMC to the participant, a missing payee.
    """
    read = Reading(f"Invoice/{invoice.get('id', '?')}")
    payment = _payment(invoice)
    period = payment.get("period", {}).get("valuePeriod") or {}
    record = InvoiceRecord(
        reference=read.reference,
        version=int(invoice.get("meta", {}).get("versionId", 0)),
        identifier=_identifier(read, invoice),
        kind="forfait",
        tag="submitted" if issued and invoice.get("status") == "issued" else "draft",
        structure=read.referenced("issuer", invoice.get("issuer")),
        payee_mode=read.one_of(
            "extension[payee-mode]",
            str(payment.get("payee-mode", {}).get("valueCode")).replace("-", "_"),
            get_args(PayeeMode),
        ),
        items=tuple(_item(read, number, part) for number, part in enumerate(invoice.get("participant", ()), 1)),
        total=read.cents("totalNet", invoice.get("totalNet")),
        pathway=read.text("extension[pathway]", payment.get("pathway", {}).get("valueCoding", {}).get("code")),
        period=Validity(
            read.day("extension[period].start", period.get("start")),
            read.day("extension[period].end", period.get("end")),
        ),
        dated=read.day("date", invoice.get("date")),
    )
    _check_sums(read, record, invoice)
    return record


def _payment(invoice: Resource) -> dict[str, Part]:
    stated = [e for e in invoice.get("extension", ()) if e.get("url") == canonical.COLLECTIVE_PAYMENT]
    return {part.get("url", ""): part for part in (stated[0].get("extension", ()) if stated else ())}


def _identifier(read: Reading, invoice: Resource) -> str:
    named = [
        i.get("value") for i in invoice.get("identifier", ()) if i.get("system") == canonical.COLLECTIVE_IDENTIFIER
    ]
    if len(named) != 1:
        fix = f"one of {canonical.COLLECTIVE_IDENTIFIER} is needed"
        raise read.refusal("identifier", f"has {len(named)} collective payments", fix)
    return read.text("identifier.value", named[0])


def _item(read: Reading, number: int, participant: Part) -> ClaimItem:
    place = f"participant[{number - 1}]"
    stated = [e for e in participant.get("extension", ()) if e.get("url") == canonical.COLLECTIVE_QUOTE_PART]
    parts = {part.get("url"): part for part in (stated[0].get("extension", ()) if stated else ())}
    cents = read.cents(f"{place}.extension[amount]", parts.get("amount", {}).get("valueMoney"))
    amo, amc = insurers_of(read, f"{place}.", participant)
    if amo + amc != cents:
        refused = f"is {cents} cents"
        raise read.refusal(f"{place}.extension[amount]", refused, f"its AMO and AMC parts add up to {amo + amc}")
    if min(cents, amo, amc) < 0:
        raise read.refusal(f"{place}.extension[amount]", "is negative", "an Invoice asks for amounts, or for nothing")
    actor = participant.get("actor") or {}
    return ClaimItem(
        sequence=number,
        kind=_kind(read, place, participant),
        payee=read.identified(f"{place}.actor", actor),
        name=actor.get("display", ""),
        reference=actor.get("reference"),
        cents=cents,
        amo=amo,
        amc=amc,
        sessions=(),
        profession=profession_of(participant),
    )


def _kind(read: Reading, place: str, participant: Part) -> PayeeKind:
    """A payee with a profession is a member of the team: the others say what they are."""
    if profession_of(participant) is not None:
        return "member"
    return read.one_of(f"{place}.role", code_in(participant.get("role"), canonical.PAYEE_SYSTEM), PAYEES)


def _check_sums(read: Reading, record: InvoiceRecord, invoice: Resource) -> None:
    claimed = sum(item.cents for item in record.items)
    if claimed != record.total:
        raise read.refusal("totalNet", f"is {record.total} cents", f"its participants add up to {claimed}")
    lines = sum(
        read.cents(f"lineItem[{n}].priceComponent[{m}].amount", component.get("amount"))
        for n, line in enumerate(invoice.get("lineItem", ()))
        for m, component in enumerate(line.get("priceComponent", ()))
    )
    if lines != record.total:
        raise read.refusal("totalNet", f"is {record.total} cents", f"its lines add up to {lines}")
