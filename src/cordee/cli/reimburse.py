"""`cordee reimburse`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cordee.claims.recovery import reimburse as record_reimbursement
from cordee.claims.refusals import ClaimRefused
from cordee.cli.failures import CommandError
from cordee.cli.repository import with_repository
from cordee.pathways.money import cents_of, in_french
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.repository import Repository


def reimburse(
    structure: Annotated[str, typer.Option(help="Id of the Organization.", show_default=False)],
    payee: Annotated[str, typer.Option(help="The professional, as system|value.", show_default=False)],
    amount: Annotated[str, typer.Option(help="What was received, as in 12.50 EUR.", show_default=False)],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of the payment.", show_default=False)],
    reference: Annotated[str, typer.Option(help="Reference of the payment.", show_default=False)],
    tenant: Annotated[str, typer.Option(help="Tenant of the structure.")] = DEFAULT_TENANT,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")] = None,
) -> None:
    """Record what a professional gave back to the structure of an indu.

    What is not given back so is withheld from their next redistributions. The same reference again changes nothing.

    Example: [bold]cordee reimburse --structure s1 --payee "$RPPS" --amount "9 EUR" --on 2026-12-31 --reference 7[/bold]
    """
    try:
        cents = cents_of(amount)
    except ValueError as error:
        raise CommandError(f"--amount : {error}", exit_code=2) from None

    async def run(repository: Repository) -> None:
        await record_reimbursement(repository, f"Organization/{structure}", payee, cents, on.date(), reference)

    try:
        with_repository(data_dir, tenant, run)
    except ClaimRefused as refusal:
        raise CommandError(f"{refusal.reason.fr}.") from None
    typer.echo(f"{in_french(cents)} reçus de {payee}")
