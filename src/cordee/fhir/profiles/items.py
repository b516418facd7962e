"""The values of one element as they stand in JSON, each with its path segment and its type."""

from collections.abc import Callable, Mapping, Sequence
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


ItemsReader = Callable[[Mapping[str, Any]], list[Item]]


def items_reader(spellings: Sequence[Spelling]) -> ItemsReader:
    """Reads the values of an object under any of the names.

    A choice has up to fifty names and an object few members, so it is the members that are looked up.
    """
    if len(spellings) == 1:
        ((name, segment, type_),) = spellings
        companion = f"_{name}"
        return lambda holder: _items(holder.get(name), holder.get(companion), segment, type_)
    places = {member: spelling for spelling in spellings for member in (spelling[0], f"_{spelling[0]}")}

    def read(holder: Mapping[str, Any]) -> list[Item]:
        found = dict.fromkeys(places[member] for member in holder if member in places)
        return [
            item
            for name, segment, type_ in found
            for item in _items(holder.get(name), holder.get(f"_{name}"), segment, type_)
        ]

    return read


def _items(value: Any, companion: Any, segment: str, type_: str) -> list[Item]:
    if value is None and companion is None:
        return []
    if isinstance(value, list) or isinstance(companion, list):
        return [
            Item(f"{segment}[{index}]", one, beside, type_)
            for index, (one, beside) in enumerate(paired(value, companion))
        ]
    return [Item(segment, value, companion, type_)]
