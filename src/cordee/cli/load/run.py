"""Files carried to the store, several at once, until all are done or the operator ends it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence, Set
from dataclasses import dataclass
from functools import partial
from typing import Any

from cordee.cli.load.display import ProgressDisplay
from cordee.cli.load.documents import Unloadable, documents
from cordee.cli.load.report import Report
from cordee.cli.load.sources import Source
from cordee.store.loading import CHUNK_BYTES, CHUNK_RESOURCES, Content, Document, Loader, Outcome, peek
from cordee.store.loading.decompression import DamagedData


class Run:
    """One load. What is under way when it is cancelled is finished first, and counted."""

    def __init__(self, loader: Loader, report: Report, display: ProgressDisplay, *, chunks_under_way: int = 2) -> None:
        """`chunks_under_way`, of one file: while PostgreSQL writes one, the next is read and checked."""
        self._loader = loader
        self._chunks_under_way = chunks_under_way
        self._report = report
        self._display = display
        self._ending = False
        self._read = 0
        self._files = 0
        self._put_aside: dict[tuple[Source, int | None], _PutAside] = {}

    async def load(self, sources: Sequence[Source], jobs: int) -> None:
        """Loads the files, `jobs` at once, begun in the order given; raises `Unavailable`.

        Transactions refused for a condition on what is stored are tried again when all else is loaded, for as long as
        something was written since.
        """
        try:
            await self._load_all([(source, None) for source in sources], jobs)
            while due := [key for key, aside in self._put_aside.items() if aside.written_before < self._report.written]:
                lines: dict[Source, set[int | None]] = {}
                for source, line in due:
                    lines.setdefault(source, set()).add(line)
                    del self._put_aside[source, line]
                await self._load_all([(source, frozenset(wanted)) for source, wanted in lines.items()], 1)
        finally:
            for (source, line), aside in self._put_aside.items():
                self._count(source, [line], aside.outcome)

    def end(self) -> None:
        """Says that the operator wants to stop: nothing new is begun."""
        self._ending = True

    async def _load_all(self, sources: Sequence[tuple[Source, "_Lines"]], jobs: int) -> None:
        waiting = iter(sources)

        async def work() -> None:
            for source, only in waiting:
                await self._load_file(source, only)

        await _all_or_none([asyncio.create_task(work()) for _ in range(min(jobs, len(sources)))])

    async def _load_file(self, source: Source, only: "_Lines") -> None:
        """Loads a file, or the documents that stand on some of its lines."""
        writes = _Writes(self._chunks_under_way)
        try:
            try:
                await self._load_documents(source, only, writes)
            except (Unloadable, DamagedData) as fault:
                self._report.refuse_file(source.name, str(fault))
            except OSError as error:
                self._report.refuse_file(source.name, f"The file can't be read: {error.strerror}.")
        finally:
            await writes.finish()
        if only is None:
            self._files += 1
            self._show()

    async def _load_documents(self, source: Source, only: "_Lines", writes: "_Writes") -> None:
        chunk = _Chunk()
        try:
            async for line, text in documents(source, self._count_read if only is None else _count_nothing):
                if only is not None and line not in only:
                    continue
                document = peek(text)
                if document.resource_type != "Bundle":
                    chunk.add(line, text, document)
                if chunk.is_full or document.resource_type == "Bundle":
                    await self._write(source, chunk, writes)
                    chunk = _Chunk()
                if document.resource_type == "Bundle":
                    await writes.finish()
                    await writes.begin(partial(self._load_bundle, source, line, text))
                    await writes.finish()
        except (Unloadable, DamagedData, OSError):
            await self._write(source, chunk, writes)
            raise
        await self._write(source, chunk, writes)

    async def _write(self, source: Source, chunk: "_Chunk", writes: "_Writes") -> None:
        if chunk.contents:
            await writes.begin(partial(self._load_chunk, source, chunk), chunk.keys)

    async def _load_chunk(self, source: Source, chunk: "_Chunk") -> None:
        self._count(source, chunk.lines, await self._loader.load_resources(chunk.contents))

    async def _load_bundle(self, source: Source, line: int | None, text: bytes) -> None:
        written_before = self._report.written
        async for outcome in self._loader.load_bundle(text):
            if not source.is_stream and any(refusal.conditional for refusal in outcome.refusals):
                self._put_aside[source, line] = _PutAside(outcome, written_before)
            else:
                self._count(source, [line], outcome)
            if self._ending:
                return

    def _count(self, source: Source, lines: Sequence[int | None], outcome: Outcome) -> None:
        self._report.count(source.name, lines, outcome)
        self._show()

    def _count_read(self, number: int) -> None:
        self._read += number
        self._show()

    def _show(self) -> None:
        self._display.show(read=self._read, resources=self._report.resources, files=self._files)


_Lines = frozenset[int | None] | None
"""Which lines of a file to load; None is the whole of it."""

_Keys = Set[tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class _PutAside:
    """A transaction refused for a condition, and how much had been written when it was tried."""

    outcome: Outcome
    written_before: int


def _count_nothing(_number: int) -> None:
    """What is read again was counted already."""


class _Chunk:
    """Resources of one file that are written together."""

    def __init__(self) -> None:
        self.contents: list[Content] = []
        self.lines: list[int | None] = []
        self.keys: set[tuple[str | None, str]] = set()
        self._size = 0

    def add(self, line: int | None, text: bytes, document: Document) -> None:
        self.contents.append(Content(text, document.id))
        self.lines.append(line)
        if document.id is not None:
            self.keys.add((document.resource_type, document.id))
        self._size += len(text)

    @property
    def is_full(self) -> bool:
        return len(self.contents) >= CHUNK_RESOURCES or self._size >= CHUNK_BYTES


class _Writes:
    """The writes of one file under way: a few at once, never two of the same resource, as the later must come last.

    They are tasks of their own, so that a write that was begun is finished when the file's task is cancelled.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: dict[asyncio.Task[None], _Keys] = {}

    async def begin(self, write: Callable[[], Coroutine[Any, Any, None]], keys: "_Keys" = frozenset()) -> None:
        """Starts a write of `keys` as soon as it may start."""
        while len(self._tasks) >= self._most or any(keys & others for others in self._tasks.values()):
            await self._wait_for_one()
        self._tasks[asyncio.create_task(write())] = keys

    async def finish(self) -> None:
        """Waits for all of them; raises the first fault when all have ended."""
        faults: list[BaseException] = []
        while self._tasks:
            try:
                await self._wait_for_one()
            except Exception as fault:
                faults.append(fault)
        if faults:
            raise faults[0]

    async def _wait_for_one(self) -> None:
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        task = done.pop()
        del self._tasks[task]
        task.result()


async def _all_or_none(workers: Sequence[asyncio.Task[None]]) -> None:
    """Waits for all; at the first fault, or when cancelled, the others are cancelled and waited for."""
    try:
        await asyncio.gather(*workers)
    except BaseException:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        raise
