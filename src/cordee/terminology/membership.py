"""The codes that searches ask about, as plain sets (R4 search.html#token: in, below, above)."""

from cordee.fhir.terminology.value_set import Filter
from cordee.store.reader import Reader
from cordee.terminology.codes import code_system_of
from cordee.terminology.expanding import expansion_of
from cordee.terminology.sources import Sources

Pairs = frozenset[tuple[str, str]]
"""(system, code)"""


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
