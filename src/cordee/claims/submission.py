"""Claims that are ready go to the caisse: sealed, answered by a transmission, and booked, all at once or not at all.

A Claim is submitted once, whoever else submits it at the same moment and wherever a process is killed: each unit of
work locks its forfaits, and the Claim's own version, its seal and the key of its ledger entry all refuse a second time.
"""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from datetime import date

from cordee.claims import canonical
from cordee.claims.booking import credit_entry, submission_entry
from cordee.claims.claim_record import ClaimRecord
from cordee.claims.family_records import FamilyRecord, lock_of, read_families
from cordee.claims.fhir_answer import answer_id, claim_response
from cordee.claims.fhir_claim import claim_resource, claim_text
from cordee.claims.fhir_claim_record import supporting_information_of
from cordee.claims.fhir_corrections import forfait_identifier
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_reading import code_in
from cordee.claims.holdings import Holdings, lock_of_holdings
from cordee.claims.lifecycle import Answer
from cordee.claims.replay import faults_of
from cordee.claims.submission_gates import (
    Candidate,
    NotSubmitted,
    Submission,
    Submitted,
    bordereau_of,
    candidate,
    not_submitted,
    of_no_plan,
    other_than_its_evidence,
    out_of_turn,
    plan_id,
)
from cordee.fhir.body import accept
from cordee.fhir.outcome import Conflict
from cordee.fhir.query import parse_search
from cordee.fhir.stored_version import StoredVersion
from cordee.ledger.model import LedgerEntry
from cordee.store.repository import Repository
from cordee.store.unit_of_work import Met, Put, UnitOfWork

_CLAIMS_A_UNIT = 200
_ATTEMPTS = 5
_KINDS_IN_ORDER = ("credit", "forfait", "replacement", "resubmission")


async def ready_claims(
    repository: Repository, *, pathway: str | None = None, structure: str | None = None
) -> AsyncIterator[str]:
    """The references of the Claims that are ready, oldest first, a page of them in memory at a time.

    `pathway` is a code, `structure` an Organization's id.
    """
    criteria = [("_tag", f"{canonical.CLAIM_STATE}|ready")]
    if structure is not None:
        criteria.append(("provider", f"Organization/{structure}"))
    wanted = parse_search("Claim", criteria)
    position = None
    while True:
        page = await repository.search(wanted, count=_CLAIMS_A_UNIT, position=position)
        for version in page.matches:
            if pathway is None or _pathway_of(version) == pathway:
                yield f"Claim/{version.id}"
        position = page.following
        if position is None:
            return


async def submit_claims(
    repository: Repository, claims: AsyncIterable[str] | Iterable[str], on: date
) -> AsyncIterator[Submission]:
    """Submits Claims, named by reference, on a day of the structure's; outcomes come as they are committed.

    A credit is submitted before the replacement that goes with it.
    """
    async for chunk in _chunks(claims):
        for outcome in await _submit_together(repository, chunk, on):
            yield outcome


async def _chunks(claims: AsyncIterable[str] | Iterable[str]) -> AsyncIterator[list[str]]:
    chunk: dict[str, None] = {}
    async for claim in _one_by_one(claims):
        chunk[claim] = None
        if len(chunk) == _CLAIMS_A_UNIT:
            yield list(chunk)
            chunk = {}
    if chunk:
        yield list(chunk)


async def _one_by_one(claims: AsyncIterable[str] | Iterable[str]) -> AsyncIterator[str]:
    if isinstance(claims, AsyncIterable):
        async for claim in claims:
            yield claim
    else:
        for claim in claims:
            yield claim


async def _submit_together(repository: Repository, claims: Sequence[str], on: date) -> list[Submission]:
    for _ in range(_ATTEMPTS):
        known = await repository.read_many(_keys(claims))
        try:
            async with repository.unit() as unit:
                await unit.lock(lock for version in known.values() for lock in _locks(_identifier_of(version)))
                return await _submit_locked(unit, claims, on)
        except Conflict:
            continue
    raise Conflict("Other writers kept changing the Claims to submit; try again.")


async def _submit_locked(unit: UnitOfWork, claims: Sequence[str], on: date) -> list[Submission]:
    stored = await unit.read_many(_keys(claims))
    outcomes: dict[str, Submission] = {}
    candidates: list[Candidate] = []
    for key in _keys(claims):
        found = candidate("/".join(key), stored.get(key), on)
        if isinstance(found, Candidate):
            candidates.append(found)
        else:
            outcomes[found.claim] = found
    candidates.sort(key=lambda one: _KINDS_IN_ORDER.index(one.record.kind))
    corrections = [one.record.identifier for one in candidates if one.record.kind != "forfait"]
    families = await read_families(unit, corrections)
    plans = await unit.read_many([("CarePlan", plan_id(one.record)) for one in candidates])
    settled = [stored[key] for key in _keys(one.record.reference for one in candidates)]
    faults = dict(zip((one.record.reference for one in candidates), await faults_of(unit, settled), strict=True))
    holdings = Holdings(unit)
    puts: list[Put] = []
    entries: list[LedgerEntry] = []
    for one in candidates:
        record = one.record
        refusal = of_no_plan(record, plans.get(("CarePlan", plan_id(record)))) or other_than_its_evidence(
            record, faults[record.reference]
        )
        judged = refusal or await _judge(one, families, holdings, on)
        if isinstance(judged, NotSubmitted):
            outcomes[record.reference] = judged
            continue
        entries += judged
        submitted = _as_submitted(one.resource, bordereau_of(record.structure, on))
        puts += [_claim_put(submitted), _transmission(record, submitted, on)]
        outcomes[record.reference] = Submitted(record.reference, bordereau_of(record.structure, on), record.total)
    if any(isinstance(written, Met) for written in await unit.put_many(puts)):
        raise Conflict("A Claim was changed while it was submitted; try again.")
    await unit.append(entries)
    return [outcomes[claim] for claim in claims]


async def _judge(
    candidate: Candidate, families: dict[str, FamilyRecord], holdings: Holdings, on: date
) -> list[LedgerEntry] | NotSubmitted:
    """What to book for a Claim that goes; a correction is judged on its family, which it then changes."""
    record = candidate.record
    bordereau = bordereau_of(record.structure, on)
    if record.kind == "forfait":
        return [submission_entry(record, on, bordereau)]
    root = forfait_identifier(record.identifier)
    read = families[root]
    if read.unreadable is not None:
        return not_submitted(record.reference, read.unreadable, read.unreadable)
    refusal = out_of_turn(record, read.family)
    if refusal is not None:
        return refusal
    families[root] = read.with_claim(_as_submitted(candidate.resource, bordereau))
    if record.kind != "credit":
        return [submission_entry(record, on, bordereau)]
    entry = credit_entry(record, read.family, on, bordereau, await holdings.of(record))
    booked = [entry] if entry is not None else []
    holdings.follow(booked)
    return booked


def _locks(identifier: str) -> list[str]:
    """A credit may spend what the structure holds; nothing else that is submitted does."""
    locks = [lock_of(identifier)]
    return [*locks, lock_of_holdings(identifier)] if identifier.endswith(":credit") else locks


def _keys(claims: Iterable[str]) -> list[tuple[str, str]]:
    return [("Claim", claim.removeprefix("Claim/")) for claim in claims]


def _as_submitted(claim: Element, bordereau: str) -> Element:
    meta = dict(claim["meta"])
    meta["tag"] = [tag for tag in meta["tag"] if tag.get("system") != canonical.CLAIM_STATE]
    meta["tag"].append({"system": canonical.CLAIM_STATE, "code": "submitted"})
    identifiers = [*claim["identifier"], {"system": canonical.BORDEREAU, "value": bordereau}]
    return claim | {"meta": meta, "identifier": identifiers, "status": "active"}


def _claim_put(claim: Element) -> Put:
    return Put(claim["id"], accept(claim_text(claim), "Claim"), int(claim["meta"]["versionId"]), sealed=True)


def _transmission(record: ClaimRecord, claim: Element, on: date) -> Put:
    answer = Answer("transmission", "", on)
    response_id = answer_id(record.identifier, answer, 1)
    response = claim_response(claim, answer, response_id, settled=False)
    return Put(response_id, accept(claim_text(response), "ClaimResponse"), 0, sealed=True)


def _identifier_of(version: StoredVersion) -> str:
    identifiers = claim_resource(version.body.encode()).get("identifier", ()) if not version.deleted else ()
    named = [i.get("value") for i in identifiers if i.get("system") == canonical.FORFAIT_IDENTIFIER]
    return str(named[0]) if named else ""


def _pathway_of(version: StoredVersion) -> str | None:
    told = supporting_information_of(claim_resource(version.body.encode()))
    return code_in(told.get("pathway", {}).get("code"), canonical.PATHWAY_SYSTEM)
