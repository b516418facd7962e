"""Processes that store in quantity: checking and indexing are Python, so they are where the time goes."""

import asyncio
import gc
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from multiprocessing import connection, get_context, parent_process
from multiprocessing.synchronize import Event
from typing import Any, Concatenate, ParamSpec, TypeVar

from cordee.store.connection import Database

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseProcesses:
    """Processes that are started at the first call; each keeps one connection to the database."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def call(
        self, work: Callable[Concatenate[Database, P], Coroutine[Any, Any, T]], *arguments: P.args, **_: P.kwargs
    ) -> Awaitable[T]:
        """What a function of a module gives in one of the processes, for that process's database.

        Raises what it raises, and BrokenProcessPool when a process was killed.
        """
        return asyncio.get_running_loop().run_in_executor(self._pool, _call, work, arguments)


@asynccontextmanager
async def database_processes(dsn: str, processes: int) -> AsyncIterator[DatabaseProcesses]:
    """Processes that end with the block: what they have begun is finished, or given up where it asks `is_stopping`."""
    context = get_context("spawn")
    stopping = context.Event()
    pool = ProcessPoolExecutor(processes, context, _begin, (dsn, stopping))
    try:
        yield DatabaseProcesses(pool)
    finally:
        stopping.set()
        await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)


def is_stopping() -> bool:
    """Whether what is under way in this process is not wanted any more."""
    return _process is not None and _process.stopping.is_set()


class _Process:
    """What one process keeps between calls."""

    def __init__(self, dsn: str, stopping: Event) -> None:
        self.stopping = stopping
        self._database = Database(dsn, connections=1)
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._database.open())
        # Parsed resources have no cycles: looking for them while they are stored takes a fifth of the time.
        gc.disable()
        gc.collect()
        gc.freeze()

    def run(self, work: Callable[..., Coroutine[Any, Any, T]], arguments: tuple[Any, ...]) -> T:
        """Runs it to its end."""
        try:
            return self._loop.run_until_complete(work(self._database, *arguments))
        finally:
            gc.collect()


_process: _Process | None = None


def _begin(dsn: str, stopping: Event) -> None:
    """What a process does once."""
    global _process  # noqa: PLW0603 - a process of the pool has nowhere else to keep its connection
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells the whole group: the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _process = _Process(dsn, stopping)


def _end_with_parent() -> None:
    """The pool's processes would outlive a parent that is killed, and go on storing."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _call(work: Callable[..., Coroutine[Any, Any, T]], arguments: tuple[Any, ...]) -> T:
    if _process is None:
        raise RuntimeError("a process of the pool was not started by its initialiser")
    return _process.run(work, arguments)
