"""What a check finds, with a path that grows from the inside out.

A check that succeeds returns None and builds nothing; one that fails returns problems whose paths are
relative to the value checked, and each level above puts its own segment before them. A valid resource so
costs no path at all.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

from cordee.fhir.outcome import Issue

Code = Literal["structure", "required", "value", "code-invalid", "invalid", "too-long"]

MAX_ISSUES = 200
"""Checks stop soon after: a body made of nothing but mistakes must not take seconds to describe."""

MAX_QUOTED = 60


class Problem(NamedTuple):
    """`path` starts with `.` or is empty; `candidates` are the names that `name`, unknown, may have meant."""

    path: str
    code: Code
    text: str
    name: str = ""
    candidates: Sequence[str] = ()


Problems = list[Problem] | None


def below(segment: str, problems: list[Problem]) -> list[Problem]:
    """The same problems, seen from the parent: `segment` is `.name` or `.name[2]`."""
    return [Problem(segment + p.path, p.code, p.text, p.name, p.candidates) for p in problems]


def segment_of(name: str) -> str:
    """`.name`, delimited as in FHIRPath when it isn't an identifier."""
    if name.isascii() and name.isidentifier():
        return f".{name[:MAX_QUOTED]}"
    return f".`{quoted(name)[1:-1]}`"


def quoted(value: Any) -> str:
    """A value as shown in a message, cut when long."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= MAX_QUOTED else f"{text[: MAX_QUOTED - 1]}…{text[-1]}"


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            return "a number"


def as_issues(root: str, problems: Sequence[Problem]) -> list[Issue]:
    """Issues with paths from `root`; past MAX_ISSUES, one more says that there are others."""
    issues = [
        Issue("error", p.code, p.text + _suggestion(p), root + p.path if root else p.path.lstrip(".") or None)
        for p in problems[:MAX_ISSUES]
    ]
    if len(problems) > MAX_ISSUES:
        text = f"there are more problems than these {MAX_ISSUES}: correct these first"
        issues.append(Issue("error", "structure", text, root or None))
    return issues


def _suggestion(problem: Problem) -> str:
    if not problem.candidates or len(problem.name) > MAX_QUOTED:
        return ""
    close = get_close_matches(problem.name, problem.candidates, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
