"""What was claimed, withdrawn and paid, by professional, month and parcours: the ledger, added up for an auditor."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cordee.ledger.model import Account, Event, LedgerEntry, LedgerLine

Key = Literal["professional", "month", "pathway"]

OWN = "structure"
"""Stands for the structure's own money: its part, its reserve, and what reaches its bank for nobody else."""

_PARTS = frozenset({Account.PAYABLE, Account.STRUCTURE, Account.RESERVE})


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """What a report says of a Claim or Invoice: its parcours, and the first day of the month its period begins in."""

    pathway: str
    month: date


@dataclass(frozen=True, slots=True)
class Amounts:
    """Cents. `withdrawn` was refused, rejected or credited before it was paid; `claimed_back` was paid first."""

    claimed: int = 0
    withdrawn: int = 0
    paid: int = 0
    claimed_back: int = 0

    @property
    def awaited(self) -> int:
        """What is still to be paid."""
        return self.claimed - self.withdrawn - self.paid

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.claimed + other.claimed,
            self.withdrawn + other.withdrawn,
            self.paid + other.paid,
            self.claimed_back + other.claimed_back,
        )


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One line of a report; what it is not kept apart by is None."""

    professional: str | None
    month: date | None
    pathway: str | None
    amounts: Amounts


NO_AMOUNTS = Amounts()


def activity(
    entries: Iterable[LedgerEntry], claims: Mapping[str, ClaimFacts], by: Iterable[Key]
) -> tuple[ReportRow, ...]:
    """The entries' amounts kept apart by some of professional, month and parcours, in that order.

    An entry about no Claim, or one that `claims` does not know, is of no month and no parcours: the whole is the
    ledger's all the same.
    """
    report = ActivityReport(by)
    for entry in entries:
        report.add(entry, None if entry.claim is None else claims.get(entry.claim))
    return report.rows()


class ActivityReport:
    """Adds up entries as they are read, however many there are."""

    def __init__(self, by: Iterable[Key]) -> None:
        self._by = frozenset(by)
        self._found: dict[tuple[str | None, date | None, str | None], Amounts] = {}

    def add(self, entry: LedgerEntry, claim: ClaimFacts | None) -> None:
        """One more entry, and the Claim it is about."""
        month = claim.month if claim is not None and "month" in self._by else None
        pathway = claim.pathway if claim is not None and "pathway" in self._by else None
        for payee, amounts in _amounts(entry):
            key = (payee if "professional" in self._by else None, month, pathway)
            self._found[key] = self._found.get(key, NO_AMOUNTS) + amounts

    def rows(self) -> tuple[ReportRow, ...]:
        """The rows, by professional, month and parcours."""
        keys = sorted(self._found, key=lambda key: (key[0] or "", key[1] or date.min, key[2] or ""))
        return tuple(ReportRow(*key, self._found[key]) for key in keys)


def _amounts(entry: LedgerEntry) -> Iterator[tuple[str, Amounts]]:
    for payee in sorted({_payee(line) for line in entry.lines}):
        own = [line for line in entry.lines if _payee(line) == payee]
        parts = _net(own, _PARTS)
        match entry.event:
            case Event.SUBMISSION:
                amounts = Amounts(claimed=-parts)
            case Event.PAYMENT:
                paid = parts + _net(own, (Account.BANK, Account.RECOVERABLE))
                amounts = Amounts(paid=paid, claimed_back=-_net(own, (Account.RECOVERY_DUE,)))
            case Event.CORRECTION | Event.REJECTION | Event.TECHNICAL_REFUSAL | Event.INDU:
                claimed_back = -_net(own, (Account.RECOVERY_DUE,))
                # What was paid and is still held is taken off the payable too: it is claimed back, not withdrawn.
                held = claimed_back - _net(own, (Account.RECOVERABLE,))
                amounts = Amounts(withdrawn=parts - held, claimed_back=claimed_back)
            case _:
                amounts = NO_AMOUNTS
        if amounts != NO_AMOUNTS:
            yield payee, amounts


def _payee(line: LedgerLine) -> str:
    return OWN if line.payee is None or line.account in (Account.STRUCTURE, Account.RESERVE) else line.payee


def _net(lines: Iterable[LedgerLine], accounts: Collection[Account]) -> int:
    return sum(line.debit - line.credit for line in lines if line.account in accounts)
