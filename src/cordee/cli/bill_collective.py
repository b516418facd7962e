"""`cordee bill-collective`."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from cordee.claims.collective.fhir_invoice import COMPONENTS
from cordee.claims.collective.period import BillingPeriod, period_of
from cordee.claims.collective.run import CollectiveBilled, CollectiveOutcome, CollectiveRefused
from cordee.claims.collective.run import bill_collective as run_billing
from cordee.claims.collective.settlement import CollectiveSettlement
from cordee.claims.explanation import Explanation
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.wording import lines, missing_sentence, reason
from cordee.cli.bill import report_console
from cordee.cli.configuration import read_settings
from cordee.cli.database import ready_database
from cordee.cli.failures import CommandError
from cordee.pathways.model import Pathway
from cordee.pathways.money import in_french
from cordee.pathways.publication import pathways_of
from cordee.pathways.strict_yaml import FileRefusedError
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.repository import Repository

_MOST_SHOWN = 40
_EFFECTS = {
    "would_be_billed": "à facturer",
    "drafted": "brouillon écrit",
    "redrafted": "brouillon mis à jour",
    "unchanged": "brouillon inchangé",
    "issued": "émise",
    "already_issued": "déjà émise",
}


def bill_collective(
    pathway: Annotated[str, typer.Option(help="Code of the pathway, for example peps or ipep.")],
    structure: Annotated[str, typer.Option(help="Id of the structure's Organization.")],
    period: Annotated[str, typer.Option(help="2026-Q3 for a quarter, 2026 for a year, 2026-07 for a month.")],
    as_of: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="As things stand on that day; today otherwise."),
    ] = None,
    issue: Annotated[bool, typer.Option("--issue", help="Issue the Invoice: from then on it never changes.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be billed, write nothing.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show how the amount and each part were reached.")] = False,
    tenant: Annotated[str, typer.Option(help="Tenant of the structure.")] = DEFAULT_TENANT,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")] = None,
) -> None:
    """Bill a collective payment: a patient list by capitation (PEPS), or shared savings (IPEP).

    Writes one Invoice for the structure and the period, a draft until --issue. Billing again rewrites the draft where
    the evidence has moved, and leaves an issued Invoice as it is.

    Example: [bold]cordee bill-collective --pathway peps --structure msp --period 2026-Q3 --dry-run[/bold]
    """
    days = _period(period)
    settings = read_settings(data_dir=data_dir)
    today = datetime.now(ZoneInfo("Europe/Paris")).date()

    async def run(dsn: str) -> CollectiveOutcome:
        database = Database(dsn)
        await database.open()
        try:
            repository = Repository(database, await database.tenant(tenant))
            pathways = await pathways_of(repository)
            return await run_billing(
                repository,
                _collective_pathway(pathway, pathways),
                pathways,
                structure=structure,
                period=days,
                as_of=as_of.date() if as_of else today,
                issue=issue,
                dry_run=dry_run,
            )
        finally:
            await database.close()

    console = report_console()
    with ready_database(settings) as dsn:
        try:
            outcome = asyncio.run(run(dsn))
        except (EvidenceError, FileRefusedError) as refusal:
            raise CommandError(str(refusal)) from None
    for fault in outcome.unreadable:
        console.print(f"{fault.care_plan}: {fault.message}", style="red", markup=False)
    if isinstance(outcome, CollectiveRefused):
        _show_refusal(console, outcome)
        raise typer.Exit(1)
    _show(console, outcome, explain=explain)


def _collective_pathway(code: str, pathways: Mapping[str, Pathway]) -> Pathway:
    collective = {c: p for c, p in pathways.items() if p.payment_model != "per_patient"}
    if code not in collective:
        known = ", ".join(sorted(collective))
        raise CommandError(f"--pathway: «{code}» is not a pathway paid collectively; there are: {known}.", exit_code=2)
    return collective[code]


def _period(code: str) -> BillingPeriod:
    try:
        return period_of(code)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--period") from error


def _show(console: Console, outcome: CollectiveBilled, *, explain: bool) -> None:
    settlement = outcome.settlement
    dossier = settlement.dossier
    effect = _EFFECTS[outcome.effect]
    if outcome.moved:
        effect += " ; les faits ont changé depuis, rien n'est modifié"
    title = f"{dossier.structure.name} · {dossier.pathway.label.fr} · {dossier.period.code}"
    console.print(_components(settlement, title, f"{outcome.invoice or 'simulation'} : {effect}"))
    console.print(_parts(settlement))
    _say_set_aside(console, settlement.amount.set_aside)
    _say_set_aside(console, tuple(entry.reason for entry in settlement.not_counted))
    if explain:
        for depth, text in lines(settlement.amount.explanation, "fr"):
            console.print(f"{'  ' * depth}{text}", markup=False)


def _components(settlement: CollectiveSettlement, title: str, caption: str) -> Table:
    table = Table(title=title, caption=caption, expand=True)
    table.add_column("composante", ratio=3)
    table.add_column("montant", justify="right", no_wrap=True)
    table.add_column("calcul", ratio=8)
    for component in settlement.amount.components:
        words = lines(component.explanation, "fr")[0][1]
        table.add_row(COMPONENTS[component.code].fr, in_french(component.cents), words)
    if settlement.not_billed:
        table.add_row(COMPONENTS["not-billed"].fr, in_french(-settlement.not_billed), "reliquat selon la convention")
    table.add_section()
    table.add_row("total facturé", in_french(settlement.total), "")
    return table


def _parts(settlement: CollectiveSettlement) -> Table:
    table = Table(title="Répartition", expand=True)
    table.add_column("bénéficiaire", ratio=3)
    table.add_column("profession", ratio=3)
    table.add_column("quote-part", justify="right", no_wrap=True)
    table.add_column("raison", ratio=8)
    for part in settlement.parts:
        profession = part.payee.profession.display if part.payee.profession else ""
        table.add_row(part.payee.name, profession, in_french(part.cents), reason(part.explanation, "fr"))
    return table


def _show_refusal(console: Console, refused: CollectiveRefused) -> None:
    notdue = refused.reason
    dossier = notdue.dossier
    console.print(f"Non dû : {dossier.structure.name} · {dossier.pathway.label.fr} · {dossier.period.code}")
    for missing in notdue.missing[:_MOST_SHOWN]:
        console.print(f"  - {missing_sentence(missing, 'fr')}", markup=False)
    if len(notdue.missing) > _MOST_SHOWN:
        console.print(f"  … et {len(notdue.missing) - _MOST_SHOWN} autres", style="dim")
    for component in notdue.components:
        for depth, text in lines(component.explanation, "fr"):
            console.print(f"  {'  ' * depth}{text}", markup=False)
    _say_set_aside(console, notdue.set_aside)
    if refused.withdrawn is not None:
        console.print(f"{refused.withdrawn} : brouillon annulé")


def _say_set_aside(console: Console, reasons: tuple[Explanation, ...]) -> None:
    for why in reasons[:_MOST_SHOWN]:
        for _, text in lines(why, "fr"):
            console.print(f"  {text}", style="dim", markup=False)
    if len(reasons) > _MOST_SHOWN:
        console.print(f"  … et {len(reasons) - _MOST_SHOWN} autres", style="dim")
