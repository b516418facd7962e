"""A collective payment judged and written: an Invoice that is a draft until it is issued, booked and sealed."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, Protocol

from cordee.claims.booking import issue_entry
from cordee.claims.collective.fhir_invoice import InvoiceStatus, invoice_from_settlement, invoice_id, lock_of_invoice
from cordee.claims.collective.fhir_invoice_record import stored_invoice
from cordee.claims.collective.period import BillingPeriod
from cordee.claims.collective.reading import CollectiveCase, collective_case
from cordee.claims.collective.settlement import CollectiveNotDue, CollectiveSettlement, settle_collective
from cordee.claims.fhir_claim import claim_resource, claim_text
from cordee.claims.judgement import Unreadable
from cordee.claims.records import Searched
from cordee.fhir.body import accept
from cordee.fhir.stored_version import StoredVersion
from cordee.pathways.model import Pathway
from cordee.store.unit_of_work import UnitOfWork

Effect = Literal["would_be_billed", "drafted", "redrafted", "unchanged", "issued", "already_issued"]

_AMOUNTS = ("lineItem", "participant", "totalNet", "recipient")


class CollectiveRecords(Searched, Protocol):
    """What a run needs of a tenant's resources; `cordee.store.repository.Repository` is one."""

    def unit(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Reads and writes that are committed together."""
        ...


@dataclass(frozen=True, slots=True)
class CollectiveBilled:
    """A payment due, and its Invoice: `invoice` is its address, None in a dry run where none is stored.

    `moved` is true when it is issued already and the evidence now gives another amount: nothing is changed.
    `unreadable` are the Contracts that were left out.
    """

    settlement: CollectiveSettlement
    invoice: str | None
    effect: Effect
    moved: bool = False
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class CollectiveRefused:
    """A payment that is not due. `withdrawn` is the draft Invoice that was cancelled for it, if there was one."""

    reason: CollectiveNotDue
    withdrawn: str | None = None
    unreadable: tuple[Unreadable, ...] = ()


CollectiveOutcome = CollectiveBilled | CollectiveRefused


async def bill_collective(
    records: CollectiveRecords,
    pathway: Pathway,
    pathways: Mapping[str, Pathway],
    *,
    structure: str,
    period: BillingPeriod,
    as_of: date,
    issue: bool = False,
    dry_run: bool = False,
) -> CollectiveOutcome:
    """Judges the payment of a structure (an Organization's id) for a period, and writes its Invoice.

    A draft is written again where the evidence has moved; with `issue` the Invoice is issued, sealed and booked, all
    at once. Two runs at once write it once. Raises EvidenceError when the case can't be read: nothing is written.
    """
    case = await collective_case(records, pathway, pathways, structure=structure, period=period)
    outcome = await _outcome(records, case, as_of, issue=issue, dry_run=dry_run)
    return replace(outcome, unreadable=case.unreadable)


async def _outcome(
    records: CollectiveRecords, case: CollectiveCase, as_of: date, *, issue: bool, dry_run: bool
) -> CollectiveOutcome:
    settled = settle_collective(case.dossier, as_of=as_of)
    key = ("Invoice", invoice_id(case.dossier.identifier))
    if dry_run:
        stored = (await records.read_many([key])).get(key)
        if isinstance(settled, CollectiveNotDue):
            return CollectiveRefused(settled)
        fresh = invoice_from_settlement(settled, case.evidence, "draft")
        return _standing(settled, stored, fresh) or CollectiveBilled(settled, _address(stored), "would_be_billed")
    async with records.unit() as unit:
        await unit.lock([lock_of_invoice(case.dossier.identifier)])
        stored = (await unit.read_many([key])).get(key)
        if isinstance(settled, CollectiveNotDue):
            return CollectiveRefused(settled, await _withdraw(unit, stored))
        status: InvoiceStatus = "issued" if issue else "draft"
        fresh = invoice_from_settlement(settled, case.evidence, status)
        standing = _standing(settled, stored, fresh)
        outcome = standing or await _write(unit, settled, stored, fresh, issue=issue)
        if issue:
            await _book(unit, key)
        return outcome


def _standing(
    settlement: CollectiveSettlement, stored: StoredVersion | None, fresh: Mapping[str, Any]
) -> CollectiveBilled | None:
    """The outcome where an Invoice was issued: it stands whatever the evidence says now."""
    written = _resource(stored)
    if written.get("status") not in {"issued", "balanced"}:
        return None
    wanted = claim_resource(claim_text(fresh))
    moved = any(written.get(name) != wanted.get(name) for name in _AMOUNTS)
    return CollectiveBilled(settlement, _address(stored), "already_issued", moved)


async def _write(
    unit: UnitOfWork,
    settlement: CollectiveSettlement,
    stored: StoredVersion | None,
    fresh: dict[str, Any],
    *,
    issue: bool,
) -> CollectiveBilled:
    written, wanted = _resource(stored), claim_resource(claim_text(fresh))
    effect: Effect = "redrafted" if written.get("status") == "draft" else "drafted"
    if _apart_from_date(written) == _apart_from_date(wanted):
        fresh["date"] = written["date"]
        effect = "unchanged"
    incoming = accept(claim_text(fresh), "Invoice")
    result = await unit.put("Invoice", fresh["id"], incoming, sealed=issue)
    return CollectiveBilled(settlement, _address(result.version), "issued" if issue else effect)


async def _book(unit: UnitOfWork, key: tuple[str, str]) -> None:
    """Books an Invoice that was issued; what is booked already is not booked again.

    One that is not sealed was written by somebody else than the engine: nothing is booked for it.
    """
    version = (await unit.read_many([key]))[key]
    if version.sealed:
        invoice = stored_invoice(version)
        entry = issue_entry(invoice, invoice.dated)
        await unit.append([] if entry is None else [entry])


async def _withdraw(unit: UnitOfWork, stored: StoredVersion | None) -> str | None:
    """Cancels the draft of a payment that is no longer due."""
    draft = _resource(stored)
    if draft.get("status") != "draft":
        return None
    cancelled = {**draft, "status": "cancelled", "cancelledReason": "ce forfait collectif n'est plus dû"}
    await unit.put("Invoice", draft["id"], accept(claim_text(cancelled), "Invoice"))
    return _address(stored)


def _resource(stored: StoredVersion | None) -> dict[str, Any]:
    return {} if stored is None or stored.deleted else claim_resource(stored.body.encode())


def _apart_from_date(invoice: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in invoice.items() if name not in {"date", "meta"}}


def _address(stored: StoredVersion | None) -> str | None:
    return None if stored is None else f"{stored.resource_type}/{stored.id}"
