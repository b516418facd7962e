"""What a ValueSet says is in it (R4 valueset.html#compositions)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from cordee.fhir.terminology.concepts import with_words
from cordee.fhir.terminology.refusals import UnusableTerminology

OPERATORS = frozenset({"=", "is-a", "descendent-of", "is-not-a", "regex", "in", "not-in", "generalizes", "exists"})
_OF_HIERARCHY = frozenset({"is-a", "descendent-of", "is-not-a", "generalizes"})


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on the concepts of a system (R4 ValueSet.compose.include.filter)."""

    property: str
    op: str
    value: str
    path: str = "ValueSet"

    def __post_init__(self) -> None:
        if self.op not in OPERATORS:
            raise UnusableTerminology(
                f"«{self.op}» is not an operator of filters: {', '.join(sorted(OPERATORS))}.", path=f"{self.path}.op"
            )
        if self.op in _OF_HIERARCHY and self.property not in ("concept", "code"):
            raise UnusableTerminology(
                f"{self.op} is about the property concept, not {self.property}.", path=f"{self.path}.property"
            )
        if self.op == "exists" and self.value not in ("true", "false"):
            raise UnusableTerminology(f"exists is true or false, not «{self.value}».", path=f"{self.path}.value")


@dataclass(frozen=True, slots=True)
class Listed:
    """A code that is enumerated, with the words this value set has for it."""

    code: str
    display: str | None
    designations: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One include or exclude: of a system, all or those listed or filtered, that are in all of `value_sets` too."""

    system: str | None
    version: str | None
    listed: tuple[Listed, ...]
    filters: tuple[Filter, ...]
    value_sets: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True)
class Composition:
    """What is in a value set. `inactive` False leaves out what is no longer to be used."""

    include: tuple[Rule, ...]
    exclude: tuple[Rule, ...]
    inactive: bool = True


def read_composition(resource: Mapping[str, Any]) -> Composition:
    """The composition of a ValueSet; one that has only an expansion is what that enumerates.

    Raises `UnusableTerminology` for a rule that can't be carried out.
    """
    compose = resource.get("compose")
    if compose is None:
        return Composition(tuple(_enumerated(resource.get("expansion", {}).get("contains", ()))), ())
    return Composition(
        tuple(_rule(rule, f"ValueSet.compose.include[{n}]") for n, rule in enumerate(compose["include"])),
        tuple(_rule(rule, f"ValueSet.compose.exclude[{n}]") for n, rule in enumerate(compose.get("exclude", ()))),
        compose.get("inactive", True),
    )


def implicit_composition(url: str) -> Composition | None:
    """The value sets that every code system has: all of it (`…?fhir_vs`), or what is under a code (`…=isa/[code]`).

    None for any other address. Raises `UnusableTerminology` for one that only begins like these.
    """
    system, found, rest = url.partition("?fhir_vs")
    if not found:
        return None
    filters: tuple[Filter, ...] = ()
    if rest.startswith("=isa/"):
        filters = (Filter("concept", "is-a", unquote(rest.removeprefix("=isa/")), "url"),)
    elif rest:
        raise UnusableTerminology(
            f"«{url}» is not an implicit value set: …?fhir_vs or …?fhir_vs=isa/[code].", path="url"
        )
    return Composition((Rule(system, None, (), filters, (), "url"),), ())


def _rule(said: Mapping[str, Any], path: str) -> Rule:
    system, listed, filters = said.get("system"), said.get("concept", ()), said.get("filter", ())
    if system is None and (listed or filters or not said.get("valueSet")):
        raise UnusableTerminology("Name the system of the codes, or a value set that has them.", path=path)
    if listed and filters:
        raise UnusableTerminology("Codes are either listed or filtered, not both (vsd-3).", path=path)
    return Rule(
        system,
        said.get("version"),
        tuple(_listed(concept, f"{path}.concept[{place}]") for place, concept in enumerate(listed)),
        tuple(_filter(one, f"{path}.filter[{place}]") for place, one in enumerate(filters)),
        tuple(
            _stated(canonical, f"{path}.valueSet[{place}]") for place, canonical in enumerate(said.get("valueSet", ()))
        ),
        path,
    )


def _listed(concept: Mapping[str, Any], path: str) -> Listed:
    code = _stated(concept.get("code"), f"{path}.code")
    return Listed(code, concept.get("display"), tuple(with_words(concept.get("designation", ()))))


def _filter(said: Mapping[str, Any], path: str) -> Filter:
    name, op, value = (_stated(said.get(part), f"{path}.{part}") for part in ("property", "op", "value"))
    return Filter(name, op, value, path)


def _stated(value: str | None, path: str) -> str:
    """A value that an extension may stand in place of, which is no use here."""
    if value is None:
        raise UnusableTerminology("There is no value here.", path=path)
    return value


def _enumerated(contains: Sequence[Mapping[str, Any]]) -> Iterator[Rule]:
    by_system: dict[tuple[str, str | None], list[Listed]] = {}
    waiting = list(reversed(contains))
    while waiting:
        entry = waiting.pop()
        if entry.get("code") and entry.get("system") and not entry.get("abstract", False):
            by_system.setdefault((entry["system"], entry.get("version")), []).append(
                _listed(entry, "ValueSet.expansion.contains")
            )
        waiting += reversed(entry.get("contains", ()))
    for (system, version), listed in by_system.items():
        yield Rule(system, version, tuple(listed), (), (), "ValueSet.expansion.contains")
