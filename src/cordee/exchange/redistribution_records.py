"""The credit transfers of what a structure redistributed on a day: one a PaymentNotice."""

from collections.abc import Iterable
from datetime import date

from cordee.claims import canonical
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_evidence import identifiers_of
from cordee.claims.fhir_reading import Reading
from cordee.exchange.credit_transfers import Transfer
from cordee.exchange.stored_claims import name_of, parsed, sealed_pages
from cordee.fhir.query import parse_search
from cordee.store.reader import Reader

_PAYEES_A_SEARCH = 50


async def read_transfers(reader: Reader, structure: str, on: date, label: str) -> list[Transfer]:
    """What the structure (an Organization's id) redistributed on a day, in the order it did.

    A notice of nothing (all was kept back for an indu) is no transfer. `label` is read on the payees' accounts.
    Raises EvidenceError for a notice that can't be read.
    """
    criteria = [("provider", f"Organization/{structure}"), ("created", on.isoformat())]
    notices = [notice async for page in sealed_pages(reader, "PaymentNotice", criteria) for notice in page]
    ours = [notice for notice in notices if canonical.REDISTRIBUTION in {i.get("system") for i in _identifiers(notice)}]
    paid = [transfer for notice in ours if (transfer := _transfer(notice, label)).cents]
    names = await _names(reader, {transfer.payee for transfer in paid})
    return [Transfer(one.notice, one.payee, names.get(one.payee, one.payee), one.cents, one.label) for one in paid]


def _identifiers(notice: Element) -> Iterable[Element]:
    identifiers: Iterable[Element] = notice.get("identifier", ())
    return identifiers


def _transfer(notice: Element, label: str) -> Transfer:
    read = Reading(f"PaymentNotice/{notice['id']}")
    payee = read.identified("payee", notice.get("payee"))
    return Transfer(read.reference, payee, payee, read.cents("amount", notice.get("amount")), label)


async def _names(reader: Reader, payees: Iterable[str]) -> dict[str, str]:
    """The names of those that are stored, to tell people who has no account."""
    wanted = sorted(payees)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _PAYEES_A_SEARCH):
        some = ",".join(payee.replace(",", r"\,") for payee in wanted[start : start + _PAYEES_A_SEARCH])
        for resource_type in ("Practitioner", "Organization"):
            page = await reader.search(parse_search(resource_type, [("identifier", some)]), count=1_000)
            for version in page.matches:
                resource = parsed(version)
                found |= dict.fromkeys(identifiers_of(resource), name_of(resource))
    return found
