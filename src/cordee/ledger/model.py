"""Entries of double entry: what a Claim, an answer or a payment does to who owes whom what.

Amounts are integer cents of euro. An entry can't be made unless it is balanced.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class InvalidEntry(ValueError):
    """It can't be booked; the message says why."""


class Account(StrEnum):
    """What a line is about. Debits add to what is owed to the structure, credits to what it owes."""

    AMO_RECEIVABLE = "amo_receivable"
    """What the compulsory insurance owes."""
    AMC_RECEIVABLE = "amc_receivable"
    """What the complementary insurance owes."""
    PAYABLE = "payable"
    """What a professional is to receive, per payee."""
    STRUCTURE = "structure"
    """The structure's own part."""
    RESERVE = "reserve"
    """What the convention sets aside."""
    BANK = "bank"
    """What the structure received and has not yet passed on."""
    RECOVERABLE = "recoverable"
    """An indu: what a payee received and has to give back, per payee."""
    RECOVERY_DUE = "recovery_due"
    """An indu: what is to be given back to the caisse, by who is liable."""


class Event(StrEnum):
    """Why an entry is booked."""

    SUBMISSION = "submission"
    TECHNICAL_REFUSAL = "technical_refusal"
    REJECTION = "rejection"
    PAYMENT = "payment"
    REDISTRIBUTION = "redistribution"
    CORRECTION = "correction"
    INDU = "indu"
    RECOVERY = "recovery"


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_REFERENCE = re.compile(r"[!-~]+")
_PER_PAYEE = frozenset({Account.PAYABLE, Account.RECOVERABLE})


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One side of an entry: either a debit or a credit, in cents.

    `payee` is who is or was paid, `liable` who answers for an indu: two persons, or the same; each is an identifier
    `system|value`. A payable or a recoverable names its payee, a recovery due who is liable.
    """

    account: Account
    payee: str | None = None
    liable: str | None = None
    debit: int = 0
    credit: int = 0

    def __post_init__(self) -> None:
        if self.debit < 0 or self.credit < 0:
            raise InvalidEntry(f"{self.account}: an amount is never negative; write it on the other side")
        if (self.debit > 0) == (self.credit > 0):
            raise InvalidEntry(f"{self.account}: a line has a debit or a credit, not both nor none")
        if not self.payee and self.account in _PER_PAYEE:
            raise InvalidEntry(f"{self.account}: the line must name its payee")
        if not self.liable and self.account == Account.RECOVERY_DUE:
            raise InvalidEntry(f"{self.account}: the line must name who is liable")
        if not ((self.payee or "").isprintable() and (self.liable or "").isprintable()):
            raise InvalidEntry(f"{self.account}: control characters can't stand in an identifier")


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What is booked at once. Debits and credits are equal, or `InvalidEntry` is raised."""

    structure: str
    """Whose ledger: a reference, `Organization/x`."""
    booked_on: date
    """The accounting day, of the structure's calendar."""
    event: Event
    key: str
    """Names what happened, once in a structure's ledger: booking it again changes nothing."""
    label: str
    """For people, in French."""
    claim: str | None
    """The Claim or Invoice concerned, `Claim/x`."""
    evidence: tuple[str, ...]
    """The versions that say so: `ClaimResponse/x/_history/1`."""
    lines: tuple[LedgerLine, ...]

    def __post_init__(self) -> None:
        if isinstance(self.booked_on, datetime):
            raise InvalidEntry(f"{self.key}: the accounting day is a day, without time")
        for name in ("structure", "key", "label"):
            if not getattr(self, name).strip():
                raise InvalidEntry(f"{self.key}: an entry needs its {name}")
        if any(not _REFERENCE.fullmatch(version) for version in self.evidence):
            raise InvalidEntry(f"{self.key}: evidence is references, without spaces")
        if any(_CONTROL.search(text) for text in (self.structure, self.key, self.label, self.claim or "")):
            raise InvalidEntry(f"{self.key!r}: control characters can't stand in an entry")
        debit, credit = sum(line.debit for line in self.lines), sum(line.credit for line in self.lines)
        if debit != credit or not self.lines:
            raise InvalidEntry(f"{self.key}: debits are {debit} cents and credits {credit}: an entry is balanced")

    @property
    def total(self) -> int:
        """The sum of its debits, which is that of its credits."""
        return sum(line.debit for line in self.lines)
