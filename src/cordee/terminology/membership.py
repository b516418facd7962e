"""The codes that searches and validation ask about, as plain sets (R4 search.html#token: in, below, above)."""

from collections.abc import Iterable

from cordee.fhir.terminology.expansion import Expansion
from cordee.fhir.terminology.refusals import UnknownTerminology, UnusableTerminology
from cordee.fhir.terminology.value_set import Filter
from cordee.store.reader import Reader
from cordee.terminology.codes import code_system_of
from cordee.terminology.expanding import expansion_of
from cordee.terminology.sources import Sources

Pairs = frozenset[tuple[str, str]]
"""(system, code)"""

_SAMPLE = 5


async def codes_in(reader: Reader, value_set: str) -> Pairs:
    """The codes of a value set, for `:in` and `:not-in`; raises as `expansion_of` does."""
    expansion = await expansion_of(reader, value_set)
    return frozenset((member.system, member.code) for member in expansion.members.values())


async def codes_below(reader: Reader, system: str, code: str) -> Pairs:
    """A code and all that is under it, for `:below`; raises `UnknownTerminology` for a system not known here."""
    return await _related(reader, system, Filter("concept", "is-a", code))


async def codes_above(reader: Reader, system: str, code: str) -> Pairs:
    """A code and all that it is under, for `:above`; raises `UnknownTerminology` for a system not known here."""
    return await _related(reader, system, Filter("concept", "generalizes", code))


async def _related(reader: Reader, url: str, wanted: Filter) -> Pairs:
    system, generation = await code_system_of(Sources(reader), url, None, path="system")
    found = await reader.concepts.select(generation, [wanted], case_sensitive=system.case_sensitive)
    return frozenset((system.url, concept.code) for concept in found)


class StoredTerminology:
    """The value sets that a validation will ask about, read beforehand so that it waits for nothing."""

    def __init__(self, expansions: dict[str, Expansion]) -> None:
        self._expansions = expansions

    @classmethod
    async def of(cls, reader: Reader, value_sets: Iterable[str]) -> "StoredTerminology":
        """Those of `value_sets` that are known here and can be expanded."""
        expansions = {}
        for canonical in dict.fromkeys(value_sets):
            try:
                expansions[canonical] = await expansion_of(reader, canonical)
            except (UnknownTerminology, UnusableTerminology):
                continue
        return cls(expansions)

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        """Whether a code is in a value set; None when the value set is not known or can't be expanded."""
        expansion = self._expansions.get(value_set)
        if expansion is None:
            return None
        if system is None:
            return any(member.code == code for member in expansion.members.values())
        return expansion.find(system, code) is not None

    def sample(self, value_set: str) -> tuple[str, ...]:
        """The first few codes of a value set, for a message; none when it is not known."""
        expansion = self._expansions.get(value_set)
        members = () if expansion is None else tuple(expansion.members.values())[:_SAMPLE]
        return tuple(member.code for member in members)
