"""What loading something did: counts by resource type, and what was refused."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from cordee.fhir.outcome import FhirError, Issue
from cordee.store.changes import Effect

LoadEffect = Effect | Literal["refused"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was not stored. Paths of issues start with `Bundle.entry[n]` when it came in a Bundle."""

    resource_type: str
    issues: tuple[Issue, ...]
    position: int = 0
    """Which of the documents given together it is."""
    resources: int = 1
    """How many resources are not stored because of it: all those of a transaction."""
    conditional: bool = False
    """Refused for a condition on what is stored: after other resources are loaded, it may be accepted."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step of loading did."""

    effects: Counter[tuple[str, LoadEffect]] = field(default_factory=Counter)
    """(resource type, effect) -> number of resources"""
    refusals: tuple[Refusal, ...] = ()
    elsewhere: Counter[str] = field(default_factory=Counter)
    """FHIR base of another server -> how many resources come from there, to be stored under the ids they have there"""

    @classmethod
    def refused(cls, resource_type: str, refusal: FhirError, position: int = 0, path: str = "") -> "Outcome":
        """The outcome of one resource that is refused; `path` is its entry, `Bundle.entry[n]`, if it has one."""
        issues = tuple(placed(issue, path) for issue in refusal.issues)
        return cls(Counter({(resource_type, "refused"): 1}), (Refusal(resource_type, issues, position),))


def placed(issue: Issue, entry_path: str) -> Issue:
    """The issue of an entry's resource as seen from the Bundle; unchanged when `entry_path` is empty."""
    if not entry_path or (issue.path or "").startswith("Bundle."):
        return issue
    below = (issue.path or "").partition(".")[2]
    path = f"{entry_path}.resource" + (f".{below}" if below else "")
    return Issue(issue.severity, issue.code, issue.diagnostics, path)
