"""The statements of a structure's professionals over a period, from the Claims and the answers to them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from cordee.claims.claim_record import ClaimItem, ClaimRecord
from cordee.claims.family_records import FamilyRecord, read_families
from cordee.claims.fhir_claim_record import claim_record_from_claim, supporting_information_of
from cordee.claims.fhir_corrections import forfait_identifier
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_evidence import EvidenceError
from cordee.exchange.stored_claims import name_of, party_of, read_by_reference, read_structure, sealed_pages
from cordee.ledger.balances import Balance
from cordee.ledger.model import Account
from cordee.pathways.convention import Party, PayeeMode
from cordee.pathways.model import Pathway, Validity
from cordee.reporting.statement import LedgerBalance, Statement, StatementLine, in_order, local_references
from cordee.reporting.statement_lines import statement_line
from cordee.store.repository import Repository

PROFESSIONALS = frozenset({"member", "practitioner", "organization"})
"""The kinds of payee that get a statement: not the structure itself."""


async def read_statements(
    repository: Repository,
    structure: str,
    period: Validity,
    *,
    issued_on: date,
    pathways: Mapping[str, Pathway],
    professional: str | None = None,
    with_names: bool = False,
) -> list[Statement]:
    """The statement of each professional for whom a structure (an Organization's id) billed in a period, by identifier.

    `professional` (`system|value`) keeps to one. The ledger's balance is that of the period's last day. Patients are
    told apart by the beginning of their id; with `with_names`, by their name.

    Raises NotFound, and EvidenceError naming the Claim that can't be read: a statement never leaves out what it can't
    say.
    """
    party = party_of(await read_structure(repository, structure))
    found: dict[str, list[tuple[ClaimItem, ClaimRecord, FamilyRecord]]] = {}
    async for page in sealed_pages(repository, "Claim", _criteria(structure, period)):
        await _add_page(repository, page, professional, found)
    patients = {record.patient for entries in found.values() for _, record, _ in entries}
    names = await _names(repository, patients) if with_names else local_references(patients)
    balances = await repository.ledger.balances(f"Organization/{structure}", period.last)
    return [
        Statement(
            professional=Party(payee, entries[-1][0].name),
            profession=_profession(entries[-1][1], entries[-1][0], pathways),
            structure=party,
            payee_mode=_mode(entries),
            period=period,
            issued_on=issued_on,
            lines=_lines(entries, pathways, names),
            balance=_balance(balances, payee, period.last or issued_on),
        )
        for payee, entries in sorted(found.items())
    ]


def _criteria(structure: str, period: Validity) -> list[tuple[str, str]]:
    criteria = [("provider", f"Organization/{structure}"), ("created", f"ge{period.first.isoformat()}")]
    return [*criteria, ("created", f"le{period.last.isoformat()}")] if period.last else criteria


async def _add_page(
    repository: Repository,
    page: Sequence[Element],
    professional: str | None,
    found: dict[str, list[tuple[ClaimItem, ClaimRecord, FamilyRecord]]],
) -> None:
    records = [claim_record_from_claim(claim) for claim in page]
    families = await read_families(repository, [record.identifier for record in records])
    for record in records:
        family = families[forfait_identifier(record.identifier)]
        if family.unreadable is not None:
            raise EvidenceError(family.unreadable)
        for item in record.items:
            if item.kind in PROFESSIONALS and professional in (None, item.payee):
                found.setdefault(item.payee, []).append((item, record, family))


def _mode(entries: Iterable[tuple[ClaimItem, ClaimRecord, FamilyRecord]]) -> PayeeMode:
    return "via_structure" if any(r.payee_mode == "via_structure" for _, r, _ in entries) else "direct_by_caisse"


def _lines(
    entries: Sequence[tuple[ClaimItem, ClaimRecord, FamilyRecord]],
    pathways: Mapping[str, Pathway],
    names: Mapping[str, str],
) -> tuple[StatementLine, ...]:
    return in_order(
        statement_line(
            item,
            record,
            family.family,
            pathway=pathways[record.pathway].label.fr if record.pathway in pathways else record.pathway,
            forfait=_label(family.resources[record.reference], record),
            patient=names[record.patient],
            regularisation=_regularisation(family.resources[record.reference]),
        )
        for item, record, family in entries
    )


async def _names(repository: Repository, patients: Iterable[str]) -> dict[str, str]:
    """The patients' names; one without, or no longer stored, keeps its reference."""
    stored = await read_by_reference(repository, sorted(patients))
    return {reference: name_of(stored.get(reference, {})) or reference for reference in patients}


def _balance(balances: Iterable[Balance], payee: str, on: date) -> LedgerBalance:
    own = [balance for balance in balances if balance.holding.payee == payee]
    return LedgerBalance(
        on,
        owed=-sum(balance.net for balance in own if balance.holding.account is Account.PAYABLE),
        recoverable=sum(balance.net for balance in own if balance.holding.account is Account.RECOVERABLE),
    )


def _label(claim: Element, record: ClaimRecord) -> str:
    label: str | None = supporting_information_of(claim).get("sequence", {}).get("code", {}).get("text")
    return label or record.forfait


def _regularisation(claim: Element) -> str | None:
    text: str | None = supporting_information_of(claim).get("regularisation", {}).get("valueString")
    return text


def _profession(record: ClaimRecord, item: ClaimItem, pathways: Mapping[str, Pathway]) -> str | None:
    pathway = pathways.get(record.pathway)
    if pathway is None or item.profession is None:
        return None
    return next((p.label.fr for p in pathway.professions if f"{p.system}|{p.code}" == item.profession), None)
