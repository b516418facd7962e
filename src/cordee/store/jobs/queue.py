"""What a door may do with the jobs of one tenant: ask for one, look at it, cancel it."""

from uuid import uuid4

import orjson

from cordee.fhir.outcome import NotFound
from cordee.store.connection import Connection, Database
from cordee.store.jobs.model import COLUMNS, Job, Json, job_of

CHANNEL = "cordee_job"
"""Notified, when a job is asked for or cancelled, with its number."""

_INSERT = f"""
WITH asked AS (
    INSERT INTO job (tenant, id, kind, request, payload, state, progress, asked)
    VALUES ($1, $2, $3, $4, $5, 'accepted', 'waiting', clock_timestamp())
    RETURNING {COLUMNS}
)
SELECT asked.*, pg_notify('{CHANNEL}', number::text) FROM asked"""
_FIND = f"SELECT {COLUMNS} FROM job WHERE tenant = $1 AND id = $2"
_RECENT = f"""
SELECT {COLUMNS} FROM job WHERE tenant = $1 AND ($2::text IS NULL OR kind = $2)
ORDER BY number DESC LIMIT $3"""
_CANCEL = f"""
WITH cancelled AS (
    UPDATE job SET cancelling = true,
        expires = CASE WHEN state IN ('completed', 'failed') THEN clock_timestamp() END
    WHERE tenant = $1 AND id = $2 AND NOT cancelling
    RETURNING {COLUMNS}
)
SELECT cancelled.*, pg_notify('{CHANNEL}', number::text) FROM cancelled"""


class JobQueue:
    """The jobs of one tenant."""

    def __init__(self, database: Database, tenant: int) -> None:
        self._database = database
        self._tenant = tenant

    async def ask(
        self,
        kind: str,
        request: Json,
        payload: bytes | None = None,
        *,
        job_id: str | None = None,
        connection: Connection | None = None,
    ) -> Job:
        """Leaves a job to be run in the background; in the caller's transaction when its `connection` is given.

        `payload` is a body that would be clumsy inside `request`; it is kept until the job has ended. `job_id` is that
        of a folder made for it by `receiving`.
        """
        values = (self._tenant, job_id or str(uuid4()), kind, orjson.dumps(request).decode(), payload)
        if connection is not None:
            return job_of((await connection.fetch(_INSERT, *values))[0])
        async with self._database.rows() as borrowed:
            return job_of((await borrowed.fetch(_INSERT, *values))[0])

    async def find(self, job_id: str) -> Job:
        """One that was not cancelled; raises `NotFound`."""
        async with self._database.rows() as connection:
            row = await connection.fetchrow(_FIND, self._tenant, job_id)
        if row is None or row["cancelling"]:
            raise NotFound("There is no such job: it never was, was cancelled, or what it made has expired.")
        return job_of(row)

    async def recent(self, kind: str | None = None, count: int = 50) -> list[Job]:
        """The newest first, those being cancelled with them."""
        async with self._database.rows() as connection:
            return [job_of(row) for row in await connection.fetch(_RECENT, self._tenant, kind, count)]

    async def cancel(self, job_id: str) -> None:
        """Ends a job, at the next point where it can stop, and forgets what it made; raises `NotFound`."""
        async with self._database.rows() as connection:
            row = await connection.fetchrow(_CANCEL, self._tenant, job_id)
        if row is None:
            raise NotFound("There is no such job: it never was, was cancelled, or what it made has expired.")
