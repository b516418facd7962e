"""What a structure holds for each professional, and what each must give back to it, as its ledger says."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from cordee.claims.claim_record import ClaimRecord
from cordee.ledger.model import Account, LedgerEntry
from cordee.store.unit_of_work import UnitOfWork


def lock_of_holdings(identifier: str) -> str:
    """What a unit of work locks before it spends what a structure holds; a Claim's identifier begins with its id."""
    return lock_of_structure(f"Organization/{identifier.partition(':')[0]}")


def lock_of_structure(structure: str) -> str:
    """The same, for a structure named by reference."""
    return f"holdings:{structure}"


class Holdings:
    """What is held for each payee: read from the ledger in a unit of work, then followed through its entries."""

    def __init__(self, unit: UnitOfWork) -> None:
        self._unit = unit
        self._booked: dict[str, dict[str, int]] = {}
        self._moved: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    async def of(self, claim: ClaimRecord) -> Mapping[str, int]:
        """The cents held by identifier of payee; nothing is when the caisse pays each directly."""
        if claim.payee_mode == "direct_by_caisse":
            return {}
        structure = claim.structure
        if structure not in self._booked:
            self._booked[structure] = {
                balance.holding.payee: balance.net
                for balance in await self._unit.ledger.balances(structure)
                if balance.holding.account is Account.BANK and balance.holding.payee is not None
            }
        booked, moved = self._booked[structure], self._moved[structure]
        return {payee: booked.get(payee, 0) + moved.get(payee, 0) for payee in booked.keys() | moved.keys()}

    def follow(self, entries: Iterable[LedgerEntry]) -> None:
        """Takes into account entries that the unit of work is about to book."""
        for entry in entries:
            for line in entry.lines:
                if line.account is Account.BANK and line.payee is not None:
                    self._moved[entry.structure][line.payee] += line.debit - line.credit
