"""An export as a job: what it gives is listed in one snapshot, then written file by file, and kept as it goes.

A job taken up again cuts the last file back to what was kept of it, and goes on from there.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from cordee.fhir.body import instant
from cordee.fhir.outcome import Unprocessable
from cordee.fhir.query import Search
from cordee.fhir.subset import subset
from cordee.store.bulk_export.deletions import write_deletions
from cordee.store.bulk_export.listing import Listed, Wanted, read_listing, write_listing
from cordee.store.bulk_export.members import group_members
from cordee.store.bulk_export.moment import LISTING, settled_moment
from cordee.store.bulk_export.order import ExportOrder
from cordee.store.jobs import Json, RunningJob
from cordee.store.jobs.folders import open_private
from cordee.store.reader import Reader

KIND = "export"
NDJSON_TYPE = "application/fhir+ndjson"

MOST_FILE_BYTES = 256_000_000
"""A file that has reached this is followed by another of the same type."""
_READ_RESOURCES = 2_000
_READ_BYTES = 8_000_000
_SECONDS_BETWEEN_CHECKPOINTS = 1.0

_CURRENT = """
SELECT rid, version, convert_to(body, 'UTF8') AS body FROM resource
WHERE tenant = $1 AND resource_type = $2 AND rid = ANY($3)"""
_PAST = """
SELECT h.rid, h.version, convert_to(h.body, 'UTF8') AS body
FROM unnest($2::bigint[], $3::int[]) AS wanted(rid, version)
JOIN resource_history h ON h.tenant = $1 AND h.rid = wanted.rid AND h.version = wanted.version"""

Plan = Callable[[Reader, ExportOrder], Awaitable[Mapping[str, Sequence[Search]]]]
"""Reads the filters of an order: the searches of each type."""


@dataclass
class _File:
    """A file as far as it is kept: `count` resources of a type, `size` bytes."""

    name: str
    type: str
    count: int = 0
    size: int = 0


@dataclass
class _Position:
    """What is done. `totals` are how many resources of each type there are to give, once they are listed."""

    moment: str
    totals: list[int] | None = None
    deletions: list[_File] = field(default_factory=list)
    type: int = 0
    given: int = 0
    """Of that type."""
    files: list[_File] = field(default_factory=list)

    def as_json(self) -> Json:
        """What `of` reads."""
        own = {name: value for name, value in vars(self).items() if name not in ("files", "deletions")}
        return own | {name: [vars(one) for one in getattr(self, name)] for name in ("files", "deletions")}

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> "_Position":
        files = {name: [_File(**one) for one in kept[name]] for name in ("files", "deletions")}
        return cls(**{**kept, **files})


async def export_files(running: RunningJob, plan: Plan, *, most_file_bytes: int = MOST_FILE_BYTES) -> Json:
    """Carries out an export. Its result names the files, which are in the job's folder."""
    order = ExportOrder.of(running.job.request)
    kept = running.job.position
    if kept is None:
        position = _Position(instant(await settled_moment(running.database)))
        await running.checkpoint(position.as_json(), "beginning")
    else:
        position = _Position.of(kept)
    run = _Run(running, order, position, most_file_bytes)
    if position.totals is None:
        await run.list_all(plan)
    await run.give_all()
    return run.result()


class _Run:
    def __init__(self, running: RunningJob, order: ExportOrder, position: _Position, most_file_bytes: int) -> None:
        self._running = running
        self._order = order
        self._position = position
        self._most_file_bytes = most_file_bytes
        self._folder = running.files()
        self._last_checkpoint = time.monotonic()

    async def list_all(self, plan: Plan) -> None:
        """Lists what is to be given of each type, in one snapshot."""
        order, tenant = self._order, self._running.job.tenant
        moment = datetime.fromisoformat(self._position.moment)
        since, until = _moment(order.since), _moment(order.until)
        filters = await plan(Reader(self._running.database, tenant), order)
        async with self._running.database.transaction() as connection:
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            await connection.execute(LISTING)
            patients = order.patients
            if order.group is not None:
                patients = _narrowed(await group_members(connection, tenant, order.group), patients)
            totals: list[int] = []
            for number, name in enumerate(order.types):
                searches = tuple(filters.get(name, ()))
                wanted = Wanted(name, searches, moment, since, until, order.of_patients, patients)
                totals.append(await write_listing(connection, tenant, wanted, self._listing(number)))
                if since is not None:
                    path = self._folder / f"deleted-{name}.ndjson"
                    count, size = await write_deletions(connection, tenant, wanted, path)
                    if count:
                        self._position.deletions.append(_File(path.name, "Bundle", count, size))
        self._position.totals = totals
        await self._running.checkpoint(self._position.as_json(), f"{sum(totals)} resources listed")

    async def give_all(self) -> None:
        """Writes the files of each type that is not done."""
        for number in range(self._position.type, len(self._order.types)):
            await self._give_type(number)
            self._position.type, self._position.given = number + 1, 0
            await self._checkpoint(None)

    async def _give_type(self, number: int) -> None:
        name = self._order.types[number]
        elements = self._order.elements_of(name)
        chunks = read_listing(self._listing(number), self._position.given, most=_READ_RESOURCES, most_bytes=_READ_BYTES)
        file = self._going_on(name)
        try:
            for chunk in chunks:
                if file is None:
                    file = self._next_file(name)
                bodies = await self._bodies(name, chunk)
                if elements:
                    bodies = [subset(body, None, elements) for body in bodies]
                self._write(file, bodies)
                self._position.given += len(chunk)
                if self._position.files[-1].size >= self._most_file_bytes:
                    await self._checkpoint(file)
                    file.close()
                    file = None
                elif time.monotonic() - self._last_checkpoint >= _SECONDS_BETWEEN_CHECKPOINTS:
                    await self._checkpoint(file)
            if file is not None:
                await self._checkpoint(file)
        finally:
            if file is not None:
                file.close()

    async def _bodies(self, resource_type: str, chunk: Sequence[Listed]) -> list[bytes]:
        """The texts of the versions listed, in order."""
        tenant = self._running.job.tenant
        async with self._running.database.rows() as connection:
            rows = await connection.fetch(_CURRENT, tenant, resource_type, [one.rid for one in chunk])
            found: dict[tuple[int, int], bytes] = {(row[0], row[1]): row[2] for row in rows}
            if past := [one for one in chunk if (one.rid, one.version) not in found]:
                columns = [one.rid for one in past], [one.version for one in past]
                found |= {(row[0], row[1]): row[2] for row in await connection.fetch(_PAST, tenant, *columns)}
        return [found[one.rid, one.version] for one in chunk]

    def _write(self, file: IO[bytes], bodies: Sequence[bytes]) -> None:
        text = b"\n".join(bodies) + b"\n"
        file.write(text)
        described = self._position.files[-1]
        described.count += len(bodies)
        described.size += len(text)

    def _going_on(self, resource_type: str) -> IO[bytes] | None:
        """The file of the type that was not full at the last checkpoint, without what was written since."""
        last = self._position.files[-1] if self._position.given else None
        if last is None or last.size >= self._most_file_bytes:
            return None
        return open_private(self._folder / last.name, kept=last.size)

    def _next_file(self, resource_type: str) -> IO[bytes]:
        number = sum(one.type == resource_type for one in self._position.files) + 1
        self._position.files.append(_File(f"{resource_type}-{number}.ndjson", resource_type))
        return open_private(self._folder / self._position.files[-1].name)

    async def _checkpoint(self, file: IO[bytes] | None) -> None:
        if file is not None:
            file.flush()
            await asyncio.to_thread(os.fsync, file.fileno())
        given = sum(one.count for one in self._position.files)
        await self._running.checkpoint(
            self._position.as_json(), f"{given} of {sum(self._position.totals or ())} resources"
        )
        self._last_checkpoint = time.monotonic()

    def _listing(self, number: int) -> Path:
        return self._folder / f"listing-{number}"

    def result(self) -> Json:
        """The files, with their types, and where the listings were, nothing more."""
        for number in range(len(self._order.types)):
            self._listing(number).unlink(missing_ok=True)
        output = [{"type": one.type, "file": one.name, "count": one.count} for one in self._position.files]
        deleted = [{"type": one.type, "file": one.name, "count": one.count} for one in self._position.deletions]
        files = {one["file"]: NDJSON_TYPE for one in (*output, *deleted)}
        return {"moment": self._position.moment, "output": output, "deleted": deleted, "files": files}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _narrowed(members: tuple[str, ...], patients: tuple[str, ...] | None) -> tuple[str, ...]:
    """The members, or those among them that were asked for; raises `Unprocessable` for one who is none."""
    if patients is None:
        return members
    if strangers := sorted(set(patients) - set(members)):
        named = ", ".join(f"Patient/{one}" for one in strangers[:20])
        raise Unprocessable(f"Not active members of the group: {named}.")
    return patients
