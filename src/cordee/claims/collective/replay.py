"""Each issued Invoice, and what was answered to it, against the ledger: what they say is booked, and nothing else."""

from collections.abc import AsyncIterator, Sequence

from cordee.claims.collective.answers import AnsweredInvoice, answered_invoices
from cordee.fhir.query import parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.ledger.model import LedgerEntry
from cordee.pathways.money import in_english
from cordee.store.reader import Reader
from cordee.store.repository import Repository
from cordee.store.verification import Checked, Progress

_INVOICES_A_PAGE = 100


async def replay_invoices(repository: Repository, structure: str | None, progress: Progress) -> Checked:
    """Adds up every issued Invoice again, or those of one structure (`Organization/x`); stops at the first fault.

    Its lines and its participants come to its total, each participant's AMO and AMC to its part, and its entries in the
    ledger, with those of the answers to it, are what it and they say.
    """
    count = 0
    async for page in _issued(repository, structure):
        found = await answered_invoices(repository, page)
        for id_, invoice in found.items():
            if not isinstance(invoice, AnsweredInvoice):
                return Checked("Invoices", count, invoice.en)
            fault = await _fault(repository, invoice)
            if fault is not None:
                return Checked("Invoices", count, f"Invoice/{id_}: {fault}")
            count += 1
        progress(len(page))
    return Checked("Invoices", count, None)


async def _issued(reader: Reader, structure: str | None) -> AsyncIterator[Sequence[StoredVersion]]:
    """What is not sealed was written by somebody else than the engine: it is not booked."""
    criteria = [("status", "issued")] + ([] if structure is None else [("issuer", structure)])
    wanted, position = parse_search("Invoice", criteria), None
    while True:
        page = await reader.search(wanted, count=_INVOICES_A_PAGE, position=position)
        yield [version for version in page.matches if version.sealed]
        position = page.following
        if position is None:
            return


async def _fault(repository: Repository, invoice: AnsweredInvoice) -> str | None:
    record = invoice.record
    if record.tag != "submitted":
        return "it is sealed, and its status is not issued"
    booked = {
        chained.entry.key: chained.entry
        async for chained in repository.ledger.entries(record.structure, claim=record.reference)
    }
    said = {entry.key: entry for entry in invoice.entries()}
    for key in (*said, *booked):
        if said.get(key) != booked.get(key):
            return _difference(key, said.get(key), booked.get(key))
    return None


def _difference(key: str, said: LedgerEntry | None, booked: LedgerEntry | None) -> str:
    if booked is None:
        return f"{key} is not in the ledger"
    if said is None:
        return f"entry {key} of the ledger is about nothing that it, or an answer to it, says"
    if said.total != booked.total:
        return f"{in_english(booked.total)} are booked as {key}, it says {in_english(said.total)}"
    return f"{key} is booked for others, or another day, than it says"
