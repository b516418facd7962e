"""The options of `cordee load`, and how a load begins and ends."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cordee.api.request import decode_form, parse_precondition
from cordee.cli.configuration import read_settings
from cordee.cli.database import ready_database
from cordee.cli.failures import CommandError
from cordee.cli.garbage import collect_seldom
from cordee.cli.load.display import print_report, progress_display
from cordee.cli.load.report import Report
from cordee.cli.load.run import Run
from cordee.cli.load.sources import NothingToLoad, Source, find_sources
from cordee.cli.logging import configure_logging
from cordee.fhir.bundle import BundleEntry
from cordee.fhir.outcome import NotFound
from cordee.fhir.query import Search, parse_search
from cordee.fhir.search_parameters import SearchParameters
from cordee.settings import Settings
from cordee.store.changes import Precondition
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.loading import Loader
from cordee.store.loading.processes import database_processes
from cordee.store.reader import Reader
from cordee.store.statistics import refresh_statistics

_LOAD_WORTH_STATISTICS = 2_000
_INTERRUPTED = 130
_WRITES_A_FILE = 2
_MOST_PROCESSES_UNASKED = 4


def load(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Files and folders; - is standard input.", show_default=False)
    ],
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of the embedded PostgreSQL.", show_default="cordee-data")
    ] = None,
    tenant: Annotated[str, typer.Option(help="Tenant that receives the resources.")] = DEFAULT_TENANT,
    jobs: Annotated[int, typer.Option(min=1, max=32, help="Files loaded at once; their order is then not kept.")] = 1,
    base_url: Annotated[
        str | None,
        typer.Option(
            help="Public address before /fhir, as for serving: what is under it is of this server.", show_default=False
        ),
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes that check and store.", show_default="one a core, at most 4"),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="File that receives every refusal, one JSON object a line.", dir_okay=False)
    ] = None,
) -> None:
    """Load FHIR: bundles of any type, resources, NDJSON, in gzip or bzip2, whole folders, or standard input.

    What a file is, is found from its content. Resources keep their ids: loading the same file again writes only what
    has changed. Transactions and batches are carried out, and what they create (POST) gets a new id, as over HTTP,
    unless the resource's id is the UUID of its fullUrl. Other bundles give their resources one by one; a document is
    also stored whole.

    A folder's files are loaded in the order of their paths. A transaction that refers to what is not there yet is
    tried again at the end. What is refused stops nothing else.

    References to addresses under --base-url become relative. A Bundle of another server keeps the ids its resources
    have there, over what has them here: how many, and from where, is told at the end. Such data are best loaded into a
    tenant of their own.

    Ends with 0 when all was stored, 1 when something was refused, 2 when there is nothing to load, 130 after Ctrl-C:
    what was stored stays, and the same command loads the rest.

    Example: [bold]cordee load --data-dir ./data synthea/ patients.ndjson.gz[/bold]

    Example: [bold]curl -s https://example.org/fhir/Patient | cordee load --tenant cpts-nord -[/bold]
    """
    settings = read_settings(data_dir=data_dir, base_url=base_url)
    configure_logging("warning")  # the operator is told on the terminal; a log would keep what patients' records say
    try:
        sources = find_sources(paths)
    except NothingToLoad as fault:
        raise CommandError(str(fault), exit_code=2) from None
    try:
        counted = Report(report)
    except OSError as error:
        raise CommandError(f"The report can't be written to {report}: {error.strerror}.", exit_code=2) from None
    began = time.monotonic()
    interrupted = False
    try:
        with ready_database(settings) as dsn:
            began = time.monotonic()
            how = _How(tenant, jobs, processes or min(os.cpu_count() or 1, _MOST_PROCESSES_UNASKED))
            interrupted = asyncio.run(_load(settings, dsn, how, sources, counted))
    except KeyboardInterrupt:
        interrupted = True
    except BrokenProcessPool:
        raise CommandError(
            "A process was killed: what is counted is stored; the same command loads the rest."
        ) from None
    finally:
        counted.close()
        if counted.resources or interrupted:
            print_report(Console(), counted, time.monotonic() - began)
    if interrupted:
        typer.echo("Interrupted: what the table counts is stored; the same command loads the rest.", err=True)
        raise typer.Exit(_INTERRUPTED)
    if counted.refused:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _How:
    tenant: str
    jobs: int
    processes: int


async def _load(settings: Settings, dsn: str, how: _How, sources: list[Source], report: Report) -> bool:
    """Loads; whether the operator ended it."""
    database = Database(
        dsn,
        connections=_WRITES_A_FILE * how.jobs,
        statement_timeout_seconds=settings.statement_timeout_seconds,
    )
    await database.open()
    collect_seldom()
    try:
        try:
            number = await database.tenant(how.tenant)
        except NotFound as fault:
            raise CommandError(f"{fault} Make it with: cordee tenant create {how.tenant}", exit_code=2) from None
        size = 0 if any(source.is_stream for source in sources) else sum(source.size for source in sources)
        console = Console(stderr=True)
        with progress_display(console, size=size, files=len(sources)) as display:
            known = await Reader(database, number).search_parameters()
            base = _fhir_base(settings, how.tenant)
            criteria = _criteria_parser(base, known)
            async with database_processes(dsn, how.processes) as processes:
                pool = processes if how.processes > 1 else None
                loader = Loader(database, number, _precondition, criteria, base, pool)
                run = Run(loader, report, display, chunks_under_way=_WRITES_A_FILE * how.processes)
                interrupted = await _until_interrupted(run, sources, how.jobs)
        if report.written >= _LOAD_WORTH_STATISTICS:
            await refresh_statistics(database)
        return interrupted
    finally:
        await database.close()


async def _until_interrupted(run: Run, sources: list[Source], jobs: int) -> bool:
    """The first Ctrl-C (or SIGTERM) lets what is under way finish; a second one ends at once."""
    loop = asyncio.get_running_loop()
    loading = asyncio.ensure_future(run.load(sources, jobs))

    def end() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        run.end()
        loading.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    try:
        await loading
    except asyncio.CancelledError:
        return True
    return False


def _precondition(entry: BundleEntry) -> Precondition:
    return parse_precondition(entry.if_match, entry.if_none_match)


def _fhir_base(settings: Settings, tenant: str) -> str | None:
    """What the tenant is served under, where that is known."""
    if settings.base_url is None:
        return None
    prefix = "" if tenant == DEFAULT_TENANT else f"/t/{tenant}"
    return f"{settings.base_url.rstrip('/')}{prefix}/fhir"


def _criteria_parser(base: str | None, known: SearchParameters) -> Callable[[str, str], Search]:
    def parse(resource_type: str, criteria: str) -> Search:
        return parse_search(resource_type, decode_form(criteria.encode()), base_url=base, known=known)

    return parse
