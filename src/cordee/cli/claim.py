"""`cordee claim`: one Claim, where it stands, and what corrects it."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from cordee.claims.claim_record import ClaimRecord
from cordee.claims.claim_words import CLAIM_KINDS, state_in_french
from cordee.claims.correction import Corrected, cancel, correct_from_evidence, resubmit
from cordee.claims.family_records import FamilyRecord, family_of_claim
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.lifecycle import ClaimState, state_of
from cordee.claims.recovery import give_back
from cordee.claims.refusals import ClaimRefused
from cordee.cli.bill import report_console
from cordee.cli.failures import CommandError
from cordee.cli.repository import with_repository
from cordee.pathways.model import Label
from cordee.pathways.money import cents_of, in_french
from cordee.pathways.publication import pathways_of
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.repository import Repository

application = typer.Typer(
    name="claim",
    help="One Claim: where it stands, and what corrects it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

_Result = TypeVar("_Result")
Id = Annotated[str, typer.Argument(help="Id of the Claim.", show_default=False)]
On = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day it is dated.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why, in French: it stays with the Claim.", show_default=False)]
Payee = Annotated[str, typer.Option(help="The professional, as system|value.", show_default=False)]
Tenant = Annotated[str, typer.Option(help="Tenant of the Claim.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")]


@application.command()
def show(claim: Id, tenant: Tenant = DEFAULT_TENANT, data_dir: DataDir = None) -> None:
    """Show where a Claim stands: its state, each quote-part, and the Claims that correct it.

    Example: [bold]cordee claim show 5b6f0b3c[/bold]
    """

    async def run(repository: Repository) -> tuple[ClaimRecord, FamilyRecord]:
        return await family_of_claim(repository, f"Claim/{claim}")

    record, read = _done(data_dir, tenant, run)
    state = state_of(record, read.family)
    console = report_console()
    console.print(
        f"{record.reference} ({CLAIM_KINDS[record.kind]}) : {state_in_french(record.kind, state.code)}", highlight=False
    )
    console.print(f"forfait {record.identifier}, {in_french(record.total)}", highlight=False)
    console.print(_shares(state))
    for other in read.family.claims.values():
        if other.original == record.reference:
            told = state_in_french(other.kind, state_of(other, read.family).code)
            console.print(f"{CLAIM_KINDS[other.kind]} {other.reference} : {told}", highlight=False)


@application.command()
def correct(claim: Id, on: On, reason: Reason, tenant: Tenant = DEFAULT_TENANT, data_dir: DataDir = None) -> None:
    """Take a submitted Claim back by a credit, and claim its forfait again as the record now gives it.

    Example: [bold]cordee claim correct 5b6f0b3c --on 2026-12-20 --reason "séance annulée"[/bold]
    """

    async def run(repository: Repository) -> Corrected:
        why = _reason(reason)
        pathways = await pathways_of(repository)
        return await correct_from_evidence(repository, f"Claim/{claim}", pathways, why, on.date())

    _tell(_done(data_dir, tenant, run))


@application.command("cancel")
def cancel_claim(claim: Id, on: On, reason: Reason, tenant: Tenant = DEFAULT_TENANT, data_dir: DataDir = None) -> None:
    """Take a submitted Claim back by a credit, and claim nothing in its place.

    Example: [bold]cordee claim cancel 5b6f0b3c --on 2026-12-20 --reason "patient exclu"[/bold]
    """

    async def run(repository: Repository) -> Corrected:
        return await cancel(repository, f"Claim/{claim}", _reason(reason), on.date())

    _tell(_done(data_dir, tenant, run))


@application.command("resubmit")
def resubmit_part(
    claim: Id, payee: Payee, on: On, reason: Reason, tenant: Tenant = DEFAULT_TENANT, data_dir: DataDir = None
) -> None:
    """Claim again the part of one professional that the caisse rejected; the others are left alone.

    Example: [bold]cordee claim resubmit 5b6f0b3c --payee "$RPPS" --on 2026-12-20 --reason "RPPS corrigé"[/bold]
    """

    async def run(repository: Repository) -> Corrected:
        return await resubmit(repository, f"Claim/{claim}", payee, _reason(reason), on.date())

    _tell(_done(data_dir, tenant, run))


@application.command()
def repay(
    claim: Id,
    payee: Payee,
    amount: Annotated[str, typer.Option(help="What reached the caisse, as in 12.50 EUR.", show_default=False)],
    on: On,
    reference: Annotated[str, typer.Option(help="Reference of the transfer or withholding.", show_default=False)],
    tenant: Tenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Record that an indu notified on a professional's part was given back to the caisse.

    Example: [bold]cordee claim repay 5b6f0b3c --payee "$RPPS" --amount "9.50 EUR" --on 2026-12-20 --reference V1[/bold]
    """
    try:
        cents = cents_of(amount)
    except ValueError as error:
        raise CommandError(f"--amount : {error}", exit_code=2) from None
    day: date = on.date()

    async def run(repository: Repository) -> str:
        return await give_back(repository, f"Claim/{claim}", payee, cents, day, reference)

    typer.echo(f"{in_french(cents)} rendus à la caisse ({_done(data_dir, tenant, run)})")


def _done(data_dir: Path | None, tenant: str, work: Callable[[Repository], Awaitable[_Result]]) -> _Result:
    try:
        return with_repository(data_dir, tenant, work)
    except ClaimRefused as refusal:
        raise CommandError(f"{refusal.reason.fr}.") from None
    except EvidenceError as error:
        raise CommandError(str(error)) from None


def _reason(text: str) -> Label:
    return Label(text, text)


def _tell(corrected: Corrected) -> None:
    for claim in corrected.claims:
        typer.echo(f"{claim} est prête ; transmettez-la par cordee submit")


def _shares(state: ClaimState) -> Table:
    table = Table()
    for column in ("bénéficiaire", "assureur"):
        table.add_column(column)
    amounts = ("demandé", "payé", "rejeté", "indu", "en attente")
    for column in amounts:
        table.add_column(column, justify="right", no_wrap=True)
    ended = state.code in {"corrected", "cancelled", "refused_technically"}
    for share in state.shares:
        sums = (share.claimed, share.paid, share.rejected, share.recovered, 0 if ended else share.open)
        table.add_row(share.item.name or share.item.payee, share.insurer.upper(), *map(in_french, sums))
    return table
