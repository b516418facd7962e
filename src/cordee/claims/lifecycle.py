"""Where a Claim stands: its own tag, the caisse's answers to it, and the Claims that correct it (no I/O)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from cordee.claims.claim_record import ClaimItem, ClaimRecord, PaymentRequest
from cordee.claims.returns import Insurer

INSURERS: tuple[Insurer, ...] = ("amo", "amc")

StateCode = Literal[
    "draft",
    "ready",
    "submitted",
    "acknowledged",
    "refused_technically",
    "paid",
    "partly_paid",
    "rejected",
    "partly_rejected",
    "corrected",
    "cancelled",
]

AnswerKind = Literal["transmission", "acknowledgement", "technical_refusal", "adjudication", "recovery", "repayment"]
"""A `transmission` is ours; the rest is what the caisse said, but a `repayment`, which is what was given back to it."""

Effect = Literal["paid", "rejected", "recovered", "repaid"]
"""What was decided of cents: `recovered` is claimed back (indu), `repaid` given back; on a credit, `paid` is taken
back.
"""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an answer says of one insurer's share of one item. `liable` is who bears an indu, when not who was paid."""

    item: int
    insurer: Insurer
    effect: Effect
    cents: int
    reason_code: str | None = None
    reason_text: str | None = None
    liable: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer about one Claim; `notice` is the caisse's reference of it, empty for a transmission."""

    kind: AnswerKind
    notice: str
    day: date
    decisions: tuple[Decision, ...] = ()
    reason_code: str | None = None
    reason_text: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """One insurer's share of one quote-part and what became of it; cents, never negative, also in a credit."""

    item: ClaimItem
    insurer: Insurer
    claimed: int
    paid: int = 0
    rejected: int = 0
    recovered: int = 0
    repaid: int = 0

    @property
    def open(self) -> int:
        """Neither paid nor rejected yet."""
        return self.claimed - self.paid - self.rejected

    @property
    def kept(self) -> int:
        """Paid, and not claimed back."""
        return self.paid - self.recovered


@dataclass(frozen=True, slots=True)
class ClaimState:
    """The state of a Claim, and of each share; `credit` and `replacement` are the Claims that correct it."""

    code: StateCode
    shares: tuple[Share, ...]
    credit: str | None = None
    replacement: str | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """All the Claims of one forfait (the first, its credits, replacements and resubmissions) and their answers.

    `claims` and `answers` are by reference. `structure` has the identifiers of the structure.
    """

    claims: Mapping[str, ClaimRecord]
    answers: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict)
    structure: frozenset[str] = frozenset()

    def answers_to(self, claim: str) -> tuple[Answer, ...]:
        """The answers to one Claim, oldest first."""
        return self.answers.get(claim, ())

    def with_answer(self, claim: str, answer: Answer) -> "Family":
        """The family once one more answer is known."""
        return replace(self, answers={**self.answers, claim: (*self.answers_to(claim), answer)})

    def with_claim(self, claim: ClaimRecord) -> "Family":
        """The family with one more Claim, or another version of one."""
        return replace(self, claims={**self.claims, claim.reference: claim})

    def named(self, identifier: str) -> ClaimRecord | None:
        """The Claim with that identifier."""
        return next((claim for claim in self.claims.values() if claim.identifier == identifier), None)

    def followers(self, claim: str, kind: str) -> tuple[ClaimRecord, ...]:
        """The Claims of one kind that are about `claim`, whatever their own state, in the order of their numbers."""
        found = (follower for follower in self.claims.values() if follower.original == claim and follower.kind == kind)
        return tuple(sorted(found, key=lambda follower: (number_of(follower.identifier), follower.identifier)))

    def credit_of(self, claim: str) -> ClaimRecord | None:
        """The credit that withdrew `claim`; one that has not been submitted withdraws nothing yet."""
        return next((credit for credit in self.followers(claim, "credit") if credit.tag == "submitted"), None)

    def next_number(self) -> int:
        """The number that the next Claims of the family take; the first one has none."""
        return max((number_of(claim.identifier) for claim in self.claims.values()), default=1) + 1


def number_of(identifier: str) -> int:
    """The number of a Claim in its family: 1 for the first, then what follows the forfait's identifier."""
    parts = identifier.split(":")
    return int(parts[4]) if len(parts) > 4 and parts[4].isdigit() else 1


def shares_of(claim: PaymentRequest, answers: Iterable[Answer] = ()) -> tuple[Share, ...]:
    """The shares of a request in the order of its items, AMO first, without those of nothing; sums of all answers."""
    sums: dict[tuple[int, Insurer, Effect], int] = {}
    for answer in answers:
        for decision in answer.decisions:
            key = (decision.item, decision.insurer, decision.effect)
            sums[key] = sums.get(key, 0) + decision.cents
    shares = []
    for item in claim.items:
        for insurer in INSURERS:
            claimed = abs(item.amo if insurer == "amo" else item.amc)
            if claimed:
                told = {effect: sums.get((item.sequence, insurer, effect), 0) for effect in _EFFECTS}
                shares.append(Share(item, insurer, claimed, **told))
    return tuple(shares)


_EFFECTS: tuple[Effect, ...] = ("paid", "rejected", "recovered", "repaid")


def state_of(claim: ClaimRecord, family: Family) -> ClaimState:
    """The state of a Claim of a family. A credit or replacement that is not submitted changes nothing yet."""
    answers = family.answers_to(claim.reference)
    shares = shares_of(claim, answers)
    if claim.tag != "submitted":
        return ClaimState(claim.tag, shares)
    credit = family.credit_of(claim.reference)
    replacement = next((r for r in family.followers(claim.reference, "replacement") if r.tag == "submitted"), None)
    names = (credit.reference if credit else None, replacement.reference if replacement else None)
    if replacement is not None:
        return ClaimState("corrected", shares, *names)
    if credit is not None:
        return ClaimState("cancelled", shares, *names)
    return ClaimState(_answered(answers, shares), shares)


def is_refused(answers: Iterable[Answer]) -> bool:
    """Whether the caisse refused the Claim as a whole, for a technical reason: it never looked at the money."""
    return any(answer.kind == "technical_refusal" for answer in answers)


def _answered(answers: tuple[Answer, ...], shares: tuple[Share, ...]) -> StateCode:
    if is_refused(answers):
        return "refused_technically"
    if any(share.rejected for share in shares):
        return "rejected" if all(share.rejected == share.claimed for share in shares) else "partly_rejected"
    if any(share.paid for share in shares):
        return "paid" if not any(share.open for share in shares) else "partly_paid"
    return "acknowledged" if any(answer.kind == "acknowledgement" for answer in answers) else "submitted"
