"""Versions of a convention: on any day one at most is in force between a structure and a pathway."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from cordee.pathways.convention import Convention


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two versions in force together from `day` on."""

    earlier: Convention
    later: Convention
    day: date

    def __str__(self) -> str:
        versions = " and ".join(f"version {c.version} of {c.identifier}" for c in (self.earlier, self.later))
        fix = "keep one of the two"
        if self.earlier.validity.first < self.day:
            fix = f"give the one that began first a valid_to before {self.day}, and sign it again"
        return f"{versions} are both in force on {self.day} for {self.earlier.pathway}: {fix}"


def overlapping_versions(conventions: Iterable[Convention]) -> tuple[Overlap, ...]:
    """The executed versions, of the same structure and pathway, that are in force on the same day; in a stable order.

    The same version given twice is one version.
    """
    by_agreement: dict[tuple[str, str], dict[Convention, None]] = {}
    for convention in conventions:
        by_agreement.setdefault((convention.structure.identifier, convention.pathway), {})[convention] = None
    found: list[Overlap] = []
    for _, versions in sorted(by_agreement.items()):
        ordered = sorted(versions, key=lambda c: (c.validity.first, c.identifier, c.version))
        found += [
            Overlap(one, other, other.validity.first)
            for one, other in combinations(ordered, 2)
            if one.validity.overlaps(other.validity)
        ]
    return tuple(found)
