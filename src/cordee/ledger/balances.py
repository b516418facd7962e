"""What the accounts come to on a day: derived from the entries, never kept."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cordee.ledger.model import Account, LedgerEntry


@dataclass(frozen=True, slots=True)
class Holding:
    """Whose account: the professional paid, the one liable for an indu; None for the structure's own."""

    account: Account
    payee: str | None = None
    liable: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """The sums of one account, in cents."""

    holding: Holding
    debit: int
    credit: int

    @property
    def net(self) -> int:
        """Debits less credits, in cents."""
        return self.debit - self.credit


class Totals:
    """Balances of entries that are read one after the other."""

    def __init__(self) -> None:
        self.lines = 0
        """How many lines were added."""
        self._sums: dict[tuple[Account, str | None, str | None], list[int]] = {}

    def add(self, entry: LedgerEntry) -> None:
        """Adds the lines of an entry."""
        self.lines += len(entry.lines)
        for line in entry.lines:
            sums = self._sums.setdefault((line.account, line.payee, line.liable), [0, 0])
            sums[0] += line.debit
            sums[1] += line.credit

    def balances(self) -> list[Balance]:
        """The balance of each account, payee and liable, in the order of `in_order`."""
        return in_order(Balance(Holding(*key), debit, credit) for key, (debit, credit) in self._sums.items())


def balances(entries: Iterable[LedgerEntry], on: date | None = None) -> list[Balance]:
    """The balance of each account, payee and liable at the end of day `on`, of all days when None."""
    totals = Totals()
    for entry in entries:
        if on is None or entry.booked_on <= on:
            totals.add(entry)
    return totals.balances()


def in_order(found: Iterable[Balance]) -> list[Balance]:
    """By account as `Account` lists them, then payee, then liable; those of nobody first."""
    rank = {account: number for number, account in enumerate(Account)}

    def key(balance: Balance) -> tuple[int, str, str]:
        holding = balance.holding
        return rank[holding.account], holding.payee or "", holding.liable or ""

    return sorted(found, key=key)


def by_account(found: Iterable[Balance]) -> list[Balance]:
    """The same summed by account, whoever it is with."""
    debits: dict[Account, int] = defaultdict(int)
    credits_: dict[Account, int] = defaultdict(int)
    for balance in found:
        debits[balance.holding.account] += balance.debit
        credits_[balance.holding.account] += balance.credit
    return in_order(Balance(Holding(account), debits[account], credits_[account]) for account in debits)


def trial_balance(found: Iterable[Balance]) -> int:
    """All debits less all credits, in cents: zero, or something is wrong."""
    return sum(balance.net for balance in found)
