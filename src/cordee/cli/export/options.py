"""What the commands of `cordee export` share: their options, and how they read the operator's files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from cordee.claims.fhir_evidence import EvidenceError
from cordee.cli.failures import CommandError
from cordee.exchange.bordereau import BordereauError
from cordee.exchange.credit_transfers import TransferError
from cordee.exchange.file_problems import FileProblems
from cordee.pathways.model import Validity

DAY = ["%Y-%m-%d"]
Structure = Annotated[str, typer.Option(help="Id of the Organization.", show_default=False)]
Output = Annotated[
    Path, typer.Option(help="File to write; what it held is replaced.", dir_okay=False, show_default=False)
]
First = Annotated[datetime, typer.Option("--from", formats=DAY, help="First day.", show_default=False)]
Last = Annotated[datetime, typer.Option("--to", formats=DAY, help="Last day.", show_default=False)]
Tenant = Annotated[str, typer.Option(help="Tenant whose record is read.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded PostgreSQL.", show_default="cordee-data")]

_Result = TypeVar("_Result")


@contextmanager
def refusals_told() -> Iterator[None]:
    """What the record or the operator's choice does not allow, told with every problem as a `CommandError`."""
    try:
        yield
    except (BordereauError, TransferError) as refusal:
        raise CommandError("\n".join(refusal.problems)) from None
    except EvidenceError as refusal:
        raise CommandError(str(refusal)) from None


def read_with(path: Path, read: Callable[[bytes], _Result]) -> _Result:
    """What `read` makes of a file of the operator's. Raises `CommandError` with every problem of it."""
    try:
        return read(path.read_bytes())
    except FileProblems as fault:
        raise CommandError(f"{path} n'est pas utilisable :\n{fault}", exit_code=2) from None


def period(first: datetime, last: datetime) -> Validity:
    """The days from one to the other. Raises `CommandError` when they are the wrong way round."""
    if last < first:
        raise CommandError(f"--to {last:%Y-%m-%d} précède --from {first:%Y-%m-%d} ; les échanger.", exit_code=2)
    return Validity(first.date(), last.date())


def counted(number: int, noun: str) -> str:
    """`1 facture`, `2 factures`."""
    return f"{number} {noun}{'s' if number > 1 else ''}"
