"""`cordee search-parameter`: those that a tenant added, and what is stored indexed by them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cordee.cli.configuration import read_settings
from cordee.cli.database import run_with_database
from cordee.cli.failures import CommandError
from cordee.cli.logging import configure_logging
from cordee.fhir.outcome import NotFound
from cordee.settings import Settings
from cordee.store.connection import DEFAULT_TENANT, Connection, Database
from cordee.store.reader import Reader
from cordee.store.search_parameter_indexing import index_search_parameters
from cordee.store.search_parameters import Added

application = typer.Typer(
    name="search-parameter",
    help="Search parameters that a tenant adds by storing SearchParameters.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.", show_default="cordee-data")]
Tenant = Annotated[str, typer.Option(help="Whose search parameters.")]


@application.command("list")
def list_(tenant: Tenant = DEFAULT_TENANT, data_dir: DataDir = None) -> None:
    """List those that the tenant added, one a line: code, state, types, and the SearchParameter's URL.

    Searches by one that is indexing are refused; one that is dropped is still to be removed from the index.

    Example: [bold]cordee search-parameter list --tenant cpts-nord[/bold]
    """

    async def added(database: Database) -> list[Added]:
        return await Reader(database, await _number(database, tenant)).added_search_parameters()

    for one in run_with_database(_settings(data_dir), added):
        typer.echo("\t".join((one.parameter.code, one.state, ",".join(one.parameter.base), one.parameter.url)))


@application.command()
def index(tenant: Tenant = DEFAULT_TENANT, data_dir: DataDir = None) -> None:
    """Index what is stored by the parameters that were added, changed or dropped; then they are ready.

    A server does this by itself. Stopped midway, the command begins again.

    Example: [bold]cordee search-parameter index[/bold]
    """

    async def show(_position: Any, progress: str, _connection: Connection | None) -> None:
        typer.echo(progress, err=True)

    async def indexed(database: Database) -> int:
        return await index_search_parameters(database, await _number(database, tenant), None, show)

    typer.echo(f"{run_with_database(_settings(data_dir), indexed)} resources looked at.")


async def _number(database: Database, tenant: str) -> int:
    try:
        return await database.tenant(tenant)
    except NotFound as refusal:
        raise CommandError(str(refusal), exit_code=2) from None


def _settings(data_dir: Path | None) -> Settings:
    configure_logging("warning")
    return read_settings(data_dir=data_dir)
