"""Claims that correct submitted ones: credits, replacements, and single parts claimed again. Nothing is edited.

What these services write is ready to be submitted like any other Claim; until then nothing is booked.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from cordee.claims.claim_record import ClaimRecord
from cordee.claims.correction_changes import is_same_split
from cordee.claims.correction_planning import (
    Occasion,
    Planned,
    plan_correction,
    plan_regularisation,
    plan_resubmission,
)
from cordee.claims.family_records import FamilyRecord, family_of_claim, family_of_forfait, lock_of
from cordee.claims.fhir_claim import claim_from_settlement, claim_text
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.lifecycle import is_refused
from cordee.claims.recomputation import settled_again
from cordee.claims.refusals import ClaimRefused
from cordee.claims.settlement import NotDue, Settlement
from cordee.claims.wording import missing_sentence
from cordee.fhir.body import accept
from cordee.fhir.outcome import Conflict
from cordee.pathways.model import Label, Pathway
from cordee.store.repository import Repository
from cordee.store.unit_of_work import Met, Put, UnitOfWork

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Corrected:
    """The Claims written, ready to be submitted, and why."""

    claims: tuple[str, ...]
    reason: Label


async def correct(
    repository: Repository,
    claim: str,
    settlement: Settlement,
    reason: Label,
    on: date,
    *,
    evidence_versions: Iterable[str] = (),
) -> Corrected:
    """Takes back a submitted Claim (`Claim/x`) by a credit, and claims its forfait again as `settlement` has it.

    One the caisse refused for a technical reason is only replaced. Raises `ClaimRefused` when that makes no sense.
    """
    versions = tuple(evidence_versions)

    def plan(record: ClaimRecord, read: FamilyRecord) -> list[Planned]:
        return plan_correction(record, read, settlement, Occasion(reason, on), versions)

    return await _about_claim(repository, claim, plan, reason)


async def correct_from_evidence(
    repository: Repository, claim: str, pathways: Mapping[str, Pathway], reason: Label, on: date
) -> Corrected:
    """Corrects a submitted Claim (`Claim/x`) by what its evidence gives at the end of the day `on`.

    Raises `ClaimRefused` when the forfait is not due any more, when it comes to what is claimed already, and as
    `correct` does; `NotFound`, `Gone` or EvidenceError when the evidence can't be read.
    """
    record, read = await family_of_claim(repository, claim)
    again = await settled_again(repository, record, pathways, on)
    if isinstance(again.result, NotDue):
        french, english = ("; ".join(missing_sentence(m, lang) for m in again.result.missing) for lang in ("fr", "en"))
        raise ClaimRefused(
            f"le forfait de {claim} n'est plus dû, annulez-la : {french}",
            f"the forfait of {claim} is not due any more, cancel it: {english}",
        )
    fresh = claim_record_from_claim(claim_from_settlement(again.result))
    if is_same_split(record, fresh) and not is_refused(read.family.answers_to(record.reference)):
        raise ClaimRefused(
            f"{claim} est déjà ce que donnent les séances : corrigez d'abord le dossier",
            f"{claim} is what the sessions give already: correct the record first",
        )
    return await correct(repository, claim, again.result, reason, on, evidence_versions=again.evidence_versions)


async def cancel(repository: Repository, claim: str, reason: Label, on: date) -> Corrected:
    """Takes back a submitted Claim by a credit, and claims nothing in its place. Raises `ClaimRefused`."""

    def plan(record: ClaimRecord, read: FamilyRecord) -> list[Planned]:
        return plan_correction(record, read, None, Occasion(reason, on))

    return await _about_claim(repository, claim, plan, reason)


async def resubmit(repository: Repository, claim: str, payee: str, reason: Label, on: date) -> Corrected:
    """Claims again the part of one payee that the caisse rejected, to the cent; the other parts are left alone.

    Raises `ClaimRefused` when that part was not rejected whole, or is claimed again already.
    """

    def plan(record: ClaimRecord, read: FamilyRecord) -> list[Planned]:
        return plan_resubmission(record, read, payee, Occasion(reason, on))

    return await _about_claim(repository, claim, plan, reason)


async def regularise(
    repository: Repository,
    forfait: str,
    settlement: Settlement | None,
    on: date,
    *,
    evidence_versions: Iterable[str] = (),
) -> Corrected | None:
    """What a later billing run makes of a submitted forfait, named by its identifier, that is now settled otherwise.

    `settlement` is None when it is not due any more. The credit and the new Claim are dated `on`, and say which period
    they make up for and what changed. None when there is nothing to regularise: the split is what is claimed, a person
    cancelled the forfait, or it was never submitted.
    """
    versions = tuple(evidence_versions)
    for _ in range(_ATTEMPTS):
        try:
            async with repository.unit() as unit:
                await unit.lock([lock_of(forfait)])
                read = await family_of_forfait(unit, forfait)
                planned, reason = ([], None) if read is None else plan_regularisation(read, settlement, on, versions)
                return Corrected(await _store(unit, planned), reason) if reason is not None else None
        except Conflict:
            continue
    raise Conflict(f"Other writers kept changing the Claims of {forfait}; try again.")


async def _about_claim(
    repository: Repository,
    claim: str,
    plan: Callable[[ClaimRecord, FamilyRecord], list[Planned]],
    reason: Label,
) -> Corrected:
    known, _ = await family_of_claim(repository, claim)
    for _ in range(_ATTEMPTS):
        try:
            async with repository.unit() as unit:
                await unit.lock([lock_of(known.identifier)])
                record, read = await family_of_claim(unit, claim)
                return Corrected(await _store(unit, plan(record, read)), reason)
        except Conflict:
            continue
    raise Conflict(f"Other writers kept changing the Claims about {claim}; try again.")


async def _store(unit: UnitOfWork, planned: list[Planned]) -> tuple[str, ...]:
    puts = [Put(one.resource["id"], accept(claim_text(one.resource), "Claim"), one.expected) for one in planned]
    if any(isinstance(written, Met) for written in await unit.put_many(puts)):
        raise Conflict("A Claim was changed while it was corrected; try again.")
    return tuple(f"Claim/{put.id}" for put in puts)
