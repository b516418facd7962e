"""The short paths of discriminators, compiled (R4 elementdefinition.html, slicing: a restricted FHIRPath)."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_STEP = re.compile(r"(extension|ofType|resolve)\((?:'([^']*)'|([A-Za-z]+))?\)|\$this|[A-Za-z][A-Za-z0-9]*")

Step = tuple[str, str]
"""A kind (child, extension, resolve) and its argument."""

Resolve = Callable[[str], Mapping[str, Any] | None]


def steps_of(path: str) -> tuple[Step, ...]:
    """The steps of a path; ValueError for anything beyond the restricted form."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None or (found.end() < len(path) and path[found.end()] != "."):
            raise ValueError(f"«{path}» is not a path that a discriminator may have")
        if found[1] == "extension":
            steps.append(("extension", found[2] or ""))
        elif found[1] == "ofType" and steps and steps[-1][0] == "child":
            of_type = found[3] or ""
            steps[-1] = ("child", steps[-1][1] + of_type[:1].upper() + of_type[1:])
        elif found[1] == "resolve":
            steps.append(("resolve", ""))
        elif found[0] != "$this":
            steps.append(("child", found[0]))
        position = found.end() + 1
    return tuple(steps)


def values_at(value: Any, companion: Any, steps: Sequence[Step], resolve: Resolve) -> list[Any]:
    """All the values at the end of a path; a primitive's companion gives its extensions."""
    here: list[tuple[Any, Any]] = [(value, companion)]
    for kind, argument in steps:
        following: list[tuple[Any, Any]] = []
        for one, beside in here:
            holder = one if isinstance(one, dict) else beside
            if kind == "resolve":
                named = holder.get("reference") if isinstance(holder, dict) else one
                target = resolve(named) if isinstance(named, str) else None
                following += [(target, None)] if target is not None else []
            elif not isinstance(holder, dict):
                continue
            elif kind == "extension":
                following += [(e, None) for e in holder.get("extension", ()) if e.get("url") == argument]
            else:
                following += children(holder, argument)
        here = following
    return [one if one is not None else beside for one, beside in here]


def children(holder: Mapping[str, Any], name: str) -> list[tuple[Any, Any]]:
    """The values of a child with their companions; a choice is found under any of its spellings."""
    if name not in holder and f"_{name}" not in holder:
        spelled = [key for key in holder if key.startswith(name) and key[len(name) : len(name) + 1].isupper()]
        if not spelled:
            return []
        name = spelled[0]
    return paired(holder.get(name), holder.get(f"_{name}"))


def paired(value: Any, companion: Any) -> list[tuple[Any, Any]]:
    """One value or an array of them, each with what stands beside it in `_name`."""
    if not isinstance(value, list) and not isinstance(companion, list):
        return [(value, companion)]
    values = value if isinstance(value, list) else []
    beside = companion if isinstance(companion, list) else []
    return [
        (values[i] if i < len(values) else None, beside[i] if i < len(beside) else None)
        for i in range(max(len(values), len(beside)))
    ]
