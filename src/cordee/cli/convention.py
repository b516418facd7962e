"""`cordee convention`: convention files checked, signed ones and free distributions put into a tenant."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.signing import SignedOff, Signing, SigningRefusedError, sign_convention, sign_distribution
from cordee.cli.configuration import read_settings
from cordee.cli.database import ready_database
from cordee.cli.failures import CommandError
from cordee.cli.logging import configure_logging
from cordee.pathways.convention import Convention
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.convention_versions import overlapping_versions
from cordee.pathways.model import Pathway
from cordee.pathways.money import in_french
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
_Result = TypeVar("_Result")
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
    texts = {str(file): _text(file) for file in files}

    async def signed(repository: Repository) -> list[Signing]:
        pathways = await pathways_of(repository)
        return [await sign_convention(repository, file, text, pathways) for file, text in texts.items()]

    for signing in _in_tenant(tenant, data_dir, signed):
        convention = signing.convention
        typer.echo(
            f"{signing.contract} : {convention.identifier}, version {convention.version}, {_EFFECTS[signing.effect]}"
        )


@application.command()
def distribute(
    files: Annotated[list[Path], typer.Argument(help="Free distributions (YAML).", show_default=False)],
    tenant: Annotated[str, typer.Option(help="Tenant of the plans.")] = DEFAULT_TENANT,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")] = None,
) -> None:
    """Put free distributions signed off by hand into a tenant: who gets what of one forfait.

    Example: [bold]cordee convention distribute repartition.yaml[/bold]
    """
    texts = {str(file): _text(file) for file in files}

    async def signed(repository: Repository) -> list[SignedOff]:
        return [await sign_distribution(repository, file, text) for file, text in texts.items()]

    for found in _in_tenant(tenant, data_dir, signed):
        distribution = found.read.distribution
        total = in_french(sum(cents for _, cents in distribution.amounts))
        typer.echo(f"{found.contract} : {found.read.about}, {distribution.forfait}, {total} à répartir")


def _in_tenant(tenant: str, data_dir: Path | None, work: Callable[[Repository], Awaitable[_Result]]) -> _Result:
    settings = read_settings(data_dir=data_dir)
    configure_logging("warning")

    async def run(dsn: str) -> _Result:
        database = Database(dsn, connections=1)
        await database.open()
        try:
            return await work(Repository(database, await database.tenant(tenant)))
        finally:
            await database.close()

    with ready_database(settings) as dsn:
        try:
            return asyncio.run(run(dsn))
        except (FileRefusedError, SigningRefusedError, EvidenceError) as refusal:
            raise CommandError(str(refusal)) from None


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
