"""`cordee submit`."""

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cordee.claims.submission import ready_claims, submit_claims
from cordee.claims.submission_gates import NotSubmitted, Submitted
from cordee.cli.repository import with_repository
from cordee.pathways.money import in_french
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.repository import Repository

_MOST = 40


def submit(
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of the submission.", show_default=False)],
    pathway: Annotated[str | None, typer.Option(help="Code of one parcours; all of them otherwise.")] = None,
    structure: Annotated[str | None, typer.Option(help="Id of one Organization; all of them otherwise.")] = None,
    tenant: Annotated[str, typer.Option(help="Tenant whose Claims are submitted.")] = DEFAULT_TENANT,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")] = None,
) -> None:
    """Submit the Claims that are ready: sealed, booked, and numbered in the bordereau of the day.

    Each is submitted once, however often this is run. The bordereau itself is written by cordee export bordereau.

    Example: [bold]cordee submit --pathway pcr-obesite-complexe-adulte --on 2026-12-01[/bold]
    """
    sums: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    refused = 0

    async def run(repository: Repository) -> None:
        nonlocal refused
        claims = ready_claims(repository, pathway=pathway, structure=structure)
        async for outcome in submit_claims(repository, claims, on.date()):
            match outcome:
                case Submitted(_, bordereau, cents, again=False):
                    numbers[bordereau] += 1
                    sums[bordereau] += cents
                case NotSubmitted(_, reason):
                    refused += 1
                    if refused <= _MOST:
                        typer.echo(reason.fr, err=True)

    with_repository(data_dir, tenant, run)
    for bordereau, number in sorted(numbers.items()):
        typer.echo(f"bordereau {bordereau} : {_claims(number)}, {in_french(sums[bordereau])}")
    if not numbers:
        typer.echo("aucune demande à transmettre")
    if refused > _MOST:
        typer.echo(f"… et {refused - _MOST} autres", err=True)
    if refused:
        typer.echo(f"{_claims(refused)} non transmise{'s' if refused > 1 else ''}", err=True)
        raise typer.Exit(1)


def _claims(number: int) -> str:
    return f"{number} demande{'s' if number > 1 else ''}"
