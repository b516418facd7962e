"""`cordee tenant`: the coordinating structures or regions whose resources are kept apart."""

from pathlib import Path
from typing import Annotated

import typer

from cordee.cli.configuration import read_settings
from cordee.cli.database import run_with_database
from cordee.cli.failures import CommandError
from cordee.cli.logging import configure_logging
from cordee.cli.published_definitions import publish_definitions_in
from cordee.settings import Settings
from cordee.store.connection import Database
from cordee.store.repository import Repository
from cordee.store.tenants import InvalidTenantName, TenantExists, create_tenant, list_tenants

application = typer.Typer(
    name="tenant",
    help="Tenants: the coordinating structures or regions kept apart here.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.", show_default="cordee-data")]


@application.command()
def create(
    name: Annotated[str, typer.Argument(help="Lower-case letters, digits and hyphens.", show_default=False)],
    data_dir: DataDir = None,
) -> None:
    """Create a tenant; it is served under /t/NAME/fhir at once, with the parcours that travel with the program.

    Example: [bold]cordee tenant create cpts-nord[/bold]
    """
    try:
        run_with_database(_settings(data_dir), lambda database: _create(database, name))
    except InvalidTenantName as refusal:
        raise CommandError(str(refusal), exit_code=2) from None
    except TenantExists as refusal:
        raise CommandError(str(refusal)) from None
    typer.echo(f"The tenant {name} is served under /t/{name}/fhir.")


async def _create(database: Database, name: str) -> None:
    await create_tenant(database, name)
    await publish_definitions_in(Repository(database, await database.tenant(name)))


@application.command("list")
def list_(data_dir: DataDir = None) -> None:
    """List the tenants, one a line: name, and when it was created (UTC).

    Example: [bold]cordee tenant list --data-dir ./data[/bold]
    """
    for tenant in run_with_database(_settings(data_dir), list_tenants):
        typer.echo(f"{tenant.name}\t{tenant.created:%Y-%m-%dT%H:%M:%SZ}")


def _settings(data_dir: Path | None) -> Settings:
    configure_logging("warning")
    return read_settings(data_dir=data_dir)
