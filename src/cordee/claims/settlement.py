"""The settlement core, pure: is a séquence's forfait due, how much, and who gets which part of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cordee.claims.counting import LONGEST_SESSION, ActDone, Counted, NotCounted, count_sessions
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Session, Structure
from cordee.claims.explanation import Explanation, explain
from cordee.claims.gates import Missing, lacking, missing_from
from cordee.claims.payees import Payee, beneficiaries, member_payee, residue_keeper
from cordee.claims.waterfall import Earners, split_forfait
from cordee.pathways.convention import Convention, OutsideSplit, Party, PayeeMode, Remainder
from cordee.pathways.model import Validity
from cordee.pathways.schedule import NoPrice, PlannedSequence, Price, price, schedule


@dataclass(frozen=True, slots=True)
class QuotePart:
    """One payee's part in cents, maybe zero; `explanation.because` has one reason a step, adding up to it."""

    payee: Payee
    cents: int
    acts: tuple[ActDone, ...]
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Context:
    """Which forfait is spoken of: the same for a settlement and for a refusal."""

    pathway: str
    pathway_version: str
    convention: str
    convention_version: str
    structure: Structure
    care_plan: str
    patient: str
    profile: str | None
    sequence: str
    settled_on: date

    @property
    def identifier(self) -> str:
        """The identifier of the forfait, the same at each run: structure, pathway, care plan, séquence."""
        return ":".join(
            (
                self.structure.reference.rpartition("/")[2],
                self.pathway,
                self.care_plan.rpartition("/")[2],
                self.sequence,
            )
        )


@dataclass(frozen=True, slots=True)
class Settlement:
    """A forfait due and its split: `total` is the sum of the parts, and with `not_billed` the forfait.

    Cents throughout. `parts` has every member present during the séquence, sorted by `Member.key`, then
    the others.
    """

    context: Context
    sequence: PlannedSequence
    payee_mode: PayeeMode
    insurer: Party | None
    price: Price
    price_explanation: Explanation
    total: int
    not_billed: int
    parts: tuple[QuotePart, ...]
    not_counted: tuple[NotCounted, ...]


@dataclass(frozen=True, slots=True)
class NotDue:
    """Why a forfait can't be billed: all that is missing, and until when; `missing` is never empty."""

    context: Context
    sequence: PlannedSequence | None
    missing: tuple[Missing, ...]
    acts: tuple[ActDone, ...]
    not_counted: tuple[NotCounted, ...]


def settle(dossier: Dossier, sessions: Iterable[Session], *, sequence: str, as_of: date) -> Settlement | NotDue:
    """Settles the séquence coded `sequence` of one patient, as things stand at the end of the day `as_of`.

    Sessions of other séquences or patients may be given: they are told apart. The order of sessions and
    members changes nothing. Raises ValueError only for arguments that contradict themselves (one
    reference, two sessions).
    """
    context = _context(dossier, sequence, as_of)
    pathway, convention, inclusion = dossier.pathway, dossier.convention, dossier.inclusion
    planned = next((s for s in schedule(pathway, convention, inclusion.start) if s.code == sequence), None)
    if planned is None:
        return NotDue(context, None, (lacking("sequence_unknown", sequence=sequence),), (), ())
    counted = count_sessions(dossier, planned, sessions)
    day = inclusion.decision.day if inclusion.decision else planned.start
    amount = price(pathway, convention, inclusion.profile or "", sequence, day)
    missing = missing_from(dossier, planned, counted, amount, as_of)
    if missing or isinstance(amount, NoPrice):
        return NotDue(context, planned, missing, counted.acts, counted.not_counted)
    parts, not_billed = _quote_parts(dossier, planned, counted, amount.cents)
    return Settlement(
        context=context,
        sequence=planned,
        payee_mode=convention.payee_mode,
        insurer=convention.insurer,
        price=amount,
        price_explanation=_price_explanation(dossier, amount, planned),
        total=amount.cents - not_billed,
        not_billed=not_billed,
        parts=parts,
        not_counted=(*counted.not_counted, *_without_time(convention, counted)),
    )


def _context(dossier: Dossier, sequence: str, as_of: date) -> Context:
    return Context(
        pathway=dossier.pathway.code,
        pathway_version=dossier.pathway.version,
        convention=dossier.convention.identifier,
        convention_version=dossier.convention.version,
        structure=dossier.structure,
        care_plan=dossier.inclusion.care_plan,
        patient=dossier.inclusion.patient,
        profile=dossier.inclusion.profile,
        sequence=sequence,
        settled_on=as_of,
    )


def _quote_parts(
    dossier: Dossier, sequence: PlannedSequence, counted: Counted, forfait: int
) -> tuple[tuple[QuotePart, ...], int]:
    """The quote-parts of `forfait` cents, and the cents the convention leaves unbilled."""
    period = Validity(sequence.start, sequence.end)
    members = {member.key: member for member in dossier.circle.members if member.present_during(period)}
    outside = {key: found for key, member in members.items() if (found := dossier.outside_split(member))}
    professions = {key: dossier.profession_of(m) for key, m in members.items() if key not in outside}
    earners = Earners(
        tuple(act for act in counted.acts if act.member in professions),
        professions,
        dossier.act_labels,
        dossier.profession_labels,
    )
    split = split_forfait(forfait, dossier.convention.steps, earners)
    payees = {key: member_payee(member) for key, member in members.items()}
    others = beneficiaries(dossier)
    reasons: dict[Payee, list[Explanation]] = {payee: [] for _, payee in sorted(payees.items())}
    for piece in split.parts:
        payee = payees[piece.payee] if piece.member else others[piece.payee]
        why = explain(f"step.{piece.kind}", piece.cents, (piece.explanation,), number=piece.step + 1)
        reasons.setdefault(payee, []).append(why)
    keeper = residue_keeper(dossier)
    if split.residue and keeper is not None:
        why = explain(f"residue.{dossier.convention.residue}", split.residue)
        reasons.setdefault(keeper, []).append(why)
    not_billed = split.residue if keeper is None else 0
    parts = []
    for payee, pieces in reasons.items():
        acts = tuple(act for act in counted.acts if payee.kind == "member" and act.member == payee.key)
        because = tuple(pieces) or (_zero(outside.get(payee.key), acts),)
        cents = sum(piece.cents or 0 for piece in because)
        parts.append(QuotePart(payee, cents, acts, explain("quote_part", cents, because, payee=payee.name)))
    if sum(quote_part.cents for quote_part in parts) + not_billed != forfait:
        raise ArithmeticError(f"the parts of {sequence.code} do not add up to {forfait} cents: nothing is billed")
    return tuple(parts), not_billed


def _zero(outside: OutsideSplit | None, acts: tuple[ActDone, ...]) -> Explanation:
    if outside is not None:
        return explain("zero.outside_split", 0, why=outside.reason)
    return explain("zero.no_weight", 0, done_acts=len(acts)) if acts else explain("zero.no_act", 0)


def _without_time(convention: Convention, counted: Counted) -> tuple[NotCounted, ...]:
    if not any(isinstance(step, Remainder) and step.key == "time" for step in convention.steps):
        return ()
    found = {act.session: act.minutes for act in counted.acts if not act.weighed_minutes}
    return tuple(NotCounted(session, None, _no_weight(minutes)) for session, minutes in sorted(found.items()))


def _no_weight(minutes: int | None) -> Explanation:
    if minutes is None:
        return explain("session.no_duration")
    return explain("session.impossible_duration", lasted_minutes=minutes, longest_minutes=LONGEST_SESSION)


def _price_explanation(dossier: Dossier, amount: Price, sequence: PlannedSequence) -> Explanation:
    profile = next(p.label for p in dossier.pathway.profiles if p.code == dossier.inclusion.profile)
    stated = explain(
        "price.stated",
        amount.base,
        profile=profile,
        sequence=sequence.label,
        base_cents=amount.base,
        origin=amount.origin,
    )
    if amount.uplift is None:
        return stated
    rate, label = amount.uplift.basis_points, amount.uplift.label
    return explain("price.uplift", amount.cents, (stated,), base_cents=amount.base, of_share=rate, uplift=label)
