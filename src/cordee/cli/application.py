"""The commands, put together; each has a module of its own."""

import sys
from typing import Annotated

import typer

from cordee import __version__
from cordee.cli.serve import serve
from cordee.store.embedded import EmbeddedPostgresError

application = typer.Typer(
    name="cordee",
    help="A FHIR R4 server for French coordinated care: one record, one forfait, split to the cent.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # locals hold personal data
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cordee {__version__}")
        raise typer.Exit


@application.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end."),
    ] = False,
) -> None:
    del version


application.command()(serve)


def main() -> None:
    """Runs the command line; a failure that the operator can mend is told in one line, without a trace."""
    try:
        application()
    except EmbeddedPostgresError as error:
        typer.echo(f"cordee: {error}", err=True)
        sys.exit(1)
