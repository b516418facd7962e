"""The quote-parts of one forfait: the waterfall's parts put together for each payee, each with its reasons."""

from dataclasses import dataclass

from cordee.claims.agreement import Agreement
from cordee.claims.counting import LONGEST_SESSION, ActDone, Counted, NotCounted
from cordee.claims.explanation import Explanation, explain
from cordee.claims.insurer_shares import insurer_shares
from cordee.claims.payees import Payee, beneficiaries, member_payee, residue_keeper
from cordee.claims.waterfall import Earners, split_forfait
from cordee.pathways.convention import Convention, OutsideSplit, Remainder
from cordee.pathways.model import Validity


@dataclass(frozen=True, slots=True)
class QuotePart:
    """One payee's part in cents, maybe zero, `amo` + `amc`; the steps of `explanation.because` add up to it."""

    payee: Payee
    cents: int
    amo: int
    amc: int
    acts: tuple[ActDone, ...]
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class QuoteParts:
    """The parts of a forfait, the cents left unbilled, and why AMO and AMC pay what they pay if both do."""

    parts: tuple[QuotePart, ...]
    not_billed: int
    insurers: Explanation | None


def quote_parts(agreement: Agreement, period: Validity, counted: Counted, forfait: int) -> QuoteParts:
    """Splits `forfait` cents among the members present during `period`, and those the convention names.

    Raises ArithmeticError should the parts not add up.
    """
    members = {member.key: member for member in agreement.circle.members if member.present_during(period)}
    outside = {key: found for key, member in members.items() if (found := agreement.outside_split(member))}
    professions = {key: agreement.profession_of(m) for key, m in members.items() if key not in outside}
    earners = Earners(
        tuple(act for act in counted.acts if act.member in professions),
        professions,
        agreement.act_labels,
        agreement.profession_labels,
    )
    split = split_forfait(forfait, agreement.convention.steps, earners)
    payees = {key: member_payee(member) for key, member in members.items()}
    others = beneficiaries(agreement)
    reasons: dict[Payee, list[Explanation]] = {payee: [] for _, payee in sorted(payees.items())}
    for piece in split.parts:
        payee = payees[piece.payee] if piece.member else others[piece.payee]
        why = explain(f"step.{piece.kind}", piece.cents, (piece.explanation,), number=piece.step + 1)
        reasons.setdefault(payee, []).append(why)
    keeper = residue_keeper(agreement)
    if split.residue and keeper is not None:
        why = explain(f"residue.{agreement.convention.residue}", split.residue)
        reasons.setdefault(keeper, []).append(why)
    not_billed = split.residue if keeper is None else 0
    amounts = [sum(piece.cents or 0 for piece in pieces) for pieces in reasons.values()]
    if sum(amounts) + not_billed != forfait:
        raise ArithmeticError(f"the parts do not add up to {forfait} cents: nothing is billed")
    shares = insurer_shares(amounts, agreement.convention.amo_share, exempt=agreement.copayment_exempt)
    parts = []
    for index, (payee, pieces) in enumerate(reasons.items()):
        acts = tuple(act for act in counted.acts if payee.kind == "member" and act.member == payee.key)
        because = (*(pieces or (_zero(outside.get(payee.key), acts),)), *shares.reasons[index : index + 1])
        why = explain("quote_part", amounts[index], because, payee=payee.name)
        parts.append(QuotePart(payee, amounts[index], *shares.parts[index], acts, why))
    return QuoteParts(tuple(parts), not_billed, shares.total_reason)


def _zero(outside: OutsideSplit | None, acts: tuple[ActDone, ...]) -> Explanation:
    if outside is not None:
        return explain("zero.outside_split", 0, why=outside.reason)
    return explain("zero.no_weight", 0, done_acts=len(acts)) if acts else explain("zero.no_act", 0)


def sessions_without_weight(convention: Convention, counted: Counted) -> tuple[NotCounted, ...]:
    """The counted sessions that weigh nothing in a split by time, and why."""
    if not any(isinstance(step, Remainder) and step.key == "time" for step in convention.steps):
        return ()
    found = {act.session: act.minutes for act in counted.acts if not act.weighed_minutes}
    return tuple(NotCounted(session, None, _no_weight(minutes)) for session, minutes in sorted(found.items()))


def _no_weight(minutes: int | None) -> Explanation:
    if minutes is None:
        return explain("session.no_duration")
    return explain("session.impossible_duration", lasted_minutes=minutes, longest_minutes=LONGEST_SESSION)
