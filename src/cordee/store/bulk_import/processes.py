"""The processes that an import computes in: checking and indexing are Python, so they are where the time goes."""

import asyncio
import gc
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from cordee.store.bulk_import.pieces import Piece, cut
from cordee.store.bulk_import.sources import ImportPolicy, blocks, open_source
from cordee.store.bulk_import.storing import PieceOutcome, Place, store_piece, store_whole
from cordee.store.connection import Database
from cordee.store.loading.decompression import plain_blocks


@dataclass(frozen=True, slots=True)
class Source:
    """A file of an import, by what a process needs to open it."""

    url: str
    number: int
    type: str | None
    job_folder: Path


async def whole_file(
    database: Database,
    place: Place,
    source: Source,
    policy: ImportPolicy,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> PieceOutcome:
    """Stores a file whole or not at all; see `storing.store_whole`. Raises `UnusableSource` too."""
    with open_source(source.url, source.number, source.job_folder, policy) as file:

        def pieces() -> AsyncIterator[Piece]:
            file.seek(0)
            return cut(plain_blocks(blocks(file)), policy.longest_line)

        return await store_whole(database, place, pieces, source.type, is_cancelled)


class ImportProcesses:
    """Processes at the ready; each keeps one connection to the database."""

    def __init__(self, pool: ProcessPoolExecutor, cancelled: Event) -> None:
        self._pool = pool
        self._cancelled = cancelled

    def store_piece(self, place: Place, piece: Piece, type_: str | None) -> "asyncio.Future[PieceOutcome]":
        """Has a piece stored; see `storing.store_piece`. Raises BrokenProcessPool when a process was killed."""
        return asyncio.get_running_loop().run_in_executor(self._pool, _store_piece, place, piece, type_)

    def store_whole(self, place: Place, source: Source) -> "asyncio.Future[PieceOutcome]":
        """Has a file stored whole or not at all; see `storing.store_whole`."""
        return asyncio.get_running_loop().run_in_executor(self._pool, _store_whole, place, source)

    def cancel(self) -> None:
        """What was not begun is not; a file that is stored whole is given up."""
        self._cancelled.set()


@asynccontextmanager
async def import_processes(dsn: str, policy: ImportPolicy) -> AsyncIterator[ImportProcesses]:
    """Processes that end with the block, what they have begun being finished or given up."""
    context = get_context("spawn")
    cancelled = context.Event()
    pool = ProcessPoolExecutor(policy.processes, context, _begin, (dsn, policy, cancelled))
    processes = ImportProcesses(pool, cancelled)
    try:
        yield processes
    finally:
        processes.cancel()
        await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)


class _Process:
    """What one process keeps between pieces."""

    def __init__(self, dsn: str, policy: ImportPolicy, cancelled: Event) -> None:
        self.policy = policy
        self.cancelled = cancelled
        self.database = Database(dsn, connections=1)
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self.database.open())
        # Parsed resources have no cycles: looking for them while a piece is stored takes a fifth of the time.
        gc.disable()
        gc.collect()
        gc.freeze()

    def run(self, work: Coroutine[Any, Any, PieceOutcome]) -> PieceOutcome:
        """Runs a coroutine to its end."""
        try:
            return self._loop.run_until_complete(work)
        finally:
            gc.collect()


_process: _Process | None = None


def _begin(dsn: str, policy: ImportPolicy, cancelled: Event) -> None:
    """What a process does once."""
    global _process  # noqa: PLW0603 - a process of the pool has nowhere else to keep its connection
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _process = _Process(dsn, policy, cancelled)


def _end_with_parent() -> None:
    """The pool's processes would outlive a parent that is killed, and go on storing."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _held() -> _Process:
    if _process is None:
        raise RuntimeError("a process of the pool was not started by its initialiser")
    return _process


def _store_piece(place: Place, piece: Piece, type_: str | None) -> PieceOutcome:
    process = _held()
    return process.run(store_piece(process.database, place, piece, type_))


def _store_whole(place: Place, source: Source) -> PieceOutcome:
    process = _held()
    return process.run(whole_file(process.database, place, source, process.policy, process.cancelled.is_set))
