"""A job as data: who asked for what, how far it is, what came of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import orjson

if TYPE_CHECKING:
    import asyncpg

Json = Any
"""What JSON can hold: the request of a job, its position and its result are kept so."""

JobState = Literal["accepted", "running", "completed", "failed"]

MOST_FRUITLESS_ATTEMPTS = 5
"""How often a job is taken up without getting any further before it is given up."""

COLUMNS = (
    "tenant, number, id, kind, request, payload, state, cancelling, progress, position, result, fault_status, fault, "
    "attempts, fruitless, asked, started, ended, expires"
)


class JobCancelled(Exception):
    """Somebody cancelled the job: what runs it must stop."""


class JobLost(Exception):
    """Another process took the job up, because the connection of this one was thought dead: it must stop."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a job failed: an HTTP status, and the text of an OperationOutcome."""

    status: int
    outcome: str


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a tenant. Moments are UTC."""

    tenant: int
    number: int
    """The order in which they were asked for."""
    id: str
    kind: str
    request: Json
    payload: bytes | None
    """The body of the request, until the job has ended."""
    state: JobState
    is_being_cancelled: bool
    progress: str
    """How far it is, for a person; it never holds personal data."""
    position: Json
    """Where an attempt goes on from, in the words of its kind; None at the beginning."""
    result: Json
    fault: Fault | None
    attempts: int
    fruitless: int
    """The attempts since its position last moved."""
    asked: datetime
    started: datetime | None
    ended: datetime | None
    expires: datetime | None
    """When what it made is forgotten; None while it is under way."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in ("completed", "failed")


def job_of(row: "asyncpg.Record") -> Job:
    """A job from its row, whose columns are `COLUMNS`."""
    return Job(
        row["tenant"],
        row["number"],
        row["id"],
        row["kind"],
        orjson.loads(row["request"]),
        row["payload"],
        row["state"],
        row["cancelling"],
        row["progress"],
        _json(row["position"]),
        _json(row["result"]),
        None if row["fault"] is None else Fault(row["fault_status"], row["fault"]),
        row["attempts"],
        row["fruitless"],
        row["asked"],
        row["started"],
        row["ended"],
        row["expires"],
    )


def _json(text: str | None) -> Json:
    return None if text is None else orjson.loads(text)
