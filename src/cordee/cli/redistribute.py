"""`cordee redistribute`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cordee.claims.fhir_payment import Redistribution
from cordee.claims.payments import redistribute as pay_professionals
from cordee.cli.repository import with_repository
from cordee.pathways.money import in_french
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.repository import Repository


def redistribute(
    structure: Annotated[str, typer.Option(help="Id of the Organization.", show_default=False)],
    on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of the payment.", show_default=False)],
    tenant: Annotated[str, typer.Option(help="Tenant of the structure.")] = DEFAULT_TENANT,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.")] = None,
) -> None:
    """Pass on to the professionals what the structure received for them.

    Each gets what the caisse paid for them, less what they must give back, once. The file for the bank is written by
    cordee export sepa.

    Example: [bold]cordee redistribute --structure s1 --on 2026-12-31[/bold]
    """

    async def run(repository: Repository) -> list[Redistribution]:
        return await pay_professionals(repository, f"Organization/{structure}", on.date())

    done = with_repository(data_dir, tenant, run)
    for one in done:
        kept = f", dont {in_french(one.kept_back)} retenus pour un indu" if one.kept_back else ""
        typer.echo(f"{one.payee} : {in_french(one.cents)}{kept} (PaymentNotice/{one.notice})")
    total = sum(one.cents for one in done)
    typer.echo(f"total redistribué : {in_french(total)}" if done else "rien à redistribuer")
