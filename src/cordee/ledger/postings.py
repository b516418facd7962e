"""What each event of a Claim's life moves between accounts (no I/O): every function gives lines that balance.

A part is credited to whom it is owed when it is claimed, and leaves when it is paid: in direct mode by the caisse, in
via-structure mode by the structure, through its bank. `bank` lines name the payee for whom the money is held, None for
the structure's own. An indu is owed to the caisse by who is liable, and is recoverable from who was paid: the two may
not be the same (L. 133-4 CSS).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from cordee.ledger.model import Account, LedgerLine

RECEIVABLES: Mapping[str, Account] = {"amo": Account.AMO_RECEIVABLE, "amc": Account.AMC_RECEIVABLE}


@dataclass(frozen=True, slots=True)
class Part:
    """Positive cents of one insurer's share of a quote-part.

    `account` is where the part is owed: payable to a professional, or the structure's own, structure or reserve.
    """

    account: Account
    payee: str
    insurer: Literal["amo", "amc"]
    cents: int

    @property
    def is_own(self) -> bool:
        """Whether it is the structure's own money."""
        return self.account is not Account.PAYABLE


@dataclass(frozen=True, slots=True)
class Indu:
    """A part paid that the caisse claims back.

    `liable` is who must give it back to the caisse, `bearer` who bears it in the end: the payee, unless somebody else
    is at the origin of the breach. `held` is what of it the structure still holds for the payee.
    """

    part: Part
    liable: str
    bearer: str
    held: int = 0


Lines = tuple[LedgerLine, ...]
Amounts = dict[tuple[Account, str | None, str | None], int]


def claimed(parts: Iterable[Part]) -> Lines:
    """Submission: the insurers owe the parts, the parts are owed to the payees."""
    amounts: Amounts = {}
    for part in parts:
        _debit(amounts, RECEIVABLES[part.insurer], None, part.cents)
        _credit(amounts, part.account, part.payee, part.cents)
    return _lines(amounts)


def given_up(parts: Iterable[Part]) -> Lines:
    """A refusal, a rejection, or a credit of what was not paid: the parts are no more owed by or to anybody."""
    amounts: Amounts = {}
    for part in parts:
        _credit(amounts, RECEIVABLES[part.insurer], None, part.cents)
        _debit(amounts, part.account, part.payee, part.cents)
    return _lines(amounts)


def paid(parts: Iterable[Part], *, via_structure: bool) -> Lines:
    """Payment by an insurer, to the payee or into the structure's bank."""
    amounts: Amounts = {}
    for part in parts:
        _credit(amounts, RECEIVABLES[part.insurer], None, part.cents)
        if part.is_own:
            _debit(amounts, Account.BANK, None, part.cents)
        elif via_structure:
            _debit(amounts, Account.BANK, part.payee, part.cents)
        else:
            _debit(amounts, part.account, part.payee, part.cents)
    return _lines(amounts)


def paid_after_credit(parts: Iterable[Part], *, structure: str, via_structure: bool) -> Lines:
    """Payment of a Claim that a credit had withdrawn: it is to be given back from its first day."""
    amounts: Amounts = {}
    for part in parts:
        through_structure = part.is_own or via_structure
        liable = structure if through_structure else part.payee
        _credit(amounts, Account.RECOVERY_DUE, part.payee, part.cents, liable)
        if through_structure:
            _debit(amounts, Account.BANK, None, part.cents)
        else:
            _debit(amounts, Account.RECOVERABLE, part.payee, part.cents, part.payee)
    return _lines(amounts)


def claimed_back(indus: Iterable[Indu]) -> Lines:
    """An indu, or a credit of what was paid: owed to the caisse, recoverable from who was paid.

    What the structure still holds for the payee is kept back at once, and the structure's own part is its own loss.
    """
    amounts: Amounts = {}
    for indu in indus:
        part = indu.part
        _credit(amounts, Account.RECOVERY_DUE, part.payee, part.cents, indu.liable)
        if part.is_own and indu.bearer == part.payee:
            _debit(amounts, part.account, part.payee, part.cents)
            continue
        _debit(amounts, Account.PAYABLE, part.payee, indu.held)
        _move_to_own(amounts, part.payee, indu.held)
        _debit(amounts, Account.RECOVERABLE, part.payee, part.cents - indu.held, indu.bearer)
    return _lines(amounts)


def given_back(indus: Iterable[Indu], *, structure: str) -> Lines:
    """What was claimed back reaches the caisse: out of the structure's bank when it is liable, else from who is."""
    amounts: Amounts = {}
    for indu in indus:
        part = indu.part
        _debit(amounts, Account.RECOVERY_DUE, part.payee, part.cents, indu.liable)
        if indu.liable == structure:
            _credit(amounts, Account.BANK, None, part.cents)
        else:
            _credit(amounts, Account.RECOVERABLE, part.payee, part.cents, indu.bearer)
    return _lines(amounts)


def reimbursed(payee: str, borne: Iterable[tuple[str, int]]) -> Lines:
    """The structure receives what is recoverable from a payee; `borne` has the cents by who was to bear them."""
    amounts: Amounts = {}
    for bearer, cents in borne:
        _debit(amounts, Account.BANK, None, cents)
        _credit(amounts, Account.RECOVERABLE, payee, cents, bearer)
    return _lines(amounts)


def redistributed(payee: str, *, held: int, recoverable: int) -> Lines:
    """What is held for a payee leaves: first what is recoverable from them is kept back, the rest is transferred."""
    kept_back = min(held, recoverable)
    amounts: Amounts = {}
    _debit(amounts, Account.PAYABLE, payee, held)
    _credit(amounts, Account.RECOVERABLE, payee, kept_back, payee)
    _move_to_own(amounts, payee, kept_back)
    _credit(amounts, Account.BANK, payee, held - kept_back)
    return _lines(amounts)


def _move_to_own(amounts: Amounts, payee: str, cents: int) -> None:
    """Money held for a payee becomes the structure's own."""
    _credit(amounts, Account.BANK, payee, cents)
    _debit(amounts, Account.BANK, None, cents)


def _debit(amounts: Amounts, account: Account, payee: str | None, cents: int, liable: str | None = None) -> None:
    key = (account, payee, liable)
    amounts[key] = amounts.get(key, 0) + cents


def _credit(amounts: Amounts, account: Account, payee: str | None, cents: int, liable: str | None = None) -> None:
    _debit(amounts, account, payee, -cents, liable)


def _lines(amounts: Amounts) -> Lines:
    """One line for each account, payee and liable that is moved, in a fixed order."""
    return tuple(
        LedgerLine(account, payee, liable, max(cents, 0), max(-cents, 0))
        for (account, payee, liable), cents in sorted(amounts.items(), key=_order)
        if cents
    )


def _order(amount: tuple[tuple[Account, str | None, str | None], int]) -> tuple[int, str, str]:
    (account, payee, liable), _ = amount
    return _ACCOUNTS.index(account), payee or "", liable or ""


_ACCOUNTS = list(Account)
