"""Indus given back: to the caisse by who is liable, or to the structure that gave them back in their place."""

from collections.abc import Sequence
from datetime import date

from cordee.claims.booking import answer_entries
from cordee.claims.claim_record import ClaimRecord
from cordee.claims.family_records import family_of_claim, lock_of
from cordee.claims.fhir_answer import answer_id, claim_response
from cordee.claims.fhir_claim import claim_text
from cordee.claims.holdings import lock_of_structure
from cordee.claims.lifecycle import Answer, Decision, Family, shares_of
from cordee.claims.refusals import ClaimRefused
from cordee.claims.returns import Insurer
from cordee.fhir.body import accept
from cordee.fhir.outcome import Conflict
from cordee.ledger.model import Account, Event, LedgerEntry
from cordee.ledger.postings import reimbursed
from cordee.pathways.money import in_english, in_french
from cordee.store.repository import Repository
from cordee.store.unit_of_work import Met, Put


async def give_back(repository: Repository, claim: str, payee: str, cents: int, on: date, reference: str) -> str:
    """Records that `cents` of the indus notified on a payee's part of a Claim (`Claim/x`) reached the caisse.

    `reference` is that of the transfer or of the caisse's withholding, which may be for several payees: the same again
    for one of them changes nothing. Answers the ClaimResponse that says so. Raises `ClaimRefused` for more than is
    still due, or for another amount under the same reference.
    """
    known, _ = await family_of_claim(repository, claim)
    async with repository.unit() as unit:
        await unit.lock([lock_of(known.identifier)])
        record, read = await family_of_claim(unit, claim)
        answers = read.family.answers_to(record.reference)
        told = [_told_of(payee, record, a) for a in answers if (a.kind, a.notice) == ("repayment", reference)]
        before = next((rank for rank, repaid in enumerate(told, 1) if repaid), None)
        id_ = answer_id(record.identifier, Answer("repayment", reference, on), before or len(told) + 1)
        if before is not None:
            _refuse_another_amount(reference, payee, told[before - 1], cents)
            return f"ClaimResponse/{id_}"
        answer = Answer("repayment", reference, on, _repaid(record, read.family, payee, cents))
        response = claim_response(read.resources[record.reference], answer, id_, settled=True)
        put = Put(id_, accept(claim_text(response), "ClaimResponse"), 0, sealed=True)
        if any(isinstance(written, Met) for written in await unit.put_many([put])):
            raise Conflict(f"ClaimResponse/{id_} exists already; try again with another reference.")
        await unit.append(answer_entries(record, read.family, answer, f"ClaimResponse/{id_}/_history/1", {}))
    return f"ClaimResponse/{id_}"


async def reimburse(repository: Repository, structure: str, payee: str, cents: int, on: date, reference: str) -> None:
    """Records that the structure (`Organization/x`) received `cents` of what is recoverable from a payee.

    That is what the payee was paid and the structure gave back to the caisse, or will. `reference` is that of the
    payment: the same again changes nothing. Raises `ClaimRefused` for more than is recoverable, or for another amount
    under the same reference.
    """
    key = f"reimbursement:{payee}:{reference}"
    async with repository.unit() as unit:
        await unit.lock([lock_of_structure(structure)])
        if booked := (await unit.ledger.find(structure, [key])).get(key):
            _refuse_another_amount(reference, payee, sum(line.debit for line in booked.entry.lines), cents)
            return
        balances = [
            (balance.holding.liable or payee, balance.net)
            for balance in await unit.ledger.balances(structure)
            if balance.holding.account is Account.RECOVERABLE and balance.holding.payee == payee and balance.net > 0
        ]
        limit = sum(net for _, net in balances)
        if not 0 < cents <= limit:
            raise ClaimRefused(
                f"{in_french(cents)} reçus de {payee}, alors que {in_french(limit)} sont à récupérer",
                f"{in_english(cents)} received from {payee}, where {in_english(limit)} are recoverable",
            )
        borne, left = [], cents
        for bearer, net in sorted(balances, key=lambda balance: balance[0] != payee):
            borne.append((bearer, min(left, net)))
            left -= borne[-1][1]
        label = f"Indu remboursé à la structure, {reference}"
        lines = reimbursed(payee, borne)
        await unit.append([LedgerEntry(structure, on, Event.RECOVERY, key, label, None, (), lines)])


def _told_of(payee: str, claim: ClaimRecord, answer: Answer) -> int:
    """The cents of an answer that are about a payee's parts."""
    own = {item.sequence for item in claim.items if item.payee == payee}
    return sum(decision.cents for decision in answer.decisions if decision.item in own)


def _refuse_another_amount(reference: str, payee: str, before: int, cents: int) -> None:
    if cents != before:
        raise ClaimRefused(
            f"{reference} a déjà dit {in_french(before)} pour {payee}, et non {in_french(cents)} : donnez à ce "
            "paiement-ci une autre référence",
            f"{reference} already said {in_english(before)} for {payee}, not {in_english(cents)}: give this payment "
            "another reference",
        )


def _repaid(claim: ClaimRecord, family: Family, payee: str, cents: int) -> tuple[Decision, ...]:
    """The cents put on the indus of the payee's parts, the oldest first."""
    answers = family.answers_to(claim.reference)
    own = frozenset(share.item.sequence for share in shares_of(claim, answers) if share.item.payee == payee)
    due = _due(answers, own)
    limit = sum(due.values())
    if not 0 < cents <= limit:
        raise ClaimRefused(
            f"{in_french(cents)} à rendre pour {payee}, alors que {in_french(limit)} sont encore réclamés",
            f"{in_english(cents)} to give back for {payee}, where {in_english(limit)} are still claimed back",
        )
    decisions = []
    for (item, insurer, liable), open_cents in due.items():
        taken = min(cents, open_cents)
        if taken:
            decisions.append(Decision(item, insurer, "repaid", taken, liable=liable))
            cents -= taken
    return tuple(decisions)


def _due(answers: Sequence[Answer], items: frozenset[int]) -> dict[tuple[int, Insurer, str | None], int]:
    """What is still claimed back of some items, by item, insurer and who is at the origin, the oldest first."""
    due: dict[tuple[int, Insurer, str | None], int] = {}
    signs = {"recovered": 1, "repaid": -1}
    for answer in answers:
        for decision in answer.decisions:
            if decision.item in items and decision.effect in signs:
                key = (decision.item, decision.insurer, decision.liable)
                due[key] = due.get(key, 0) + signs[decision.effect] * decision.cents
    return due
