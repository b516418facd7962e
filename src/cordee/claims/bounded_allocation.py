"""Dividing an amount in proportion to weights within a least and a most for each, exact in cents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cordee.claims.apportionment import apportion_in_order

Bound = Literal["least", "most"]
_LEAST: Bound = "least"


@dataclass(frozen=True, slots=True)
class Bounded:
    """One who has a part: its weight, and its bounds in cents, `least` at most `most`; None: no most."""

    weight: int
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """The cents of each, in order, and what fixed them: a bound, or None for the weight.

    `shared` cents were divided among those that no bound fixes, whose weight is `weight` in all. `left` cents found
    nobody who may have more.
    """

    cents: tuple[int, ...]
    fixed_by: tuple[Bound | None, ...]
    shared: int
    weight: int
    left: int


def allocate(total: int, among: Sequence[Bounded]) -> Allocation:
    """Gives each `clamp(λ × weight, least, most)` with the one λ that spends `total`, rounded by largest remainder.

    Rounding keeps the bounds, which are whole cents: only an inexact part is rounded up, to at most the next whole
    cent. Equal remainders: the earliest. One who weighs nothing has the least. When `total` is less than the sum of
    all least parts, they are reduced in proportion; when all have their most, the rest is left.

    A greater weight never lowers one's own part: λ can only fall, so the others have at most what they had; and a cent
    of rounding can't pass to another, whose remainder fell while one's own grew.
    """
    least = [one.least for one in among]
    if sum(least) > total:
        return Allocation(tuple(apportion_in_order(total, least)), tuple(_LEAST for _ in least), 0, 0, 0)
    cents = list(least)
    fixed_by: list[Bound | None] = [None if one.weight else _LEAST for one in among]
    while True:
        free = [index for index, bound in enumerate(fixed_by) if bound is None]
        shared = total - sum(cents[index] for index, bound in enumerate(fixed_by) if bound is not None)
        weight = sum(among[index].weight for index in free)
        if not free:
            return Allocation(tuple(cents), tuple(fixed_by), 0, 0, shared)
        # Each exact part is shared × weight / whole; all is compared multiplied by the whole, without a fraction.
        low = [i for i in free if shared * among[i].weight < among[i].least * weight]
        high = [i for i in free if (most := among[i].most) is not None and shared * among[i].weight > most * weight]
        raised = sum(among[i].least * weight - shared * among[i].weight for i in low)
        lowered = sum(shared * among[i].weight - (among[i].most or 0) * weight for i in high)
        if not low and not high:
            for index, given in zip(free, apportion_in_order(shared, [among[i].weight for i in free]), strict=True):
                cents[index] = given
            return Allocation(tuple(cents), tuple(fixed_by), shared, weight, 0)
        # Bounds that raise more than they lower make λ fall: those at their least stay there; and the other way round.
        if raised >= lowered:
            for index in low:
                fixed_by[index] = _LEAST
        if lowered >= raised:
            for index in high:
                fixed_by[index], cents[index] = "most", among[index].most or 0
