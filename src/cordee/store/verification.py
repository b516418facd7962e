"""All that can be recomputed of a tenant: its ledgers, then whatever else there is a check for."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cordee.store.ledger.verification import VerifiedLedger
from cordee.store.repository import Repository

Progress = Callable[[int], None]
"""Told how many more things were verified."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: how many things are as they were recorded, and the first that is not.

    `what` names the things, in the plural; `fault` begins with the address of the first that differs.
    """

    what: str
    count: int
    fault: str | None


class Check(Protocol):
    """Recomputes records that are not the ledger: settlements from their evidence, for one."""

    async def __call__(self, repository: Repository, structure: str | None, progress: Progress) -> Checked:
        """Goes through all of a tenant's records, or those of one structure (`Organization/x`)."""
        ...


async def verify(
    repository: Repository,
    checks: Sequence[Check] = (),
    *,
    structure: str | None = None,
    ledgers: bool = True,
    progress: Progress = lambda _count: None,
) -> AsyncIterator[VerifiedLedger | Checked]:
    """Verifies each ledger, or that of one structure, then runs the checks; what each found, as it is reached.

    A fault stops its own ledger or check only. Without `ledgers`, only the checks are run.
    """
    if ledgers:
        for ledger in await repository.ledger.structures() if structure is None else [structure]:
            yield await repository.verify_ledger(ledger, progress)
    for check in checks:
        yield await check(repository, structure, progress)
