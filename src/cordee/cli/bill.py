"""`cordee bill`."""

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cordee.claims.billing import Billed, BillingOrder, Outcome, Refused, Unreadable
from cordee.claims.billing import bill as bill_here
from cordee.claims.billing_run import run_billing
from cordee.claims.settlement import Settlement
from cordee.claims.table import missing_rows, not_counted_rows, quote_part_rows
from cordee.cli.database import ready_database
from cordee.pathways.money import in_french
from cordee.pathways.publication import tenant_pathways
from cordee.settings import Settings
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.repository import Repository

_WIDTH_OF_FILES = 130
_PROCESSES = min(os.cpu_count() or 1, 8)
_EFFECTS = {
    "billed": "facturé",
    "already_billed": "déjà facturé",
    "recomputed": "recalculé",
    "regularised": "régularisé",
    "would_be_billed": "à facturer",
}


def bill(
    pathway: Annotated[str, typer.Option(help="Code of the parcours, for example pcr-obesite-complexe-adulte.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Séquences ended on that day or before.")],
    structure: Annotated[str | None, typer.Option(help="Id of one Organization; all of them otherwise.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be billed, write nothing.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the split of each forfait, with its reasons.")
    ] = False,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that judge plans.")] = _PROCESSES,
    page: Annotated[int, typer.Option(min=1, max=1000, help="Plans judged and billed in one transaction.")] = 100,
    tenant: Annotated[str, typer.Option(help="Tenant whose plans are billed.")] = DEFAULT_TENANT,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")] = None,
) -> None:
    """Bill the forfaits that are due: one Claim a séquence, split among the care circle to the cent.

    Billing again changes nothing: a forfait already claimed is left as it is.

    Example: [bold]cordee bill --pathway pcr-obesite-complexe-adulte --until 2026-11-30 --dry-run[/bold]
    """
    console = report_console()
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    order = BillingOrder(pathway, until.date(), structure, dry_run, page, anew=explain)

    async def run(dsn: str) -> BillingReport:
        database = Database(dsn)
        await database.open()
        try:
            repository = Repository(database, await database.tenant(tenant))
            known = await tenant_pathways(repository)
            if pathway not in known.pathways:
                codes = ", ".join(sorted(known.pathways))
                raise typer.BadParameter(
                    f"«{pathway}» is not a parcours known here; there are: {codes}.", param_hint="--pathway"
                )
            if explain:
                outcomes = bill_here(repository, order, known)
            else:
                outcomes = run_billing(repository, order, known, dsn=dsn, processes=processes)
            report = BillingReport()
            async for outcome in outcomes:
                report.add(outcome)
                if explain and isinstance(outcome, Billed) and outcome.settlement is not None:
                    show_split(console, outcome.settlement, outcome.claim)
            return report
        finally:
            await database.close()

    with ready_database(settings) as dsn:
        report = asyncio.run(run(dsn))
    show_report(console, report)
    if report.unreadable:
        raise typer.Exit(1)


@dataclass(slots=True)
class BillingReport:
    """A run as it is told: the first outcomes of each kind, and the counts and totals of all."""

    most: int = 40
    billed: list[Billed] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    totals: Counter[str] = field(default_factory=Counter)
    refusals: int = 0

    def add(self, outcome: Outcome) -> None:
        """Counts one more outcome."""
        match outcome:
            case Billed():
                self.counts[outcome.effect] += 1
                self.totals[outcome.effect] += outcome.total
                if len(self.billed) < self.most:
                    self.billed.append(outcome)
            case Refused():
                self.refusals += 1
                if len(self.refused) < self.most:
                    self.refused.append(outcome)
            case Unreadable():
                self.unreadable.append(outcome)


def report_console() -> Console:
    """The standard output; into a file or a pipe, wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_OF_FILES)


def show_report(console: Console, report: BillingReport) -> None:
    """Prints what was billed, what was not and why, and the totals."""
    if report.billed:
        console.print(_billed_table(report.billed))
        _say_left_out(console, report.counts.total() - len(report.billed))
    if report.refused:
        console.print(_refused_table(report.refused))
        _say_left_out(console, report.refusals - len(report.refused))
    for fault in report.unreadable:
        console.print(f"[red]{fault.care_plan}[/red]: {fault.message}")
    for effect, number in sorted(report.counts.items()):
        total = in_french(report.totals[effect])
        console.print(f"{_counted(number, 'forfait')} {_EFFECTS[effect]}{_plural(number, effect)} : {total}")
    console.print(f"{_counted(report.refusals, 'forfait')} non dus à ce jour")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"


def _plural(number: int, effect: str) -> str:
    return "s" if number > 1 and effect != "would_be_billed" else ""


def _say_left_out(console: Console, number: int) -> None:
    if number > 0:
        console.print(f"  … et {number} autre{'s' if number > 1 else ''}", style="dim")


def show_split(console: Console, settlement: Settlement, claim: str | None) -> None:
    """Prints the quote-parts of one forfait, each with its reason, and the sessions that don't count."""
    context = settlement.context
    table = Table(
        title=f"{claim or 'simulation'} · {context.patient} · {settlement.forfait.label.fr}",
        caption=f"forfait {in_french(settlement.total)}, convention {context.convention_version}",
        expand=True,
    )
    table.add_column("membre", ratio=3)
    table.add_column("profession", ratio=3)
    table.add_column("actes", justify="right")
    table.add_column("quote-part", justify="right", no_wrap=True)
    table.add_column("raison", ratio=8)
    for row in quote_part_rows(settlement, "fr"):
        table.add_row(row.payee, row.profession, str(row.acts), row.amount, row.reason)
    table.add_section()
    table.add_row("total", "", "", in_french(settlement.total), "la somme des quote-parts est le forfait")
    console.print(table)
    for left_out in not_counted_rows(settlement, "fr", in_scope_only=True):
        console.print(f"  {left_out.session} {left_out.performer}: {left_out.reason}", style="dim")


def _billed_table(billed: list[Billed]) -> Table:
    table = Table(title="Forfaits")
    for column in ("claim", "patient", "forfait", "du", "au"):
        table.add_column(column)
    table.add_column("montant", justify="right", no_wrap=True)
    table.add_column("état")
    for outcome in billed:
        state = _EFFECTS[outcome.effect] + (" ; les séances ont changé depuis" if outcome.moved else "")
        table.add_row(
            outcome.claim or "—",
            outcome.patient,
            outcome.label.fr,
            outcome.period.first.isoformat(),
            str(outcome.period.last),
            in_french(outcome.total),
            state,
        )
    return table


def _refused_table(refused: list[Refused]) -> Table:
    table = Table(title="Forfaits non dus")
    for column in ("plan", "forfait", "ce qui manque"):
        table.add_column(column)
    for outcome in refused:
        context = outcome.reason.context
        forfait = outcome.reason.forfait.label.fr if outcome.reason.forfait else context.forfait
        table.add_row(context.care_plan, forfait, "\n".join(missing_rows(outcome.reason, "fr")))
    return table
