"""Equality with a fixed value, and containment of a pattern (R4 elementdefinition.html, fixed[x] and pattern[x])."""

from typing import Any


def is_fixed(value: Any, fixed: Any) -> bool:
    """Whether a value is the fixed one, no more and no less; a number and a boolean are never equal."""
    if isinstance(fixed, dict):
        return (
            isinstance(value, dict)
            and value.keys() == fixed.keys()
            and all(is_fixed(value[name], part) for name, part in fixed.items())
        )
    if isinstance(fixed, list):
        return (
            isinstance(value, list)
            and len(value) == len(fixed)
            and all(is_fixed(one, part) for one, part in zip(value, fixed, strict=True))
        )
    return bool(value == fixed) and isinstance(value, bool) == isinstance(fixed, bool)


def meets_pattern(value: Any, pattern: Any) -> bool:
    """Whether a value has all that the pattern has; items of an array may come in any order, among others."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and meets_pattern(value[name], part) for name, part in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(meets_pattern(one, part) for one in value) for part in pattern)
    return is_fixed(value, pattern)
