"""What a check against a profile finds, with a path that grows from the inside out, as in `validation.problems`."""

from collections.abc import Sequence
from typing import NamedTuple

from cordee.fhir.outcome import Issue, Severity
from cordee.fhir.profiles.element_rules import Source

MAX_FINDINGS = 200


class Finding(NamedTuple):
    """`path` starts with `.` or is empty; `source` is None for a rule of the standard, told by the text itself."""

    path: str
    severity: Severity
    code: str
    text: str
    source: Source | None = None


Findings = list[Finding] | None


def below(segment: str, findings: Sequence[Finding]) -> list[Finding]:
    """The same, seen from the parent: `segment` is `.name` or `.name[2]`."""
    return [finding._replace(path=segment + finding.path) for finding in findings]


def has_error(findings: Findings) -> bool:
    """Whether one of them is an error."""
    return findings is not None and any(finding.severity == "error" for finding in findings)


def as_issues(root: str, findings: Sequence[Finding]) -> list[Issue]:
    """Issues with paths from `root`, each once, errors first when there are too many to be told."""
    issues = list(dict.fromkeys(Issue(f.severity, f.code, _told(f), root + f.path) for f in findings))
    if len(issues) <= MAX_FINDINGS:
        return issues
    issues.sort(key=lambda issue: ("error", "warning", "information").index(issue.severity))
    text = f"There are more problems than these {MAX_FINDINGS}: correct these first."
    return [*issues[:MAX_FINDINGS], Issue("error", "structure", text, root)]


def _told(finding: Finding) -> str:
    if finding.source is None:
        return f"{finding.text}."
    return f"{finding.text} (rule of {finding.source.profile} at {finding.source.element})."
