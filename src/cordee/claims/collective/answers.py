"""What a caisse answers about Invoices: recorded line by line, booked, or set aside for a person; once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from cordee.claims.applied_lines import SAID_FURTHER_UP, AppliedLines, LineOutcome, ToldLine
from cordee.claims.booking import answer_entries
from cordee.claims.collective.fhir_applied_line import (
    APPLICABLE,
    answer_from_applied_line,
    applied_line,
    is_applied_line,
)
from cordee.claims.collective.fhir_invoice import invoice_id
from cordee.claims.collective.fhir_invoice_record import InvoiceRecord, stored_invoice
from cordee.claims.fhir_claim import claim_resource
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.fhir_payment import Paid, payment_reconciliation
from cordee.claims.lifecycle import Answer, Family
from cordee.claims.return_matching import Accepted, Matching, ReadBefore, ToResolve, match_line
from cordee.claims.returns import Insurer, ReturnLine
from cordee.fhir.stored_version import StoredVersion
from cordee.pathways.model import Label
from cordee.store.reader import Reader
from cordee.store.unit_of_work import UnitOfWork

_COMPULSORY = {"display": "Assurance maladie obligatoire"}
_NOT_APPLICABLE = Label(
    "un refus technique ou un indu d'une facture collective n'est pas appliqué : voyez avec la caisse",
    "a technical refusal or an indu of a collective Invoice is not applied: ask the caisse",
)


@dataclass(frozen=True, slots=True)
class AnsweredInvoice:
    """An Invoice and the answers to it, oldest first."""

    record: InvoiceRecord
    answers: tuple[Answer, ...] = ()

    @property
    def family(self) -> Family:
        """Its answers as those of Claims are asked for; no Claim corrects an Invoice."""
        return Family({}, {self.record.reference: self.answers})

    def with_answer(self, answer: Answer) -> "AnsweredInvoice":
        """The same once one more answer is known."""
        return replace(self, answers=(*self.answers, answer))


async def answered_invoices(reader: Reader, versions: Sequence[StoredVersion]) -> dict[str, AnsweredInvoice | Label]:
    """Stored Invoices with the answers to them, by id; of one that can't be read, why."""
    told: dict[str, list[StoredVersion]] = {}
    for task in await reader.referring("Task", "focus", [("Invoice", version.id) for version in versions]):
        # What is not sealed was written by somebody else than the engine: it answers nothing.
        if task.sealed:
            focus = claim_resource(task.body.encode()).get("focus", {}).get("reference", "")
            told.setdefault(focus, []).append(task)
    return {version.id: _answered(version, told.get(f"Invoice/{version.id}", ())) for version in versions}


def _answered(version: StoredVersion, told: Iterable[StoredVersion]) -> AnsweredInvoice | Label:
    tasks = [claim_resource(task.body.encode()) for task in sorted(told, key=lambda task: (task.last_updated, task.id))]
    try:
        answers = tuple(answer_from_applied_line(task) for task in tasks if is_applied_line(task))
        return AnsweredInvoice(stored_invoice(version), answers)
    except EvidenceError as error:
        return Label(str(error), str(error))


async def answer_invoices(unit: UnitOfWork, lines: Sequence[ToldLine], applied: AppliedLines) -> None:
    """Judges lines about Invoices, and adds to `applied` what they come to: the caller holds the Invoices' locks."""
    stored = await unit.read_many({("Invoice", invoice_id(told.line.claim)) for told in lines})
    invoices = await answered_invoices(unit, [version for version in stored.values() if not version.deleted])
    payments: dict[tuple[str, str, date, Insurer], list[Paid]] = {}
    for told in lines:
        id_ = invoice_id(told.line.claim)
        invoice = invoices.get(id_)
        if not isinstance(invoice, AnsweredInvoice):
            applied.add(told, told.to_resolve(None, invoice or _unknown(told.line)))
            continue
        reference = invoice.record.reference
        match _matched(told, invoice):
            case ToResolve(reason):
                applied.add(told, told.to_resolve(reference, reason))
            case ReadBefore():
                applied.add(told, LineOutcome(told.line, "read_before", reference))
            case Accepted(answer):
                for paid in _apply(told.line, answer, invoice, applied):
                    key = (invoice.record.structure, answer.notice, answer.day, paid.insurer)
                    payments.setdefault(key, []).append(paid)
                invoices[id_] = invoice.with_answer(answer)
                applied.add(told, LineOutcome(told.line, "applied", reference))
    for (_, notice, day, _), pays in payments.items():
        one = stored["Invoice", pays[0].claim.reference.removeprefix("Invoice/")]
        resource = claim_resource(one.body.encode())
        caisse = resource.get("recipient", _COMPULSORY)
        applied.put(payment_reconciliation(notice, day, resource["issuer"], caisse, pays), expected=0, sealed=True)


def _matched(told: ToldLine, invoice: AnsweredInvoice) -> Matching:
    if told.occurrence:
        return ToResolve(SAID_FURTHER_UP)
    if told.line.kind not in APPLICABLE:
        return ToResolve(_NOT_APPLICABLE)
    return match_line(told.line, invoice.record, invoice.family)


def _apply(line: ReturnLine, answer: Answer, invoice: AnsweredInvoice, applied: AppliedLines) -> list[Paid]:
    """Adds what an answer to an Invoice stores and books; what it pays."""
    record = invoice.record
    task = applied_line(line, answer, record.reference, applied.source)
    applied.put(task, expected=0, sealed=True)
    applied.entries += answer_entries(record, invoice.family, answer, f"Task/{task['id']}/_history/1", {})
    items = {item.sequence: item for item in record.items}
    return [
        Paid(record, items[decision.item], decision.insurer, decision.cents, f"Task/{task['id']}")
        for decision in answer.decisions
        if decision.effect == "paid"
    ]


def _unknown(line: ReturnLine) -> Label:
    return Label(f"aucune facture n'a l'identifiant {line.claim}", f"no Invoice has the identifier {line.claim}")
