"""What a Reference may point at: types, and profiles of what is at hand (R4 references.html)."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cordee.fhir.profiles.scope import Scope

_LITERAL = re.compile(r"(?:^|.*/)([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[^/]+)?$")


def target_type(reference: Mapping[str, Any], scope: Scope, known: frozenset[str]) -> str | None:
    """The resource type that a Reference points at, None when nothing says it."""
    named = reference.get("reference")
    if isinstance(named, str):
        target = scope.resolve(named)
        if target is not None:
            return str(target.get("resourceType"))
        literal = _LITERAL.match(named)
        if literal is not None and literal[1] in known:
            return literal[1]
    stated = reference.get("type")
    return stated if isinstance(stated, str) and stated in known else None


TargetCheck = Callable[[Mapping[str, Any], Scope], bool]


def meets_one(
    reference: Mapping[str, Any], scope: Scope, profiles: Sequence[tuple[str | None, TargetCheck | None]]
) -> bool | None:
    """Whether what a Reference points at, if at hand, meets one of the profiles, each a type and a check.

    None when it isn't at hand.
    """
    named = reference.get("reference")
    target = scope.resolve(named) if isinstance(named, str) else None
    if target is None:
        return None
    return any(
        (type_ is None or type_ == target.get("resourceType")) and (check is None or check(target, scope))
        for type_, check in profiles
    )
