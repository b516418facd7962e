"""Failures told in one line: what is wrong, and what to do."""

import subprocess

import asyncpg
from pydantic import ValidationError

from cordee.fhir.outcome import FhirError
from cordee.store.embedded import EmbeddedPostgresError
from cordee.store.migrate import UnusableDatabase


class CommandError(Exception):
    """What the operator asked for can't be done; the message says why. 2 is the exit code of a wrong use."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def told(failure: Exception) -> tuple[str, int] | None:
    """The message and the exit code for a failure that the operator can mend; None for a fault of the program."""
    match failure:
        case CommandError():
            return str(failure), failure.exit_code
        case EmbeddedPostgresError() | UnusableDatabase() | FhirError():
            return str(failure), 1
        case ValidationError():
            wrong = failure.errors()[0]
            name = "_".join(str(part) for part in wrong["loc"]).upper()
            return f"The setting CORDEE_{name} is wrong: {wrong['msg']}.", 2
        case asyncpg.InterfaceError():
            return f"The database can't be used: {failure}", 1
        case asyncpg.PostgresError():
            # Its own text can hold values of the rows at stake.
            return f"PostgreSQL refused ({type(failure).__name__}, SQLSTATE {failure.sqlstate}); its log says more.", 1
        case subprocess.CalledProcessError():
            said = (failure.stderr or b"").decode(errors="replace").strip()
            return f"{failure.cmd[0]} failed: {said or f'exit code {failure.returncode}'}", 1
        case OSError():
            name = f"{failure.filename}: " if failure.filename else ""
            return f"{name}{failure.strerror or failure}.", 1
    return None
