"""The split of a forfait: the convention's steps taken in order, each from what the steps before it left.

Every cent has a place: the parts and what is left add up to the forfait. Shares are of the forfait, and
rounded on their running total, so that shares of 100 % are the whole forfait to the cent. A member's maximum bears on
what all steps give them as a member; what is above it stays for the next steps.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cordee.claims.apportionment import apportion
from cordee.claims.earners import Earners, Weighed, acts_by_member, by_points
from cordee.claims.explanation import Explanation, explain
from cordee.claims.remainder import Given, divided, minima, remainder
from cordee.pathways.convention import (
    ByProfession,
    FixedAmount,
    FreeDistribution,
    Percentage,
    PricePerAct,
    Remainder,
    Step,
)
from cordee.pathways.price import part


@dataclass(frozen=True, slots=True)
class StepPart:
    """What one step gives one payee: `payee` is a `Member.key` if `member`, else a beneficiary's code."""

    step: int
    kind: str
    member: bool
    payee: str
    cents: int
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Split:
    """The parts in the order of the steps, and the cents no step gave."""

    parts: tuple[StepPart, ...]
    residue: int


@dataclass(slots=True)
class _Pot:
    """The forfait while it is poured: what is left, the shares taken so far in basis points, what members earned."""

    forfait: int
    left: int
    shares: int = 0
    earned: Counter[str] = field(default_factory=Counter)

    def share(self, basis_points: int) -> int:
        """Takes nothing; the cents a further share of the forfait is worth, at most what is left."""
        before, self.shares = self.shares, self.shares + basis_points
        return min(part(self.forfait, self.shares) - part(self.forfait, before), self.left)

    def take(self, parts: Iterable[StepPart]) -> None:
        """Pours the parts of a step."""
        for poured in parts:
            self.left -= poured.cents
            if poured.member:
                self.earned[poured.payee] += poured.cents


def split_forfait(forfait: int, steps: Iterable[Step], earners: Earners) -> Split:
    """Splits `forfait` cents by `steps` among beneficiaries and earners; the order of acts changes nothing.

    A share or a price nobody earned stays in the pot for the next steps, and is residue after the last; what a free
    distribution is to divide is residue here. Without a remainder, minima are paid from what is left at the end.
    """
    pot = _Pot(forfait, forfait)
    parts: list[StepPart] = []
    index, last = -1, None
    for index, last in enumerate(steps):
        made = _step(index, last, pot, earners)
        pot.take(made)
        parts.extend(made)
    if earners.bounds and not isinstance(last, Remainder | FreeDistribution):
        made = _to_members(index + 1, "minimum", minima(pot.left, earners, pot.earned))
        pot.take(made)
        parts.extend(made)
    return Split(tuple(parts), pot.left)


def _step(index: int, step: Step, pot: _Pot, earners: Earners) -> list[StepPart]:
    match step:
        case FixedAmount(beneficiary, cents):
            return [_off_the_top(index, beneficiary, _fixed(cents, pot.left))]
        case Percentage(beneficiary, basis_points):
            return [_off_the_top(index, beneficiary, _percentage(pot, basis_points))]
        case PricePerAct(prices):
            given = _by_price(pot.left, dict(prices), earners)
            return _to_members(index, "price_per_act", _at_most(given, pot, earners))
        case ByProfession():
            given = _by_profession(pot, step, earners)
            return _to_members(index, "by_profession", _at_most(given, pot, earners))
        case Remainder():
            return _to_members(index, "remainder", remainder(pot.left, step, earners, pot.earned))
        case FreeDistribution():
            return []


def _off_the_top(index: int, beneficiary: str, reason: Explanation) -> StepPart:
    kind = reason.rule.replace("split.", "")
    return StepPart(index, kind, False, beneficiary, reason.cents or 0, reason)


def _to_members(index: int, kind: str, given: Given) -> list[StepPart]:
    return [StepPart(index, kind, True, key, given[key].cents or 0, given[key]) for key in sorted(given)]


def _at_most(given: Given, pot: _Pot, earners: Earners) -> Given:
    """What members are given, cut where it passes their maximum."""
    if not earners.bounds:
        return given
    return {key: _cut(why, pot.earned[key], earners, key) for key, why in given.items()}


def _cut(why: Explanation, earned: int, earners: Earners, key: str) -> Explanation:
    bounds, wanted = earners.bounds.get(key), why.cents or 0
    allowed = bounds.still_allowed(earned) if bounds else None
    if bounds is None or bounds.maximum is None or allowed is None or wanted <= allowed:
        return why
    return explain("limit.cut", allowed, (why,), wanted_cents=wanted, maximum_cents=bounds.maximum)


def _fixed(wanted: int, left: int) -> Explanation:
    taken = min(wanted, left)
    return explain("split.fixed_amount", taken, _short(wanted, taken), wanted_cents=wanted)


def _percentage(pot: _Pot, basis_points: int) -> Explanation:
    taken, wanted = pot.share(basis_points), part(pot.forfait, basis_points)
    because = _short(wanted, taken)
    if abs(taken - wanted) == 1:
        because = (explain("rounding.running_total", taken - wanted),)
    return explain("split.percentage", taken, because, of_share=basis_points, forfait_cents=pot.forfait)


def _by_price(left: int, prices: Mapping[str, int], earners: Earners) -> Given:
    done = acts_by_member(earners.acts)
    wanted = {key: sum(prices.get(act, 0) * n for act, n in by_act.items()) for key, by_act in done.items()}
    wanted = {key: cents for key, cents in wanted.items() if cents}
    total = sum(wanted.values())
    if not wanted:
        return {}
    given = apportion(left, wanted) if total > left else wanted
    reasons = {}
    for key, cents in given.items():
        because = tuple(
            explain(
                "price.act",
                prices[act] * n,
                done_acts=n,
                act=earners.act_labels[act],
                price_cents=prices[act],
            )
            for act, n in sorted(done[key].items())
            if prices.get(act)
        )
        because += _reduced(cents, left, total)
        reasons[key] = explain("split.price", cents, because, wanted_cents=wanted[key])
    return reasons


def _by_profession(pot: _Pot, step: ByProfession, earners: Earners) -> Given:
    points = None if step.points is None else dict(step.points)
    given: Given = {}
    for name, base, why in (*_shares_by_profession(pot, step, earners), *_amounts_by_profession(pot, step, earners)):
        done: Weighed = by_points((act for act in earners.acts if earners.professions[act.member] == name), points)
        given |= divided(base, "points", done, earners.act_labels, (why,))
    return given


_OfProfession = list[tuple[str, int, Explanation]]
"""A profession's name, its cents, and why."""


def _shares_by_profession(pot: _Pot, step: ByProfession, earners: Earners) -> _OfProfession:
    shares = dict(step.shares)
    if not any(shares.values()):
        return []
    made: _OfProfession = []
    for name, base in apportion(pot.share(sum(shares.values())), shares).items():
        label = earners.profession_labels[name]
        why = explain("split.profession", base, of_share=shares[name], forfait_cents=pot.forfait, profession=label)
        made.append((name, base, why))
    return made


def _amounts_by_profession(pot: _Pot, step: ByProfession, earners: Earners) -> _OfProfession:
    """Fixed amounts of the professions that did an act; reduced in proportion when too little is left."""
    active = {earners.professions[act.member] for act in earners.acts}
    wanted = {name: cents for name, cents in step.amounts if cents and name in active}
    total = sum(wanted.values())
    if not wanted:
        return []
    made: _OfProfession = []
    for name, base in (wanted if total <= pot.left else apportion(pot.left, wanted)).items():
        label, reduced = earners.profession_labels[name], _reduced(base, pot.left, total)
        why = explain("split.profession_amount", base, reduced, profession=label, wanted_cents=wanted[name])
        made.append((name, base, why))
    return made


def _reduced(cents: int, left: int, total: int) -> tuple[Explanation, ...]:
    return (explain("split.reduced", cents, left_cents=left, all_cents=total),) if total > left else ()


def _short(wanted: int, taken: int) -> tuple[Explanation, ...]:
    return (explain("split.capped", taken, wanted_cents=wanted),) if taken < wanted else ()
