"""`cordee audit report` and `cordee audit anomalies`: what an auditor asks of a structure's Claims."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cordee.claims.fhir_evidence import EvidenceError
from cordee.cli.bill import report_console
from cordee.cli.failures import CommandError
from cordee.cli.output_files import write_whole
from cordee.cli.repository import with_repository
from cordee.exchange.french_csv import Amount, Cell, french_csv
from cordee.pathways.money import in_french
from cordee.pathways.publication import pathways_of
from cordee.reporting.activity import Key, ReportRow
from cordee.reporting.anomalies import Anomaly, Thresholds
from cordee.reporting.audit_reading import activity_report
from cordee.reporting.audit_reading import anomalies as find_anomalies
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.repository import Repository

_KEYS: dict[str, Key] = {"professional": "professional", "month": "month", "pathway": "pathway"}
_COLUMNS = ("professionnel", "mois", "parcours", "facturé", "retiré", "payé", "attendu", "réclamé (indus)")
_KINDS = {
    "session_claimed_twice": "séance facturée deux fois",
    "act_outside_membership": "acte hors du cercle de soins",
    "improbable_density": "densité improbable",
    "amount_changed": "montant modifié",
}

_Structure = Annotated[str, typer.Option(help="Id of the Organization.", show_default=False)]
_First = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; the beginning.")]
_Last = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; the end.")]
_Output = Annotated[Path | None, typer.Option(help="CSV file to write instead of a table.", dir_okay=False)]
_Tenant = Annotated[str, typer.Option(help="Tenant whose record is read.")]
_DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.", show_default="cordee-data")]


def report(
    structure: _Structure,
    by: Annotated[str, typer.Option(help="What is kept apart: professional, month, pathway, with commas.")] = (
        "professional,month,pathway"
    ),
    first: _First = None,
    last: _Last = None,
    output: _Output = None,
    tenant: _Tenant = DEFAULT_TENANT,
    data_dir: _DataDir = None,
) -> None:
    """Add up what was claimed, withdrawn and paid, from the ledger; days are those of booking, months of the parcours.

    Example: [bold]cordee audit report --structure s1 --by professional,month[/bold]
    """
    keys = _keys(by)
    days = _days(first, last)

    async def run(repository: Repository) -> Sequence[ReportRow]:
        await repository.read("Organization", structure)
        return await activity_report(repository, f"Organization/{structure}", keys, first=days[0], last=days[1])

    rows = with_repository(data_dir, tenant, run)
    cells = [_cells(row) for row in rows]
    if output is not None:
        write_whole(output, french_csv(_COLUMNS, cells))
        typer.echo(f"{output} : {len(rows)} lignes")
        return
    _show(report_console(), f"Activité de {structure}", _COLUMNS, cells)


def anomalies(
    structure: _Structure,
    first: _First = None,
    last: _Last = None,
    minutes: Annotated[int, typer.Option(min=1, help="More of them in a professional's day are improbable.")] = 720,
    sessions: Annotated[int, typer.Option(min=1, help="More of them in a professional's day are improbable.")] = 25,
    output: _Output = None,
    tenant: _Tenant = DEFAULT_TENANT,
    data_dir: _DataDir = None,
) -> None:
    """Find what is odd in submitted Claims: sessions claimed twice, acts outside of the circle, improbable days.

    Days are those of Europe/Paris. An anomaly accuses nobody: it says where to look.

    Example: [bold]cordee audit anomalies --structure s1 --from 2026-01-01[/bold]
    """
    days = _days(first, last)

    async def run(repository: Repository) -> list[Anomaly]:
        await repository.read("Organization", structure)
        found = find_anomalies(
            repository,
            f"Organization/{structure}",
            await pathways_of(repository),
            first=days[0],
            last=days[1],
            thresholds=Thresholds(minutes, sessions),
        )
        try:
            return [anomaly async for anomaly in found]
        except EvidenceError as error:
            raise CommandError(str(error)) from None

    found = with_repository(data_dir, tenant, run)
    columns = ("anomalie", "sujet", "jour", "constat", "factures", "séances")
    cells = [(_KINDS[a.kind], a.subject, a.day, a.said.fr, " ".join(a.claims), " ".join(a.sessions)) for a in found]
    if output is not None:
        write_whole(output, french_csv(columns, cells))
        typer.echo(f"{output} : {len(found)} anomalies")
        return
    if found:
        _show(report_console(), f"Anomalies de {structure}", columns, cells)
    typer.echo(f"{len(found)} anomalie{'s' if len(found) > 1 else ''}")


def _keys(by: str) -> list[Key]:
    named = [name.strip() for name in by.split(",") if name.strip()]
    unknown = [name for name in named if name not in _KEYS]
    if unknown:
        raise CommandError(f"--by takes {', '.join(_KEYS)}, not {', '.join(unknown)}.", exit_code=2)
    return [_KEYS[name] for name in named]


def _days(first: datetime | None, last: datetime | None) -> tuple[date | None, date | None]:
    if first is not None and last is not None and last < first:
        raise CommandError(f"--to {last:%Y-%m-%d} précède --from {first:%Y-%m-%d} ; les échanger.", exit_code=2)
    return None if first is None else first.date(), None if last is None else last.date()


def _cells(row: ReportRow) -> tuple[Cell, ...]:
    amounts = row.amounts
    month = None if row.month is None else f"{row.month:%Y-%m}"
    cents = (amounts.claimed, amounts.withdrawn, amounts.paid, amounts.awaited, amounts.claimed_back)
    return (row.professional, month, row.pathway, *map(Amount, cents))


def _show(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    table = Table(title=title)
    for place, column in enumerate(columns):
        is_amount = bool(rows) and isinstance(rows[0][place], Amount)
        table.add_column(column, justify="right" if is_amount else "left", no_wrap=is_amount)
    for row in rows:
        table.add_row(*(_shown(cell) for cell in row))
    console.print(table)


def _shown(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case Amount():
            return in_french(cell)
        case date():
            return f"{cell:%d/%m/%Y}"
    return str(cell)
