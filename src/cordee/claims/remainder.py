"""All that is left, divided by weight among those who took part, each within their least and most."""

from collections.abc import Mapping

from cordee.claims.apportionment import apportion
from cordee.claims.bounded_allocation import Allocation, Bounded, allocate
from cordee.claims.earners import Earners, Weighed, weighed
from cordee.claims.explanation import Explanation, Value, explain
from cordee.claims.limits import Bounds
from cordee.pathways.convention import Remainder
from cordee.pathways.model import Label

Given = dict[str, Explanation]
"""For each member, why they get `Explanation.cents`."""

_UNITS = {"points": "points", "time": "minutes", "heads": "heads", "percentages": "share"}
_NO_BOUNDS = Bounds(None, None)


def remainder(left: int, step: Remainder, earners: Earners, earned: Mapping[str, int]) -> Given:
    """Divides `left` cents; `earned` is what earlier steps gave each member, and counts for their limits.

    Only members who did an act have a part, and a minimum.
    """
    done = weighed(step, earners)
    if not earners.bounds:
        return divided(left, step.key, done, earners.act_labels, ())
    return _within_bounds(left, step.key, done, earners, earned)


def divided(base: int, unit: str, done: Weighed, labels: Mapping[str, Label], why: tuple[Explanation, ...]) -> Given:
    """Divides `base` cents by weight; empty when nobody weighs anything."""
    weights = {member: weight for member, lines in done.items() if (weight := _weight(lines))}
    if not weights:
        return {}
    whole = sum(weights.values())
    given = {}
    for member, cents in apportion(base, weights).items():
        because = (*why, *_acts(unit, done[member], labels))
        given[member] = _by_weight(unit, cents, base, weights[member], whole, because)
    return given


def minima(left: int, earners: Earners, earned: Mapping[str, int]) -> Given:
    """What members who did an act still lack of their minimum, from `left` cents; reduced in proportion if need be."""
    took_part = {act.member for act in earners.acts}
    due = {key: lacking for key in took_part if (lacking := earners.bounds.get(key, _NO_BOUNDS).still_due(earned[key]))}
    total = sum(due.values())
    if not due or not left:
        return {}
    given = due if total <= left else apportion(left, due)
    return {key: _at_least(cents, earners.bounds[key], earned[key], left, total) for key, cents in given.items()}


def _within_bounds(left: int, unit: str, done: Weighed, earners: Earners, earned: Mapping[str, int]) -> Given:
    members = sorted(done)
    bounds = [earners.bounds.get(member, _NO_BOUNDS) for member in members]
    among = [
        Bounded(_weight(done[member]), limit.still_due(earned[member]), limit.still_allowed(earned[member]))
        for member, limit in zip(members, bounds, strict=True)
    ]
    result = allocate(left, among)
    least = sum(one.least for one in among)
    given: Given = {}
    for index, member in enumerate(members):
        cents, one = result.cents[index], among[index]
        match result.fixed_by[index]:
            case "least":
                if cents or one.least:
                    given[member] = _at_least(cents, bounds[index], earned[member], left, least)
            case "most":
                most = bounds[index].maximum or 0
                given[member] = explain("limit.maximum", cents, maximum_cents=most, earned_cents=earned[member])
            case None:
                because = (*_fixed_before(left, result), *_acts(unit, done[member], earners.act_labels))
                given[member] = _by_weight(unit, cents, result.shared, one.weight, result.weight, because)
    return given


def _fixed_before(left: int, result: Allocation) -> tuple[Explanation, ...]:
    """What the limits of others took of what is divided by weight."""
    fixed = left - result.shared
    return (explain("limit.of_others", None, left_cents=left, fixed_cents=fixed),) if fixed else ()


def _at_least(cents: int, bounds: Bounds, earned: int, left: int, total: int) -> Explanation:
    reduced = (explain("limit.reduced", cents, left_cents=left, all_cents=total),) if total > left else ()
    return explain("limit.minimum", cents, reduced, minimum_cents=bounds.minimum or 0, earned_cents=earned)


def _by_weight(
    unit: str, cents: int, base: int, weight: int, whole: int, because: tuple[Explanation, ...]
) -> Explanation:
    if cents > base * weight // whole:
        because += (explain("rounding.cent", 1),)
    inputs: dict[str, Value] = {"base_cents": base}
    inputs |= {f"own_{_UNITS[unit]}": weight, f"all_{_UNITS[unit]}": whole}
    return explain(f"split.{unit}", cents, because, **inputs)


def _acts(unit: str, lines: list[tuple[str, int, int]], labels: Mapping[str, Label]) -> tuple[Explanation, ...]:
    if unit == "points":
        return tuple(
            explain("points.act", done_acts=n, act=labels[act], gave_points=weight) for act, n, weight in lines
        )
    if unit == "time":
        return tuple(explain("time.act", act=labels[act], lasted_minutes=m) for act, _, m in sorted(lines))
    return ()


def _weight(lines: list[tuple[str, int, int]]) -> int:
    return sum(weight for _, _, weight in lines)
