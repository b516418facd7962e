"""What the lines of a return file come to in one unit of work: outcomes, what is stored and booked, and their Tasks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cordee.claims.fhir_claim import claim_resource, claim_text
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_return_task import task_id, task_resolved, task_to_resolve
from cordee.claims.returns import ReturnLine
from cordee.fhir.body import accept
from cordee.fhir.stored_version import StoredVersion
from cordee.ledger.model import LedgerEntry
from cordee.pathways.model import Label
from cordee.store.unit_of_work import Put

SAID_FURTHER_UP = Label(
    "cet avis dit déjà la même chose plus haut : la ligne compte une fois",
    "the notice says the same further up: the line counts once",
)
_APPLIED_AFTER_ALL = Label("la ligne a été appliquée depuis", "the line was applied since")


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What became of a line. One `to_resolve` waits as `task`, and `reason` says why.

    `claim` is the Claim or Invoice that it is about, None where none was found.
    """

    line: ReturnLine
    effect: Literal["applied", "read_before", "to_resolve"]
    claim: str | None = None
    reason: Label | None = None
    task: str | None = None


@dataclass(frozen=True, slots=True)
class ToldLine:
    """A line, and how many lines equal to it came before it in the file."""

    line: ReturnLine
    occurrence: int

    @property
    def task(self) -> str:
        """The id of the Task it waits as, when it has to."""
        return task_id(self.line, self.occurrence)

    def to_resolve(self, claim: str | None, reason: Label) -> LineOutcome:
        """The outcome when a person must look at it."""
        return LineOutcome(self.line, "to_resolve", claim, reason, f"Task/{self.task}")


@dataclass(slots=True)
class AppliedLines:
    """Gathered while lines of the file `source` are read; `tasks` are the Tasks of theirs that are stored."""

    source: str
    tasks: Mapping[tuple[str, str], StoredVersion]
    outcomes: list[LineOutcome] = field(default_factory=list)
    puts: list[Put] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)

    def add(self, told: ToldLine, outcome: LineOutcome) -> None:
        """One more outcome: the line's Task is written when it has to wait, completed when it need no more."""
        self.outcomes.append(outcome)
        task = self.tasks.get(("Task", told.task))
        if outcome.effect == "to_resolve" and task is None and outcome.reason is not None:
            self.put(task_to_resolve(told.line, outcome.reason, self.source, outcome.claim, told.task), expected=0)
        if outcome.effect == "applied" and task is not None and not task.deleted:
            resource = claim_resource(task.body.encode())
            if resource.get("status") == "requested":
                self.put(task_resolved(resource, _APPLIED_AFTER_ALL), expected=task.version)

    def put(self, resource: Element, *, expected: int, sealed: bool = False) -> None:
        """One more resource to store, in place of version `expected` (0 for none)."""
        incoming = accept(claim_text(resource), resource["resourceType"])
        self.puts.append(Put(resource["id"], incoming, expected, sealed))
