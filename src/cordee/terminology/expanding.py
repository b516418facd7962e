"""The codes of a value set, from its rules, other value sets and the code systems stored; remembered while they stand.

An expansion is remembered with the state of all that it rests on, which is asked again each time: one that changed, in
this process or another, is made anew.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cordee.fhir.definitions import load_definitions
from cordee.fhir.terminology.concepts import searched_text
from cordee.fhir.terminology.expansion import Expansion, Member, combined
from cordee.fhir.terminology.refusals import TooCostly, UnknownTerminology, UnusableTerminology
from cordee.fhir.terminology.value_set import Composition, Listed, Rule, implicit_composition, read_composition
from cordee.store.reader import Reader
from cordee.store.terminology.concepts import StoredConcept
from cordee.terminology.sources import CodeSystem, Sources, States, is_unchanged

MOST_CONCEPTS = 500_000
"""That one expansion reads: half a kilobyte each."""

_MOST_REMEMBERED = 300_000
"""The members of all the expansions that a process remembers: half a kilobyte each."""


class _Remembered:
    """The expansions of a process, those least lately used given up first."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[int, str], tuple[States, Expansion]] = OrderedDict()
        self._members = 0

    def get(self, key: tuple[int, str]) -> tuple[States, Expansion] | None:
        """What is remembered of a value set."""
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
        return found

    def put(self, key: tuple[int, str], states: States, expansion: Expansion) -> None:
        """Remembers, in place of what was."""
        self.forget(key)
        self._entries[key] = (states, expansion)
        self._members += len(expansion.members)
        while self._members > _MOST_REMEMBERED:
            self.forget(next(iter(self._entries)))

    def forget(self, key: tuple[int, str]) -> None:
        """Gives one up."""
        found = self._entries.pop(key, None)
        if found is not None:
            self._members -= len(found[1].members)


_remembered = _Remembered()


async def expansion_of(reader: Reader, canonical: str) -> Expansion:
    """All the codes of the value set that `url` or `url|version` means.

    Raises `UnknownTerminology` when it, or what it rests on, is not known here, `UnusableTerminology` when its rules
    can't be carried out.
    """
    key = (reader.tenant, canonical)
    found = _remembered.get(key)
    if found is not None and await is_unchanged(reader, found[0]):
        return found[1]
    sources = Sources(reader)
    expansion = await _Expanding(reader, sources).named(canonical, ())
    states = sources.states()
    if await is_unchanged(reader, states):  # else it may be part old, part new: it is not to be kept
        _remembered.put(key, states, expansion)
    return expansion


async def expansion_of_given(reader: Reader, resource: Mapping[str, Any], sources: Sources) -> Expansion:
    """All the codes of a ValueSet that need not be stored; raises as `expansion_of` does."""
    return await _Expanding(reader, sources).of(read_composition(resource), (str(resource.get("url", "")),))


class _Expanding:
    def __init__(self, reader: Reader, sources: Sources) -> None:
        self._concepts = reader.concepts
        self._sources = sources
        self._folding: set[str] = set()
        self._named: dict[str, Expansion] = {}
        self._left = MOST_CONCEPTS

    async def named(self, canonical: str, within: Sequence[str]) -> Expansion:
        """Each value set once, however many lead to it: of a few that each name the next twice, there are millions."""
        if canonical in within:
            raise UnusableTerminology(
                f"The value set {canonical} includes itself: {' → '.join((*within, canonical))}.",
                path="ValueSet.compose",
            )
        if canonical not in self._named:
            self._named[canonical] = await self._read(canonical, within)
        return self._named[canonical]

    async def _read(self, canonical: str, within: Sequence[str]) -> Expansion:
        known = await self._sources.value_set(canonical)
        if known is not None:
            return await self.of(read_composition(known.resource), (*within, canonical))
        url = canonical.partition("|")[0]
        implicit = implicit_composition(url)
        if implicit is not None:
            return await self.of(implicit, (*within, canonical))
        required = load_definitions().value_sets.get(url)
        if required is not None:
            members = (_plain(system, None, Listed(code, None, ())) for system, code in sorted(required))
            return Expansion(combined([members], ()))
        raise UnknownTerminology(f"The value set {canonical} is not known here; store or import it first.", path="url")

    async def of(self, composition: Composition, within: Sequence[str]) -> Expansion:
        included = [await self._members(rule, within) for rule in composition.include]
        excluded = [await self._members(rule, within) for rule in composition.exclude]
        members = combined(included, excluded, inactive=composition.inactive)
        return Expansion(members, frozenset(self._folding))

    async def _members(self, rule: Rule, within: Sequence[str]) -> list[Member]:
        sets = [await self.named(canonical, within) for canonical in rule.value_sets]
        if rule.system is None:
            members: Iterable[Member] = sets[0].members.values()
            sets = sets[1:]
        else:
            members = await self._of_system(rule, rule.system)
        return [member for member in members if all(member.key in other.members for other in sets)]

    async def _of_system(self, rule: Rule, url: str) -> list[Member]:
        system = await self._sources.code_system(url, rule.version)
        if system is not None and not system.case_sensitive:
            self._folding.add(system.url)
        if rule.listed:
            return await self._listed(rule, url, system)
        if system is None or system.generation is None:
            version = f" in version {rule.version}" if rule.version else ""
            raise UnknownTerminology(
                f"The concepts of {url}{version} are not known here; import the code system.",
                path=f"{rule.path}.system",
            )
        found = await self._concepts.select(
            system.generation, rule.filters, case_sensitive=system.case_sensitive, most=self._left + 1
        )
        self._left -= len(found)
        if self._left < 0:
            sentence = f"It rests on more than {MOST_CONCEPTS} concepts, too many to be gone through: filter them."
            raise TooCostly(sentence, path=rule.path)
        return [_member(system, concept) for concept in found]

    async def _listed(self, rule: Rule, url: str, system: CodeSystem | None) -> list[Member]:
        if system is None or system.generation is None:
            return [_plain(url, rule.version, listed) for listed in rule.listed]
        found = await self._concepts.find(system.generation, [system.fold(listed.code) for listed in rule.listed])
        members = []
        for listed in rule.listed:
            concept = found.get(system.fold(listed.code))
            if concept is not None:
                members.append(_member(system, concept, listed))
            elif not system.is_whole:
                members.append(_plain(url, system.version, listed))
        return members


def _plain(system: str, version: str | None, listed: Listed) -> Member:
    searched = searched_text(listed.code, listed.display, listed.designations)
    return Member(system, version, listed.code, listed.code, listed.display, searched, designations=listed.designations)


def _member(system: CodeSystem, concept: StoredConcept, listed: Listed | None = None) -> Member:
    display, searched = concept.display, concept.searched
    designations: tuple[Mapping[str, Any], ...] = ()
    if listed is not None and (listed.display or listed.designations):
        display, designations = listed.display or display, listed.designations
        searched = f"{searched} {searched_text('', listed.display, designations)}"
    return Member(
        system.url,
        system.version,
        concept.code,
        concept.folded,
        display,
        searched,
        concept.inactive,
        concept.abstract,
        concept.concept,
        concept.parents,
        designations,
    )
