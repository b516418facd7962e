"""Which of several resources of one canonical address is meant without a version (R4 references.html#canonical)."""

import re
from collections.abc import Mapping
from typing import Any

Rank = tuple[bool, list[tuple[int, str]]]


def rank(resource: Mapping[str, Any]) -> Rank:
    """What makes one version come before another: the active one first, then the highest version."""
    parts = re.findall(r"[0-9]+|[^0-9.]+", str(resource.get("version", "")))
    numbered = [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
    return resource.get("status") == "active", numbered
