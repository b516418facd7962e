"""`cordee export bordereau` and `return-template`."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cordee.cli.export.options import DAY, DataDir, Output, Structure, Tenant, counted, refusals_told
from cordee.cli.output_files import write_whole
from cordee.cli.repository import with_repository
from cordee.exchange.bordereau import Bordereau
from cordee.exchange.bordereau_files import bordereau_csv, bordereau_json
from cordee.exchange.bordereau_records import read_bordereau
from cordee.exchange.bordereau_workbook import bordereau_workbook
from cordee.exchange.return_csv import write_return_csv
from cordee.exchange.return_json import write_return_json
from cordee.exchange.return_template import paid_as_claimed
from cordee.pathways.money import in_french
from cordee.store.connection import DEFAULT_TENANT

On = Annotated[datetime, typer.Option(formats=DAY, help="Day of the submission.", show_default=False)]
Insurer = Annotated[str | None, typer.Option(help="Caisse (system|value), when the day has several.")]


class BordereauForm(StrEnum):
    """The forms of a bordereau."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


class ReturnForm(StrEnum):
    """The forms of a return file."""

    JSON = "json"
    CSV = "csv"


_BORDEREAU = {
    BordereauForm.JSON: bordereau_json,
    BordereauForm.CSV: bordereau_csv,
    BordereauForm.XLSX: bordereau_workbook,
}
_RETURN = {ReturnForm.JSON: write_return_json, ReturnForm.CSV: write_return_csv}


def bordereau(
    structure: Structure,
    on: On,
    output: Output,
    form: Annotated[BordereauForm, typer.Option("--format", help="Form of the file.")] = BordereauForm.XLSX,
    insurer: Insurer = None,
    with_ins: Annotated[bool, typer.Option("--with-ins", help="Write the patients' INS too.")] = False,
    tenant: Tenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Write what a structure submitted on a day: its Claims, with each professional's quote-part.

    Example: [bold]cordee export bordereau --structure s1 --on 2026-10-05 --output bordereau.xlsx[/bold]
    """
    with refusals_told():
        made = _read(structure, on, insurer, tenant, data_dir, with_ins=with_ins)
        write_whole(output, _BORDEREAU[form](made))
    claims = counted(len(made.claims), "facture")
    typer.echo(f"{output} : bordereau {made.number}, {claims}, {in_french(made.total.cents)}")


def return_template(
    structure: Structure,
    on: On,
    paid_on: Annotated[datetime, typer.Option(formats=DAY, help="Day of the answers.", show_default=False)],
    output: Output,
    form: Annotated[ReturnForm, typer.Option("--format", help="Form of the file.")] = ReturnForm.CSV,
    insurer: Insurer = None,
    tenant: Tenant = DEFAULT_TENANT,
    data_dir: DataDir = None,
) -> None:
    """Write a return file to begin from: every Claim of a bordereau acknowledged, and paid as claimed.

    Example: [bold]cordee export return-template --structure s1 --on 2026-10-05 --paid-on 2026-10-20
    --output retour.csv[/bold]
    """
    with refusals_told():
        lines = paid_as_claimed(_read(structure, on, insurer, tenant, data_dir), paid_on.date())
    write_whole(output, _RETURN[form](lines))
    typer.echo(f"{output} : {counted(len(lines), 'ligne')}, tout payé comme demandé ; changer ce qui ne l'est pas")


def _read(
    structure: str, on: datetime, insurer: str | None, tenant: str, data_dir: Path | None, *, with_ins: bool = False
) -> Bordereau:
    return with_repository(
        data_dir,
        tenant,
        lambda repository: read_bordereau(repository, structure, on.date(), insurer=insurer, with_ins=with_ins),
    )
