"""Memory and processor time of the processes measured, and of all they start.

Three sizes, in bytes. RSS counts in each process the pages it shares (PostgreSQL's buffers are then counted
once a connection). PSS divides a shared page among those who share it, so the sum is what the machine gives.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Named:
    """A process and its descendants, under a name. `pid` is the one at the top."""

    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Peaks of one named tree: sums over its processes, and the largest single one. PSS needs Linux."""

    name: str
    processes: int
    rss: int
    pss: int | None
    largest_rss: int
    largest_pss: int | None


def parse(text: str) -> tuple[Named, ...]:
    """Processes written "1234,5678" or "server=1234,postgres=5678".

    Raises ValueError when one is not a number, or no such process runs.
    """
    named = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = part.rpartition("=")
        if not number.isdigit():
            raise ValueError(f"{part!r} is not a process: give PID or NAME=PID, separated by commas")
        try:
            named.append(Named(name or psutil.Process(int(number)).name(), int(number)))
        except psutil.NoSuchProcess:
            raise ValueError(f"no process {number} runs: give the PIDs of the server to measure") from None
    return tuple(named)


class Watch:
    """Samples the memory of trees from a thread, until stopped; also adds up their processor time."""

    def __init__(self, named: Sequence[Named], interval_seconds: float = 2.0) -> None:
        self._named = tuple(named)
        self._peaks: dict[str, Memory] = {}
        self._interval = interval_seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._sample_until_stopped, daemon=True)

    def start(self) -> None:
        """Begins to sample."""
        self._thread.start()

    def stop(self) -> tuple[Memory, ...]:
        """Takes a last sample, and returns the peaks in the order of the names."""
        self._stopped.set()
        self._thread.join()
        self._sample()
        return tuple(self._peaks[one.name] for one in self._named if one.name in self._peaks)

    def processor_seconds(self) -> dict[str, dict[int, float]]:
        """Processor time used so far, by name and process."""
        return {one.name: {p.pid: _seconds(p) for p in self._tree(one)} for one in self._named}

    def _sample_until_stopped(self) -> None:
        while not self._stopped.wait(self._interval):
            self._sample()

    def _sample(self) -> None:
        for one in self._named:
            sizes = [size for size in map(_size, self._tree(one)) if size is not None]
            if not sizes:
                continue
            pss = [size for _, size in sizes if size is not None]
            now = Memory(
                name=one.name,
                processes=len(sizes),
                rss=sum(rss for rss, _ in sizes),
                pss=sum(pss) if pss else None,
                largest_rss=max(rss for rss, _ in sizes),
                largest_pss=max(pss, default=None),
            )
            before = self._peaks.get(one.name, now)
            self._peaks[one.name] = _greater(before, now)

    def _tree(self, one: Named) -> list[psutil.Process]:
        # A tree stops at a process that has a name of its own: a server that starts its database is
        # counted without it.
        others = {other.pid for other in self._named} - {one.pid}
        found: list[psutil.Process] = []
        try:
            waiting = [psutil.Process(one.pid)]
        except psutil.NoSuchProcess:
            return found
        children: dict[int, list[psutil.Process]] = {}
        for process in psutil.process_iter(["ppid"]):
            children.setdefault(process.info["ppid"], []).append(process)
        while waiting:
            process = waiting.pop()
            found.append(process)
            waiting += [child for child in children.get(process.pid, ()) if child.pid not in others]
        return found


def used(before: dict[str, dict[int, float]], after: dict[str, dict[int, float]]) -> dict[str, float]:
    """Processor seconds between two readings, by name; what processes ended meanwhile used is not known."""
    return {
        name: sum(seconds - before.get(name, {}).get(pid, 0.0) for pid, seconds in pids.items())
        for name, pids in after.items()
    }


def _greater(one: Memory, other: Memory) -> Memory:
    def most(a: int | None, b: int | None) -> int | None:
        return max((size for size in (a, b) if size is not None), default=None)

    return Memory(
        name=one.name,
        processes=max(one.processes, other.processes),
        rss=max(one.rss, other.rss),
        pss=most(one.pss, other.pss),
        largest_rss=max(one.largest_rss, other.largest_rss),
        largest_pss=most(one.largest_pss, other.largest_pss),
    )


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0
    return float(times.user + times.system)


def _size(process: psutil.Process) -> tuple[int, int | None] | None:
    try:
        rss = int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    return rss, _proportional(process.pid)


def _proportional(pid: int) -> int | None:
    # The kernel's own sum: psutil adds the maps up one by one, which takes time from the server measured.
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return None
