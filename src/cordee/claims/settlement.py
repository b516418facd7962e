"""The settlement core, pure: is a forfait due, how much, and who gets which part of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from cordee.claims.agreement_gates import missing_of_the_agreement
from cordee.claims.amount_due import amount_due
from cordee.claims.counting import ActDone, NotCounted, count_sessions
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import EarlierForfait, Session, Structure
from cordee.claims.explanation import Explanation
from cordee.claims.free_distribution import signed_for
from cordee.claims.gates import Missing, lacking
from cordee.claims.inclusion_gates import missing_of_the_inclusion
from cordee.claims.incomplete_use import missing_of_the_use, use_of
from cordee.claims.quote_parts import QuotePart, quote_parts, sessions_without_weight
from cordee.pathways.convention import Party, PayeeMode
from cordee.pathways.model import Validity
from cordee.pathways.price import Price
from cordee.pathways.schedule import PlannedForfait


@dataclass(frozen=True, slots=True)
class Context:
    """Which forfait is spoken of: the same for a settlement and for a refusal.

    `forfait` is its code in the plan, `identifier` the same at each run: structure, pathway, care plan, code.
    """

    identifier: str
    pathway: str
    pathway_version: str
    convention: str
    convention_version: str
    structure: Structure
    care_plan: str
    patient: str
    profile: str | None
    forfait: str
    settled_on: date


@dataclass(frozen=True, slots=True)
class Settlement:
    """A forfait due and its split: `total` is the sum of the parts, and with `not_billed` the forfait.

    Cents throughout. `price` is before any reduction, `price_explanation` tells all of them. `parts` has every member
    present during the forfait's days, sorted by `Member.key`, then the others; `insurers` says why AMO and AMC pay what
    they pay, None when the AMO pays all by itself.
    """

    context: Context
    forfait: PlannedForfait
    payee_mode: PayeeMode
    insurer: Party | None
    price: Price
    price_explanation: Explanation
    total: int
    not_billed: int
    parts: tuple[QuotePart, ...]
    insurers: Explanation | None
    not_counted: tuple[NotCounted, ...]

    @property
    def amo(self) -> int:
        """The compulsory insurance's cents of the total."""
        return sum(part.amo for part in self.parts)

    @property
    def amc(self) -> int:
        """The complementary insurance's cents of the total."""
        return sum(part.amc for part in self.parts)


@dataclass(frozen=True, slots=True)
class NotDue:
    """Why a forfait can't be billed: all that is missing, and until when; `missing` is never empty."""

    context: Context
    forfait: PlannedForfait | None
    missing: tuple[Missing, ...]
    acts: tuple[ActDone, ...]
    not_counted: tuple[NotCounted, ...]


def settle(
    dossier: Dossier,
    sessions: Iterable[Session],
    *,
    forfait: str,
    as_of: date,
    earlier: Iterable[EarlierForfait] = (),
) -> Settlement | NotDue:
    """Settles one patient's forfait, coded `forfait` in the plan, as things stand at the end of the day `as_of`.

    `earlier` are the patient's forfaits that Claims stand for, of this plan and of others, whatever their order: what
    they paid is not paid again. Sessions of other forfaits or patients may be given: they are told apart. The order of
    sessions and members changes nothing. Raises ValueError only for arguments that contradict themselves (one
    reference, two sessions).
    """
    context = _context(dossier, forfait, as_of)
    planned = dossier.planned_forfait(forfait, as_of)
    if planned is None:
        return NotDue(context, None, (lacking("forfait_unknown", forfait=forfait),), (), ())
    others = sorted((one for one in earlier if one.identifier != context.identifier), key=lambda one: one.identifier)
    counted = count_sessions(dossier, planned, sessions, others)
    use = use_of(dossier, planned, counted)
    amount = amount_due(dossier, planned, counted, use, others)
    missing = (
        *missing_of_the_agreement(dossier, planned, as_of),
        *missing_of_the_inclusion(dossier, planned, as_of),
        *_billed_elsewhere(context, others),
        *missing_of_the_use(dossier, planned, counted, use),
    )
    if isinstance(amount, Missing):
        return NotDue(context, planned, (*missing, amount), counted.acts, counted.not_counted)
    if missing:
        return NotDue(context, planned, missing, counted.acts, counted.not_counted)
    period, signed = Validity(planned.start, planned.end), signed_for(dossier.distributions, forfait, as_of)
    split = quote_parts(dossier, period, counted, amount.cents, signed)
    if isinstance(split, tuple):
        return NotDue(context, planned, split, counted.acts, counted.not_counted)
    return Settlement(
        context=context,
        forfait=planned,
        payee_mode=dossier.convention.payee_mode,
        insurer=dossier.convention.insurer,
        price=amount.price,
        price_explanation=amount.explanation,
        total=amount.cents - split.not_billed,
        not_billed=split.not_billed,
        parts=split.parts,
        insurers=split.insurers,
        not_counted=(*counted.not_counted, *sessions_without_weight(dossier.convention, counted)),
    )


def earlier_forfait(settlement: Settlement, claim: str, earlier: Iterable[EarlierForfait] = ()) -> EarlierForfait:
    """What later settlements of the patient must know of a settlement that `claim` stands for, made after `earlier`."""
    context, planned = settlement.context, settlement.forfait
    acts = {(act.session, act.act) for part in settlement.parts for act in part.acts}
    return EarlierForfait(
        identifier=context.identifier,
        pathway=context.pathway,
        care_plan=context.care_plan,
        forfait=planned.forfait,
        claim=claim,
        first_day=planned.start,
        cents=settlement.total,
        acts=tuple(sorted(acts)),
        after=tuple(sorted(one.identifier for one in earlier if one.identifier != context.identifier)),
    )


def _billed_elsewhere(context: Context, others: Iterable[EarlierForfait]) -> Iterator[Missing]:
    """The same forfait of the plan, billed by the structure that was responsible for it before."""
    own = context.identifier.partition(":")[2]
    for one in others:
        if one.identifier.partition(":")[2] == own:
            yield lacking("billed_elsewhere", claim=one.claim)


def _context(dossier: Dossier, forfait: str, as_of: date) -> Context:
    return Context(
        identifier=dossier.identifier(forfait),
        pathway=dossier.pathway.code,
        pathway_version=dossier.pathway.version,
        convention=dossier.convention.identifier,
        convention_version=dossier.convention.version,
        structure=dossier.structure,
        care_plan=dossier.inclusion.care_plan,
        patient=dossier.inclusion.patient,
        profile=dossier.inclusion.profile,
        forfait=forfait,
        settled_on=as_of,
    )
