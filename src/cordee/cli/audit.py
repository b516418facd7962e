"""`cordee audit`: what was booked is recomputed, and what the accounts come to."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress as ProgressBar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from cordee.claims.collective.replay import replay_invoices
from cordee.claims.replay import replay_claims
from cordee.cli.audit_reports import anomalies, report
from cordee.cli.failures import CommandError
from cordee.cli.logging import configure_logging
from cordee.cli.repository import with_repository
from cordee.ledger.balances import Balance, by_account, trial_balance
from cordee.ledger.model import Account
from cordee.pathways.money import euros, in_french
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.ledger.verification import VerifiedLedger
from cordee.store.repository import Repository
from cordee.store.verification import Check, Checked
from cordee.store.verification import verify as run_verification

application = typer.Typer(
    name="audit",
    help="Audit: recompute the ledgers and what they rest on, and see what the accounts come to.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)

application.command()(report)
application.command()(anomalies)

CHECKS: tuple[Check, ...] = (replay_claims, replay_invoices)
"""What `verify` recomputes after the ledgers."""

_SLOWEST_STATEMENT_SECONDS = 600
_WIDTH_OF_FILES = 200
_EXPECTED = re.compile(r"(?P<number>[1-9]\d{0,17}):(?P<hash>[0-9a-f]{64})", re.ASCII)
_ACCOUNTS = {
    Account.AMO_RECEIVABLE: "À recevoir de l'assurance maladie obligatoire",
    Account.AMC_RECEIVABLE: "À recevoir de l'assurance maladie complémentaire",
    Account.PAYABLE: "Dû aux professionnels",
    Account.STRUCTURE: "Part de la structure",
    Account.RESERVE: "Réserve",
    Account.BANK: "Banque",
    Account.RECOVERABLE: "Indus à récupérer auprès de qui a été payé",
    Account.RECOVERY_DUE: "Indus à rendre à la caisse",
}

Tenant = Annotated[str, typer.Option(help="Tenant whose ledgers are read.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.", show_default="cordee-data")]
_Result = TypeVar("_Result")


@application.command()
def verify(
    structure: Annotated[str | None, typer.Option(help="Id of one Organization; all of them otherwise.")] = None,
    expect: Annotated[
        str | None,
        typer.Option(metavar="NUMBER:HASH", help="The end that verify printed before: it must still be in the chain."),
    ] = None,
    only: Annotated[
        Literal["ledgers", "claims"] | None,
        typer.Option(help="Recompute the ledgers, or the Claims and Invoices; all otherwise."),
    ] = None,
    tenant: Tenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Recompute every entry of the ledgers (its hash, its place, its balance, the totals), then every submitted Claim,
    settled again on the versions it names, and every issued Invoice, compared with what is booked; exit 1 at a fault.

    The last line of each ledger is its end. Kept by somebody else, and given back with --expect, it shows a chain that
    was written anew by whoever can write in the database.

    Example: [bold]cordee audit verify --structure s1[/bold]
    """
    wanted = None if structure is None else _reference(structure)
    expected = None if expect is None else _expected(expect, wanted)
    console = Console(stderr=True)
    bar = ProgressBar(
        SpinnerColumn(),
        TextColumn("{task.completed:,.0f} verified"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )

    async def run(repository: Repository) -> tuple[list[VerifiedLedger | Checked], str | None]:
        await _require_ledger(repository, wanted)
        task = bar.add_task("")
        results = run_verification(
            repository,
            () if only == "ledgers" else CHECKS,
            structure=wanted,
            ledgers=only != "claims",
            progress=lambda count: bar.advance(task, count),
        )
        found = [result async for result in results]
        if expected is None or wanted is None:
            return found, None
        return found, await _fault_of_expected(repository, wanted, *expected)

    with bar:
        found, rewritten = _read(tenant, data_dir, run)
    for result in found:
        _tell(result)
    faults = [str(result.fault) for result in found if result.fault is not None]
    faults += [] if rewritten is None else [rewritten]
    for fault in faults:
        typer.echo(f"FAULT {fault}", err=True)
    if faults:
        raise typer.Exit(1)
    if only != "claims" and not any(isinstance(result, VerifiedLedger) for result in found):
        typer.echo("This tenant has no ledger yet: nothing was submitted.")


@application.command()
def balances(
    structure: Annotated[str, typer.Option(help="Id of the Organization.", show_default=False)],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="At the end of that day; of all entries otherwise.")
    ] = None,
    detail: Annotated[bool, typer.Option("--detail", help="One line for each person, not only the accounts.")] = False,
    tenant: Tenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Show what a structure's accounts come to; debits and credits are equal, or the exit code is 1.

    Example: [bold]cordee audit balances --structure s1 --on 2026-12-31[/bold]
    """
    reference = _reference(structure)
    day = None if on is None else on.date()

    async def run(repository: Repository) -> list[Balance]:
        await _require_ledger(repository, reference)
        return await repository.ledger.balances(reference, day)

    found = _read(tenant, data_dir, run)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_FILES)
    title = f"{reference} au {day:%d/%m/%Y}" if day else reference
    console.print(_balances_table(title, found if detail else by_account(found), detail=detail))
    console.print(f"écart entre débits et crédits : {in_french(trial_balance(found))}")
    if trial_balance(found):
        raise typer.Exit(1)


def _balances_table(title: str, found: list[Balance], *, detail: bool) -> Table:
    table = Table(title=title, show_footer=True)
    table.add_column("compte", footer="total")
    if detail:
        table.add_column("payé", overflow="fold")
        table.add_column("redevable", overflow="fold")
    for name, total in (
        ("débit", sum(balance.debit for balance in found)),
        ("crédit", sum(balance.credit for balance in found)),
        ("solde", trial_balance(found)),
    ):
        table.add_column(name, footer=in_french(total), justify="right", no_wrap=True)
    for balance in found:
        holding = balance.holding
        persons = (holding.payee or "", holding.liable or "") if detail else ()
        amounts = (in_french(cents) for cents in (balance.debit, balance.credit, balance.net))
        table.add_row(_ACCOUNTS[holding.account], *persons, *amounts)
    return table


def _tell(found: VerifiedLedger | Checked) -> None:
    if isinstance(found, Checked):
        typer.echo(f"{found.count:,} {found.what} recomputed")
    else:
        end = found.end
        entries = f"{end.number:,} {'entry' if end.number == 1 else 'entries'}"
        net = euros(trial_balance(found.balances))
        typer.echo(f"{end.structure}: {entries}, {found.lines:,} lines, debits less credits {net} EUR")
        typer.echo(f"{end.structure} {end.number}:{end.hash.hex()}")


async def _fault_of_expected(repository: Repository, structure: str, number: int, digest: bytes) -> str | None:
    """What is wrong with an entry whose hash was kept elsewhere; None when it is there as it was."""
    found = await repository.ledger.entry(structure, number)
    if found is not None and found.hash == digest:
        return None
    said = "there is no such entry" if found is None else f"its hash is {found.hash.hex()}, not the one expected"
    return f"{structure}, entry {number}: {said}: the chain was written anew, or cut short"


async def _require_ledger(repository: Repository, structure: str | None) -> None:
    """Raises `CommandError` for a structure that has none: a name mistyped must not pass for a ledger in order."""
    known = await repository.ledger.structures()
    if structure is not None and structure not in known:
        there = f"there are: {', '.join(known)}" if known else "this tenant has none yet"
        raise CommandError(f"There is no ledger of {structure}; {there}.")


def _reference(structure: str) -> str:
    return structure if structure.startswith("Organization/") else f"Organization/{structure}"


def _expected(text: str, structure: str | None) -> tuple[int, bytes]:
    found = _EXPECTED.fullmatch(text)
    if found is None:
        raise CommandError(
            "--expect takes what verify printed: an entry's number, a colon, 64 hex digits.", exit_code=2
        )
    if structure is None:
        raise CommandError("--expect is about one ledger: name it with --structure.", exit_code=2)
    return int(found["number"]), bytes.fromhex(found["hash"])


def _read(tenant: str, data_dir: Path | None, work: Callable[[Repository], Awaitable[_Result]]) -> _Result:
    configure_logging("warning")
    return with_repository(data_dir, tenant, work, statement_timeout_seconds=_SLOWEST_STATEMENT_SECONDS)
