"""What a caisse answers about Invoices: recorded line by line, booked, or set aside for a person; once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from cordee.claims.applied_lines import SAID_FURTHER_UP, AppliedLines, LineOutcome, ToldLine
from cordee.claims.booking import answer_entries, issue_entry
from cordee.claims.collective.fhir_applied_line import (
    APPLICABLE,
    answer_from_applied_line,
    applied_line,
    is_applied_line,
)
from cordee.claims.collective.fhir_invoice import invoice_id
from cordee.claims.collective.fhir_invoice_record import InvoiceRecord, stored_invoice
from cordee.claims.fhir_claim import claim_resource
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.fhir_payment import Paid, payment_reconciliation
from cordee.claims.lifecycle import Answer, Family
from cordee.claims.return_matching import Accepted, Matching, ReadBefore, ToResolve, match_line
from cordee.claims.returns import Insurer, ReturnLine
from cordee.fhir.stored_version import StoredVersion
from cordee.ledger.model import LedgerEntry
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
    """An Invoice and the answers to it, oldest first, by the version that holds each."""

    record: InvoiceRecord
    answers: Mapping[str, Answer]

    @property
    def family(self) -> Family:
        """Its answers as those of Claims are asked for; no Claim corrects an Invoice."""
        return Family({}, {self.record.reference: tuple(self.answers.values())})

    def with_answer(self, evidence: str, answer: Answer) -> "AnsweredInvoice":
        """The same once one more answer is known; `evidence` is the version that holds it."""
        return replace(self, answers={**self.answers, evidence: answer})

    def entries_of(self, evidence: str, answer: Answer) -> tuple[LedgerEntry, ...]:
        """What an answer to it moves."""
        return answer_entries(self.record, self.family, answer, evidence, {})

    def entries(self) -> tuple[LedgerEntry, ...]:
        """All that the Invoice, once issued, and the answers to it move."""
        issued = issue_entry(self.record, self.record.dated)
        answered = (entry for told in self.answers.items() for entry in self.entries_of(*told))
        return (*(() if issued is None else (issued,)), *answered)


async def answered_invoices(reader: Reader, versions: Sequence[StoredVersion]) -> dict[str, AnsweredInvoice | Label]:
    """Stored Invoices with the answers to them, by id; of one that can't be read, why."""
    told: dict[str, list[Element]] = {}
    tasks = await reader.referring("Task", "focus", [("Invoice", version.id) for version in versions])
    for task in sorted(tasks, key=lambda task: (task.last_updated, task.id)):
        resource = claim_resource(task.body.encode())
        # What is not sealed was written by somebody else than the engine: it answers nothing.
        if task.sealed and is_applied_line(resource):
            told.setdefault(resource.get("focus", {}).get("reference", ""), []).append(resource)
    return {version.id: _answered(version, told.get(f"Invoice/{version.id}", ())) for version in versions}


def _answered(version: StoredVersion, told: Iterable[Element]) -> AnsweredInvoice | Label:
    try:
        answers = {f"Task/{task['id']}/_history/1": answer_from_applied_line(task) for task in told}
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
                task = applied_line(told.line, answer, reference, applied.source)
                evidence = f"Task/{task['id']}/_history/1"
                applied.put(task, expected=0, sealed=True)
                applied.entries += invoice.entries_of(evidence, answer)
                for paid in _paid(invoice.record, answer, f"Task/{task['id']}"):
                    key = (invoice.record.structure, answer.notice, answer.day, paid.insurer)
                    payments.setdefault(key, []).append(paid)
                invoices[id_] = invoice.with_answer(evidence, answer)
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


def _paid(record: InvoiceRecord, answer: Answer, response: str) -> list[Paid]:
    items = {item.sequence: item for item in record.items}
    return [
        Paid(record, items[decision.item], decision.insurer, decision.cents, response)
        for decision in answer.decisions
        if decision.effect == "paid"
    ]


def _unknown(line: ReturnLine) -> Label:
    return Label(f"aucune facture n'a l'identifiant {line.claim}", f"no Invoice has the identifier {line.claim}")
