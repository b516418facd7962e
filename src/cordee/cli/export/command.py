"""The commands of `cordee export`."""

import typer

from cordee.cli.export.bordereau import bordereau, return_template
from cordee.cli.export.fec import fec
from cordee.cli.export.sepa import sepa
from cordee.cli.export.statement import statement

application = typer.Typer(
    name="export",
    help="Files for a caisse, a bank, an accountant and the professionals.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
)
application.command("bordereau")(bordereau)
application.command("return-template")(return_template)
application.command("statement")(statement)
application.command("sepa")(sepa)
application.command("fec")(fec)
