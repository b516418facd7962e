"""Whether a code is in a value set: what validation asks of terminology, and an answer from definitions held here.

Three answers: True, False, and None when what is held here can't tell (a code system not loaded, a filter not known).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from cordee.fhir.definitions import load_definitions
from cordee.fhir.profiles.held_code_system import HeldCodeSystem
from cordee.fhir.profiles.system_names import SystemNames
from cordee.fhir.terminology.business_version import rank
from cordee.fhir.terminology.refusals import UnusableTerminology
from cordee.fhir.terminology.value_set import Filter, Rule, implicit_composition, read_composition

Pairs = frozenset[tuple[str, str]]


class Terminology(Protocol):
    """What validation asks."""

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        """Whether `code` is in `value_set` (a canonical, maybe with a version); `system` None for a bare code."""

    def sample(self, value_set: str) -> tuple[str, ...]:
        """The first few codes of a value set, for a message; none when it can't be enumerated."""


class ConceptQuestion(NamedTuple):
    """Whether a code system, in a version or the one meant without, has a code that passes all of `filters`."""

    system: str
    version: str | None
    code: str
    filters: tuple[Filter, ...]
    active_only: bool


ConceptsElsewhere = Callable[[ConceptQuestion], bool | None]
"""Answers for code systems whose concepts are not held here; None when it can't tell, or not yet."""


class _Clause(NamedTuple):
    """An include or exclude; `listed` are its codes when it enumerates some."""

    rule: Rule
    listed: frozenset[str]


class _Content(NamedTuple):
    include: tuple[_Clause, ...]
    exclude: tuple[_Clause, ...]
    active_only: bool


class LoadedTerminology:
    """Answers from ValueSets, CodeSystems and NamingSystems given, and the standard's own value sets.

    Without a version, an address means the active resource of the highest version; a ValueSet's that isn't here will do
    as that. `elsewhere` is asked about code systems whose concepts are not among `resources`, and filters that only a
    database can apply.
    """

    def __init__(
        self, resources: Iterable[Mapping[str, Any]] = (), elsewhere: ConceptsElsewhere = lambda _question: None
    ) -> None:
        self._elsewhere = elsewhere
        self._names = SystemNames()
        value_sets: dict[str, Mapping[str, Any]] = {}
        systems: dict[str, Mapping[str, Any]] = {}
        for resource in resources:
            if resource["resourceType"] == "ValueSet":
                _keep_best(value_sets, resource)
                continue
            self._names.add(resource)
            if resource["resourceType"] == "CodeSystem" and resource.get("concept"):  # else they are elsewhere
                _keep_best(systems, resource)
        self._value_sets = value_sets
        self._systems = {address: HeldCodeSystem(resource) for address, resource in systems.items()}
        self._contents: dict[str, _Content | None] = {}
        self._told: dict[tuple[str, str | None, str], bool] = {}

    def contains(self, value_set: str, system: str | None, code: str) -> bool | None:
        """See `Terminology`."""
        key = (value_set, system, code)
        found = self._told.get(key)
        if found is not None:
            return found
        found = self._contains(value_set, system, code, ())
        if found is not None:
            if len(self._told) >= _REMEMBERED:
                self._told.clear()
            self._told[key] = found
        return found

    def forget(self) -> None:
        """Asks everything anew, because what is elsewhere changed."""
        self._told.clear()

    def sample(self, value_set: str) -> tuple[str, ...]:
        """See `Terminology`."""
        content = self._content(value_set)
        if content is None:
            standard = load_definitions().value_sets.get(value_set.partition("|")[0], ())
            return tuple(sorted({code for _, code in standard}))[:_SAMPLE]
        found: list[str] = []
        for rule, _ in content.include:
            found += (listed.code for listed in rule.listed)
            held = self._held(rule)
            if held is not None and not rule.listed and not rule.filters:
                found += sorted(held.codes())[:_SAMPLE]
        return tuple(found[:_SAMPLE])

    def _contains(self, canonical: str, system: str | None, code: str, within: tuple[str, ...]) -> bool | None:
        content = self._content(canonical)
        if content is None:
            return _among(load_definitions().value_sets.get(canonical.partition("|")[0]), system, code)
        if canonical in within:
            return None
        inside = (*within, canonical)
        active_only = content.active_only
        included = _any(self._selects(one, system, code, inside, active_only=active_only) for one in content.include)
        if included is False:
            return False
        excluded = _any(self._selects(one, system, code, inside, active_only=False) for one in content.exclude)
        return False if excluded else True if included and excluded is False else None

    def _selects(
        self, clause: _Clause, system: str | None, code: str, within: tuple[str, ...], *, active_only: bool
    ) -> bool | None:
        """One include or exclude: all of its parts hold (R4 valueset.html#compositions)."""
        unknown = False
        of_system = clause.rule.system
        if of_system is not None:
            same = True if system is None else self._names.same(system, of_system)
            answer = False if same is False else self._selected(clause, of_system, code, active_only=active_only)
            if answer is False:
                return False
            unknown = answer is None or same is None
        for named in clause.rule.value_sets:
            answer = self._contains(named, system, code, within)
            if answer is False:
                return False
            unknown = unknown or answer is None
        return None if unknown else True

    def _selected(self, clause: _Clause, system: str, code: str, *, active_only: bool) -> bool | None:
        rule, listed = clause
        held = self._held(rule)
        if listed:
            return code in listed and (held is None or held.contains(code) is not False)
        question = ConceptQuestion(system, rule.version, code, rule.filters, active_only)
        if held is None:
            return self._elsewhere(question)
        present = held.contains(code)
        if not present:
            return present
        answers = [held.passes(condition, code) for condition in rule.filters]
        if False in answers:
            return False
        return self._elsewhere(question) if None in answers or active_only else True

    def _held(self, rule: Rule) -> HeldCodeSystem | None:
        return self._systems.get(f"{rule.system}|{rule.version}" if rule.version else rule.system or "")

    def _content(self, canonical: str) -> _Content | None:
        """What is in a value set; None when that isn't known here, or can't be used."""
        if canonical not in self._contents:
            self._contents[canonical] = self._read(canonical)
        return self._contents[canonical]

    def _read(self, canonical: str) -> _Content | None:
        url = canonical.partition("|")[0]
        resource = self._value_sets.get(canonical) or self._value_sets.get(url)
        try:
            composition = implicit_composition(url) if resource is None else read_composition(resource)
        except UnusableTerminology:
            return None
        if composition is None or not composition.include:  # nothing is said of its content
            return None
        return _Content(_clauses(composition.include), _clauses(composition.exclude), not composition.inactive)


_SAMPLE: Final = 8
_REMEMBERED: Final = 20_000
"""Answers, of the value sets of a tenant together."""


def _clauses(rules: Iterable[Rule]) -> tuple[_Clause, ...]:
    return tuple(_Clause(rule, frozenset(listed.code for listed in rule.listed)) for rule in rules)


def _keep_best(kept: dict[str, Mapping[str, Any]], resource: Mapping[str, Any]) -> None:
    """Under its address and under that with its version; the last given of those that are alike."""
    url, version = resource.get("url"), resource.get("version")
    if not url:
        return
    for key in (url, f"{url}|{version}") if version else (url,):
        if key not in kept or rank(resource) >= rank(kept[key]):
            kept[key] = resource


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
