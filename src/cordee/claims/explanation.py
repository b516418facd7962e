"""Why an amount is what it is: a tree of rules with their inputs, put into words by `wording`."""

from dataclasses import dataclass
from datetime import date

from cordee.pathways.model import Label

Value = str | int | date | Label
"""An input. Its name's ending gives the unit of a number: `_cents`, `_share` (basis points), `_points`,
`_minutes`, `_acts`, `_heads`; a number without such an ending is a plain count."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A rule applied to inputs; `cents` is what it gave, if it gives an amount; `because` its reasons."""

    rule: str
    inputs: tuple[tuple[str, Value], ...]
    cents: int | None = None
    because: tuple["Explanation", ...] = ()


def explain(rule: str, cents: int | None = None, because: tuple[Explanation, ...] = (), **inputs: Value) -> Explanation:
    """An Explanation, with its inputs written as keywords."""
    return Explanation(rule, tuple(inputs.items()), cents, because)
