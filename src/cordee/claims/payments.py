"""What a structure received for its professionals is passed on to them (via-structure mode)."""

from datetime import date
from uuid import NAMESPACE_URL, uuid5

from cordee.claims import canonical
from cordee.claims.fhir_claim import claim_text
from cordee.claims.fhir_payment import Redistribution, payment_notice
from cordee.claims.holdings import lock_of_structure
from cordee.fhir.body import accept
from cordee.fhir.outcome import Conflict
from cordee.ledger.balances import Balance
from cordee.ledger.model import Account, Event, LedgerEntry
from cordee.ledger.postings import redistributed
from cordee.store.repository import Repository
from cordee.store.unit_of_work import Met, Put


async def redistribute(repository: Repository, structure: str, on: date) -> list[Redistribution]:
    """Pays each professional what was received for them, less what they must give back, and says so in a PaymentNotice.

    `structure` is a reference, `Organization/x`. Never more than what was received for each; again at once, nothing
    is left to pay. One for whom all is kept back has a Redistribution of 0 cents and no notice.
    """
    async with repository.unit() as unit:
        await unit.lock([lock_of_structure(structure)])
        balances = await unit.ledger.balances(structure)
        redistributions: list[Redistribution] = []
        entries: list[LedgerEntry] = []
        puts: list[Put] = []
        for held in balances:
            payee = held.holding.payee
            if held.holding.account is not Account.BANK or payee is None or held.net <= 0:
                continue
            recoverable = _recoverable(balances, payee)
            done = _redistribution(structure, payee, held, recoverable, on)
            redistributions.append(done)
            version = f"PaymentNotice/{done.notice}/_history/1"
            entries.append(
                LedgerEntry(
                    structure=structure,
                    booked_on=on,
                    event=Event.REDISTRIBUTION,
                    key=f"redistribution:{done.notice}",
                    label=f"Redistribution {done.notice}",
                    claim=None,
                    evidence=(version,) if done.cents else (),
                    lines=redistributed(payee, held=held.net, recoverable=recoverable),
                )
            )
            if done.cents:
                notice = payment_notice(done, on)
                puts.append(Put(done.notice, accept(claim_text(notice), "PaymentNotice"), 0, sealed=True))
        if any(isinstance(written, Met) for written in await unit.put_many(puts)):
            raise Conflict("A PaymentNotice of this redistribution exists already: nothing was paid twice; try again.")
        await unit.append(entries)
    return redistributions


def _redistribution(structure: str, payee: str, held: Balance, recoverable: int, on: date) -> Redistribution:
    kept_back = min(held.net, recoverable)
    # What was ever paid out of it makes each payment's identity its own, and the same if it has to be done again.
    name = f"{canonical.REDISTRIBUTION}|{structure}|{payee}|{on.isoformat()}|{held.credit}"
    return Redistribution(structure, payee, held.net - kept_back, kept_back, str(uuid5(NAMESPACE_URL, name)))


def _recoverable(balances: list[Balance], payee: str) -> int:
    """What the payee must give back and bears themselves."""
    return sum(
        balance.net
        for balance in balances
        if balance.holding.account is Account.RECOVERABLE
        and balance.holding.payee == payee
        and balance.holding.liable == payee
    )
