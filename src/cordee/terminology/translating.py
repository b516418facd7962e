"""A code translated by the ConceptMaps stored (R4 conceptmap-operation-translate.html)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cordee.fhir.query import parse_search
from cordee.fhir.terminology.concept_map import Coded, Match, OtherMap, translations
from cordee.fhir.terminology.refusals import UnknownTerminology, UnusableTerminology
from cordee.store.reader import Reader
from cordee.store.terminology.canonicals import Canonical

MOST_MAPS = 200
"""How many ConceptMaps are looked through when none is named."""


@dataclass(frozen=True, slots=True)
class Found:
    """A translation and the map it comes from."""

    match: Match
    source: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which translations are wanted: to a system or a value set, from a value set; the other way round or not."""

    source: str | None = None
    target: str | None = None
    target_system: str | None = None
    reverse: bool = False


async def concept_map(reader: Reader, url: str, version: str | None) -> Mapping[str, Any]:
    """The ConceptMap of a canonical address; raises `UnknownTerminology`."""
    canonical = Canonical.parse("ConceptMap", url, version)
    known = (await reader.concepts.canonicals([canonical]))[canonical]
    if known is None:
        raise UnknownTerminology(f"The concept map {url} is not known here; store it first.", path="url")
    return known.resource


async def concept_maps_of(reader: Reader, coded: Coded, scope: Scope) -> list[Mapping[str, Any]]:
    """The ConceptMaps stored that translate a code, in the order they were stored."""
    parameter = "target-code" if scope.reverse else "source-code"
    page = await reader.search(parse_search("ConceptMap", [(parameter, _escaped(coded.code))]), count=MOST_MAPS)
    maps = [orjson.loads(version.body) for version in page.matches]
    if scope.reverse:
        return [m for m in maps if _concerns(m, "target", scope.source) and _concerns(m, "source", scope.target)]
    return [m for m in maps if _concerns(m, "source", scope.source) and _concerns(m, "target", scope.target)]


async def translate(
    reader: Reader, maps: Sequence[Mapping[str, Any]], codes: Sequence[Coded], scope: Scope
) -> list[Found]:
    """The translations of any of `codes` by any of `maps`, each once; goes on to other maps as they say."""
    found: dict[str, Found] = {}
    for resource in maps:
        for coded in codes:
            for one in await _by_map(reader, resource, coded, scope, ()):
                target = one.match.target
                key = repr((one.match.equivalence, None if target is None else target.coding(), one.source))
                found.setdefault(key, one)
    return list(found.values())


async def _by_map(
    reader: Reader, resource: Mapping[str, Any], coded: Coded, scope: Scope, through: tuple[str, ...]
) -> list[Found]:
    found: list[Found] = []
    url = resource.get("url")
    for said in translations(resource, coded, target_system=scope.target_system, reverse=scope.reverse):
        if isinstance(said, OtherMap):
            if said.url in through or said.url == url:
                raise UnusableTerminology(f"The concept map {said.url} leads back to itself.", path="ConceptMap.group")
            other = await concept_map(reader, said.url, None)
            found += await _by_map(reader, other, coded, scope, (*through, str(url)))
        else:
            found.append(Found(said, url))
    return found


def _concerns(resource: Mapping[str, Any], side: str, value_set: str | None) -> bool:
    said = resource.get(f"{side}Uri") or resource.get(f"{side}Canonical")
    return value_set is None or (said is not None and said.partition("|")[0] == value_set.partition("|")[0])


def _escaped(code: str) -> str:
    return "".join(f"\\{c}" if c in "\\,|$" else c for c in code)
