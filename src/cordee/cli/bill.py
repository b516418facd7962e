"""`cordee bill`."""

import asyncio
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cordee.claims.billing import Billed, Outcome, Refused, Unreadable
from cordee.claims.billing import bill as run_billing
from cordee.claims.settlement import Settlement
from cordee.claims.table import missing_rows, not_counted_rows, quote_part_rows
from cordee.cli.database import ready_database
from cordee.pathways.money import in_french
from cordee.pathways.shipped import shipped_pathways
from cordee.settings import Settings
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.repository import Repository

_WIDTH_OF_FILES = 130
_EFFECTS = {"billed": "facturé", "already_billed": "déjà facturé", "would_be_billed": "à facturer"}


def bill(
    pathway: Annotated[str, typer.Option(help="Code of the parcours, for example pcr-obesite-complexe-adulte.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Séquences ended on that day or before.")],
    structure: Annotated[str | None, typer.Option(help="Id of one Organization; all of them otherwise.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be billed, write nothing.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the split of each forfait, with its reasons.")
    ] = False,
    tenant: Annotated[str, typer.Option(help="Tenant whose plans are billed.")] = DEFAULT_TENANT,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")] = None,
) -> None:
    """Bill the forfaits that are due: one Claim a séquence, split among the care circle to the cent.

    Billing again changes nothing: a forfait already claimed is left as it is.

    Example: [bold]cordee bill --pathway pcr-obesite-complexe-adulte --until 2026-11-30 --dry-run[/bold]
    """
    console = report_console()
    pathways = shipped_pathways()
    if pathway not in pathways:
        known = ", ".join(sorted(pathways))
        raise typer.BadParameter(
            f"«{pathway}» is not a parcours known here; there are: {known}.", param_hint="--pathway"
        )
    settings = Settings() if data_dir is None else Settings(data_dir=data_dir)

    async def run(dsn: str) -> list[Outcome]:
        database = Database(dsn)
        await database.open()
        try:
            repository = Repository(database, await database.tenant(tenant))
            outcomes = run_billing(
                repository, pathways[pathway], pathways, until=until.date(), structure=structure, dry_run=dry_run
            )
            return [outcome async for outcome in outcomes]
        finally:
            await database.close()

    with ready_database(settings) as dsn:
        outcomes = asyncio.run(run(dsn))
    show_outcomes(console, outcomes)
    if explain:
        for outcome in outcomes:
            if isinstance(outcome, Billed):
                show_split(console, outcome.settlement, outcome.claim)
    if any(isinstance(outcome, Unreadable) for outcome in outcomes):
        raise typer.Exit(1)


def report_console() -> Console:
    """The standard output; into a file or a pipe, wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH_OF_FILES)


def show_outcomes(console: Console, outcomes: list[Outcome], *, most: int = 40) -> None:
    """Prints what was billed, what was not and why, at most `most` lines of each, and the totals."""
    billed = [outcome for outcome in outcomes if isinstance(outcome, Billed)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    if billed:
        console.print(_billed_table(billed[:most]))
        _say_left_out(console, len(billed) - most)
    if refused:
        console.print(_refused_table(refused[:most]))
        _say_left_out(console, len(refused) - most)
    for outcome in outcomes:
        if isinstance(outcome, Unreadable):
            console.print(f"[red]{outcome.care_plan}[/red]: {outcome.message}")
    effects = Counter(outcome.effect for outcome in billed)
    for effect, number in sorted(effects.items()):
        total = sum(outcome.settlement.total for outcome in billed if outcome.effect == effect)
        console.print(f"{_counted(number, 'forfait')} {_EFFECTS[effect]}{_plural(number, effect)} : {in_french(total)}")
    console.print(f"{_counted(len(refused), 'forfait')} non dus à ce jour")


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
        settlement = outcome.settlement
        state = _EFFECTS[outcome.effect] + (" ; les séances ont changé depuis" if outcome.moved else "")
        table.add_row(
            outcome.claim or "—",
            settlement.context.patient,
            settlement.forfait.label.fr,
            settlement.forfait.start.isoformat(),
            settlement.forfait.end.isoformat(),
            in_french(settlement.total),
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
