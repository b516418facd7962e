"""What a code means, whether it is valid, and how it stands to another (R4 codesystem-operations.html)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cordee.fhir.terminology.concept_map import Coded
from cordee.fhir.terminology.concepts import fold, read_concepts
from cordee.fhir.terminology.expansion import Expansion
from cordee.fhir.terminology.refusals import UnknownTerminology
from cordee.store.reader import Reader
from cordee.store.terminology.concepts import Detail
from cordee.terminology.sources import CodeSystem, Sources
from cordee.terminology.words import in_language, is_display

Outcome = Literal["equivalent", "subsumes", "subsumed-by", "not-subsumed"]


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a code is valid; `message` says why not, `display` is what it should be called."""

    result: bool
    message: str | None = None
    display: str | None = None


async def code_system_of(sources: Sources, url: str, version: str | None, *, path: str) -> tuple[CodeSystem, int]:
    """A code system and the generation of its concepts; raises `UnknownTerminology` when either is not here."""
    system = await sources.code_system(url, version)
    if system is None or system.generation is None:
        said = f" in version {version}" if version else ""
        raise UnknownTerminology(f"The code system {url}{said} is not known here; store or import it first.", path=path)
    return system, system.generation


async def look_up(reader: Reader, coded: Coded) -> tuple[CodeSystem, Detail]:
    """All that is said of a code; raises `UnknownTerminology` when it or its system is not known here."""
    system, generation = await code_system_of(Sources(reader), coded.system or "", coded.version, path="system")
    found = await reader.concepts.details(generation, system.fold(coded.code))
    if found is None:
        raise UnknownTerminology(f"There is no code {coded.code} in {system.url}.", path="code")
    return system, found


async def subsumes(reader: Reader, system_url: str, version: str | None, first: str, second: str) -> Outcome:
    """How the first code stands to the second; raises `UnknownTerminology` as `look_up` does."""
    _, a = await look_up(reader, Coded(system_url, first, version))
    _, b = await look_up(reader, Coded(system_url, second, version))
    if a.concept.concept == b.concept.concept:
        return "equivalent"
    if a.concept.concept in b.ancestors:
        return "subsumes"
    return "subsumed-by" if b.concept.concept in a.ancestors else "not-subsumed"


async def validate_in_system(reader: Reader, coded: Coded, language: str | None, *, abstract: bool = True) -> Judged:
    """Whether a code is one of its stored code system."""
    system, generation = await code_system_of(Sources(reader), coded.system or "", coded.version, path="url")
    found = await reader.concepts.details(generation, system.fold(coded.code))
    if found is None:
        return Judged(False, f"There is no code {coded.code} in {system.url}.")
    if found.concept.abstract and not abstract:
        return Judged(False, f"{coded.code} of {system.url} only groups others: it is not to be chosen.")
    return _display_judged(coded, found.concept.display, found.said.get("designation", ()), language)


def validate_in_given(resource: Mapping[str, Any], coded: Coded, language: str | None) -> Judged:
    """Whether a code is one of a CodeSystem that need not be stored."""
    case_sensitive = resource.get("caseSensitive", True)
    wanted = fold(coded.code, case_sensitive=case_sensitive)
    for concept in read_concepts(resource.get("concept", ())):
        if fold(concept.code, case_sensitive=case_sensitive) == wanted:
            return _display_judged(coded, concept.display, concept.detail.get("designation", ()), language)
    return Judged(False, f"There is no code {coded.code} in {resource.get('url', 'the code system given')}.")


async def validate_in_value_set(
    reader: Reader, name: str, expansion: Expansion, coded: Coded, language: str | None, *, abstract: bool = True
) -> Judged:
    """Whether a code is one of a value set's."""
    found = expansion.find(coded.system, coded.code)
    said = f"{coded.system}|{coded.code}" if coded.system else coded.code
    if found is None:
        return Judged(False, f"The code {said} is not in the value set {name}.")
    if coded.version and found.version and coded.version != found.version:
        return Judged(False, f"The value set {name} has {said} of version {found.version}, not {coded.version}.")
    if found.abstract and not abstract:
        return Judged(False, f"The code {said} only groups others: it is not to be chosen.")
    designations = list(found.designations)
    if found.concept:
        detail = (await reader.concepts.said([found.concept])).get(found.concept, {})
        designations += detail.get("designation", ())
    return _display_judged(coded, found.display, designations, language)


def _display_judged(
    coded: Coded, display: str | None, designations: Sequence[Mapping[str, Any]], language: str | None
) -> Judged:
    proper = in_language(display, designations, language)
    if coded.display is None or is_display(coded.display, display, designations):
        return Judged(True, display=proper)
    if proper is None:
        return Judged(True, f"There is no display of {coded.code} to compare «{coded.display}» with.")
    return Judged(False, f"«{coded.display}» is not what {coded.code} is called; that is «{proper}».", proper)
