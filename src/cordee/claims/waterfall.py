"""The split of a forfait: the convention's steps taken in order, each from what the steps before it left.

Every cent has a place: the parts and what is left add up to the forfait. Shares are of the forfait, and
rounded on their running total, so that shares of 100 % are the whole forfait to the cent.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cordee.claims.apportionment import apportion
from cordee.claims.counting import ActDone
from cordee.claims.explanation import Explanation, Value, explain
from cordee.pathways.convention import ByProfession, FixedAmount, Percentage, PricePerAct, Remainder, Step
from cordee.pathways.model import Label
from cordee.pathways.price import part


@dataclass(frozen=True, slots=True)
class Earners:
    """Who may earn a part by acts: the acts they did, the profession's name of each, and labels by code.

    `professions` has every member who may have a part, and every act's member is one of them.
    """

    acts: tuple[ActDone, ...]
    professions: Mapping[str, str | None]
    act_labels: Mapping[str, Label]
    profession_labels: Mapping[str, Label]


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
    """The forfait while it is poured: what is left, and the shares of it taken so far in basis points."""

    forfait: int
    left: int
    shares: int = 0

    def share(self, basis_points: int) -> int:
        """Takes nothing; the cents a further share of the forfait is worth, at most what is left."""
        before, self.shares = self.shares, self.shares + basis_points
        return min(part(self.forfait, self.shares) - part(self.forfait, before), self.left)


def split_forfait(forfait: int, steps: Iterable[Step], earners: Earners) -> Split:
    """Splits `forfait` cents by `steps` among beneficiaries and earners; the order of acts changes nothing.

    A share or a price nobody earned stays in the pot for the next steps, and is residue after the last.
    """
    pot = _Pot(forfait, forfait)
    parts: list[StepPart] = []
    for index, step in enumerate(steps):
        match step:
            case FixedAmount(beneficiary, cents):
                made = [_off_the_top(index, beneficiary, _fixed(cents, pot.left))]
            case Percentage(beneficiary, basis_points):
                made = [_off_the_top(index, beneficiary, _percentage(pot, basis_points))]
            case PricePerAct(prices):
                made = _to_members(index, "price_per_act", _by_price(pot.left, dict(prices), earners))
            case ByProfession(shares, points):
                weight = None if points is None else dict(points)
                made = _to_members(index, "by_profession", _by_profession(pot, dict(shares), weight, earners))
            case Remainder():
                made = _to_members(index, "remainder", _remainder(pot.left, step, earners))
        pot.left -= sum(made_part.cents for made_part in made)
        parts.extend(made)
    return Split(tuple(parts), pot.left)


_Given = dict[str, Explanation]
"""For each member, why they get `Explanation.cents`."""


def _off_the_top(index: int, beneficiary: str, reason: Explanation) -> StepPart:
    kind = reason.rule.replace("split.", "")
    return StepPart(index, kind, False, beneficiary, reason.cents or 0, reason)


def _to_members(index: int, kind: str, given: _Given) -> list[StepPart]:
    return [StepPart(index, kind, True, key, given[key].cents or 0, given[key]) for key in sorted(given)]


def _fixed(wanted: int, left: int) -> Explanation:
    taken = min(wanted, left)
    return explain("split.fixed_amount", taken, _short(wanted, taken), wanted_cents=wanted)


def _percentage(pot: _Pot, basis_points: int) -> Explanation:
    taken, wanted = pot.share(basis_points), part(pot.forfait, basis_points)
    because = _short(wanted, taken)
    if abs(taken - wanted) == 1:
        because = (explain("rounding.running_total", taken - wanted),)
    return explain("split.percentage", taken, because, of_share=basis_points, forfait_cents=pot.forfait)


def _by_price(left: int, prices: Mapping[str, int], earners: Earners) -> _Given:
    done = _acts_by_member(earners.acts)
    wanted = {key: sum(prices.get(act, 0) * n for act, n in by_act.items()) for key, by_act in done.items()}
    wanted = {key: cents for key, cents in wanted.items() if cents}
    total = sum(wanted.values())
    if not wanted:
        return {}
    reduced = total > left
    given = apportion(left, wanted) if reduced else wanted
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
        if reduced:
            because += (explain("split.reduced", cents, left_cents=left, all_cents=total),)
        reasons[key] = explain("split.price", cents, because, wanted_cents=wanted[key])
    return reasons


def _by_profession(pot: _Pot, shares: Mapping[str, int], points: Mapping[str, int] | None, earners: Earners) -> _Given:
    if not any(shares.values()):
        return {}
    given: _Given = {}
    for name, base in apportion(pot.share(sum(shares.values())), shares).items():
        acts = [act for act in earners.acts if earners.professions[act.member] == name]
        label = earners.profession_labels[name]
        why = explain("split.profession", base, of_share=shares[name], forfait_cents=pot.forfait, profession=label)
        given |= _by_weight(base, "points", _points(acts, points), earners.act_labels, (why,))
    return given


def _remainder(left: int, step: Remainder, earners: Earners) -> _Given:
    done: _Done
    match step.key:
        case "points":
            done = _points(earners.acts, dict(step.points))
        case "time":
            done = defaultdict(list)
            for act in earners.acts:
                done[act.member].append((act.act, 1, act.weighed_minutes))
        case "heads":
            done = {act.member: [("", 1, 1)] for act in earners.acts}
    return _by_weight(left, step.key, done, earners.act_labels, ())


_Done = dict[str, list[tuple[str, int, int]]]
"""For each member, what they did: the act, how many times, the weight of all of them."""


def _points(acts: Iterable[ActDone], points: Mapping[str, int] | None) -> _Done:
    return {
        member: [(act, n, n * (1 if points is None else points.get(act, 0))) for act, n in sorted(by_act.items())]
        for member, by_act in _acts_by_member(acts).items()
    }


def _by_weight(base: int, unit: str, done: _Done, labels: Mapping[str, Label], why: tuple[Explanation, ...]) -> _Given:
    weights = {member: sum(weight for _, _, weight in lines) for member, lines in done.items()}
    weights = {member: weight for member, weight in weights.items() if weight}
    if not weights:
        return {}
    whole = sum(weights.values())
    given = {}
    for member, cents in apportion(base, weights).items():
        because = why
        if unit == "points":
            because += tuple(
                explain("points.act", done_acts=n, act=labels[act], gave_points=weight)
                for act, n, weight in done[member]
            )
        if unit == "time":
            because += tuple(
                explain("time.act", act=labels[act], lasted_minutes=m) for act, _, m in sorted(done[member])
            )
        if cents > base * weights[member] // whole:
            because += (explain("rounding.cent", 1),)
        inputs: dict[str, Value] = {"base_cents": base}
        inputs |= {f"own_{_UNITS[unit]}": weights[member], f"all_{_UNITS[unit]}": whole}
        given[member] = explain(f"split.{unit}", cents, because, **inputs)
    return given


_UNITS = {"points": "points", "time": "minutes", "heads": "heads"}


def _acts_by_member(acts: Iterable[ActDone]) -> Mapping[str, Counter[str]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for act in acts:
        found[act.member][act.act] += 1
    return found


def _short(wanted: int, taken: int) -> tuple[Explanation, ...]:
    return (explain("split.capped", taken, wanted_cents=wanted),) if taken < wanted else ()
