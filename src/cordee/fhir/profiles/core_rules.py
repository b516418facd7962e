"""What the standard says of a resource beyond its structure: invariants, reference targets, extensions, nested
resources (R4 validation.html).

A walk over the values that are there, planned once for each type. An invariant of a type that is met nearly always is
first looked at in Python, and evaluated in FHIRPath when that doesn't settle it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from cordee.fhir.definitions import Element, Invariant
from cordee.fhir.outcome import Severity
from cordee.fhir.profiles.compilation import CompiledProfiles
from cordee.fhir.profiles.element_rules import Binding, Source
from cordee.fhir.profiles.extensions import extension_findings
from cordee.fhir.profiles.findings import Finding, Findings, below
from cordee.fhir.profiles.invariants import Unevaluated, holds, unevaluated
from cordee.fhir.profiles.items import Item
from cordee.fhir.profiles.library import STANDARD
from cordee.fhir.profiles.plain_invariants import PLAIN, STRUCTURAL
from cordee.fhir.profiles.references import target_type
from cordee.fhir.profiles.scope import Scope
from cordee.fhir.profiles.values import ItemCheck, bound
from cordee.fhir.validation.primitives import PRIMITIVES

EXTENSIONS: Final = frozenset({"extension", "modifierExtension"})

ResourceCheck = Callable[[Mapping[str, Any], Scope], Findings]


class _Member(NamedTuple):
    """How a member is looked at: `within` is where its children are, None for a primitive. `binding` is a check of its
    codes, where they may be others.
    """

    segment: str
    within: str | None
    resource: bool
    targets: frozenset[str]
    invariants: tuple[Invariant, ...]
    path: str
    type: str = ""
    binding: ItemCheck | None = None


class CoreRules:
    """The walk; `nested` judges each resource found inside (contained, in an entry, in a parameter)."""

    def __init__(self, profiles: CompiledProfiles, nested: ResourceCheck) -> None:
        self._profiles = profiles
        self._nested = nested
        self._definitions = profiles.library.definitions
        self._types = frozenset(self._definitions.resource_types)
        self._plans: dict[str, Mapping[str, _Member]] = {}
        self._invariants: dict[str, tuple[Invariant, ...]] = {}

    def resource(self, resource: Mapping[str, Any], scope: Scope) -> Findings:
        """What a resource breaks; structurally valid already."""
        type_ = str(resource["resourceType"])
        return self._object(resource, type_, type_, (type_,), scope)

    def _object(
        self, value: Mapping[str, Any], within: str, path: str, chain: tuple[str, ...], scope: Scope
    ) -> Findings:
        plan = self._plan(within)
        findings: list[Finding] = []
        for invariant in self._rules_of(within):
            if found := self._invariant(invariant, value, path, scope):
                findings += found
        for name, one in value.items():
            member = plan.get(name)
            if member is None:
                if name in EXTENSIONS and (found := self._extensions(one, name, chain, scope)):
                    findings += found
            elif type(one) is list:
                for index, item in enumerate(one):
                    if found := self._member(item, member, scope):
                        findings += below(f"{member.segment}[{index}]", found)
            elif found := self._member(one, member, scope):
                findings += below(member.segment, found)
        return findings or None

    def _member(self, item: Any, member: _Member, scope: Scope) -> Findings:
        if item is None:
            return None
        if member.resource:
            is_contained = member.segment == ".contained"
            return self._nested(item, scope.within(item, contained=is_contained))
        findings: list[Finding] = []
        if member.targets:
            kind = target_type(item, scope, self._types)
            if kind is not None and kind not in member.targets:
                text = f"a reference to {' or '.join(sorted(member.targets))} is expected, one to {kind} was found"
                findings.append(Finding(".reference", "error", "value", f"{text} ({member.path})"))
        if member.binding is not None and (found := member.binding(Item("", item, None, member.type), scope)):
            findings += found
        for invariant in member.invariants:
            findings += self._invariant(invariant, item, member.path, scope) or ()
        if member.within is not None and isinstance(item, dict):
            chain = (member.path, member.within)
            findings += self._object(item, member.within, member.path, chain, scope) or ()
        return findings or None

    def _extensions(self, extensions: Any, name: str, chain: tuple[str, ...], scope: Scope) -> Findings:
        findings: list[Finding] = []
        for index, extension in enumerate(extensions if isinstance(extensions, list) else ()):
            found = list(extension_findings(extension, name, chain, self._profiles, scope) or ())
            found += self._object(extension, "Extension", "Extension", ("Extension",), scope) or ()
            if found:
                findings += below(f".{name}[{index}]", found)
        return findings or None

    def _invariant(self, invariant: Invariant, value: Any, path: str, scope: Scope) -> Findings:
        plainly = PLAIN.get(invariant.key)
        held: bool | Unevaluated | None = None if plainly is None else plainly(value, scope)
        if held is None:
            held = holds(invariant.expression, value, None, path, scope, self._profiles.terminology)
        if held is True:
            return None
        key = invariant.key.rpartition(":")[2]
        if isinstance(held, Unevaluated):
            return [unevaluated(held, f"{key} of {path}", invariant.expression)]
        severity: Severity = "warning" if invariant.severity == "warning" else "error"
        return [Finding("", severity, "invariant", f"the rule {key} of {path} is not met: {invariant.expression}")]

    def _rules_of(self, within: str) -> tuple[Invariant, ...]:
        """The invariants of the objects at a type or a path, those of the types it derives from included."""
        if within not in self._invariants:
            keys: list[str] = []
            name: str | None = within
            while name is not None:
                structure = self._definitions.structures[name.partition(".")[0]]
                keys = [*structure.elements[name].invariants, *keys] if name in structure.elements else keys
                name = structure.base if "." not in name else None
            self._invariants[within] = self._evaluated(keys)
        return self._invariants[within]

    def _evaluated(self, keys: Sequence[str]) -> tuple[Invariant, ...]:
        return tuple(self._definitions.invariants[key] for key in dict.fromkeys(keys) if key not in STRUCTURAL)

    def _plan(self, within: str) -> Mapping[str, _Member]:
        if within not in self._plans:
            plan: dict[str, _Member] = {}
            structure = self._definitions.structures[within.partition(".")[0]]
            for path, element in structure.elements.items():
                parent, _, name = path.rpartition(".")
                if parent == within and name not in EXTENSIONS:
                    plan |= self._members(element, name)
            self._plans[within] = plan
        return self._plans[within]

    def _members(self, element: Element, name: str) -> dict[str, _Member]:
        stem = name.removesuffix("[x]")
        members: dict[str, _Member] = {}
        for code in element.types or ("",):
            spelled = stem if stem == name else stem + code[:1].upper() + code[1:]
            segment = f".{stem}" if stem == name else f".{stem}.ofType({code})"
            if code in PRIMITIVES:
                rules = self._evaluated(element.invariants)
                if rules:
                    members[spelled] = _Member(segment, None, False, frozenset(), rules, element.path)
                members[f"_{spelled}"] = _Member(segment, code, False, frozenset(), (), element.path)
                continue
            if element.content_reference:
                within, rules = element.content_reference, ()
            elif code in ("BackboneElement", "Element"):
                within, rules = element.path, ()  # the rules of a path are those of its objects
            else:
                within, rules = code, self._evaluated(element.invariants)
            targets = frozenset(element.targets) if code == "Reference" else frozenset()
            path = element.content_reference or element.path
            binding = self._binding(element) if code in ("Coding", "CodeableConcept") else None
            members[spelled] = _Member(segment, within, code == "Resource", targets, rules, path, code, binding)
        return members

    def _binding(self, element: Element) -> ItemCheck | None:
        """What the standard leaves open of a code is a warning; what it requires, the structural check has judged."""
        if element.extensible_value_set is None:
            return None
        source = Source(STANDARD + element.path.partition(".")[0], element.path)
        return bound(Binding("extensible", element.extensible_value_set), source, self._profiles.terminology)
