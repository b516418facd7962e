"""`cordee pathway`: pathway files checked, shown, and published in a tenant."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cordee.cli.configuration import read_settings
from cordee.cli.database import run_with_database
from cordee.cli.failures import CommandError
from cordee.cli.logging import configure_logging
from cordee.cli.pathway_sheet import checked_lines, listed, sheet
from cordee.pathways.model import Pathway
from cordee.pathways.publication import (
    Publication,
    PublicationRefusedError,
    TenantPathways,
    publish_file,
    publish_shipped,
    tenant_pathways,
)
from cordee.pathways.reader import read_pathway
from cordee.pathways.shipped import shipped_pathways
from cordee.pathways.strict_yaml import FileRefusedError
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.repository import Repository

application = typer.Typer(
    name="pathway",
    help="Parcours: the pathway files, checked, shown, and published in a tenant.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.", show_default="cordee-data")]
OfTenant = Annotated[str | None, typer.Option(help="A tenant, for its own parcours too.", show_default="shipped ones")]
_WIDTH_OF_FILES = 130
_EFFECTS = {
    "published": "publié",
    "unchanged": "déjà publié",
    "kept": "non publié : la structure a sa propre version, plus récente",
}


@application.command()
def check(files: Annotated[list[Path], typer.Argument(help="Pathway files (YAML).", show_default=False)]) -> None:
    """Check pathway files: each problem with its line, path and fix, and what the convention will have to state.

    The exit code is 1 when there is a problem.

    Example: [bold]cordee pathway check parcours.yaml[/bold]
    """
    sound = True
    for file in files:
        try:
            pathway = read_pathway(str(file), _text(file))
        except FileRefusedError as refusal:
            sound = False
            typer.echo(str(refusal), err=True)
        else:
            for line in checked_lines(str(file), pathway):
                typer.echo(line)
    if not sound:
        raise typer.Exit(1)


@application.command("list")
def list_(tenant: OfTenant = None, data_dir: DataDir = None) -> None:
    """List the parcours: code, version, payment model, and how many amounts are public.

    Example: [bold]cordee pathway list[/bold]
    """
    _console().print(listed(_known(tenant, data_dir)))


@application.command()
def show(
    code: Annotated[str, typer.Argument(help="Code of the parcours, for example gpso.", show_default=False)],
    tenant: OfTenant = None,
    data_dir: DataDir = None,
) -> None:
    """Show one parcours: who may enter, séquences, forfaits and amounts with their sources, and what is not public.

    Example: [bold]cordee pathway show pcr-obesite-complexe-adulte[/bold]
    """
    known = _known(tenant, data_dir)
    if code not in known:
        raise CommandError(
            f"«{code}» is not a parcours known here; there are: {', '.join(sorted(known))}.", exit_code=2
        )
    console = _console()
    for part in sheet(known[code]):
        console.print(part)


@application.command()
def publish(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Pathway files of a structure.", show_default="shipped ones")
    ] = None,
    tenant: Annotated[str, typer.Option(help="Tenant that gets them.")] = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Publish parcours in a tenant, as FHIR definitions; what is there already is left as it is.

    A structure's own version of a parcours needs a later version than the one it replaces.

    Example: [bold]cordee pathway publish parcours.yaml --tenant cpts-nord[/bold]
    """
    texts = [(str(file), _text(file)) for file in files or []]

    async def work(database: Database) -> list[Publication]:
        repository = Repository(database, await database.tenant(tenant))
        if not texts:
            return await publish_shipped(repository)
        return [await publish_file(repository, name, text) for name, text in texts]

    configure_logging("warning")
    try:
        for name, text in texts:  # all are sound, or none is published
            read_pathway(name, text)
        done = run_with_database(read_settings(data_dir=data_dir), work)
    except FileRefusedError as refusal:
        typer.echo(str(refusal), err=True)
        raise typer.Exit(1) from None
    except PublicationRefusedError as refusal:
        raise CommandError(str(refusal)) from None
    for publication in done:
        pathway = publication.pathway
        typer.echo(f"{pathway.code} {pathway.version} : {_EFFECTS[publication.effect]}")


def _known(tenant: str | None, data_dir: Path | None) -> Mapping[str, Pathway]:
    if tenant is None:
        return shipped_pathways()

    async def work(database: Database) -> TenantPathways:
        return await tenant_pathways(Repository(database, await database.tenant(tenant)))

    configure_logging("warning")
    found = run_with_database(read_settings(data_dir=data_dir), work)
    for fault in found.faults:
        typer.echo(fault, err=True)
    return found.pathways


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: byte {error.start} is not UTF-8: save the file in UTF-8.") from None


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_OF_FILES)
