"""Those among whom a forfait is split by acts, and what each of them weighs."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cordee.claims.counting import ActDone
from cordee.claims.limits import Bounds
from cordee.pathways.convention import Remainder
from cordee.pathways.model import Label


@dataclass(frozen=True, slots=True)
class Earners:
    """Who may earn a part by acts: the acts they did, the profession's name of each, and labels by code.

    `professions` has every member who may have a part, and every act's member is one of them. `identifiers` are the
    business identifiers of each member, `bounds` the least and most of those who have one.
    """

    acts: tuple[ActDone, ...]
    professions: Mapping[str, str | None]
    act_labels: Mapping[str, Label]
    profession_labels: Mapping[str, Label]
    identifiers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bounds: Mapping[str, Bounds] = field(default_factory=dict)


Weighed = dict[str, list[tuple[str, int, int]]]
"""For each member who did an act: the act, how many times, the weight of all of them."""


def weighed(step: Remainder, earners: Earners) -> Weighed:
    """What each member who did an act weighs in the remainder."""
    match step.key:
        case "points":
            return by_points(earners.acts, dict(step.points))
        case "time":
            minutes: Weighed = defaultdict(list)
            for act in earners.acts:
                minutes[act.member].append((act.act, 1, act.weighed_minutes))
            return minutes
        case "heads":
            return {act.member: [("", 1, 1)] for act in earners.acts}
        case "percentages":
            return _by_percentages(dict(step.shares), earners)


def by_points(acts: Iterable[ActDone], points: Mapping[str, int] | None) -> Weighed:
    """Points of the acts done, one each when `points` is None."""
    return {
        member: [(act, n, n * (1 if points is None else points.get(act, 0))) for act, n in sorted(by_act.items())]
        for member, by_act in acts_by_member(acts).items()
    }


def acts_by_member(acts: Iterable[ActDone]) -> Mapping[str, Counter[str]]:
    """How many times each member did each act."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for act in acts:
        found[act.member][act.act] += 1
    return found


def _by_percentages(shares: Mapping[str, int], earners: Earners) -> Weighed:
    """The share of each person who took part; one in two professions has it once, in the first by key."""
    found: Weighed = {}
    given: set[str] = set()
    for member in sorted({act.member for act in earners.acts}):
        own = next((i for i in earners.identifiers.get(member, ()) if i in shares and i not in given), None)
        given |= {own} if own is not None else set()
        found[member] = [("", 1, shares[own] if own is not None else 0)]
    return found
