"""Checks of one value by what a profile states of it: fixed, pattern, limits, binding."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson

from cordee.fhir.profiles.element_rules import Binding, ElementRules, Source
from cordee.fhir.profiles.findings import Finding, Findings
from cordee.fhir.profiles.items import Item
from cordee.fhir.profiles.pattern import is_fixed, meets_pattern
from cordee.fhir.profiles.scope import Scope
from cordee.fhir.profiles.terminology import Terminology
from cordee.fhir.validation.problems import quoted

ItemCheck = Callable[[Item, Scope], Findings]


def value_checks(rules: ElementRules, terminology: Terminology) -> list[ItemCheck]:
    """The checks of one value."""
    checks: list[ItemCheck] = []
    if rules.fixed is not None:
        checks.append(_equality(rules.fixed, is_fixed, "exactly ", rules.source("fixed")))
    if rules.pattern is not None:
        checks.append(_equality(rules.pattern, meets_pattern, "", rules.source("pattern")))
    if rules.max_length is not None:
        checks.append(_length(rules.max_length, rules.source("maxLength")))
    if rules.min_value is not None:
        checks.append(_limit(rules.min_value, rules.source("minValue"), least=True))
    if rules.max_value is not None:
        checks.append(_limit(rules.max_value, rules.source("maxValue"), least=False))
    if rules.binding is not None and rules.binding.strength in ("required", "extensible"):
        checks.append(bound(rules.binding, rules.source("binding"), terminology))
    return checks


def _equality(expected: Any, meets: Callable[[Any, Any], bool], how: str, source: Source) -> ItemCheck:
    shown = _shown(expected)

    def check(item: Item, _scope: Scope) -> Findings:
        if item.value is None or meets(item.value, expected):
            return None
        text = f"{how}{shown} is expected, {_shown(item.value)} was found"
        return [Finding("", "error", "value", text, source)]

    return check


def _length(most: int, source: Source) -> ItemCheck:
    def check(item: Item, _scope: Scope) -> Findings:
        if not isinstance(item.value, str) or len(item.value) <= most:
            return None
        text = f"at most {most} characters are expected, {len(item.value)} were found"
        return [Finding("", "error", "too-long", text, source)]

    return check


def _limit(limit: Any, source: Source, *, least: bool) -> ItemCheck:
    bound = _comparable(limit)

    def check(item: Item, _scope: Scope) -> Findings:
        value = _comparable(item.value)
        if value is None or bound is None or value[0] != bound[0]:
            return None
        if value >= bound if least else value <= bound:
            return None
        text = f"at {'least' if least else 'most'} {_shown(limit)} is expected, {_shown(item.value)} was found"
        return [Finding("", "error", "value", text, source)]

    return check


def _comparable(value: Any) -> tuple[str, Decimal, str] | None:
    """Its kind, and a number or a date cut to a day; a Quantity is compared with those of its unit."""
    unit = ""
    if isinstance(value, dict):
        unit = f"{value.get('system', '')}|{value.get('code', '')}"
        value = value.get("value")
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | Decimal):
        return f"number {unit}", Decimal(str(value)), ""
    return ("day", Decimal(0), str(value)[:10]) if len(str(value)) >= len("2026-01-01") else None


def bound(binding: Binding, source: Source, terminology: Terminology) -> ItemCheck:
    """The check of a code, of the codes of a Coding or CodeableConcept, by a required or extensible binding."""
    required = binding.strength == "required"
    value_set = binding.value_set

    def check(item: Item, _scope: Scope) -> Findings:
        value = item.value
        pairs = coded(value)
        if pairs is None:
            return None
        answers = [terminology.contains(value_set, system, code) for system, code in pairs]
        if True in answers or (not pairs and (not required or "text" not in value)):
            return None
        found = " and ".join(_named(system, code) for system, code in pairs)
        if None in answers:
            text = (
                f"{found} was not checked: the value set {value_set}, or a code system it rests on, is not known here"
            )
            return [Finding("", "information", "not-supported", text, source)]
        sample = terminology.sample(value_set)
        such = f" (such as {', '.join(sample)})" if sample else ""
        tail = f"{found or 'a text without a code'} was found"
        if required:
            return [Finding("", "error", "code-invalid", f"a code of {value_set}{such} is expected, {tail}", source)]
        text = f"a code of {value_set}{such} is expected unless none says it, {tail}"
        return [Finding("", "warning", "code-invalid", text, source)]

    return check


def coded(value: Any) -> list[tuple[str | None, str]] | None:
    """The (system, code) pairs of a code, a Coding, a CodeableConcept or a Quantity; None when there is no code."""
    if isinstance(value, str):
        return [(None, value)]
    if not isinstance(value, dict):
        return None
    if "coding" in value or "text" in value:
        return [(coding.get("system", ""), coding["code"]) for coding in value.get("coding", ()) if "code" in coding]
    return [(value.get("system", ""), value["code"])] if "code" in value else None


def _named(system: str | None, code: str) -> str:
    return f"{quoted(code)} of {system[:_LONGEST]}" if system else quoted(code)


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        text = orjson.dumps(value, default=str).decode()
        return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return quoted(value)


_LONGEST = 200
