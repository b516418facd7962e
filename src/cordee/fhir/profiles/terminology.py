"""Whether a code is in a value set: what validation asks of terminology, and an answer from definitions held here.

Three answers: True, False, and None when what is held here can't tell (a code system not loaded, a filter not known).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from cordee.fhir.definitions import load_definitions

Pairs = frozenset[tuple[str, str]]


class Terminology(Protocol):
    """What validation asks."""

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        """Whether `code` is in `value_set` (a canonical, maybe with a version); `system` None for a bare code."""

    def sample(self, value_set: str) -> tuple[str, ...]:
        """The first few codes of a value set, for a message; none when it can't be enumerated."""


class LoadedTerminology:
    """Answers from ValueSets and CodeSystems given, and the value sets of the standard's required bindings."""

    def __init__(self, resources: Iterable[Mapping[str, Any]] = ()) -> None:
        self._value_sets: dict[str, Mapping[str, Any]] = {}
        self._above: dict[str, dict[str, frozenset[str]]] = {}
        for resource in resources:
            url = resource.get("url")
            if resource["resourceType"] == "ValueSet" and url:
                self._value_sets[url] = resource
            elif resource["resourceType"] == "CodeSystem" and url and resource.get("content") == "complete":
                self._above[url] = dict(_placed(resource.get("concept", ()), frozenset()))
        # One without concepts keeps them elsewhere, and says nothing here.
        self._above = {url: concepts for url, concepts in self._above.items() if concepts}

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        """See `Terminology`."""
        url = value_set.partition("|")[0]
        return self._contains(url, system, code, frozenset())

    def sample(self, value_set: str) -> tuple[str, ...]:
        """See `Terminology`."""
        url = value_set.partition("|")[0]
        standard = load_definitions().value_sets.get(url)
        if url not in self._value_sets:
            return tuple(sorted({code for _, code in standard or ()}))[:_SAMPLE]
        found: list[str] = []
        for include in self._value_sets[url].get("compose", {}).get("include", ()):
            found += (concept["code"] for concept in include.get("concept", ()))
            if "concept" not in include and "filter" not in include:
                found += sorted(self._above.get(include.get("system", ""), ()))
        return tuple(found[:_SAMPLE])

    def _contains(self, url: str, system: str | None, code: str, seen: frozenset[str]) -> bool | None:
        resource = self._value_sets.get(url)
        if resource is None:
            return _among(load_definitions().value_sets.get(url), system, code)
        if url in seen:
            return None
        compose = resource.get("compose")
        if compose is None:
            expansion = resource.get("expansion")
            return None if expansion is None else _among(frozenset(_expanded(expansion)), system, code)
        inside = seen | {url}
        included = _any(self._selects(clause, system, code, inside) for clause in compose.get("include", ()))
        excluded = _any(self._selects(clause, system, code, inside) for clause in compose.get("exclude", ()))
        if included is False or excluded is True:
            return False
        return True if included and excluded is False else None

    def _selects(self, clause: Mapping[str, Any], system: str | None, code: str, seen: frozenset[str]) -> bool | None:
        """One include or exclude: all of its parts hold (R4 valueset.html#compositions)."""
        answers: list[bool | None] = []
        if "system" in clause:
            answers.append(self._in_system(clause, system, code))
        answers += (self._contains(named.partition("|")[0], system, code, seen) for named in clause.get("valueSet", ()))
        if False in answers:
            return False
        return None if None in answers else bool(answers)

    def _in_system(self, clause: Mapping[str, Any], system: str | None, code: str) -> bool | None:
        of_system = clause["system"]
        if system is not None and system != of_system:
            return False
        if "concept" in clause:
            return any(concept["code"] == code for concept in clause["concept"])
        above = self._above.get(of_system)
        if above is None:
            return None
        if code not in above:
            return False
        answers = [_passes(condition, code, above[code]) for condition in clause.get("filter", ())]
        return False if False in answers else None if None in answers else True


_SAMPLE = 8


def _any(answers: Iterable[bool | None]) -> bool | None:
    unknown = False
    for answer in answers:
        if answer:
            return True
        unknown = unknown or answer is None
    return None if unknown else False


def _among(pairs: Pairs | None, system: str | None, code: str) -> bool | None:
    if pairs is None:
        return None
    if system is not None:
        return (system, code) in pairs
    return any(code == known for _, known in pairs)


def _placed(concepts: Iterable[Mapping[str, Any]], above: frozenset[str]) -> Iterable[tuple[str, frozenset[str]]]:
    """Each code of a hierarchy with the codes above it, by nesting and by the property `parent`."""
    for concept in concepts:
        parents = {
            p["valueCode"] for p in concept.get("property", ()) if p.get("code") == "parent" and "valueCode" in p
        }
        # A hierarchy told by properties is not followed here: what is above stays open.
        here = above if parents <= above else above | {_ELSEWHERE}
        yield concept["code"], here
        yield from _placed(concept.get("concept", ()), here | {concept["code"]})


_ELSEWHERE = "\0"
"""Stands for the unknown rest of what is above a code."""


def _passes(condition: Mapping[str, Any], code: str, above: frozenset[str]) -> bool | None:
    """Whether a code passes a filter on the hierarchy; None for other filters (R4 valueset.html#compositions)."""
    value = condition.get("value")
    if condition.get("property") != "concept":
        return None
    unknown = None if _ELSEWHERE in above else False
    match condition.get("op"):
        case "is-a":
            return True if code == value or value in above else unknown
        case "descendent-of":
            return True if value in above else unknown
        case "is-not-a":
            below = code == value or value in above
            return False if below else None if _ELSEWHERE in above else True
    return None


def _expanded(expansion: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for one in expansion.get("contains", ()):
        if "code" in one and not one.get("abstract"):
            yield one.get("system", ""), one["code"]
        yield from _expanded(one)
