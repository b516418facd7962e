"""The processes beside those that answer: what takes longer than a request, kept from slowing any.

They end with the process that started them, however it ends, and are started again when they die.
"""

import asyncio
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

import structlog

from cordee.api.asynchronous_answer import answer_request
from cordee.api.operations.exporting import plan_export
from cordee.api.operations.importing import import_policy
from cordee.cli.garbage import collect_seldom
from cordee.cli.logging import configure_logging
from cordee.fhir.outcome import Unavailable
from cordee.settings import Settings
from cordee.store import search_parameter_indexing
from cordee.store.bulk_export import export_files
from cordee.store.bulk_import import import_files
from cordee.store.connection import Database
from cordee.store.jobs import Work, run_jobs
from cordee.subscriptions.service import deliver

_log = structlog.get_logger("cordee.background")

_SECONDS_BEFORE_RESTART = 2.0
_PATIENCE_AT_END_SECONDS = 15.0
_LONGEST_STATEMENT_SECONDS = 3600

Service = Callable[[Settings, Database, asyncio.Event], Awaitable[None]]
"""What a process does until the event is set."""


async def _jobs(settings: Settings, database: Database, stop: asyncio.Event) -> None:
    await run_jobs(
        database,
        works(settings),
        settings.data_dir / "jobs",
        stop,
        at_once=settings.jobs_at_once,
        kept_for=timedelta(hours=settings.job_retention_hours),
    )


SERVICES: Mapping[str, Service] = {"jobs": _jobs, "subscriptions": deliver}
"""By name, each with a process of its own."""


def works(settings: Settings) -> dict[str, Work]:
    """What carries out the jobs of each kind."""
    return {
        "request": lambda running: answer_request(running, settings),
        search_parameter_indexing.KIND: search_parameter_indexing.run_indexing,
        "export": partial(export_files, plan=plan_export),
        "import": partial(import_files, policy=import_policy(settings)),
    }


@contextmanager
def background_processes(settings: Settings, dsn: str) -> Iterator[None]:
    """Keeps a process running for each of the `SERVICES`, until the end of the block."""
    end, ending = get_context("spawn").Pipe(duplex=False)
    keepers = [threading.Thread(target=_keep_running, args=(name, settings, dsn, end)) for name in SERVICES]
    for keeper in keepers:
        keeper.start()
    try:
        yield
    finally:
        ending.close()
        for keeper in keepers:
            keeper.join()
        end.close()


def _keep_running(name: str, settings: Settings, dsn: str, end: Connection) -> None:
    """Starts the process, and again when it dies, until `end` is readable: its other side was closed."""
    is_ended = False
    while not is_ended:
        process, parent = _started(name, settings, dsn)
        is_ended = end in connection.wait([process.sentinel, end])
        parent.close()  # the child takes it for the end of this process, and stops
        if not is_ended:
            _log.error("background process ended; it is started again", service=name, exit_code=process.exitcode)
            is_ended = bool(connection.wait([end], timeout=_SECONDS_BEFORE_RESTART))
        process.join(_PATIENCE_AT_END_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()


def _started(name: str, settings: Settings, dsn: str) -> tuple[SpawnProcess, Connection]:
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_serve, args=(name, settings, dsn, theirs), daemon=False)
    process.start()
    theirs.close()
    return process, ours


def _serve(name: str, settings: Settings, dsn: str, parent: Connection) -> None:
    for ending in (signal.SIGINT, signal.SIGTERM):  # a terminal tells the whole group: the parent decides
        signal.signal(ending, signal.SIG_IGN)
    configure_logging(settings.log_level)
    try:
        asyncio.run(_serve_until_orphaned(name, settings, dsn, parent))
    except Unavailable:
        _log.error("background process can't reach the database", service=name)
        sys.exit(1)


async def _serve_until_orphaned(name: str, settings: Settings, dsn: str, parent: Connection) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(parent.fileno(), stop.set)  # readable when the other end is closed
    database = Database(
        dsn,
        connections=settings.jobs_at_once * 4 + 2,
        statement_timeout_seconds=_LONGEST_STATEMENT_SECONDS,
    )
    await database.open()
    collect_seldom()
    try:
        await SERVICES[name](settings, database, stop)
    finally:
        loop.remove_reader(parent.fileno())
        await database.close()
