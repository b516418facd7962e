"""The values of one element as they stand in JSON, each with its path segment and its type."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cordee.fhir.profiles.paths import paired

NOTHING: Mapping[str, Any] = {}


class Item(NamedTuple):
    """`segment` is `.name`, `.name[2]` or `.value.ofType(Quantity)`; `companion` what stands beside a primitive."""

    segment: str
    value: Any
    companion: Any
    type: str

    @property
    def holder(self) -> Mapping[str, Any]:
        """The object that holds its children."""
        if isinstance(self.value, dict):
            return self.value
        return self.companion if isinstance(self.companion, dict) else NOTHING


Spelling = tuple[str, str, str]
"""A member's name, its path segment, its type."""


def items_of(holder: Mapping[str, Any], spellings: Sequence[Spelling]) -> list[Item]:
    """The values under any of the names."""
    found: list[Item] = []
    for name, segment, type_ in spellings:
        value, companion = holder.get(name), holder.get(f"_{name}")
        if value is None and companion is None:
            continue
        if isinstance(value, list) or isinstance(companion, list):
            found += (
                Item(f"{segment}[{i}]", one, beside, type_) for i, (one, beside) in enumerate(paired(value, companion))
            )
        else:
            found.append(Item(segment, value, companion, type_))
    return found
