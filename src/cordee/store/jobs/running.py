"""The background: jobs taken up in the order they were asked for, each by one process at a time.

Who runs a job holds a session lock of its name. A process that dies loses its connection, so its lock: the next one to
look finds the job «running» with nobody at it, and goes on from where it was last kept. See
docs/decisions/0010-jobs.md.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import orjson
import structlog

from cordee.fhir.outcome import Conflict, FhirError, Issue, Unavailable, operation_outcome
from cordee.store.connection import Connection, Database
from cordee.store.failures import raised_at
from cordee.store.index_values import form_hash
from cordee.store.jobs.folders import found_folders, job_folder
from cordee.store.jobs.model import COLUMNS, MOST_FRUITLESS_ATTEMPTS, Fault, Job, JobCancelled, JobLost, Json, job_of
from cordee.store.jobs.queue import CHANNEL

_log = structlog.get_logger("cordee.jobs")

SECONDS_BETWEEN_LOOKS = 5.0
"""How long a job waits at most when the notification of it was lost."""

SECONDS_AFTER_A_LOSS = 1.0
"""How long the database is given to come back."""

_UNDER_WAY = (
    "SELECT number, cancelling FROM job WHERE state IN ('accepted', 'running') AND kind = ANY($1) ORDER BY number"
)
_TAKE = f"""
UPDATE job SET state = 'running', attempts = attempts + 1, fruitless = fruitless + 1,
    started = coalesce(started, clock_timestamp())
WHERE number = $1 AND state IN ('accepted', 'running')
RETURNING {COLUMNS}"""
_HELD = "number = $1 AND attempts = $2 AND state = 'running'"
_KEEP = f"""
UPDATE job SET position = $3, progress = $4,
    fruitless = CASE WHEN position IS DISTINCT FROM $3 THEN 0 ELSE fruitless END
WHERE {_HELD} RETURNING cancelling"""
_PUT_BACK = f"UPDATE job SET fruitless = fruitless - 1 WHERE {_HELD}"
_END = f"""
UPDATE job SET state = $3, result = $4, fault_status = $5, fault = $6, progress = $3, payload = NULL,
    ended = clock_timestamp(), expires = clock_timestamp() + $7::interval
WHERE {_HELD}"""
_FORGET = "DELETE FROM job WHERE number = $1"
_EXPIRED = "DELETE FROM job WHERE expires < clock_timestamp()"
_KNOWN = "SELECT id FROM job WHERE id = ANY($1)"


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job in the hands of what carries it out."""

    job: Job
    database: Database
    folder: Path
    """Where it may keep files, which go when it expires or is cancelled. Made at the first call of `files`."""

    def files(self) -> Path:
        """The folder, made; nobody else on the machine may look inside."""
        return job_folder(self.folder)

    async def checkpoint(self, position: Json, progress: str, connection: Connection | None = None) -> None:
        """Keeps where a later attempt goes on; in the transaction of what was done, when its `connection` is given.

        Raises `JobCancelled`, or `JobLost` when another process has the job by now: the transaction is then to be
        rolled back.
        """
        values = (self.job.number, self.job.attempts, orjson.dumps(position).decode(), progress)
        if connection is not None:
            cancelling = await connection.fetchval(_KEEP, *values)
        else:
            async with self.database.rows() as borrowed:
                cancelling = await borrowed.fetchval(_KEEP, *values)
        if cancelling is None:
            raise JobLost
        if cancelling:
            raise JobCancelled


Work = Callable[[RunningJob], Awaitable[Json]]
"""Carries a job of one kind out, from its position, and gives its result.

A `FhirError` fails the job with its issues. After any other exception the job is tried again from where it was kept.
"""


async def run_jobs(
    database: Database,
    works: Mapping[str, Work],
    folder: Path,
    stop: asyncio.Event,
    *,
    at_once: int = 2,
    kept_for: timedelta = timedelta(hours=24),
) -> None:
    """Runs the jobs of all tenants, `at_once` at most, until `stop` is set; those under way are then left to others.

    `folder` holds a folder a job; `kept_for` is how long results stay.
    """
    await _Background(database, works, folder, at_once, kept_for).run(stop)


class _Background:
    def __init__(
        self, database: Database, works: Mapping[str, Work], folder: Path, at_once: int, kept_for: timedelta
    ) -> None:
        self._database = database
        self._works = works
        self._folder = folder
        self._at_once = at_once
        self._kept_for = kept_for
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._cancelled: set[int] = set()

    async def run(self, stop: asyncio.Event) -> None:
        stopped = asyncio.create_task(stop.wait())
        try:
            async with self._database.listening(CHANNEL) as news:
                while not stop.is_set():
                    with suppress(Unavailable, Conflict):  # begun again with another session, once there is one
                        async with self._database.rows() as session:
                            await self._look_repeatedly(session, news, stopped)
                    await asyncio.wait({stopped}, timeout=SECONDS_AFTER_A_LOSS)
        finally:
            stopped.cancel()
            await self._leave_all()

    async def _look_repeatedly(
        self, session: Connection, news: asyncio.Event, stopped: "asyncio.Task[Literal[True]]"
    ) -> None:
        """`session` holds the locks of the jobs that are run here."""
        while not stopped.done():
            news.clear()
            await self._give_up_locks(session)
            await self._sweep(session)
            await self._take_up(session)
            told = asyncio.create_task(news.wait())
            await asyncio.wait(
                {stopped, told, *self._under_way.values()},
                timeout=SECONDS_BETWEEN_LOOKS,
                return_when=asyncio.FIRST_COMPLETED,
            )
            told.cancel()
        await self._leave_all()
        await session.execute("SELECT pg_advisory_unlock_all()")

    async def _leave_all(self) -> None:
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _give_up_locks(self, session: Connection) -> None:
        for number in [number for number, task in self._under_way.items() if task.done()]:
            del self._under_way[number]
            self._cancelled.discard(number)
            await session.execute("SELECT pg_advisory_unlock($1)", _lock_key(number))

    async def _take_up(self, session: Connection) -> None:
        for row in await session.fetch(_UNDER_WAY, list(self._works)):
            number, cancelling = row["number"], row["cancelling"]
            task = self._under_way.get(number)
            if task is not None:
                if cancelling and number not in self._cancelled:
                    self._cancelled.add(number)
                    task.cancel()
            elif len(self._under_way) < self._at_once and await session.fetchval(
                "SELECT pg_try_advisory_lock($1)", _lock_key(number)
            ):
                self._under_way[number] = asyncio.create_task(self._run(number))

    async def _run(self, number: int) -> None:
        try:
            await self._take(number)
        except (Unavailable, Conflict) as error:
            _log.warning("a job waits for the database", job=number, error=type(error).__name__)

    async def _take(self, number: int) -> None:
        async with self._database.rows() as connection:
            row = await connection.fetchrow(_TAKE, number)
        if row is None:
            return
        job = job_of(row)
        running = RunningJob(job, self._database, self._folder / job.id)
        log = _log.bind(job=job.id, kind=job.kind)
        if job.is_being_cancelled:
            await self._forget(running)
            return
        if job.fruitless > MOST_FRUITLESS_ATTEMPTS:
            sentence = f"Given up after {job.fruitless - 1} attempts that got no further; the server's log says where."
            await self._end(job, "failed", fault=_fault(500, Issue("fatal", "exception", sentence)))
            return
        log.info("job taken up", attempt=job.attempts)
        try:
            result = await self._works[job.kind](running)
        except JobCancelled:
            await self._forget(running)
            log.info("job cancelled")
        except JobLost:
            log.warning("job lost to another process")
        except (Unavailable, Conflict):
            log.warning("job interrupted; it goes on from where it was kept")
            await asyncio.sleep(SECONDS_AFTER_A_LOSS)
        except FhirError as refusal:
            await self._end(job, "failed", fault=_fault(refusal.status, *refusal.issues))
            log.info("job failed", status=refusal.status)
        except asyncio.CancelledError:
            if job.number not in self._cancelled:
                await self._put_back(job)
                raise
            await self._forget(running)
            log.info("job cancelled")
        except Exception as error:  # tried again from where it was kept
            failure = {"error": type(error).__name__, "at": raised_at(error)}
            log.warning("job attempt failed", **failure)
        else:
            await self._end(job, "completed", result=result)
            log.info("job completed")

    async def _end(self, job: Job, state: str, *, result: Json = None, fault: Fault | None = None) -> None:
        async with self._database.rows() as connection:
            await connection.execute(
                _END,
                job.number,
                job.attempts,
                state,
                None if result is None else orjson.dumps(result).decode(),
                None if fault is None else fault.status,
                None if fault is None else fault.outcome,
                self._kept_for,
            )

    async def _put_back(self, job: Job) -> None:
        """The attempt was ended from outside: it does not count among those that got no further."""
        with suppress(FhirError):
            async with self._database.rows() as connection:
                await connection.execute(_PUT_BACK, job.number, job.attempts)

    async def _forget(self, running: RunningJob) -> None:
        await asyncio.to_thread(shutil.rmtree, running.folder, ignore_errors=True)
        async with self._database.rows() as connection:
            await connection.execute(_FORGET, running.job.number)

    async def _sweep(self, session: Connection) -> None:
        """Forgets what has expired, and removes the folders of jobs that are no more, whoever forgot them."""
        await session.execute(_EXPIRED)
        folders = await asyncio.to_thread(found_folders, self._folder)
        known = {row["id"] for row in await session.fetch(_KNOWN, list(folders))} if folders else set()
        for name in folders.keys() - known:
            await asyncio.to_thread(shutil.rmtree, folders[name], ignore_errors=True)


def _lock_key(number: int) -> int:
    return form_hash(repr(("job", number)))


def _fault(status: int, *issues: Issue) -> Fault:
    return Fault(status, orjson.dumps(operation_outcome(issues)).decode())
