"""`cordee export statement`."""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cordee.cli.export.options import DAY, DataDir, First, Last, Structure, Tenant, period, refusals_told
from cordee.cli.failures import CommandError
from cordee.cli.output_files import write_whole
from cordee.cli.repository import with_repository
from cordee.pathways.money import in_french
from cordee.pathways.shipped import shipped_pathways
from cordee.reporting.statement import Statement
from cordee.reporting.statement_document import statement_document
from cordee.reporting.statement_records import read_statements
from cordee.store.connection import DEFAULT_TENANT


def statement(
    structure: Structure,
    first: First,
    last: Last,
    output: Annotated[
        Path,
        typer.Option(help="Folder that receives a PDF for each professional.", file_okay=False, show_default=False),
    ],
    professional: Annotated[str | None, typer.Option(help="One professional only (system|value).")] = None,
    with_names: Annotated[
        bool, typer.Option("--with-names", help="Name the patients, told apart by a local reference otherwise.")
    ] = False,
    issued_on: Annotated[
        datetime | None, typer.Option(formats=DAY, help="Day written on it.", show_default="today")
    ] = None,
    tenant: Tenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Write each professional's statement of the Claims billed in a period, as PDF.

    Example: [bold]cordee export statement --structure s1 --from 2026-07-01 --to 2026-09-30 --output releves[/bold]
    """
    days = period(first, last)
    issued = issued_on.date() if issued_on else datetime.now(ZoneInfo("Europe/Paris")).date()
    with refusals_told():
        statements = with_repository(
            data_dir,
            tenant,
            lambda repository: read_statements(
                repository,
                structure,
                days,
                issued_on=issued,
                pathways=shipped_pathways(),
                professional=professional,
                with_names=with_names,
            ),
        )
    if not statements:
        raise CommandError(f"Aucune quote-part facturée du {first:%d/%m/%Y} au {last:%d/%m/%Y} : rien à écrire.")
    output.mkdir(mode=0o700, parents=True, exist_ok=True)
    for one in statements:
        path = output / _name(one)
        write_whole(path, statement_document(one))
        typer.echo(f"{path} : {one.professional.name}, {in_french(one.totals.claimed)} demandés")


def _name(statement: Statement) -> str:
    """A file name from the professional's number; the same for the same period."""
    number = re.sub(r"[^A-Za-z0-9-]+", "-", statement.professional.identifier.removeprefix("https://")).strip("-")
    return f"releve-{number}-{statement.period.first:%Y%m%d}-{statement.period.last:%Y%m%d}.pdf"
