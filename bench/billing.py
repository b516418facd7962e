"""A billing run at scale: `python -m bench.billing` fills a database of its own, bills it, and bills it again.

Prints plans/s, processor time a plan (Python's and PostgreSQL's) and the memory of the run's processes at their peak.
"""

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.billing_population import BILLED_UNTIL, SESSIONS_A_PLAN, dossiers, shared_resources
from bench.bulk_fill import fill, store
from cordee.claims.billing import Billed, BillingOrder
from cordee.claims.billing_run import run_billing
from cordee.claims.simulation import simulate
from cordee.pathways.publication import publish_shipped, tenant_pathways
from cordee.store.connection import Database
from cordee.store.embedded import EmbeddedPostgres
from cordee.store.migrate import migrate
from cordee.store.repository import Repository

PATHWAY = "pcr-obesite-complexe-adulte"
TENANT = 1
_SAMPLE_SECONDS = 0.2
_SETTLED = 200


@dataclass(slots=True)
class Watched:
    """Processes watched while something runs: processor seconds of Python and PostgreSQL, peak memory of Python."""

    python: float = 0.0
    postgres: float = 0.0
    peak_bytes: int = 0


class Watch:
    """Samples this process, those it starts, and PostgreSQL's, in a thread."""

    def __init__(self, postmaster: int) -> None:
        self._postmaster = postmaster
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._seconds: dict[tuple[int, bool], float] = {}
        self._begun: dict[tuple[int, bool], float] = {}
        self._peak = 0

    def __enter__(self) -> "Watch":
        self._sample()
        self._begun = dict(self._seconds)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._sample()

    def result(self) -> Watched:
        """What was used since the beginning."""
        used = Watched(peak_bytes=self._peak)
        for (pid, is_postgres), seconds in self._seconds.items():
            spent = seconds - self._begun.get((pid, is_postgres), 0.0)
            if is_postgres:
                used.postgres += spent
            else:
                used.python += spent
        return used

    def _run(self) -> None:
        while not self._end.wait(_SAMPLE_SECONDS):
            self._sample()

    def _sample(self) -> None:
        here = psutil.Process()
        memory = 0
        server = psutil.Process(self._postmaster)
        of_the_server = {server.pid} | {process.pid for process in server.children()}
        own = [process for process in here.children(recursive=True) if process.pid not in of_the_server]
        for process in (here, *own, server, *server.children()):
            try:
                is_postgres = process.pid in of_the_server
                times = process.cpu_times()
                self._seconds[process.pid, is_postgres] = times.user + times.system
                if not is_postgres:
                    memory += process.memory_info().rss
            except psutil.Error:
                continue
        self._peak = max(self._peak, memory)


async def bill(dsn: str, processes: int) -> tuple[int, int]:
    """One run over every plan; how many Claims it wrote, and how many were there."""
    database = Database(dsn)
    await database.open()
    try:
        repository = Repository(database, TENANT)
        order = BillingOrder(PATHWAY, BILLED_UNTIL)
        written = there = 0
        known = await tenant_pathways(repository)
        async for outcome in run_billing(repository, order, known, dsn=dsn, processes=processes):
            if not isinstance(outcome, Billed):
                raise RuntimeError(f"a plan was not billed: {outcome}")
            written += outcome.effect == "billed"
            there += outcome.effect == "already_billed"
        return written, there
    finally:
        await database.close()


async def settle_one_by_one(dsn: str) -> float:
    """Milliseconds that `$settle`'s service takes for one plan."""
    database = Database(dsn)
    await database.open()
    try:
        repository = Repository(database, TENANT)
        begun = time.perf_counter()
        for number in range(_SETTLED):
            pathways = (await tenant_pathways(repository)).pathways
            await simulate(repository, f"{number:08d}", pathways, as_of=BILLED_UNTIL)
        return (time.perf_counter() - begun) / _SETTLED * 1000
    finally:
        await database.close()


async def _prepare(dsn: str) -> None:
    database = Database(dsn)
    await database.open()
    try:
        await publish_shipped(Repository(database, TENANT))
    finally:
        await database.close()
    await store(dsn, TENANT, shared_resources())


def main() -> int:
    """Runs the bench."""
    parser = argparse.ArgumentParser(prog="python -m bench.billing", description=__doc__)
    parser.add_argument("--plans", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cordee-bench-") as folder:
        server = EmbeddedPostgres(Path(folder))
        dsn = server.start()
        try:
            asyncio.run(migrate(dsn))
            asyncio.run(_prepare(dsn))
            postmaster = int((Path(folder) / "postgresql" / "postmaster.pid").read_text().split()[0])
            begun = time.perf_counter()
            stored = fill(dsn, TENANT, options.plans, dossiers, processes=options.processes)
            seconds = time.perf_counter() - begun
            print(
                f"filled: {stored:,} resources, {stored / seconds:,.0f}/s, {SESSIONS_A_PLAN} sessions a plan",
                flush=True,
            )
            print(f"settling one plan: {asyncio.run(settle_one_by_one(dsn)):.1f} ms", flush=True)
            for name in ("billing", "billing again"):
                with Watch(postmaster) as watch:
                    begun = time.perf_counter()
                    written, there = asyncio.run(bill(dsn, options.processes))
                    seconds = time.perf_counter() - begun
                used = watch.result()
                python, postgres = (spent / options.plans * 1000 for spent in (used.python, used.postgres))
                print(
                    f"{name}: {written:,} Claims written, {there:,} there, {seconds:.1f} s, "
                    f"{options.plans / seconds:,.0f} plans/s; {python:.2f} ms of Python and "
                    f"{postgres:.2f} of PostgreSQL a plan; at most {used.peak_bytes / 1e6:.0f} MB in "
                    f"{options.processes + 1} processes"
                )
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
