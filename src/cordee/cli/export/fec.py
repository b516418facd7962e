"""`cordee export fec`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cordee.cli.export.options import DataDir, First, Last, Structure, Tenant, counted, period, read_with
from cordee.cli.failures import CommandError
from cordee.cli.output_files import whole_file
from cordee.cli.repository import with_repository
from cordee.exchange.stored_claims import names_of_parties, read_structure
from cordee.ledger.balances import Holding
from cordee.pathways.model import Validity
from cordee.pathways.money import in_french
from cordee.reporting.chart_of_accounts import DEFAULT_CHART, read_chart
from cordee.reporting.fec import FecWriter, fec_name
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.repository import Repository


def fec(
    structure: Structure,
    siren: Annotated[str, typer.Option(help="SIREN of the structure: nine figures.", show_default=False)],
    first: First,
    last: Last,
    output: Annotated[
        Path,
        typer.Option(help="Folder that receives the file, under its legal name.", file_okay=False, show_default=False),
    ],
    chart: Annotated[
        Path | None,
        typer.Option(help="CSV of the structure's own accounts: compte;numero;libelle.", exists=True, dir_okay=False),
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Where the structure's days are told.")] = "Europe/Paris",
    tenant: Tenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Write a structure's ledger of one exercise as the legal accounting file (FEC, article A. 47 A-1 LPF).

    Example: [bold]cordee export fec --structure s1 --siren 000000000 --from 2026-01-01 --to 2026-12-31
    --output comptabilite[/bold]
    """
    exercise = period(first, last)
    try:
        path = output / fec_name(siren, last.date())
        writer = FecWriter(exercise, ZoneInfo(time_zone))
    except (ValueError, LookupError) as fault:
        raise CommandError(str(fault), exit_code=2) from None
    writer.chart = DEFAULT_CHART if chart is None else read_with(chart, read_chart)
    output.mkdir(mode=0o700, parents=True, exist_ok=True)
    with_repository(data_dir, tenant, lambda repository: _write(repository, structure, exercise, writer, path))
    typer.echo(f"{path} : {counted(writer.entries, 'écriture')}, débit et crédit {in_french(writer.debit)}")


def _party(holding: Holding) -> str | None:
    return holding.liable or holding.payee


async def _write(repository: Repository, structure: str, exercise: Validity, writer: FecWriter, path: Path) -> None:
    await read_structure(repository, structure)
    balances = await repository.ledger.balances(f"Organization/{structure}", exercise.last)
    writer.names = await names_of_parties(repository, {party for b in balances if (party := _party(b.holding))})
    with whole_file(path) as written:
        written.write(writer.header())
        async for chained in repository.ledger.entries(
            f"Organization/{structure}", first=exercise.first, last=exercise.last
        ):
            written.write(writer.lines(chained))
        totals = await repository.ledger.balances(f"Organization/{structure}", exercise.last)
        before = await repository.ledger.balances(f"Organization/{structure}", exercise.first - timedelta(days=1))
        booked = sum(b.debit for b in totals) - sum(b.debit for b in before)
        if not booked == writer.debit == writer.credit:
            raise CommandError(
                f"Le grand livre a {in_french(booked)} de débits, le fichier {in_french(writer.debit)} : il n'est pas "
                "écrit. Recommencer si l'on écrivait au grand livre, sinon le vérifier : cordee audit verify"
            )
