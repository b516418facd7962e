"""Checks of what an element may be: its type, the profiles of its content, and what a Reference points at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from cordee.fhir.profiles.element_rules import ElementRules, Source, TypeRule
from cordee.fhir.profiles.findings import Finding, Findings, has_error
from cordee.fhir.profiles.items import Item
from cordee.fhir.profiles.library import STANDARD, ProfileLibrary, UnusableProfileError
from cordee.fhir.profiles.references import meets_one, target_type
from cordee.fhir.profiles.scope import Scope
from cordee.fhir.profiles.values import ItemCheck

ANY: Final = frozenset({"Resource", "DomainResource"})


class Checks(Protocol):
    """What is asked of the compiled profiles."""

    library: ProfileLibrary

    def check(self, canonical: str, value: Any, scope: Scope) -> Findings:
        """What a value breaks of a profile; raises UnusableProfileError."""

    def meets(self, canonical: str, value: Any, scope: Scope) -> bool | None:
        """Whether a value meets a profile, None when that can't be told here."""


def type_checks(rules: ElementRules, profiles: Checks) -> list[ItemCheck]:
    """The checks of the types that a profile leaves to an element."""
    checks: list[ItemCheck] = []
    source = rules.source("types")
    resource_types = frozenset(profiles.library.definitions.resource_types)
    codes = frozenset(rule.code for rule in rules.types)
    if codes and codes <= resource_types:
        checks.append(_type_of_resource(codes, source))
    targets = tuple(target for rule in rules.types if rule.code == "Reference" for target in rule.targets)
    if targets:
        checks.append(_target(targets, source, profiles))
    profiled = [rule for rule in rules.types if rule.profiles and rule.code != "Extension"]
    if profiled:  # extensions are held to their definitions wherever they stand
        checks.append(_profiled(profiled, source, profiles))
    return checks


def type_of_choice(allowed: frozenset[str], source: Source) -> ItemCheck:
    """A choice is of one of the types left by a profile."""

    def check(item: Item, _scope: Scope) -> Findings:
        if item.type in allowed:
            return None
        text = f"{' or '.join(sorted(allowed))} is expected, {item.type} was found"
        return [Finding("", "error", "structure", text, source)]

    return check


def _type_of_resource(allowed: frozenset[str], source: Source) -> ItemCheck:
    def check(item: Item, _scope: Scope) -> Findings:
        kind = item.value.get("resourceType") if isinstance(item.value, dict) else None
        if kind is None or kind in allowed:
            return None
        text = f"a resource of type {' or '.join(sorted(allowed))} is expected, {kind} was found"
        return [Finding("", "error", "structure", text, source)]

    return check


def _profiled(types: Sequence[TypeRule], source: Source, profiles: Checks) -> ItemCheck:
    """The content of an element meets one of the profiles of its type."""

    def check(item: Item, scope: Scope) -> Findings:
        value = item.value if item.value is not None else item.companion
        kind = item.type
        if isinstance(value, dict) and "resourceType" in value:
            kind = value["resourceType"]
            scope = scope.within(value, contained=False)
        named = [
            canonical
            for rule in types
            if not kind or rule.code in (kind, *ANY)
            for canonical in rule.profiles
            if profiles.library.standard_type(canonical) is None
        ]
        failures: list[tuple[str, Findings]] = []
        for canonical in named:
            try:
                found = profiles.check(canonical, value, scope)
            except UnusableProfileError as error:
                if canonical.startswith(STANDARD):
                    return None
                return [Finding("", "information", "not-supported", f"not checked: {error}", source)]
            if len(named) == 1 or not has_error(found):
                return found
            failures.append((canonical, found))
        if not named:
            return None
        text = f"content that meets one of these is expected: {', '.join(named)}; this meets none{_nearest(failures)}"
        return [Finding("", "error", "structure", text, source)]

    return check


def _target(targets: Sequence[str], source: Source, profiles: Checks) -> ItemCheck:
    """What a Reference points at is of a type, and if it is at hand of a profile, that is allowed."""
    library = profiles.library
    resource_types = frozenset(library.definitions.resource_types)
    types = [library.type_of(target) for target in targets]
    anything = None in types or not ANY.isdisjoint(type_ for type_ in types if type_)
    allowed = frozenset(type_ for type_ in types if type_)
    checks = [(type_, _target_check(target, profiles)) for target, type_ in zip(targets, types, strict=True)]

    def check(item: Item, scope: Scope) -> Findings:
        value = item.value
        if anything or not isinstance(value, dict):
            return None
        kind = target_type(value, scope, resource_types)
        if kind is not None and kind not in allowed:
            text = f"a reference to {' or '.join(sorted(allowed))} is expected, one to {kind} was found"
            return [Finding(".reference", "error", "value", text, source)]
        if meets_one(value, scope, checks) is not False:
            return None
        failures = _failures(
            value, scope, [c for c, type_ in zip(targets, types, strict=True) if type_ == kind], profiles
        )
        text = f"what is referred to meets none of these profiles: {', '.join(targets)}{_nearest(failures)}"
        return [Finding(".reference", "error", "value", text, source)]

    return check


def _failures(
    reference: Mapping[str, Any], scope: Scope, canonicals: Sequence[str], profiles: Checks
) -> list[tuple[str, Findings]]:
    """What keeps the target of a reference, which is at hand, from profiles."""
    target = scope.resolve(str(reference.get("reference"))) or {}
    inside = scope.within(target, contained=_is_contained(target, scope))
    return [(c, profiles.check(c, target, inside)) for c in canonicals if profiles.library.find(c) is not None]


def _nearest(failures: Sequence[tuple[str, Findings]]) -> str:
    """What keeps it from the one profile that it breaks least of."""
    broken = [(c, [one for one in found or () if one.severity == "error"]) for c, found in failures]
    canonical, errors = min(broken, key=lambda one: len(one[1]), default=("", []))
    if not errors:
        return ""
    return f"; of {canonical} it breaks {errors[0].path.lstrip('.') or 'the whole'}: {errors[0].text}"


def _is_contained(target: Mapping[str, Any], scope: Scope) -> bool:
    return any(target is one for one in scope.root.get("contained", ()))


def _target_check(canonical: str, profiles: Checks) -> Callable[[Mapping[str, Any], Scope], bool] | None:
    if profiles.library.find(canonical) is None:
        return None

    def check(target: Mapping[str, Any], scope: Scope) -> bool:
        inside = scope.within(target, contained=_is_contained(target, scope))
        return profiles.meets(canonical, target, inside) is not False

    return check
