"""An import as a job: pieces are handed to processes, and what came of them is kept, in the order of the lines.

A piece is stored and marked as stored in one transaction. A job taken up again passes over the pieces that are marked:
nothing is stored twice, nothing is left out, whatever was killed.
"""

import asyncio
import os
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any

from cordee.fhir.body import instant
from cordee.store.bulk_import.order import ImportInput, ImportOrder
from cordee.store.bulk_import.pieces import Piece, cut
from cordee.store.bulk_import.sources import ImportPolicy, UnusableSource, blocks, forget_sources, open_source
from cordee.store.bulk_import.storing import PieceOutcome, Place, Rules, StoredAlready, error_lines, store_piece
from cordee.store.bulk_import.whole_files import Source, store_file
from cordee.store.jobs import Json, RunningJob
from cordee.store.jobs.folders import open_private
from cordee.store.loading.decompression import plain_blocks
from cordee.store.loading.processes import DatabaseProcesses, database_processes
from cordee.store.statistics import refresh_statistics

KIND = "import"
_PIECES_WAITING = 2
"""For each process: the piece it works on, and the next."""
_SECONDS_BETWEEN_CHECKPOINTS = 1.0
_WORTH_STATISTICS = 2_000
_SMALL_FILE = 1_000_000
"""Bytes: starting processes would take longer than storing it here."""

_MARKED = "SELECT file, piece, effects, errors FROM import_piece WHERE tenant = $1 AND job = $2"
_FORGET = "DELETE FROM import_piece WHERE tenant = $1 AND job = $2 AND (file, piece) < ($3, $4)"


@dataclass
class _FileState:
    """How far one file is: counts by «type effect», the OperationOutcomes told and the bytes they take."""

    effects: Counter[str] = field(default_factory=Counter)
    errors: int = 0
    error_bytes: int = 0
    stamp: list[int] | None = None
    """Its size and when it was last changed, as it was first found."""


@dataclass
class _Position:
    """All pieces of all files before this one are stored and told."""

    begun: str
    file: int = 0
    piece: int = 0
    files: list[_FileState] = field(default_factory=list)

    @classmethod
    def of(cls, kept: Json, files: int) -> "_Position":
        if kept is None:
            return cls(instant(datetime.now(UTC)), files=[_FileState() for _ in range(files)])
        states = [_FileState(**{**one, "effects": Counter(one["effects"])}) for one in kept["files"]]
        return cls(kept["begun"], kept["file"], kept["piece"], states)

    def as_json(self) -> Json:
        """What `of` reads."""
        return {"begun": self.begun, "file": self.file, "piece": self.piece, "files": [vars(one) for one in self.files]}


async def import_files(running: RunningJob, policy: ImportPolicy) -> Json:
    """Carries out an import; its result tells for each file what became of its lines.

    Refusals of single lines are in the file `errors-N.ndjson` of the job's folder, N counted from 1.
    """
    order = ImportOrder.of(running.job.request)
    position = _Position.of(running.job.position, len(order.inputs))
    async with database_processes(running.database.dsn, policy.processes) as processes:
        run = _Run(running, policy, order, position, processes)
        await run.resume()
        for number in range(position.file, len(order.inputs)):
            await run.import_file(number)
    await asyncio.to_thread(forget_sources, running.folder)
    if run.stored >= _WORTH_STATISTICS:
        await refresh_statistics(running.database)
    return run.result()


@dataclass(frozen=True, slots=True)
class _Begun:
    """A piece under way; or one that had been stored already."""

    piece: int
    keys: frozenset[tuple[str | None, str]]
    outcome: "Awaitable[PieceOutcome]"


class _Run:
    def __init__(
        self,
        running: RunningJob,
        policy: ImportPolicy,
        order: ImportOrder,
        position: _Position,
        processes: DatabaseProcesses,
    ) -> None:
        self._running = running
        self._policy = policy
        self._order = order
        self._position = position
        self._processes = processes
        self._marked: dict[tuple[int, int], PieceOutcome] = {}
        self._last_checkpoint = time.monotonic()
        self._read = 0.0
        """How much of the file was read, from 0 to 1."""

    @property
    def stored(self) -> int:
        """How many resources were written."""
        written = (" created", " updated")
        return sum(n for one in self._position.files for name, n in one.effects.items() if name.endswith(written))

    async def resume(self) -> None:
        """Finds what was stored and not told when the last attempt was killed."""
        job = self._running.job
        async with self._running.database.rows() as connection:
            rows = await connection.fetch(_MARKED, job.tenant, job.id)
        self._marked = {(row["file"], row["piece"]): PieceOutcome.of(row["effects"], row["errors"]) for row in rows}

    async def import_file(self, number: int) -> None:
        """Imports a file from where the job stands in it; what keeps it from being read is told with its errors."""
        state, one = self._position.files[number], self._order.inputs[number]
        self._read = 0.0
        with self._errors(number, state) as errors:
            try:
                if self._order.mode == "atomic":
                    await self._store_whole(number, one, errors)
                else:
                    await self._store_pieces(number, one, errors)
            except UnusableSource as fault:
                self._tell(PieceOutcome(Counter({"file refused": 1}), error_lines(None, fault)), errors)
            self._position.file, self._position.piece = number + 1, 0
            await self._checkpoint(errors)

    def _errors(self, number: int, state: _FileState) -> IO[bytes]:
        """The file of refusals, without what was written after the last checkpoint."""
        return open_private(self._running.files() / error_file(number), kept=state.error_bytes)

    async def _store_whole(self, number: int, one: ImportInput, errors: IO[bytes]) -> None:
        if self._position.piece > 0:
            return
        source = Source(one.url, number, self._rules(one), self._running.files())
        with await asyncio.to_thread(open_source, one.url, number, source.job_folder, self._policy) as file:
            size = self._require_unchanged(number, file)
        known, place = self._marked.get((number, 0)), self._place(number, 0)
        if known is None:
            storing: Awaitable[PieceOutcome] = (
                store_file(self._running.database, place, source, self._policy)
                if size <= _SMALL_FILE
                else self._processes.call(store_file, place, source, self._policy)
            )
            known = await self._outcome(number, 0, storing)
        self._tell(known, errors)

    async def _store_pieces(self, number: int, one: ImportInput, errors: IO[bytes]) -> None:
        under_way: deque[_Begun] = deque()
        try:
            async for begun in self._begin_pieces(number, one, under_way, errors):
                under_way.append(begun)
            while under_way:
                await self._finish(under_way, errors)
        except BaseException:
            for begun in under_way:
                if isinstance(begun.outcome, asyncio.Future):
                    begun.outcome.cancel()
            raise

    async def _begin_pieces(
        self, number: int, one: ImportInput, under_way: deque[_Begun], errors: IO[bytes]
    ) -> AsyncIterator[_Begun]:
        """Starts each piece once there is room, and no earlier one under way holds one of its resources."""
        with await asyncio.to_thread(open_source, one.url, number, self._running.files(), self._policy) as file:
            size = self._require_unchanged(number, file)
            async for piece, is_only in _knowing_the_only(cut(plain_blocks(blocks(file)), self._policy.longest_line)):
                self._read = file.tell() / size if size else 1.0
                if piece.number < self._position.piece:
                    continue
                keys = piece.keys()
                while len(under_way) >= self._policy.processes * _PIECES_WAITING or any(
                    keys & other.keys for other in under_way
                ):
                    await self._finish(under_way, errors)
                known, place = self._marked.pop((number, piece.number), None), self._place(number, piece.number)
                if known is not None:
                    yield _Begun(piece.number, keys, _already(known))
                elif is_only:  # starting processes for it would take longer
                    yield _Begun(
                        piece.number, keys, store_piece(self._running.database, place, piece, self._rules(one))
                    )
                else:
                    yield _Begun(piece.number, keys, self._processes.call(store_piece, place, piece, self._rules(one)))

    def _require_unchanged(self, number: int, file: IO[bytes]) -> int:
        """The size of a file, in bytes; raises `UnusableSource` when it is not as it was when the import began."""
        found = os.fstat(file.fileno())
        stamp, state = [found.st_size, found.st_mtime_ns], self._position.files[number]
        if state.stamp is not None and state.stamp != stamp:
            raise UnusableSource(
                "The file was changed while it was imported; what was read before is stored. Import it again."
            )
        state.stamp = stamp
        return found.st_size

    async def _finish(self, under_way: deque[_Begun], errors: IO[bytes]) -> None:
        """Waits for the first piece under way, and tells what it did."""
        begun = under_way[0]
        outcome = await self._outcome(self._position.file, begun.piece, begun.outcome)
        under_way.popleft()
        self._tell(outcome, errors)
        self._position.piece = begun.piece + 1
        if time.monotonic() - self._last_checkpoint >= _SECONDS_BETWEEN_CHECKPOINTS:
            await self._checkpoint(errors)

    async def _outcome(self, file: int, piece: int, under_way: Awaitable[PieceOutcome]) -> PieceOutcome:
        try:
            return await under_way
        except StoredAlready:
            await self.resume()
            return self._marked.pop((file, piece))

    def _tell(self, outcome: PieceOutcome, errors: IO[bytes]) -> None:
        state = self._position.files[self._position.file]
        state.effects += outcome.effects
        state.errors += outcome.errors.count(b"\n")
        state.error_bytes += len(outcome.errors)
        errors.write(outcome.errors)

    async def _checkpoint(self, errors: IO[bytes]) -> None:
        errors.flush()
        await asyncio.to_thread(os.fsync, errors.fileno())
        position, job = self._position, self._running.job
        async with self._running.database.transaction() as connection:
            await connection.execute(_FORGET, job.tenant, job.id, position.file, position.piece)
            await self._running.checkpoint(position.as_json(), self._progress(), connection)
        self._last_checkpoint = time.monotonic()

    def _progress(self) -> str:
        files, file = len(self._order.inputs), self._position.file
        lines = sum(one.effects.total() for one in self._position.files)
        where = "" if file == files else f", file {file + 1} of {files} at {self._read:.0%}"
        return f"{lines} resources{where}"

    def _rules(self, one: ImportInput) -> Rules:
        return Rules(one.type, self._order.base)

    def _place(self, file: int, piece: int) -> Place:
        return Place(self._running.job.tenant, self._running.job.id, file, piece)

    def result(self) -> Json:
        """What became of each file."""
        files: list[dict[str, Any]] = []
        for number, (one, state) in enumerate(zip(self._order.inputs, self._position.files, strict=True)):
            errors = {"file": error_file(number), "count": state.errors} if state.errors else None
            files.append({"url": one.url, "effects": dict(sorted(state.effects.items())), "errors": errors})
        told = {one["errors"]["file"]: "application/fhir+ndjson" for one in files if one["errors"] is not None}
        return {"begun": self._position.begun, "inputs": files, "files": told}


def error_file(number: int) -> str:
    """The name of the file that has the refusals of the import's input of this number, from 0."""
    return f"errors-{number + 1}.ndjson"


async def _knowing_the_only(pieces: AsyncIterator[Piece]) -> AsyncIterator[tuple[Piece, bool]]:
    """The same pieces, each with whether it is the only one."""
    before = await anext(pieces, None)
    is_only = True
    async for piece in pieces:
        if before is not None:
            yield before, False
        before, is_only = piece, False
    if before is not None:
        yield before, is_only


async def _already(outcome: PieceOutcome) -> PieceOutcome:
    return outcome
