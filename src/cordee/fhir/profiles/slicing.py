"""Which slice an item is in, by the discriminators of the slicing (R4 profiling.html#slicing)."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from cordee.fhir.profiles.element_rules import Discriminator, ElementRules
from cordee.fhir.profiles.items import Item
from cordee.fhir.profiles.paths import Step, children, steps_of, values_at
from cordee.fhir.profiles.pattern import is_fixed, meets_pattern
from cordee.fhir.profiles.scope import Scope
from cordee.fhir.profiles.terminology import Terminology
from cordee.fhir.profiles.values import coded

Match = Callable[[Item, Scope], bool | None]
"""True in the slice, False not in it, None when what is at hand can't tell."""

Test = Callable[[Any], bool | None]


class Profiles(Protocol):
    """What slicing asks of the profiles: rules by canonical, and whether a value meets one."""

    terminology: Terminology

    def known_rules(self, canonical: str) -> ElementRules | None:
        """The rules of a profile, None when it can't be used here."""

    def type_of(self, canonical: str) -> str | None:
        """The type a profile is about."""

    def meets(self, canonical: str, value: Any, scope: Scope) -> bool | None:
        """Whether a value meets a profile, None when that can't be told here."""


def matcher(rules: ElementRules, discriminators: Sequence[Discriminator], profiles: Profiles) -> Match:
    """Tells whether an item is in the slice that `rules` are of: it must be by every discriminator."""
    tests = [_by(discriminator, rules, profiles) for discriminator in discriminators]
    if not tests:
        return lambda _item, _scope: None

    def match(item: Item, scope: Scope) -> bool | None:
        answer: bool | None = True
        for test in tests:
            found = test(item, scope)
            if found is False:
                return False
            if found is None:
                answer = None
        return answer

    return match


def _by(discriminator: Discriminator, rules: ElementRules, profiles: Profiles) -> Match:
    try:
        steps = steps_of(discriminator.path)
    except ValueError:
        return lambda _item, _scope: None
    match discriminator.kind:
        case "value" | "pattern":
            return _by_value(steps, rules, profiles)
        case "exists":
            return _by_presence(steps, rules)
        case "type":
            return _by_type(steps, rules)
        case "profile":
            return _by_profile(steps, rules, profiles)
    return lambda _item, _scope: None


def _by_value(steps: Sequence[Step], rules: ElementRules, profiles: Profiles) -> Match:
    tests = list(_tests_at(rules, steps, profiles))
    if steps == (("child", "url"),) and not tests:
        urls = [canonical.partition("|")[0] for canonical in rules.named_profiles()]
        tests = [lambda value: value in urls] if urls else []
    if not tests:
        return lambda _item, _scope: None

    def match(item: Item, scope: Scope) -> bool | None:
        answers = [
            _all(test(value) for test in tests)
            for value in values_at(item.value, item.companion, steps, scope.resolve)
            if value is not None
        ]
        return True if True in answers else None if None in answers else False

    return match


def _all(answers: Iterator[bool | None]) -> bool | None:
    unknown = False
    for answer in answers:
        if answer is False:
            return False
        unknown = unknown or answer is None
    return None if unknown else True


def _tests_at(rules: ElementRules, steps: Sequence[Step], profiles: Profiles) -> Iterator[Test]:
    """What the slice states at the end of a path, or above it in a fixed value or a pattern."""
    for stated in (rules, *_profiled(rules, profiles)):
        for meets, expected in ((is_fixed, stated.fixed), (meets_pattern, stated.pattern)):
            if expected is not None and steps:
                within = values_at(expected, None, steps, lambda _reference: None)
                if within:
                    yield partial(_meets_any, within)
            elif expected is not None:
                yield partial(_meets, meets, expected)
        if not steps:
            yield from _bound(stated, profiles.terminology)
            yield from _nested(stated, profiles)
        else:
            for inner in _stepped(stated, steps[0]):
                yield from _tests_at(inner, steps[1:], profiles)


def _meets_any(patterns: Sequence[Any], value: Any) -> bool:
    return any(meets_pattern(value, pattern) for pattern in patterns)


def _meets(meets: Callable[[Any, Any], bool], expected: Any, value: Any) -> bool:
    return meets(value, expected)


def _profiled(rules: ElementRules, profiles: Profiles) -> Iterator[ElementRules]:
    named = list(rules.named_profiles())
    if len(named) == 1 and (found := profiles.known_rules(named[0])) is not None:
        yield found


def _stepped(rules: ElementRules, step: Step) -> Iterator[ElementRules]:
    kind, argument = step
    if kind == "resolve":
        yield rules
    elif kind == "extension":
        for extension in rules.children.get("extension", _NONE).slices.values():
            named = [canonical.partition("|")[0] for canonical in extension.named_profiles()]
            if argument in named or extension.child("url").fixed == argument:
                yield extension
    else:
        for name, child in rules.children.items():
            stem = name.removesuffix("[x]")
            if name == argument or (stem != name and argument.startswith(stem)):
                yield child
                if stem != name:
                    yield from child.slices.values()


_NONE = ElementRules("")


def _bound(rules: ElementRules, terminology: Terminology) -> Iterator[Test]:
    binding = rules.binding
    if binding is None or binding.strength != "required":
        return
    value_set = binding.value_set

    def test(value: Any) -> bool | None:
        pairs = coded(value)
        if pairs is None:
            return False
        answers = [terminology.contains(value_set, system, code) for system, code in pairs]
        return True if True in answers else None if None in answers else False

    yield test


def _nested(rules: ElementRules, profiles: Profiles) -> Iterator[Test]:
    """A discriminator may name an element of which the slice fixes parts."""
    for name, child in rules.children.items():
        if name in ("id", "extension"):
            continue
        tests = list(_tests_at(child, (), profiles))
        if not tests:
            continue

        def test(value: Any, name: str = name, tests: Sequence[Test] = tuple(tests)) -> bool | None:
            if not isinstance(value, dict):
                return False
            found = [one for one, _ in children(value, name.removesuffix("[x]")) if one is not None]
            answers = [_all(inner(one) for inner in tests) for one in found]
            return True if True in answers else None if None in answers else False

        yield test


def _by_presence(steps: Sequence[Step], rules: ElementRules) -> Match:
    ends = [rules]
    for step in steps:
        ends = [inner for end in ends for inner in _stepped(end, step)]
    wanted = any(end.minimum > 0 for end in ends)
    refused = any(end.maximum == 0 for end in ends)
    if wanted == refused:
        return lambda _item, _scope: None

    def match(item: Item, scope: Scope) -> bool | None:
        return bool(values_at(item.value, item.companion, steps, scope.resolve)) == wanted

    return match


def _by_type(steps: Sequence[Step], rules: ElementRules) -> Match:
    ends = [rules]
    for step in steps:
        ends = [inner for end in ends for inner in _stepped(end, step)]
    codes = frozenset(rule.code for end in ends for rule in end.types)
    if not codes and not steps:
        stem = rules.id.rpartition(".")[2].partition("[x]")[0]
        named = rules.id.rpartition(":")[2].removeprefix(stem)
        codes = frozenset({named, named[:1].lower() + named[1:]})
    if not codes or codes & {"Resource", "DomainResource"}:
        return lambda _item, _scope: None

    def match(item: Item, scope: Scope) -> bool | None:
        if not steps and item.type:
            return item.type in codes
        values = values_at(item.value, item.companion, steps, scope.resolve)
        kinds = [value.get("resourceType") for value in values if isinstance(value, dict)]
        return None if None in kinds else any(kind in codes for kind in kinds)

    return match


def _by_profile(steps: Sequence[Step], rules: ElementRules, profiles: Profiles) -> Match:
    ends = [rules]
    through_reference = steps[-1:] == (("resolve", ""),)
    for step in steps:
        ends = [inner for end in ends for inner in _stepped(end, step)]
    named = [
        canonical
        for end in ends
        for rule in end.types
        for canonical in (rule.targets if through_reference or rule.code == "Reference" else rule.profiles)
    ]
    if not named:  # the slice narrows the type alone: a resource without a profile
        codes = {rule.code for end in ends for rule in end.types} - {"Resource", "Reference", "DomainResource"}
        return _by_type(steps, rules) if codes else lambda _item, _scope: None

    def match(item: Item, scope: Scope) -> bool | None:
        answers: list[bool | None] = []
        for value in values_at(item.value, item.companion, steps, scope.resolve):
            found = value
            if isinstance(value, dict) and "resourceType" not in value and isinstance(value.get("reference"), str):
                found = scope.resolve(value["reference"])
            answers += (None if found is None else profiles.meets(canonical, found, scope) for canonical in named)
        return True if True in answers else None if None in answers else False

    return match
