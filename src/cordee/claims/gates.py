"""One thing a forfait lacks before it is billed; the gates that look for them are in the `*_gates` modules."""

from dataclasses import dataclass
from datetime import date

from cordee.claims.explanation import Value


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing a forfait lacks; `until` is the last day it can still be done, if there is such a day.

    `code` and `inputs` are put into words by `wording`, under `missing.{code}`.
    """

    code: str
    until: date | None = None
    inputs: tuple[tuple[str, Value], ...] = ()


def lacking(code: str, until: date | None = None, **inputs: Value) -> Missing:
    """A Missing, with its inputs written as keywords."""
    return Missing(code, until, tuple(inputs.items()))
