"""How many cents a forfait comes to: price, incomplete use, forfaits it includes, ceilings; each step explained."""

from collections.abc import Iterable
from dataclasses import dataclass

from cordee.claims.counting import Counted
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import EarlierForfait
from cordee.claims.explanation import Explanation, explain
from cordee.claims.forfait_price import ForfaitPrice, forfait_price
from cordee.claims.gates import Missing, lacking
from cordee.claims.incomplete_use import Use, prorata
from cordee.pathways.model import Cap, Forfait
from cordee.pathways.price import NoPrice, Price, acts_price
from cordee.pathways.schedule import PlannedForfait


@dataclass(frozen=True, slots=True)
class AmountDue:
    """The cents to be split, the price they come from, and why they are what they are."""

    cents: int
    price: Price
    explanation: Explanation


def amount_due(
    dossier: Dossier, planned: PlannedForfait, counted: Counted, use: Use, earlier: Iterable[EarlierForfait]
) -> AmountDue | Missing:
    """The amount of a planned forfait, or why there is none."""
    forfait, earlier = dossier.forfait(planned), tuple(earlier)
    pathway, profile = dossier.pathway, dossier.inclusion.profile
    if pathway.profiles and profile not in {known.code for known in pathway.profiles}:
        return lacking("profile_unknown", profile=profile or "?")
    if including := _including(dossier, planned, earlier):
        return lacking("already_included", claim=including.claim)
    priced = forfait_price(dossier, planned, forfait, counted, use)
    if isinstance(priced, NoPrice):
        return _no_price(priced)
    why = priced.explanation
    if priced.by_act is None:
        why = prorata(planned, use, priced.price.cents, why)
    before = _cents(why)
    why = _less_included(dossier, forfait, earlier, why)
    if before and not _cents(why):
        return lacking("nothing_left", paid_cents=before)
    for cap in pathway.caps:
        if cap.amount is None:
            continue
        why = _capped(dossier, planned, counted, cap, cap.amount, earlier, priced, why)
        if before and not _cents(why):
            return lacking("cap_reached", cap=cap.label, cap_cents=cap.amount)
    return AmountDue(_cents(why), priced.price, why)


def _including(dossier: Dossier, planned: PlannedForfait, earlier: Iterable[EarlierForfait]) -> EarlierForfait | None:
    """The forfait that this one is a part of, billed already and not after it, for the rest."""
    own = dossier.identifier(planned.code)
    for one in _of_own_plan(dossier, earlier):
        if own in one.after:
            continue
        whole = dossier.pathway.forfait(one.forfait)
        if whole is not None and planned.forfait in whole.includes:
            return one
    return None


def _less_included(
    dossier: Dossier, forfait: Forfait, earlier: Iterable[EarlierForfait], why: Explanation
) -> Explanation:
    """Less what the forfaits that this one includes were billed for already."""
    for one in _of_own_plan(dossier, earlier):
        if one.forfait in forfait.includes:
            left = max(0, _cents(why) - one.cents)
            inputs = {"base_cents": _cents(why), "paid_cents": one.cents}
            why = explain("price.less_included", left, (why,), claim=one.claim, **inputs)
    return why


def _capped(
    dossier: Dossier,
    planned: PlannedForfait,
    counted: Counted,
    cap: Cap,
    most: int,
    earlier: Iterable[EarlierForfait],
    priced: ForfaitPrice,
    why: Explanation,
) -> Explanation:
    """At most what the ceiling leaves, after what was billed under it."""
    under = min(_under_the_cap(dossier, planned, counted, cap, priced), _cents(why))
    used = sum(one.cents for one in earlier if _uses(dossier, planned, cap, one))
    over = under - max(0, most - used)
    if over <= 0:
        return why
    left = _cents(why) - over
    inputs = {"base_cents": _cents(why), "cap_cents": most, "used_cents": used}
    return explain("price.capped", left, (why,), cap=cap.label, **inputs)


def _under_the_cap(dossier: Dossier, planned: PlannedForfait, counted: Counted, cap: Cap, priced: ForfaitPrice) -> int:
    """The cents of the price that a ceiling is about: all, or those of its acts where acts are priced."""
    if not cap.acts:
        return priced.price.cents
    if priced.by_act is None:
        return priced.price.cents if any(done.act in cap.acts for done in counted.acts) else 0
    base = sum(cents for act, cents in priced.by_act.items() if act in cap.acts)
    price = acts_price(dossier.pathway, dossier.convention, base, planned.start, by_convention=True)
    return base if isinstance(price, NoPrice) else price.cents


def _uses(dossier: Dossier, planned: PlannedForfait, cap: Cap, one: EarlierForfait) -> bool:
    """Whether an earlier forfait was billed under a ceiling: a year is that of the forfait's first day."""
    if one.pathway != dossier.pathway.code or (cap.acts and not any(act in cap.acts for _, act in one.acts)):
        return False
    own_plan = one.care_plan == dossier.inclusion.care_plan
    match cap.per:
        case "year":
            return one.first_day.year == planned.start.year
        case "pathway":
            return own_plan
        case "sequence":
            return own_plan and dossier.sequence_on(one.first_day) == dossier.sequence_on(planned.start)


def _of_own_plan(dossier: Dossier, earlier: Iterable[EarlierForfait]) -> list[EarlierForfait]:
    return [one for one in earlier if one.care_plan == dossier.inclusion.care_plan]


def _cents(why: Explanation) -> int:
    return why.cents or 0


def _no_price(problem: NoPrice) -> Missing:
    published = problem.published
    if published is None:
        return lacking("amount_not_stated", found=problem.found)
    return lacking(
        "amount_out_of_range",
        found=problem.found,
        stated_cents=problem.stated,
        minimum_cents=published.minimum,
        maximum_cents=published.maximum,
    )
