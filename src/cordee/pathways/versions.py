"""Which of two versions of a pathway is the newer."""

import re

_PART = re.compile(r"\d+|\D+", re.ASCII)


def version_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """A key that sorts versions as people read them: numbers by value, so that `2` is before `10`."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in _PART.findall(version))
