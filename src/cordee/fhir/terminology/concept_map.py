"""Translations of a code by a ConceptMap, both ways (R4 conceptmap.html, conceptmap-operation-translate.html)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_INVERSE = {"wider": "narrower", "narrower": "wider", "subsumes": "specializes", "specializes": "subsumes"}
UNSAID = "relatedto"
"""The equivalence where an extension stands in place of one: the concepts are related, and how is not known."""
NOT_A_TRANSLATION = frozenset({"unmatched", "disjoint"})


@dataclass(frozen=True, slots=True)
class Coded:
    """A code of a system, maybe of a version of it."""

    system: str | None
    code: str
    version: str | None = None
    display: str | None = None

    def coding(self) -> dict[str, str]:
        """The same as a Coding."""
        parts = {"system": self.system, "version": self.version, "code": self.code, "display": self.display}
        return {name: value for name, value in parts.items() if value}


@dataclass(frozen=True, slots=True)
class Match:
    """One translation. `equivalence` is said of the target, as seen from the code that is translated."""

    equivalence: str
    target: Coded | None
    products: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class OtherMap:
    """The translation is to be looked for in another map."""

    url: str


def translations(
    resource: Mapping[str, Any], coded: Coded, *, target_system: str | None = None, reverse: bool = False
) -> Iterator[Match | OtherMap]:
    """What a ConceptMap says of a code, in order; nothing when it has no word of it."""
    for group in resource.get("group", ()):
        if reverse:
            if target_system in (None, group.get("source")) and coded.system in (None, group.get("target")):
                yield from _reversed(group, coded)
        elif coded.system in (None, group.get("source")) and target_system in (None, group.get("target")):
            yield from _forward(group, coded)


def _forward(group: Mapping[str, Any], coded: Coded) -> Iterator[Match | OtherMap]:
    elements = [element for element in group.get("element", ()) if element.get("code") == coded.code]
    for element in elements:
        for target in element.get("target", ()):
            found = _coded(group.get("target"), group.get("targetVersion"), target)
            yield Match(target.get("equivalence", UNSAID), found, tuple(target.get("product", ())))
    unmapped = group.get("unmapped")
    if elements or unmapped is None:
        return
    match unmapped.get("mode"):
        case "provided":
            yield Match("equal", Coded(group.get("target"), coded.code, group.get("targetVersion"), coded.display))
        case "fixed":
            yield Match("wider", _coded(group.get("target"), group.get("targetVersion"), unmapped))
        case "other-map" if "url" in unmapped:
            yield OtherMap(unmapped["url"])


def _reversed(group: Mapping[str, Any], coded: Coded) -> Iterator[Match]:
    for element in group.get("element", ()):
        for target in element.get("target", ()):
            if target.get("code") == coded.code:
                equivalence = target.get("equivalence", UNSAID)
                yield Match(
                    _INVERSE.get(equivalence, equivalence),
                    _coded(group.get("source"), group.get("sourceVersion"), element),
                )


def _coded(system: str | None, version: str | None, said: Mapping[str, Any]) -> Coded | None:
    return Coded(system, said["code"], version, said.get("display")) if "code" in said else None
