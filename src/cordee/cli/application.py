"""The commands, put together; each has a module of its own, read only when the command is run."""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from cordee import __version__

COMMANDS = {
    "serve": ("cordee.cli.serve", "serve", "Serve FHIR R4 over HTTP until Ctrl-C."),
    "load": (
        "cordee.cli.load.command",
        "load",
        "Load FHIR: bundles of any type, resources, NDJSON, in gzip or bzip2, whole folders, or standard input.",
    ),
    "bill": (
        "cordee.cli.bill",
        "bill",
        "Bill the forfaits that are due: one Claim a séquence, split among the care circle to the cent.",
    ),
    "bill-collective": (
        "cordee.cli.bill_collective",
        "bill_collective",
        "Bill a collective payment: a patient list by capitation (PEPS), or shared savings (IPEP).",
    ),
    "convention": (
        "cordee.cli.convention",
        "application",
        "Conventions: check the files that say how forfaits are split, and put the signed ones into a tenant.",
    ),
    "pathway": (
        "cordee.cli.pathway",
        "application",
        "Parcours: the pathway files, checked, shown, and published in a tenant.",
    ),
    "profile": (
        "cordee.cli.profile",
        "application",
        "Profiles: packages of definitions put into a tenant, which validation then uses.",
    ),
    "search-parameter": (
        "cordee.cli.search_parameter",
        "application",
        "Search parameters that a tenant adds by storing SearchParameters.",
    ),
    "submit": (
        "cordee.cli.submit",
        "submit",
        "Submit the Claims that are ready: sealed, booked, and numbered in the bordereau of the day.",
    ),
    "returns": (
        "cordee.cli.returns",
        "returns",
        "Read what the caisse answers: acknowledgements, payments, rejections, indus.",
    ),
    "claim": ("cordee.cli.claim", "application", "One Claim: where it stands, and what corrects it."),
    "redistribute": (
        "cordee.cli.redistribute",
        "redistribute",
        "Pass on to the professionals what the structure received for them.",
    ),
    "reimburse": (
        "cordee.cli.reimburse",
        "reimburse",
        "Record what a professional gave back to the structure of an indu.",
    ),
    "audit": (
        "cordee.cli.audit",
        "application",
        "Audit: recompute the ledgers and what they rest on, and see what the accounts come to.",
    ),
    "export": (
        "cordee.cli.export.command",
        "application",
        "Files for a caisse, a bank, an accountant and the professionals.",
    ),
    "terminology": (
        "cordee.cli.terminology",
        "application",
        "Terminology: national value sets, code systems of any size, value sets and concept maps, imported.",
    ),
    "job": (
        "cordee.cli.job",
        "application",
        "Jobs: what runs in the background, as exports, imports and long requests.",
    ),
    "subscription": (
        "cordee.cli.subscription",
        "application",
        "Subscriptions: where they stand, and what to do about those that stopped.",
    ),
    "tenant": ("cordee.cli.tenant", "application", "Tenants: the coordinating structures or regions kept apart here."),
}
"""name -> module, function or Typer application, first line of its help.

The line is repeated here so that `cordee --help` need not read the modules, which takes seconds on a slow machine.
"""


class _Commands(TyperGroup):
    """The commands of the table: named at once, read when one is run."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command itself in place of what stands for it in the list."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else _read_command(name), rest


application = typer.Typer(
    name="cordee",
    cls=_Commands,
    help="A FHIR R4 server for French coordinated care: one record, one forfait, split to the cent.",
    no_args_is_help=True,
    rich_markup_mode=None,  # rich takes twice the time of all the rest; the commands have it
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


def _stands_in() -> None:
    """Never run: the command itself takes its place."""


for _name, (_, _, _help) in COMMANDS.items():
    application.command(_name, help=_help)(_stands_in)


def _read_command(name: str) -> Any:
    module, attribute, _ = COMMANDS[name]
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        return get_command(found)
    alone = typer.Typer(add_completion=False, rich_markup_mode="rich")
    alone.command(name)(found)
    return get_command(alone)


def main() -> None:
    """Runs the command line; a failure that the operator can mend is told in one line, without a trace."""
    try:
        application()
    except Exception as failure:
        # Read only now: what tells one failure from another needs half of the program.
        told = import_module("cordee.cli.failures").told(failure)
        if told is None:
            raise
        message, exit_code = told
        typer.echo(f"cordee: {message}", err=True)
        sys.exit(exit_code)
