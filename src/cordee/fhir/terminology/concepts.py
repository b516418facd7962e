"""The concepts of a CodeSystem, one by one, with their parents (R4 codesystem.html)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from cordee.fhir.terminology.refusals import UnusableTerminology
from cordee.fhir.text_normalization import normalize_text

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")

_RETIRED = frozenset({"inactive", "retired"})


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept; `parents` are codes. `detail` is its definition, designations and properties, as they are written."""

    code: str
    display: str | None
    parents: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def properties(self) -> dict[str, list[str]]:
        """The values of each property as text; of a Coding, its code."""
        found: dict[str, list[str]] = {}
        for said in self.detail.get("property", ()):
            value = property_value(said)
            text = str(value).lower() if isinstance(value, bool) else value
            found.setdefault(said["code"], []).append(text.get("code", "") if isinstance(text, Mapping) else str(text))
        return found

    @property
    def inactive(self) -> bool:
        """Whether it is no longer to be used (R4 codesystem.html#status)."""
        found = self.properties
        return "true" in found.get("inactive", ()) or not _RETIRED.isdisjoint(found.get("status", ()))

    @property
    def abstract(self) -> bool:
        """Whether it only groups others, and is not to be chosen."""
        return "true" in self.properties.get("notSelectable", ())

    @property
    def searched(self) -> str:
        """Its code, display and designations as a filter looks at them."""
        return searched_text(self.code, self.display, self.detail.get("designation", ()))


def searched_text(code: str, display: str | None, designations: Iterable[Mapping[str, Any]]) -> str:
    """What a filter is looked for in: words without case nor accents."""
    texts = (code, display or "", *(designation["value"] for designation in designations))
    return " ".join(dict.fromkeys(filter(None, map(normalize_text, texts))))


def property_value(said: Mapping[str, Any]) -> Any:
    """The value of a concept's property."""
    return next(value for name, value in said.items() if name.startswith("value"))


def decode_exact(text: bytes | str) -> Any:
    """JSON whose decimals keep their written form."""
    return _DECODER.decode(text)


def encode_exact(value: Any) -> str:
    """The JSON of what `decode_exact` gave."""
    return _ENCODER.encode(value).decode()


def read_concept(said: Mapping[str, Any], parents: Iterable[str] = ()) -> Concept:
    """One concept as a CodeSystem writes it; its property `parent` adds to `parents`.

    A designation or property that has an extension in place of its value says nothing here. Raises
    `UnusableTerminology` for a concept that has no code.
    """
    if "code" not in said:
        raise UnusableTerminology("A concept has no code.", path="CodeSystem.concept.code")
    detail: dict[str, Any] = {"definition": said["definition"]} if "definition" in said else {}
    if designations := with_words(said.get("designation", ())):
        detail["designation"] = designations
    if properties := [p for p in said.get("property", ()) if "code" in p and any(n.startswith("value") for n in p)]:
        detail["property"] = properties
    named = [str(property_value(p)) for p in properties if p["code"] == "parent"]
    return Concept(said["code"], said.get("display"), tuple(dict.fromkeys((*parents, *named))), detail)


def with_words(designations: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The designations that say something."""
    return [designation for designation in designations if "value" in designation]


def read_concepts(concepts: Sequence[Mapping[str, Any]]) -> Iterator[Concept]:
    """Concepts and those nested in them, a parent before its children; `child` properties are left to `linked`."""
    waiting: list[tuple[Mapping[str, Any], tuple[str, ...]]] = [(said, ()) for said in reversed(concepts)]
    while waiting:
        said, parents = waiting.pop()
        yield read_concept(said, parents)
        waiting += [(child, (said["code"],)) for child in reversed(said.get("concept", ()))]


@dataclass(frozen=True, slots=True)
class Placed:
    """A concept in its hierarchy: `parents` and `ancestors` (itself not among them) are positions."""

    concept: Concept
    folded: str
    parents: tuple[int, ...]
    ancestors: tuple[int, ...]


def fold(code: str, *, case_sensitive: bool) -> str:
    """A code as it is compared in its system (R4 CodeSystem.caseSensitive)."""
    return code if case_sensitive else code.casefold()


def linked(concepts: Sequence[Concept], *, case_sensitive: bool) -> list[Placed]:
    """The concepts in order, each with all that it is under.

    Raises `UnusableTerminology` for a code that is there twice, a parent that is not there, or a concept that is under
    itself.
    """
    positions: dict[str, int] = {}
    for position, concept in enumerate(concepts):
        if positions.setdefault(fold(concept.code, case_sensitive=case_sensitive), position) != position:
            raise UnusableTerminology(f"The code {concept.code} is there twice.", path="CodeSystem.concept")

    def position_of(code: str, said_by: Concept) -> int:
        found = positions.get(fold(code, case_sensitive=case_sensitive))
        if found is None:
            raise UnusableTerminology(
                f"{said_by.code} names {code} as a parent or child, which is not there.", path="CodeSystem.concept"
            )
        return found

    parents = [dict.fromkeys(position_of(code, concept) for code in concept.parents) for concept in concepts]
    for position, concept in enumerate(concepts):
        for code in concept.properties.get("child", ()) if "property" in concept.detail else ():
            parents[position_of(code, concept)][position] = None
    above = _closure([tuple(found) for found in parents], concepts)
    return [
        Placed(
            concept,
            fold(concept.code, case_sensitive=case_sensitive),
            tuple(parents[position]),
            tuple(sorted(above[position])),
        )
        for position, concept in enumerate(concepts)
    ]


def _closure(parents: Sequence[Sequence[int]], concepts: Sequence[Concept]) -> list[frozenset[int]]:
    """All that each position is under."""
    found: dict[int, frozenset[int]] = {}
    for start in range(len(parents)):
        path = [start]
        on_path = {start}
        while path:
            here = path[-1]
            missing = next((p for p in parents[here] if p not in found), None)
            if here in found or missing is None:
                found.setdefault(here, frozenset(parents[here]).union(*(found[p] for p in parents[here])))
                on_path.discard(path.pop())
            elif missing in on_path:
                raise UnusableTerminology(f"{concepts[missing].code} is under itself.", path="CodeSystem.concept")
            else:
                path.append(missing)
                on_path.add(missing)
    return [found[position] for position in range(len(parents))]
