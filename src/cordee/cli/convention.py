"""`cordee convention`: convention files checked, and signed ones put into a tenant."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.signing import Signing, SigningRefusedError, sign_convention
from cordee.cli.configuration import read_settings
from cordee.cli.database import ready_database
from cordee.cli.failures import CommandError
from cordee.cli.logging import configure_logging
from cordee.pathways.convention import Convention
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.convention_versions import overlapping_versions
from cordee.pathways.model import Pathway
from cordee.pathways.publication import pathways_of
from cordee.pathways.reader import read_pathway
from cordee.pathways.shipped import shipped_pathways
from cordee.pathways.strict_yaml import FileRefusedError
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.repository import Repository

application = typer.Typer(
    name="convention",
    help="Conventions: check the files that say how forfaits are split, and put the signed ones into a tenant.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

Files = Annotated[list[Path], typer.Argument(help="Convention files (YAML).", show_default=False)]
_EFFECTS = {"signed": "enregistrée", "ended": "enregistrée avec sa date de fin", "unchanged": "déjà enregistrée"}


@application.command()
def check(
    files: Files,
    pathway: Annotated[
        list[Path] | None, typer.Option(help="A pathway file of your own that the conventions are about.")
    ] = None,
) -> None:
    """Check convention files: each problem with its line and its fix; exit 1 when there is one.

    Example: [bold]cordee convention check convention.yaml[/bold]
    """
    pathways = {**shipped_pathways(), **_own_pathways(pathway or [])}
    read: list[Convention] = []
    sound = True
    for file in files:
        try:
            convention = read_convention(str(file), _text(file), pathways)
        except FileRefusedError as refusal:
            sound = False
            typer.echo(str(refusal), err=True)
        else:
            read.append(convention)
            typer.echo(f"{file} : {_described(convention, pathways)}")
    for overlap in overlapping_versions(read):
        sound = False
        typer.echo(str(overlap), err=True)
    if not sound:
        raise typer.Exit(1)


@application.command()
def sign(
    files: Files,
    tenant: Annotated[str, typer.Option(help="Tenant that gets the conventions.")] = DEFAULT_TENANT,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")] = None,
) -> None:
    """Put signed conventions into a tenant, as Contracts that billing uses; a file already there changes nothing.

    Example: [bold]cordee convention sign convention.yaml[/bold]
    """
    settings = read_settings(data_dir=data_dir)
    configure_logging("warning")
    texts = {str(file): _text(file) for file in files}

    async def run(dsn: str) -> list[Signing]:
        database = Database(dsn, connections=1)
        await database.open()
        try:
            repository = Repository(database, await database.tenant(tenant))
            pathways = await pathways_of(repository)
            return [await sign_convention(repository, file, text, pathways) for file, text in texts.items()]
        finally:
            await database.close()

    with ready_database(settings) as dsn:
        try:
            signings = asyncio.run(run(dsn))
        except (FileRefusedError, SigningRefusedError, EvidenceError) as refusal:
            raise CommandError(str(refusal)) from None
    for signing in signings:
        convention = signing.convention
        typer.echo(
            f"{signing.contract} : {convention.identifier}, version {convention.version}, {_EFFECTS[signing.effect]}"
        )


def _own_pathways(files: list[Path]) -> dict[str, Pathway]:
    try:
        read = [read_pathway(str(file), _text(file)) for file in files]
    except FileRefusedError as refusal:
        raise CommandError(str(refusal)) from None
    return {pathway.code: pathway for pathway in read}


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CommandError(f"{file}: this is not UTF-8 text: save it as UTF-8.") from None


def _described(convention: Convention, pathways: Mapping[str, Pathway]) -> str:
    last = f" au {convention.validity.last:%d/%m/%Y}" if convention.validity.last else ""
    days = f"{'du' if last else 'à partir du'} {convention.validity.first:%d/%m/%Y}{last}"
    return (
        f"version {convention.version}, {convention.structure.name}, {pathways[convention.pathway].label.fr}, {days}, "
        f"{len(convention.signatories)} signataires, {len(convention.steps)} étapes de répartition"
    )
