"""A CodeSystem whose concepts are in memory: the codes, and those that each is under."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from cordee.fhir.terminology.concepts import fold
from cordee.fhir.terminology.value_set import Filter

_ELSEWHERE: Final = "\0"
"""Stands for the unknown rest of what is above a code."""


class HeldCodeSystem:
    """The concepts of a CodeSystem, read when they are first asked for."""

    def __init__(self, resource: Mapping[str, Any]) -> None:
        self._concepts: Sequence[Mapping[str, Any]] = resource.get("concept", ())
        self._case_sensitive = resource.get("caseSensitive", True)
        self._is_whole = resource.get("content") == "complete"
        self._above: Mapping[str, frozenset[str]] | None = None

    def codes(self) -> Iterable[str]:
        """All that are here, as they are compared."""
        return self._placed_codes()

    def above(self, code: str) -> frozenset[str] | None:
        """The codes that a code is under; None when it isn't here."""
        return self._placed_codes().get(self._folded(code))

    def contains(self, code: str) -> bool | None:
        """Whether it has a code; None when it isn't here, and the whole isn't here."""
        if self.above(code) is not None:
            return True
        return False if self._is_whole else None

    def passes(self, condition: Filter, code: str) -> bool | None:
        """Whether a code that is here passes a filter on the hierarchy; None for other filters."""
        above = self.above(code) or frozenset()
        code, value = self._folded(code), self._folded(condition.value)
        unknown = None if _ELSEWHERE in above else False
        match condition.op:
            case "is-a":
                return True if code == value or value in above else unknown
            case "descendent-of":
                return True if value in above else unknown
            case "is-not-a":
                below = code == value or value in above
                return False if below else None if unknown is None else True
            case "generalizes":
                over = self.above(value) or frozenset()
                return True if code == value or code in over else None if _ELSEWHERE in over else False
        return None

    def _folded(self, code: str) -> str:
        return fold(code, case_sensitive=self._case_sensitive)

    def _placed_codes(self) -> Mapping[str, frozenset[str]]:
        if self._above is None:
            self._above = dict(self._placed(self._concepts, frozenset()))
        return self._above

    def _placed(
        self, concepts: Sequence[Mapping[str, Any]], above: frozenset[str]
    ) -> Iterator[tuple[str, frozenset[str]]]:
        """Each code with those above it by nesting. What a property `parent` says is not followed: it stays open."""
        for concept in concepts:
            code = self._folded(concept["code"])
            said = concept.get("property", ())
            named = {self._folded(p["valueCode"]) for p in said if p.get("code") == "parent" and "valueCode" in p}
            here = above if named <= above else above | {_ELSEWHERE}
            yield code, here
            if "concept" in concept:
                yield from self._placed(concept["concept"], here | {code})
