"""Profiles compiled to checks, each when it is first used; a check that finds nothing builds nothing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cordee.fhir.outcome import Severity
from cordee.fhir.profiles.element_rules import Constraint, Discriminator, ElementRules, Source
from cordee.fhir.profiles.findings import Finding, Findings, below, has_error
from cordee.fhir.profiles.invariants import Unevaluated, holds, unevaluated
from cordee.fhir.profiles.items import Item, Spelling, items_reader
from cordee.fhir.profiles.library import ProfileLibrary, UnusableProfileError
from cordee.fhir.profiles.places import child_place
from cordee.fhir.profiles.scope import Scope
from cordee.fhir.profiles.slices import SliceCheck, sliced
from cordee.fhir.profiles.slicing import matcher
from cordee.fhir.profiles.type_rules import ANY, type_checks, type_of_choice
from cordee.fhir.profiles.values import ItemCheck, value_checks

HolderCheck = Callable[[Mapping[str, Any], Scope], Findings]

_MAX_NESTING: Final = 20


class CompiledProfiles:
    """The checks of the profiles of a library."""

    def __init__(self, library: ProfileLibrary) -> None:
        self.library = library
        self.terminology = library.terminology
        self._checks: dict[str, list[ItemCheck] | UnusableProfileError] = {}

    def check(self, canonical: str, value: Any, scope: Scope) -> Findings:
        """What a value breaks of a profile; raises UnusableProfileError."""
        if canonical not in self._checks:
            try:
                type_ = self.library.type_of(canonical)
                self._checks[canonical] = self._node(self.library.rules(canonical), type_, type_ or "", 0)
            except UnusableProfileError as error:
                self._checks[canonical] = error
        checks = self._checks[canonical]
        if isinstance(checks, UnusableProfileError):
            raise checks
        return _all_of(checks, Item("", value, None, ""), scope)

    def known_rules(self, canonical: str) -> ElementRules | None:
        """The rules of a profile, None when it can't be used here."""
        try:
            return self.library.rules(canonical)
        except UnusableProfileError:
            return None

    def type_of(self, canonical: str) -> str | None:
        """The type a profile is about."""
        return self.library.type_of(canonical)

    def meets(self, canonical: str, value: Any, scope: Scope) -> bool | None:
        """Whether a value meets a profile; None when the profile can't be used here. A resource that says it does is
        taken at its word, so that what it breaks is told of it.
        """
        key = (id(value), canonical)
        if key not in scope.met:
            scope.met[key] = True  # of two resources that refer to each other, each is judged once
            scope.met[key] = self._meets(canonical, value, scope)
        return scope.met[key]

    def _meets(self, canonical: str, value: Any, scope: Scope) -> bool | None:
        if isinstance(value, dict) and "resourceType" in value:
            type_ = self.library.type_of(canonical)
            if type_ is not None and type_ not in ANY and value["resourceType"] != type_:
                return False
            claimed = [str(one).partition("|")[0] for one in value.get("meta", {}).get("profile", ())]
            if canonical.partition("|")[0] in claimed or (self.library.find(canonical) is None and type_ is not None):
                return True
        try:
            return not has_error(self.check(canonical, value, scope))
        except UnusableProfileError:
            return None

    def _node(self, rules: ElementRules, within: str | None, path: str, depth: int) -> list[ItemCheck]:
        """The checks of one item of an element, its children included."""
        checks = value_checks(rules, self.terminology)
        if depth:  # at the root, the profile itself says the type
            checks += type_checks(rules, self)
        for constraint in rules.constraints.values():
            checks.append(self._constraint(constraint, path, rules.source(constraint.key)))
        if depth < _MAX_NESTING:
            codes = {rule.code for rule in rules.types}
            if (within is None or within in ANY) and len(codes) == 1:
                within = codes.pop()
            children = [self._child(child, within, name, depth) for name, child in rules.children.items()]
            if children:
                checks.append(_children(children))
        return checks

    def _child(self, rules: ElementRules, within: str | None, name: str, depth: int) -> HolderCheck:
        place = child_place(self.library.definitions, within, name)
        stem = name.removesuffix("[x]")
        discriminators = _discriminators(rules, name)
        slices: list[SliceCheck] = []
        if rules.slices:
            slices = [
                self._slice(slice_name, slice_rules, discriminators, place.types, place.within, place.path, depth)
                for slice_name, slice_rules in rules.slices.items()
            ]
        allowed = frozenset(rule.code for rule in rules.types)
        checks = self._node(rules, place.within, place.path, depth + 1)
        if len(place.types) > 1 and allowed:
            checks.insert(0, type_of_choice(allowed, rules.source("types")))
        return _counted(rules, stem, place.spellings, checks, sliced(rules, slices))

    def _slice(
        self,
        name: str,
        rules: ElementRules,
        discriminators: Sequence[Discriminator],
        types: Sequence[str],
        within: str | None,
        path: str,
        depth: int,
    ) -> SliceCheck:
        codes = {rule.code for rule in rules.types} or {code for code in types if name.lower().endswith(code.lower())}
        inside = codes.pop() if within is None and len(codes) == 1 else within
        parts = [
            self._slice(part, part_rules, _discriminators(rules, ""), types, inside, path, depth)
            for part, part_rules in rules.slices.items()
        ]
        return SliceCheck(
            name,
            matcher(rules, discriminators, self),
            rules,
            self._node(rules, inside, path, depth + 1),
            sliced(rules, parts),
        )

    def _constraint(self, constraint: Constraint, path: str, source: Source) -> ItemCheck:
        terminology = self.terminology

        def check(item: Item, scope: Scope) -> Findings:
            inside = item.value
            if isinstance(inside, dict) and "resourceType" in inside and inside is not scope.resource:
                scope = scope.within(inside, contained=False)
            held = holds(constraint.expression, inside, item.companion, path, scope, terminology)
            if held is True:
                return None
            if isinstance(held, Unevaluated):
                return [unevaluated(held, constraint.key, constraint.expression, source)]
            severity: Severity = "warning" if constraint.severity == "warning" else "error"
            text = f"the rule {constraint.key} is not met: {constraint.human or constraint.expression}"
            return [Finding("", severity, "invariant", text, source)]

        return check


def _discriminators(rules: ElementRules, name: str) -> Sequence[Discriminator]:
    """Those stated, or those that go without saying for extensions and choices."""
    if rules.slicing is not None:
        return rules.slicing.discriminators
    if name in ("extension", "modifierExtension"):
        return (Discriminator("value", "url"),)
    return (Discriminator("type", "$this"),) if name.endswith("[x]") else ()


def _counted(
    rules: ElementRules,
    name: str,
    spellings: Sequence[Spelling],
    checks: Sequence[ItemCheck],
    slices: Callable[[Sequence[Item], str, Scope], Findings] | None,
) -> HolderCheck:
    minimum, maximum = rules.minimum, rules.maximum
    items_in = items_reader(spellings)

    def check(holder: Mapping[str, Any], scope: Scope) -> Findings:
        items = items_in(holder)
        if not items and not minimum and slices is None:
            return None
        findings: list[Finding] = []
        if len(items) < minimum:
            text = f"at least {minimum} {name} expected, {len(items) or 'none'} found"
            code = "required" if not items else "structure"
            findings.append(Finding(f".{name}", "error", code, text, rules.source("min")))
        if maximum is not None and len(items) > maximum:
            text = f"{f'at most {maximum}' if maximum else 'no'} {name} expected, {len(items)} found"
            findings.append(Finding(f".{name}", "error", "structure", text, rules.source("max")))
        for item in items:
            for one in checks:
                if found := one(item, scope):
                    findings += below(item.segment, found)
        if slices is not None and (found := slices(items, name, scope)):
            findings += found
        return findings or None

    return check


def _children(checks: Sequence[HolderCheck]) -> ItemCheck:
    def check(item: Item, scope: Scope) -> Findings:
        findings: list[Finding] = []
        holder = item.holder
        for one in checks:
            if found := one(holder, scope):
                findings += found
        return findings or None

    return check


def _all_of(checks: Sequence[ItemCheck], item: Item, scope: Scope) -> Findings:
    findings: list[Finding] = []
    for one in checks:
        if found := one(item, scope):
            findings += found
    return findings or None
