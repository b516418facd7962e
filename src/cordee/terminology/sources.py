"""The code systems and value sets that an answer rests on, and whether they are still the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from cordee.fhir.terminology.concepts import fold
from cordee.store.reader import Reader
from cordee.store.terminology.canonicals import Canonical, Known

States = Mapping[Canonical, object]


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """A code system that is stored. `generation` leads to its concepts, None when it has none here."""

    known: Known
    generation: int | None

    @property
    def url(self) -> str:
        """Its canonical address."""
        return str(self.known.resource["url"])

    @property
    def version(self) -> str | None:
        """Its business version."""
        version: str | None = self.known.resource.get("version")
        return version

    @property
    def case_sensitive(self) -> bool:
        """Whether codes that differ by case alone are different."""
        return bool(self.known.resource.get("caseSensitive", True))

    @property
    def is_whole(self) -> bool:
        """Whether a code that is not here is no code of it."""
        return self.generation is not None and self.known.resource.get("content") in ("complete", "not-present")

    def fold(self, code: str) -> str:
        """A code as the system compares it."""
        return fold(code, case_sensitive=self.case_sensitive)


class Sources:
    """Finds what an answer rests on, each once, and remembers in which state.

    `versions` are the versions meant where none is said, by system; `forced` those meant whatever is said.
    """

    def __init__(
        self, reader: Reader, versions: Mapping[str, str] | None = None, forced: Mapping[str, str] | None = None
    ) -> None:
        self._concepts = reader.concepts
        self._versions = versions or {}
        self._forced = forced or {}
        self._found: dict[Canonical, Known | None] = {}
        self._systems: dict[Canonical, CodeSystem | None] = {}

    async def value_set(self, text: str, version: str | None = None) -> Known | None:
        """The ValueSet that `url` or `url|version` means."""
        return await self._find(Canonical.parse("ValueSet", text, version))

    async def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        """The CodeSystem of an address, its concepts ready to be looked up."""
        canonical = Canonical.parse("CodeSystem", url, version)
        meant = self._forced.get(canonical.url) or canonical.version or self._versions.get(canonical.url)
        canonical = Canonical("CodeSystem", canonical.url, meant)
        if canonical not in self._systems:
            known = await self._find(canonical)
            self._systems[canonical] = (
                None if known is None else CodeSystem(known, await self._concepts.generation(known))
            )
        return self._systems[canonical]

    def states(self) -> States:
        """All that was looked for, and the state it was found in."""
        systems = {c: None if s is None else (s.known.identity, s.generation) for c, s in self._systems.items()}
        sets = {c: None if known is None else known.identity for c, known in self._found.items() if c not in systems}
        return systems | sets

    async def _find(self, canonical: Canonical) -> Known | None:
        if canonical not in self._found:
            self._found |= await self._concepts.canonicals([canonical])
        return self._found[canonical]


async def is_unchanged(reader: Reader, states: States) -> bool:
    """Whether all is still in that state; one query."""
    for canonical, known in (await reader.concepts.canonicals(states)).items():
        now: object = None
        if known is not None:
            is_indexed = known.indexed_version == known.version
            now = (known.identity, known.generation if is_indexed else None)
            if canonical.resource_type == "ValueSet":
                now = known.identity
        if now != states[canonical]:
            return False
    return True
