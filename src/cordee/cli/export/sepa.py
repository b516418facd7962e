"""`cordee export sepa`."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cordee.cli.export.options import DAY, DataDir, Output, Structure, Tenant, counted, read_with, refusals_told
from cordee.cli.output_files import write_whole
from cordee.cli.repository import with_repository
from cordee.exchange.bank_accounts import read_bank_accounts
from cordee.exchange.credit_transfers import Transfer, credit_transfers
from cordee.exchange.redistribution_records import read_transfers
from cordee.exchange.stored_claims import party_of, read_structure
from cordee.pathways.convention import Party
from cordee.pathways.money import in_french
from cordee.store.connection import DEFAULT_TENANT
from cordee.store.repository import Repository


class MessageVersion(StrEnum):
    """The versions of the message that banks take."""

    V09 = "pain.001.001.09"
    V03 = "pain.001.001.03"


def sepa(
    structure: Structure,
    on: Annotated[datetime, typer.Option(formats=DAY, help="Day of the redistribution.", show_default=False)],
    accounts: Annotated[
        Path,
        typer.Option(
            help="CSV of bank accounts: beneficiaire;titulaire;iban;bic.",
            exists=True,
            dir_okay=False,
            show_default=False,
        ),
    ],
    output: Output,
    executed_on: Annotated[
        datetime | None, typer.Option(formats=DAY, help="Day the bank carries it out.", show_default="--on")
    ] = None,
    label: Annotated[str, typer.Option(help="What payees read on their accounts.")] = "Quotes-parts de forfaits",
    version: Annotated[MessageVersion, typer.Option("--format", help="Version of the message.")] = MessageVersion.V09,
    tenant: Tenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Write the SEPA credit transfers of what was redistributed on a day, for the structure's bank.

    The same redistribution gives the same message, which a bank does not carry out twice.

    Example: [bold]cordee export sepa --structure s1 --on 2026-10-21 --accounts comptes.csv
    --output virements.xml[/bold]
    """
    known = read_with(accounts, read_bank_accounts)

    async def read(repository: Repository) -> tuple[Party, list[Transfer]]:
        own = party_of(await read_structure(repository, structure), among=known)
        return own, await read_transfers(repository, structure, on.date(), label)

    with refusals_told():
        own, transfers = with_repository(data_dir, tenant, read)
        written = credit_transfers(
            transfers,
            structure=own,
            accounts=known,
            executed_on=(executed_on or on).date(),
            written_at=datetime.now(UTC),
            version=version.value,
        )
    write_whole(output, written)
    total = sum(transfer.cents for transfer in transfers)
    typer.echo(f"{output} : {counted(len(transfers), 'virement')}, {in_french(total)}")
