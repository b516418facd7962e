"""What a collective payment comes to, component by component, or what keeps it from being known."""

from dataclasses import dataclass
from fractions import Fraction

from cordee.claims.explanation import Explanation
from cordee.claims.gates import Missing


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a collective amount, in cents: negative for what is deducted."""

    code: str
    cents: int
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class CollectiveAmount:
    """A collective amount in cents: its components add up to `total`; `set_aside` is what was read and not counted."""

    total: int
    components: tuple[Component, ...]
    explanation: Explanation
    set_aside: tuple[Explanation, ...] = ()


@dataclass(frozen=True, slots=True)
class Undetermined:
    """Why nothing can be billed: `missing` is never empty. `components` are those known, which are not billed."""

    missing: tuple[Missing, ...]
    components: tuple[Component, ...] = ()
    set_aside: tuple[Explanation, ...] = ()


def to_the_cent(cents: Fraction) -> int:
    """An exact number of cents to the nearest cent, half a cent up: the one rounding of a collective amount."""
    return (cents + Fraction(1, 2)).__floor__()
