"""`cordee profile`: packages of definitions (profiles, value sets, code systems) put into a tenant."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, get_args

import orjson
import typer

from cordee.cli.failures import CommandError
from cordee.cli.logging import configure_logging
from cordee.cli.profile_files import package_fallback, package_members
from cordee.cli.repository import with_repository
from cordee.fhir.profiles.library import ProfileLibrary, UnusableProfileError
from cordee.fhir.profiles.packages import Package, PackageRefusedError, read_package
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.repository import Repository
from cordee.store.tenant_packages import StoredPackage, add_package, list_packages, remove_package
from cordee.store.tenant_policies import ProfilePolicy

application = typer.Typer(
    name="profile",
    help="Profiles: packages of definitions put into a tenant, which validation then uses.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

POLICIES = get_args(ProfilePolicy)
OfTenant = Annotated[str, typer.Option(help="The tenant.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.", show_default="cordee-data")]
_CORE = "hl7.fhir.r4.core"


@application.command()
def add(
    files: Annotated[
        list[Path], typer.Argument(help="Packages (.tgz), folders of definitions, or definitions.", exists=True)
    ],
    tenant: OfTenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Put packages of definitions into a tenant, each whole or not at all; the same again changes nothing.

    Example: [bold]cordee profile add hl7.fhir.fr.core.tgz[/bold]
    """
    configure_logging("warning")
    try:
        packages = [read_package(package_members(file), package_fallback(file)) for file in files]
        lines = with_repository(data_dir, tenant, lambda repository: _add(repository, packages))
    except PackageRefusedError as refusal:
        raise CommandError(f"{refusal}.") from None
    for line in lines:
        typer.echo(line)


async def _add(repository: Repository, packages: list[Package]) -> list[str]:
    lines: list[str] = []
    for package in packages:
        done = await add_package(repository, package)
        lines.append(f"{package.label}: " + ", ".join(f"{done[effect]} {effect}" for effect in sorted(done)))
        if package.left_out:
            others = ", ".join(f"{count} {type_}" for type_, count in sorted(package.left_out.items()))
            lines.append(f"  left out, not used by validation: {others}")
        lines += (f"  stored without its examples and narrative, which break R4: {name}" for name in package.mended)
    present = {stored.label for stored in await list_packages(repository)}
    for package in packages:
        missing = [need for need in package.needs if need not in present and not need.startswith(f"{_CORE}#")]
        lines += (f"  {package.label} builds on {need}, which is not here" for need in missing)
    async with repository.profiles() as validator:
        lines += _unusable(packages, validator.library)
    return lines


def _unusable(packages: list[Package], library: ProfileLibrary) -> Iterator[str]:
    for package in packages:
        for definition in package.definitions:
            if definition.resource_type == "StructureDefinition" and definition.resource.get("kind") != "logical":
                try:
                    library.rules(str(definition.resource["url"]))
                except UnusableProfileError as error:
                    yield f"  can't be used yet: {error}"


@application.command("list")
def list_(tenant: OfTenant = DEFAULT_TENANT, data_dir: DataDir = None) -> None:
    """List the packages in a tenant, one a line: name#version, and what it holds.

    Example: [bold]cordee profile list --tenant cpts-nord[/bold]
    """
    configure_logging("warning")
    for package in with_repository(data_dir, tenant, list_packages):
        typer.echo(_listed(package))


def _listed(package: StoredPackage) -> str:
    counts = ", ".join(f"{count} {type_}" for type_, count in sorted(package.counts.items()))
    return f"{package.label}\t{counts}"


@application.command()
def remove(
    package: Annotated[str, typer.Argument(help="As the list tells it: name#version.", show_default=False)],
    tenant: OfTenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Take a package's definitions away from a tenant; what was stored by them stays as it is.

    Example: [bold]cordee profile remove hl7.fhir.fr.core#2.1.0[/bold]
    """
    configure_logging("warning")
    removed = with_repository(data_dir, tenant, lambda repository: remove_package(repository, package))
    if not removed:
        raise CommandError(
            f"There is no package {package} in the tenant {tenant}; cordee profile list tells which are."
        )
    typer.echo(f"{package}: {removed} definitions removed.")


@application.command("on-write")
def on_write(
    policy: Annotated[
        str | None, typer.Argument(help=f"{', '.join(POLICIES)}; without it, the present one is told.")
    ] = None,
    tenant: OfTenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """What a tenant does with resources that break the profiles they claim: nothing, tell, or refuse.

    Servers follow within seconds. Example: [bold]cordee profile on-write enforce[/bold]
    """
    configure_logging("warning")
    wanted = next((known for known in POLICIES if known == policy), None)
    if policy is not None and wanted is None:
        raise CommandError(f"«{policy}» is not a policy: {', '.join(POLICIES)}.", exit_code=2)

    async def work(repository: Repository) -> str:
        policies = await repository.policies()
        if wanted is not None:
            policies = replace(policies, profiles=wanted)
            await repository.set_policies(policies)
        return policies.profiles

    typer.echo(with_repository(data_dir, tenant, work))


@application.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Resources (JSON).", exists=True, show_default=False)],
    profile: Annotated[
        list[str] | None, typer.Option(help="A profile to hold them to, besides those they claim.")
    ] = None,
    tenant: OfTenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Hold files to the standard and to the profiles of a tenant, as $validate does; exit 1 when one is in error.

    Example: [bold]cordee profile check patient.json[/bold]
    """
    configure_logging("warning")

    async def work(repository: Repository) -> bool:
        sound = True
        async with repository.profiles() as validator:
            for file in files:
                for issue in await validator.validate(_resource(file), profile or ()):
                    sound = sound and issue.severity not in ("error", "fatal")
                    typer.echo(f"{file}: {issue.severity}: {issue.path}: {issue.diagnostics}")
        return sound

    if not with_repository(data_dir, tenant, work):
        raise typer.Exit(1)


def _resource(file: Path) -> dict[str, object]:
    try:
        resource = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise CommandError(f"{file}: it is not JSON: {error}.") from None
    if not isinstance(resource, dict):
        raise CommandError(f"{file}: a FHIR resource is a JSON object.")
    return resource
