"""Families of Claims read from the store: every Claim about a forfait, and every answer to them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from cordee.claims import canonical
from cordee.claims.claim_record import ClaimRecord
from cordee.claims.fhir_answer import answer_from_claim_response
from cordee.claims.fhir_claim import claim_id, claim_resource
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.fhir_corrections import forfait_identifier
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_evidence import EvidenceError, identifiers_of
from cordee.claims.lifecycle import Answer, Family
from cordee.claims.refusals import ClaimRefused
from cordee.fhir.query import Search, parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.store.search import SearchPage

_PAGE = 1000


class FamilyReader(Protocol):
    """What reading families needs of a tenant; a `Repository` and a `UnitOfWork` are one."""

    async def search(self, wanted: Search, *, count: int, position: str | None = None) -> SearchPage:
        """A page of matches."""
        ...

    async def read_many(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], StoredVersion]:
        """The current versions of those that exist."""
        ...

    async def referring(self, resource_type: str, code: str, targets: Iterable[tuple[str, str]]) -> list[StoredVersion]:
        """The resources of a type whose reference parameter names any of the targets."""
        ...


@dataclass(frozen=True, slots=True)
class FamilyRecord:
    """A family, the Claims it was read from by reference, and what could not be read of it.

    Where something could not be read, nothing can be said of any of its Claims.
    """

    family: Family
    resources: dict[str, Element]
    unreadable: str | None = None

    def with_answer(self, claim: str, answer: Answer) -> "FamilyRecord":
        """The record once one more answer to a Claim is known."""
        return replace(self, family=self.family.with_answer(claim, answer))

    def with_claim(self, resource: Element) -> "FamilyRecord":
        """The record with one more Claim, or another version of one."""
        record = claim_record_from_claim(resource)
        resources = {**self.resources, record.reference: resource}
        return replace(self, family=self.family.with_claim(record), resources=resources)


def lock_of(identifier: str) -> str:
    """What a unit of work locks before it changes a Claim of this identifier, or answers one: the whole forfait."""
    return f"forfait:{forfait_identifier(identifier)}"


async def read_families(reader: FamilyReader, identifiers: Iterable[str]) -> dict[str, FamilyRecord]:
    """The families that Claims of these identifiers are of, by the forfait's identifier; none where no Claim is."""
    roots = sorted({forfait_identifier(identifier) for identifier in identifiers})
    first = await reader.read_many([("Claim", claim_id(root)) for root in roots])
    claims = [version for version in first.values() if not version.deleted]
    claims += await _corrections(reader, roots)
    answers: dict[str, list[StoredVersion]] = {}
    for version in await reader.referring("ClaimResponse", "request", [("Claim", claim.id) for claim in claims]):
        about = claim_resource(version.body.encode()).get("request", {}).get("reference", "")
        answers.setdefault(about, []).append(version)
    records = {root: FamilyRecord(Family({}), {}) for root in roots}
    for version in claims:
        _add_claim(records, version, answers.get(f"Claim/{version.id}", ()))
    found = {root: record for root, record in records.items() if record.resources or record.unreadable}
    return await _with_structures(reader, found)


async def family_of_claim(reader: FamilyReader, claim: str) -> tuple[ClaimRecord, FamilyRecord]:
    """A stored Claim, named `Claim/x`, and its family. Raises `ClaimRefused` when it can't be read, or is no Claim."""
    key = ("Claim", claim.removeprefix("Claim/"))
    version = (await reader.read_many([key])).get(key)
    if version is None or version.deleted:
        raise ClaimRefused(f"Claim/{key[1]} n'existe pas", f"Claim/{key[1]} does not exist")
    root = forfait_identifier(_forfait_named_by(claim_resource(version.body.encode())))
    read = await family_of_forfait(reader, root)
    record = read.family.claims.get(f"Claim/{key[1]}") if read is not None else None
    if read is None or record is None:
        raise ClaimRefused(
            f"Claim/{key[1]} n'est pas une demande de forfait de Cordée",
            f"Claim/{key[1]} is not a Claim of a forfait that Cordée wrote",
        )
    return record, read


async def family_of_forfait(reader: FamilyReader, forfait: str) -> FamilyRecord | None:
    """The family of a forfait by its identifier, None when nothing was ever claimed for it.

    Raises `ClaimRefused` when one of its Claims is not as the project writes it.
    """
    read = (await read_families(reader, [forfait])).get(forfait_identifier(forfait))
    if read is not None and read.unreadable is not None:
        raise ClaimRefused(read.unreadable, read.unreadable)
    return read


async def _corrections(reader: FamilyReader, roots: list[str]) -> list[StoredVersion]:
    named = ",".join(f"{canonical.CORRECTED_FORFAIT}|{root.replace(',', chr(92) + ',')}" for root in roots)
    if not named:
        return []
    wanted = parse_search("Claim", [("identifier", named)])
    found: list[StoredVersion] = []
    position = None
    while True:
        page = await reader.search(wanted, count=_PAGE, position=position)
        found += page.matches
        position = page.following
        if position is None:
            return found


def _add_claim(records: dict[str, FamilyRecord], version: StoredVersion, answers: Iterable[StoredVersion]) -> None:
    resource = claim_resource(version.body.encode())
    root = forfait_identifier(_forfait_named_by(resource))
    known = records.get(root)
    if known is None:
        return
    try:
        known = known.with_claim(resource)
        if known.family.claims[f"Claim/{version.id}"].tag == "submitted" and not version.sealed:
            raise EvidenceError(f"Claim/{version.id}: meta.tag says submitted, and it was not: tag it ready")
        # What is not sealed was written by somebody else than the engine: it answers nothing.
        for answer in sorted((a for a in answers if a.sealed), key=lambda stored: (stored.last_updated, stored.id)):
            told = answer_from_claim_response(claim_resource(answer.body.encode()))
            known = known.with_answer(f"Claim/{version.id}", told)
    except EvidenceError as error:
        known = replace(known, unreadable=known.unreadable or str(error))
    records[root] = known


def _forfait_named_by(resource: Element) -> str:
    named = [
        i.get("value", "") for i in resource.get("identifier", ()) if i.get("system") == canonical.FORFAIT_IDENTIFIER
    ]
    return str(named[0]) if named else ""


async def _with_structures(reader: FamilyReader, records: dict[str, FamilyRecord]) -> dict[str, FamilyRecord]:
    """The records, each with the identifiers of its structure."""
    named = {claim.structure for record in records.values() for claim in record.family.claims.values()}
    keys = [(kind, id_) for kind, _, id_ in (reference.partition("/") for reference in sorted(named))]
    organizations = await reader.read_many(keys)
    identifiers = {
        f"{version.resource_type}/{version.id}": frozenset(identifiers_of(claim_resource(version.body.encode())))
        for version in organizations.values()
        if not version.deleted
    }
    return {root: _with_structure(record, identifiers) for root, record in records.items()}


def _with_structure(record: FamilyRecord, identifiers: dict[str, frozenset[str]]) -> FamilyRecord:
    structures = [identifiers.get(claim.structure, frozenset()) for claim in record.family.claims.values()]
    return replace(record, family=replace(record.family, structure=frozenset().union(*structures)))
