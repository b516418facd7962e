"""Invariants of the standard judged without FHIRPath, which costs a hundred times more.

Each says whether the rule is met when that is beyond doubt, and None when its expression must tell.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from cordee.fhir.profiles.scope import Scope

Plain = Callable[[Any, Scope], bool | None]

STRUCTURAL: Final = frozenset({"ele-1", "ext-1", "dom-2", "txt-1", "txt-2"})
"""Those that the structural check has judged already."""


def _dom_3(value: Any, _scope: Scope) -> bool | None:
    """Each contained resource is referred to, or refers to what contains it. The library can't evaluate this one."""
    contained = value.get("contained")
    if not contained:
        return True
    named = set(_texts(value))
    return all(f"#{one.get('id')}" in named or "#" in set(_texts(one)) for one in contained)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)


def _without(*names: str) -> Plain:
    """None of the members that the rule is about is there."""

    def met(value: Any, _scope: Scope) -> bool | None:
        return not any(name in value for name in names) or None

    return met


def _if_then(name: str, needed: str) -> Plain:
    """The member that the rule is about is not there, or the one it needs is."""

    def met(value: Any, _scope: Scope) -> bool | None:
        return name not in value or needed in value or None

    return met


def _some(*names: str) -> Plain:
    def met(value: Any, _scope: Scope) -> bool | None:
        return any(name in value for name in names) or None

    return met


def _not_both(one: str, other: str) -> Plain:
    def met(value: Any, _scope: Scope) -> bool | None:
        return one not in value or other not in value or None

    return met


def _period(value: Any, _scope: Scope) -> bool | None:
    start, end = value.get("start"), value.get("end")
    if not isinstance(start, str) or not isinstance(end, str):
        return ("_start" not in value and "_end" not in value) or None
    return (start[:10] < end[:10] and len(start) >= 10 <= len(end)) or None


def _reference(value: Any, scope: Scope) -> bool | None:
    named = value.get("reference")
    return not isinstance(named, str) or named[:1] != "#" or scope.resolve(named) is not None or None


def _contained_meta(*names: str) -> Plain:
    def met(value: Any, _scope: Scope) -> bool | None:
        return not any(name in one.get("meta", ()) for one in value.get("contained", ()) for name in names) or None

    return met


def _narrated(value: Any, _scope: Scope) -> bool | None:
    return "div" in value.get("text", ())


PLAIN: Final[Mapping[str, Plain]] = {
    "dom-3": _dom_3,
    "dom-4": _contained_meta("versionId", "lastUpdated"),
    "dom-5": _contained_meta("security"),
    "dom-6": _narrated,
    "ref-1": _reference,
    "per-1": _period,
    "qty-3": _if_then("code", "system"),
    "att-1": _if_then("data", "contentType"),
    "pat-1": _some("name", "telecom", "address", "organization"),
    "cpl-3": _not_both("detail", "reference"),
    "cpt-2": _if_then("value", "system"),
    "tim-1": _if_then("duration", "durationUnit"),
    "tim-2": _if_then("period", "periodUnit"),
    "tim-4": _without("duration"),
    "tim-5": _without("period"),
    "tim-6": _if_then("periodMax", "period"),
    "tim-7": _if_then("durationMax", "duration"),
    "tim-8": _if_then("countMax", "count"),
    "tim-9": _without("offset"),
    "tim-10": _not_both("timeOfDay", "when"),
}
