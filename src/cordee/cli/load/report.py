"""What a load did, counted as it goes; refusals told as they come in a file, the first ones at the end."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import orjson

from cordee.fhir.outcome import Issue
from cordee.store.loading import Outcome

REFUSALS_SHOWN = 20
_REASONS_SHOWN_OF_ONE = 3


@dataclass(frozen=True, slots=True)
class RefusalLine:
    """One reason why something is not stored. `line` in an NDJSON file; `path` from the Bundle or the resource."""

    file: str
    line: int | None
    resource_type: str | None
    issue: Issue
    resources: int
    """How many resources are not stored because of it: all those of a transaction."""

    def text(self) -> str:
        """For a person: `file:line: path: reason`."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        path = f"{self.issue.path}: " if self.issue.path else ""
        all_of_it = f" (and so nothing of the transaction: {self.resources} resources)" if self.resources > 1 else ""
        return f"{place}: {path}{self.issue.diagnostics}{all_of_it}"

    def json(self) -> bytes:
        """For a program, without the members that are not known."""
        members = {
            "file": self.file,
            "line": self.line,
            "resourceType": self.resource_type,
            "path": self.issue.path,
            "severity": self.issue.severity,
            "code": self.issue.code,
            "reason": self.issue.diagnostics,
            "resources": self.resources,
        }
        return orjson.dumps({name: value for name, value in members.items() if value is not None})


class Report:
    """Counts by resource type and effect; every refusal is written to `file`, the first ones are kept."""

    def __init__(self, file: Path | None) -> None:
        self.effects: Counter[tuple[str, str]] = Counter()
        self.first_refusals: list[RefusalLine] = []
        self.elsewhere: Counter[str] = Counter()
        self.reasons = 0
        self._file: IO[bytes] | None = None
        if file is not None:
            # The reasons can quote values of patients' records: the file is its owner's only.
            self._file = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")

    def close(self) -> None:
        """Ends the file of refusals."""
        if self._file is not None:
            self._file.close()

    @property
    def resources(self) -> int:
        """How many resources something was decided about."""
        return self.effects.total()

    @property
    def refused(self) -> int:
        """How many of them are not stored."""
        return sum(number for (_, effect), number in self.effects.items() if effect == "refused")

    @property
    def written(self) -> int:
        """How many versions were written."""
        return self.effects.total() - self.refused - self._number("unchanged") - self._number("absent")

    def count(self, file: str, lines: Sequence[int | None], outcome: Outcome) -> None:
        """Adds what a step did to documents that stand on `lines`; a Bundle's refusals are all of its one line."""
        self.effects.update(outcome.effects)
        self.elsewhere.update(outcome.elsewhere)
        for refusal in outcome.refusals:
            errors = [issue for issue in refusal.issues if issue.severity in ("fatal", "error")]
            line = lines[0] if len(lines) == 1 else lines[refusal.position]
            for number, issue in enumerate(errors or refusal.issues):
                told = RefusalLine(file, line, refusal.resource_type, issue, refusal.resources)
                self._refuse(told, shown=number < _REASONS_SHOWN_OF_ONE)

    def refuse_file(self, file: str, reason: str) -> None:
        """Adds a file, or what was left of it, that could not be read."""
        self.effects["(file)", "refused"] += 1
        self._refuse(RefusalLine(file, None, None, Issue("error", "structure", reason), 1))

    def _refuse(self, line: RefusalLine, *, shown: bool = True) -> None:
        self.reasons += 1
        if shown and len(self.first_refusals) < REFUSALS_SHOWN:
            self.first_refusals.append(line)
        if self._file is not None:
            self._file.write(line.json() + b"\n")

    def _number(self, effect: str) -> int:
        return sum(number for (_, named), number in self.effects.items() if named == effect)
