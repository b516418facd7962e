"""The credit transfers of what a structure redistributed on a day: one a PaymentNotice."""

from collections.abc import Iterable
from datetime import date

from cordee.claims import canonical
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_reading import Reading
from cordee.exchange.credit_transfers import Transfer
from cordee.exchange.stored_claims import names_of_parties, sealed_pages
from cordee.store.reader import Reader


async def read_transfers(reader: Reader, structure: str, on: date, label: str) -> list[Transfer]:
    """What the structure (an Organization's id) redistributed on a day, in the order it did.

    A notice of nothing (all was kept back for an indu) is no transfer. `label` is read on the payees' accounts.
    Raises EvidenceError for a notice that can't be read.
    """
    criteria = [("provider", f"Organization/{structure}"), ("created", on.isoformat())]
    notices = [notice async for page in sealed_pages(reader, "PaymentNotice", criteria) for notice in page]
    ours = [notice for notice in notices if canonical.REDISTRIBUTION in {i.get("system") for i in _identifiers(notice)}]
    paid = [transfer for notice in ours if (transfer := _transfer(notice, label)).cents]
    names = await names_of_parties(reader, {transfer.payee for transfer in paid})
    return [Transfer(one.notice, one.payee, names.get(one.payee, one.payee), one.cents, one.label) for one in paid]


def _identifiers(notice: Element) -> Iterable[Element]:
    identifiers: Iterable[Element] = notice.get("identifier", ())
    return identifiers


def _transfer(notice: Element, label: str) -> Transfer:
    read = Reading(f"PaymentNotice/{notice['id']}")
    payee = read.identified("payee", notice.get("payee"))
    return Transfer(read.reference, payee, payee, read.cents("amount", notice.get("amount")), label)
