"""The ledger entries of what is asked of a caisse and of its answers, for Claims and Invoices alike (no I/O).

Each entry's key says what it books, so that booking twice is told from booking again.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from cordee.claims.claim_record import ClaimItem, ClaimRecord, PaymentRequest
from cordee.claims.lifecycle import Answer, Decision, Effect, Family, Share, shares_of
from cordee.claims.payees import PayeeKind
from cordee.ledger.model import Account, Event, LedgerEntry
from cordee.ledger.postings import (
    Indu,
    Lines,
    Part,
    claimed,
    claimed_back,
    given_back,
    given_up,
    paid,
    paid_after_credit,
)

_OWN: Mapping[PayeeKind, Account] = {"structure": Account.STRUCTURE, "reserve": Account.RESERVE}


def submission_entry(claim: ClaimRecord, on: date, bordereau: str) -> LedgerEntry:
    """A Claim that asks for money is submitted."""
    return _entry(
        claim, Event.SUBMISSION, on, f"Transmission, bordereau {bordereau}", _asked(claim), _as_submitted(claim)
    )


def issue_entry(invoice: PaymentRequest, on: date) -> LedgerEntry | None:
    """An Invoice is issued by the version that `invoice` was read from; None for one of 0 cents."""
    evidence = f"{invoice.reference}/_history/{invoice.version}"
    lines = _asked(invoice)
    return _entry(invoice, Event.SUBMISSION, on, "Émission de la facture", lines, evidence) if lines else None


def credit_entry(
    credit: ClaimRecord, family: Family, on: date, bordereau: str, held: Mapping[str, int]
) -> LedgerEntry | None:
    """A credit is submitted: what is open of its original is given up, what was paid of it is to be given back.

    `held` is what the structure holds for each payee (via structure). None when nothing of the original stands: all
    was rejected.
    """
    original = family.claims[credit.original or ""]
    shares = shares_of(original, family.answers_to(original.reference))
    open_parts = [_part(share.item, share, share.open) for share in shares]
    kept = [(share.item, share, share.kept, None) for share in shares]
    lines = (*given_up(open_parts), *claimed_back(_indus(original, family, kept, held)))
    label = f"Avoir, bordereau {bordereau}"
    return _entry(credit, Event.CORRECTION, on, label, lines, _as_submitted(credit)) if lines else None


def answer_entries(
    claim: PaymentRequest, family: Family, answer: Answer, evidence: str, held: Mapping[str, int]
) -> tuple[LedgerEntry, ...]:
    """What an answer moves. `family` is as it stood before the answer, `evidence` the version that holds it.

    `held` is what the structure holds for each payee when an indu is notified (via structure).
    """
    withdrawn = family.credit_of(claim.reference) is not None
    booked: list[LedgerEntry] = []

    def book(event: Event, label: str, lines: Lines) -> None:
        if lines:
            booked.append(_entry(claim, event, answer.day, f"{label} {answer.notice}", lines, evidence))

    if answer.kind == "technical_refusal" and not withdrawn:
        every = [_part(share.item, share, share.claimed) for share in shares_of(claim)]
        book(Event.TECHNICAL_REFUSAL, "Refus technique, avis", given_up(every))
    items = {item.sequence: item for item in claim.items}
    told = _by_effect(answer)
    via_structure = claim.payee_mode == "via_structure"
    payments = [_part(items[d.item], d, d.cents) for d in told["paid"]]
    if claim.kind == "credit":
        indus = _indus(claim, family, [(items[d.item], d, d.cents, None) for d in told["paid"]], {})
        book(Event.RECOVERY, "Reprise par la caisse, avis", given_back(indus, structure=claim.structure))
    elif withdrawn:
        lines = paid_after_credit(payments, structure=claim.structure, via_structure=via_structure)
        book(Event.PAYMENT, "Paiement d'une demande annulée, avis", lines)
    else:
        book(Event.PAYMENT, "Paiement, avis", paid(payments, via_structure=via_structure))
        rejections = [_part(items[d.item], d, d.cents) for d in told["rejected"]]
        book(Event.REJECTION, "Rejet, avis", given_up(rejections))
    notified = [(items[d.item], d, d.cents, d.liable) for d in told["recovered"]]
    book(Event.INDU, "Indu, avis", claimed_back(_indus(claim, family, notified, held)))
    repaid = [(items[d.item], d, d.cents, d.liable) for d in told["repaid"]]
    indus = _indus(claim, family, repaid, {})
    book(Event.RECOVERY, "Indu rendu, avis", given_back(indus, structure=claim.structure))
    return tuple(booked)


def _asked(request: PaymentRequest) -> Lines:
    return claimed(_part(share.item, share, share.claimed) for share in shares_of(request))


def _by_effect(answer: Answer) -> dict[Effect, list[Decision]]:
    told: dict[Effect, list[Decision]] = {"paid": [], "rejected": [], "recovered": [], "repaid": []}
    for decision in answer.decisions:
        told[decision.effect].append(decision)
    return told


def _indus(
    claim: PaymentRequest,
    family: Family,
    amounts: Iterable[tuple[ClaimItem, Share | Decision, int, str | None]],
    held: Mapping[str, int],
) -> list[Indu]:
    left = dict(held)
    indus = []
    for item, share, cents, at_origin in amounts:
        part = _part(item, share, cents)
        if at_origin is not None and at_origin in family.structure:
            liable = bearer = claim.structure
        elif at_origin is not None:
            liable = bearer = at_origin
        else:
            through_structure = part.is_own or claim.payee_mode == "via_structure"
            liable, bearer = claim.structure if through_structure else item.payee, item.payee
        kept_back = min(cents, left.get(item.payee, 0)) if bearer == item.payee and not part.is_own else 0
        left[item.payee] = left.get(item.payee, 0) - kept_back
        indus.append(Indu(part, liable, bearer, kept_back))
    return indus


def _part(item: ClaimItem, share: Share | Decision, cents: int) -> Part:
    return Part(_OWN.get(item.kind, Account.PAYABLE), item.payee, share.insurer, cents)


def _as_submitted(claim: ClaimRecord) -> str:
    """The version that submission makes of the Claim read."""
    return f"{claim.reference}/_history/{claim.version + 1}"


def _entry(claim: PaymentRequest, event: Event, on: date, label: str, lines: Lines, evidence: str) -> LedgerEntry:
    text = f"{label}, forfait {claim.identifier}"
    return LedgerEntry(
        structure=claim.structure,
        booked_on=on,
        event=event,
        key=f"{event}:{evidence.partition('/_history/')[0]}",
        label="".join(character if character.isprintable() else " " for character in text),
        claim=claim.reference,
        evidence=(evidence,),
        lines=lines,
    )
