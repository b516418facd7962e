"""`cordee tenant`: the coordinating structures or regions whose resources are kept apart."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from cordee.cli.configuration import read_settings
from cordee.cli.database import run_with_database
from cordee.cli.failures import CommandError
from cordee.cli.logging import configure_logging
from cordee.cli.published_definitions import publish_definitions_in
from cordee.cli.repository import with_repository
from cordee.settings import Settings
from cordee.store.connection import Database
from cordee.store.repository import Repository
from cordee.store.tenant_policies import ConditionalDelete, DanglingReferences, DeleteReferred, TenantPolicies
from cordee.store.tenants import InvalidTenantName, TenantExists, create_tenant, list_tenants

application = typer.Typer(
    name="tenant",
    help="Tenants: the coordinating structures or regions kept apart here.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

_DEFAULT = "default"


def _choices(known: Any) -> str:
    return ", ".join((*get_args(known), _DEFAULT))


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


@application.command("set")
def set_(
    name: Annotated[str, typer.Argument(help="The tenant.", show_default=False)],
    conditional_delete: Annotated[
        str | None, typer.Option(help=f"{_choices(ConditionalDelete)}: how many a conditional delete may delete.")
    ] = None,
    dangling_references: Annotated[
        str | None, typer.Option(help=f"{_choices(DanglingReferences)}: references to what is not stored.")
    ] = None,
    delete_referred: Annotated[
        str | None, typer.Option(help=f"{_choices(DeleteReferred)}: deleting what is referred to.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Say what a tenant does with references and deletions, and tell it; default leaves it to the server's settings.

    Servers follow within seconds. Example: [bold]cordee tenant set cpts-nord --delete-referred refuse[/bold]
    """
    configure_logging("warning")
    asked = {
        "conditional_delete": (conditional_delete, ConditionalDelete),
        "dangling_references": (dangling_references, DanglingReferences),
        "delete_referred": (delete_referred, DeleteReferred),
    }
    wanted: dict[str, Any] = {}
    for policy, (value, known) in asked.items():
        if value is None:
            continue
        if value not in (*get_args(known), _DEFAULT):
            raise CommandError(f"--{_spelled(policy)}: «{value}» is none of {_choices(known)}.", exit_code=2)
        wanted[policy] = None if value == _DEFAULT else value

    async def work(repository: Repository) -> TenantPolicies:
        policies = await repository.policies()
        if wanted:
            policies = replace(policies, **wanted)
            await repository.set_policies(policies)
        return policies

    policies = with_repository(data_dir, name, work)
    for policy in asked:
        typer.echo(f"{_spelled(policy)}\t{getattr(policies, policy) or _DEFAULT}")


def _spelled(policy: str) -> str:
    return policy.replace("_", "-")


def _settings(data_dir: Path | None) -> Settings:
    configure_logging("warning")
    return read_settings(data_dir=data_dir)
