"""What one line of a return file means for what it names: accepted, read already, or for a person (no I/O).

Nothing is ever guessed: a line that pays or refuses more than is open, or that names nobody, posts nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cordee.claims.claim_record import ClaimRecord, PaymentRequest
from cordee.claims.lifecycle import Answer, AnswerKind, Decision, Effect, Family, Share, is_refused, shares_of
from cordee.claims.returns import Insurer, ReturnLine
from cordee.pathways.model import Label
from cordee.pathways.money import in_english, in_french


@dataclass(frozen=True, slots=True)
class Accepted:
    """The line is an answer to the Claim."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class ReadBefore:
    """The same line, from this file or another, was accepted before."""


@dataclass(frozen=True, slots=True)
class ToResolve:
    """The line can't be right as it stands; a person must look, and nothing is posted."""

    reason: Label


Matching = Accepted | ReadBefore | ToResolve


def match_line(line: ReturnLine, claim: PaymentRequest, family: Family) -> Matching:
    """What `line` is to `claim`, as the answers to it in `family` stand; an Invoice has a family of none but them."""
    answers = family.answers_to(claim.reference)
    if claim.tag != "submitted":
        return _to_resolve(
            f"{claim.reference} n'est pas transmise : une réponse ne peut pas la concerner",
            f"{claim.reference} was not submitted: no answer can be about it",
        )
    match line.kind:
        case "acknowledgement" | "technical_refusal":
            return _of_the_whole(line, claim, answers)
        case "payment" | "rejection" | "recovery":
            return _of_a_payee(line, claim, family)


def _of_the_whole(line: ReturnLine, claim: PaymentRequest, answers: Sequence[Answer]) -> Matching:
    kind: AnswerKind = "acknowledgement" if line.kind == "acknowledgement" else "technical_refusal"
    if any(answer.kind == kind and answer.notice == line.notice for answer in answers):
        return ReadBefore()
    if is_refused(answers):
        return _to_resolve(
            f"{claim.reference} a déjà été refusée techniquement",
            f"{claim.reference} was already refused for a technical reason",
        )
    if kind == "technical_refusal":
        if claim.kind == "credit":
            return _to_resolve(
                f"l'avoir {claim.reference} est refusé techniquement : il reste dû, renvoyez son bordereau",
                f"the credit {claim.reference} was refused technically: it still stands, send its bordereau again",
            )
        if any(answer.decisions for answer in answers):
            return _to_resolve(
                f"{claim.reference} a déjà été payée ou rejetée : un refus technique n'est plus possible",
                f"{claim.reference} was already paid or rejected: a technical refusal makes no sense any more",
            )
    return Accepted(Answer(kind, line.notice, line.day, (), line.reason_code, line.reason_text))


def _of_a_payee(line: ReturnLine, claim: PaymentRequest, family: Family) -> Matching:
    answers = family.answers_to(claim.reference)
    if is_refused(answers):
        return _to_resolve(
            f"{claim.reference} a été refusée techniquement : seule la demande qui la remplace peut être payée",
            f"{claim.reference} was refused technically: only the claim that replaces it can be paid",
        )
    shares = [share for share in shares_of(claim, answers) if share.item.payee == line.payee]
    if not any(item.payee == line.payee for item in claim.items):
        return _to_resolve(
            f"{line.payee} n'a pas de quote-part dans {claim.reference}",
            f"{line.payee} has no quote-part in {claim.reference}",
        )
    insurer = line.insurer or _only_insurer(shares)
    if insurer is None and shares:
        return _to_resolve(
            "la ligne ne dit pas si elle est de l'AMO ou de l'AMC", "the line does not say whether it is AMO's or AMC's"
        )
    shares = [share for share in shares if share.insurer == insurer]
    before = _told_before(line, shares, answers)
    if before is not None:
        return before
    if line.kind == "payment":
        return _payment(line, claim, family, shares)
    return _rejection(line, claim, shares) if line.kind == "rejection" else _recovery(line, claim, family, shares)


def _payment(line: ReturnLine, claim: PaymentRequest, family: Family, shares: Sequence[Share]) -> Matching:
    if not shares and not line.cents:
        return ReadBefore()  # a zero part is listed with the others: there is nothing to say of it
    if not line.cents:
        return _to_resolve(
            "un paiement de rien : s'agit-il d'un rejet ?", "a payment of nothing: is it meant as a rejection?"
        )
    if isinstance(claim, ClaimRecord) and claim.kind == "credit":
        over = Label("la caisse reprend plus qu'elle n'a payé", "the caisse takes back more than it paid")
        return _accepted("adjudication", "paid", line, _still_with(claim, family, shares), over)
    if any(share.paid for share in shares):
        over = Label("payée une deuxième fois", "paid a second time")
    else:
        over = Label("payée au-delà de la demande", "paid beyond the claim")
    return _accepted("adjudication", "paid", line, [(share, share.open) for share in shares], over)


def _rejection(line: ReturnLine, claim: PaymentRequest, shares: Sequence[Share]) -> Matching:
    if claim.kind == "credit":
        return _to_resolve(
            f"l'avoir {claim.reference} est rejeté : voyez avec la caisse, il reste dû",
            f"the credit {claim.reference} was rejected: ask the caisse, it still stands",
        )
    over = Label("rejetée au-delà de ce qui reste à payer", "rejected beyond what is still to be paid")
    return _accepted("adjudication", "rejected", line, [(share, share.open) for share in shares], over)


def _recovery(line: ReturnLine, claim: PaymentRequest, family: Family, shares: Sequence[Share]) -> Matching:
    if claim.kind == "credit" or family.credit_of(claim.reference) is not None:
        return _to_resolve(
            f"{claim.reference} est déjà annulée par un avoir : cet indu ferait rendre deux fois",
            f"a credit already withdrew {claim.reference}: this indu would have it given back twice",
        )
    over = Label("indu au-delà de ce qui a été payé", "indu beyond what was paid")
    return _accepted("recovery", "recovered", line, [(share, share.kept) for share in shares], over)


def _still_with(credit: ClaimRecord, family: Family, shares: Iterable[Share]) -> list[tuple[Share, int]]:
    """What was paid of the Claim credited, was not claimed back, and not taken back yet by way of the credit."""
    original = family.claims[credit.original or ""]
    paid = shares_of(original, family.answers_to(original.reference))
    kept = {(share.item.sequence, share.insurer): share.kept for share in paid}
    return [(share, max(0, kept[share.item.sequence, share.insurer] - share.paid)) for share in shares]


def _told_before(line: ReturnLine, shares: Sequence[Share], answers: Iterable[Answer]) -> Matching | None:
    effects: dict[str, Effect] = {"payment": "paid", "rejection": "rejected"}
    effect = effects.get(line.kind, "recovered")
    places = {(share.item.sequence, share.insurer) for share in shares}
    told = [
        decision.cents
        for answer in answers
        if answer.notice == line.notice
        for decision in answer.decisions
        if decision.effect == effect and (decision.item, decision.insurer) in places
    ]
    if not told:
        return None
    if line.cents in (None, sum(told)):
        return ReadBefore()
    return _to_resolve(
        f"l'avis {line.notice} a déjà dit {in_french(sum(told))} pour cette quote-part",
        f"the notice {line.notice} already said {in_english(sum(told))} of this quote-part",
    )


def _accepted(
    kind: AnswerKind, effect: Effect, line: ReturnLine, room: Sequence[tuple[Share, int]], over: Label
) -> Matching:
    """The line's cents put on the payee's items in their order: one in two professions has two.

    `room` is the most that each can take; a line that names no cents takes it all.
    """
    limit = sum(most for _, most in room)
    cents = limit if line.cents is None else line.cents
    if cents > limit or cents == 0:
        return _to_resolve(
            f"{over.fr} : {in_french(cents)}, pour {in_french(limit)} au plus",
            f"{over.en}: {in_english(cents)}, for at most {in_english(limit)}",
        )
    decisions = []
    for share, most in room:
        taken = min(cents, most)
        if taken:
            why = (line.reason_code, line.reason_text, line.liable)
            decisions.append(Decision(share.item.sequence, share.insurer, effect, taken, *why))
            cents -= taken
    return Accepted(Answer(kind, line.notice, line.day, tuple(decisions)))


def _only_insurer(shares: Iterable[Share]) -> Insurer | None:
    found = {share.insurer for share in shares}
    return found.pop() if len(found) == 1 else None


def _to_resolve(fr: str, en: str) -> ToResolve:
    return ToResolve(Label(fr, en))
