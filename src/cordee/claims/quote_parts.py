"""The quote-parts of one forfait: the waterfall's parts put together for each payee, each with its reasons."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from cordee.claims.agreement import Agreement
from cordee.claims.counting import LONGEST_SESSION, ActDone, Counted, NotCounted
from cordee.claims.earners import Earners
from cordee.claims.evidence import Member, SignedDistribution
from cordee.claims.explanation import Explanation, explain
from cordee.claims.free_distribution import Allowed, distributed
from cordee.claims.gates import Missing
from cordee.claims.insurer_shares import insurer_shares
from cordee.claims.limits import bounds_by_member
from cordee.claims.payees import Payee, beneficiaries, member_payee, residue_keeper
from cordee.claims.waterfall import Split, split_forfait
from cordee.pathways.convention import Convention, FreeDistribution, OutsideSplit, Remainder
from cordee.pathways.model import Validity
from cordee.pathways.split_rules import STRUCTURE


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


def quote_parts(
    agreement: Agreement, period: Validity, counted: Counted, forfait: int, signed: Iterable[SignedDistribution] = ()
) -> QuoteParts | tuple[Missing, ...]:
    """Splits `forfait` cents among the members present during `period`, and those the convention names.

    `signed` are the free distributions signed off for this forfait; what they lack is returned when the convention asks
    for one. Raises ArithmeticError should the parts not add up.
    """
    convention = agreement.convention
    members = {m.key: m for m in sorted(agreement.circle.members, key=lambda m: m.key) if m.present_during(period)}
    outside = {key: found for key, member in members.items() if (found := agreement.outside_split(member))}
    payees = {key: member_payee(member) for key, member in members.items()}
    earners = _earners(agreement, counted, [member for key, member in members.items() if key not in outside])
    split = split_forfait(forfait, convention.steps, earners)
    others = beneficiaries(agreement)
    reasons: dict[Payee, list[Explanation]] = {payee: [] for payee in payees.values()}
    for piece in split.parts:
        payee = payees[piece.payee] if piece.member else others[piece.payee]
        why = explain(f"step.{piece.kind}", piece.cents, (piece.explanation,), number=piece.step + 1)
        reasons.setdefault(payee, []).append(why)
    residue = split.residue
    if residue and convention.steps and isinstance(convention.steps[-1], FreeDistribution):
        known = _payees_by_name(agreement, payees, others, outside)
        given = distributed(residue, signed, known, _limits(earners, split, payees))
        if isinstance(given, tuple):
            return given
        for payee, reason in given.items():
            why = explain("step.free_distribution", reason.cents, (reason,), number=len(convention.steps))
            reasons.setdefault(payee, []).append(why)
        residue = 0
    keeper = residue_keeper(agreement)
    if residue and keeper is not None:
        reasons.setdefault(keeper, []).append(explain(f"residue.{convention.residue}", residue))
    not_billed = residue if keeper is None else 0
    zeros = {payees[key]: _zero(found, ()) for key, found in outside.items()}
    return _put_together(agreement, counted, forfait - not_billed, not_billed, reasons, zeros)


def _earners(agreement: Agreement, counted: Counted, members: Iterable[Member]) -> Earners:
    by_key = {member.key: member for member in members}
    professions = {key: agreement.profession_of(member) for key, member in by_key.items()}
    return Earners(
        tuple(act for act in counted.acts if act.member in by_key),
        professions,
        agreement.act_labels,
        agreement.profession_labels,
        {key: member.identifiers for key, member in by_key.items()},
        bounds_by_member(agreement.convention.limits, by_key.values(), professions),
    )


def _payees_by_name(
    agreement: Agreement, members: Mapping[str, Payee], others: Mapping[str, Payee], outside: Container[str]
) -> dict[str, Payee]:
    """Those a distribution may name: by identifier, members also by key; a person in two professions by key only."""
    named: dict[str, set[Payee]] = {}
    for beneficiary in agreement.convention.beneficiaries:
        named.setdefault(beneficiary.party.identifier, set()).add(others[beneficiary.code])
    for identifier in agreement.structure.identifiers:
        named.setdefault(identifier, set()).add(others[STRUCTURE])
    for key, payee in members.items():
        if key not in outside:
            for name in (key, payee.identifier):
                named.setdefault(name, set()).add(payee)
    return {name: next(iter(payees)) for name, payees in named.items() if len(payees) == 1}


def _limits(earners: Earners, split: Split, payees: Mapping[str, Payee]) -> dict[Payee, Allowed]:
    earned = Counter[str]()
    for piece in split.parts:
        if piece.member:
            earned[piece.payee] += piece.cents
    took_part = {act.member for act in earners.acts}
    return {
        payees[key]: Allowed(
            bounds.still_due(earned[key]) if key in took_part else 0, bounds.still_allowed(earned[key])
        )
        for key, bounds in earners.bounds.items()
    }


def _put_together(
    agreement: Agreement,
    counted: Counted,
    total: int,
    not_billed: int,
    reasons: Mapping[Payee, list[Explanation]],
    zeros: Mapping[Payee, Explanation],
) -> QuoteParts:
    amounts = [sum(piece.cents or 0 for piece in pieces) for pieces in reasons.values()]
    if sum(amounts) != total:
        raise ArithmeticError(f"the parts do not add up to {total} cents: nothing is billed")
    shares = insurer_shares(amounts, agreement.convention.amo_share, exempt=agreement.copayment_exempt)
    parts = []
    for index, (payee, pieces) in enumerate(reasons.items()):
        acts = tuple(act for act in counted.acts if payee.kind == "member" and act.member == payee.key)
        steps = pieces or [zeros.get(payee) or _zero(None, acts)]
        why = explain("quote_part", amounts[index], (*steps, *shares.reasons[index : index + 1]), payee=payee.name)
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
