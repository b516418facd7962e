"""`cordee returns`."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from cordee.claims.answers import apply_returns
from cordee.cli.failures import CommandError
from cordee.cli.repository import with_repository
from cordee.exchange.file_problems import FileProblems
from cordee.exchange.return_file import read_returns
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.repository import Repository

_MOST = 40


def returns(
    file: Annotated[Path, typer.Argument(help="Return file, CSV or JSON.", exists=True, dir_okay=False)],
    tenant: Annotated[str, typer.Option(help="Tenant whose Claims are answered.")] = DEFAULT_TENANT,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")] = None,
) -> None:
    """Read what the caisse answers: acknowledgements, payments, rejections, indus.

    What a line can't mean is never posted: it waits as a Task, to be resolved by a person. Reading a file again
    changes nothing. The exit code is 1 when a line waits.

    Example: [bold]cordee returns retour.csv[/bold]
    """
    try:
        lines = read_returns(file.read_bytes())
    except FileProblems as problems:
        raise CommandError("\n".join(f"{file.name} : {problem}" for problem in problems.problems)) from None
    effects: Counter[str] = Counter()

    async def run(repository: Repository) -> None:
        async for outcome in apply_returns(repository, lines, file.name):
            effects[outcome.effect] += 1
            if outcome.reason is not None and effects["to_resolve"] <= _MOST:
                typer.echo(f"ligne {outcome.line.number} : {outcome.reason.fr} ({outcome.task})", err=True)

    with_repository(data_dir, tenant, run)
    if effects["to_resolve"] > _MOST:
        typer.echo(f"… et {effects['to_resolve'] - _MOST} autres", err=True)
    told = {"applied": "appliquées", "read_before": "déjà lues", "to_resolve": "à résoudre"}
    typer.echo(f"lignes {', '.join(f'{words} : {effects[effect]}' for effect, words in told.items())}")
    if effects["to_resolve"]:
        raise typer.Exit(1)
