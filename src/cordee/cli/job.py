"""`cordee job`: what runs in the background, seen and cancelled."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import orjson
import typer

from cordee.cli.configuration import read_settings
from cordee.cli.database import run_with_database
from cordee.cli.logging import configure_logging
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.jobs import Job, JobQueue

application = typer.Typer(
    name="job",
    help="Jobs: what runs in the background, as exports, imports and long requests.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

Result = TypeVar("Result")
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.", show_default="cordee-data")]
Tenant = Annotated[str, typer.Option(help="Whose jobs.")]
JobId = Annotated[str, typer.Argument(help="As `cordee job list` shows it.", show_default=False)]


@application.command("list")
def list_(
    kind: Annotated[str | None, typer.Option(help="Only this kind, such as export.", show_default=False)] = None,
    tenant: Tenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """List the newest fifty jobs, one a line: id, kind, state, when it was asked for (UTC), how far it is.

    Example: [bold]cordee job list --kind export[/bold]
    """
    for job in _asked_of_jobs(tenant, data_dir, lambda jobs: jobs.recent(kind)):
        typer.echo("\t".join((job.id, job.kind, _state(job), f"{job.asked:%Y-%m-%dT%H:%M:%SZ}", job.progress)))


@application.command()
def show(job_id: JobId, tenant: Tenant = DEFAULT_TENANT, data_dir: DataDir = None) -> None:
    """Show a job: how often it was taken up, how far it is, why it failed.

    Example: [bold]cordee job show 3f1c9b54-…[/bold]
    """
    job = _asked_of_jobs(tenant, data_dir, lambda jobs: jobs.find(job_id))
    for name, moment in (("asked", job.asked), ("started", job.started), ("ended", job.ended)):
        typer.echo(f"{name}\t{'' if moment is None else f'{moment:%Y-%m-%dT%H:%M:%SZ}'}")
    typer.echo(f"kind\t{job.kind}\nstate\t{_state(job)}\nprogress\t{job.progress}\nattempts\t{job.attempts}")
    if job.fault is not None:
        for issue in orjson.loads(job.fault.outcome)["issue"]:
            typer.echo(f"fault\t{issue.get('diagnostics', issue['code'])}")


@application.command()
def cancel(job_id: JobId, tenant: Tenant = DEFAULT_TENANT, data_dir: DataDir = None) -> None:
    """Cancel a job: it stops at the next point where it can, and what it made is removed.

    Example: [bold]cordee job cancel 3f1c9b54-…[/bold]
    """
    _asked_of_jobs(tenant, data_dir, lambda jobs: jobs.cancel(job_id))
    typer.echo(f"{job_id} is cancelled.")


def _asked_of_jobs(tenant: str, data_dir: Path | None, ask: Callable[[JobQueue], Awaitable[Result]]) -> Result:
    configure_logging("warning")

    async def asked(database: Database) -> Result:
        return await ask(JobQueue(database, await database.tenant(tenant)))

    return run_with_database(read_settings(data_dir=data_dir), asked)


def _state(job: Job) -> str:
    return "being cancelled" if job.is_being_cancelled else job.state
