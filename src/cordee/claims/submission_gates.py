"""What may be submitted, and what there is to say of a Claim that may not be (no I/O)."""

from dataclasses import dataclass
from datetime import date

from cordee.claims import canonical
from cordee.claims.claim_record import ClaimRecord
from cordee.claims.fhir_claim import claim_id, claim_resource
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.fhir_datatypes import Element
from cordee.claims.fhir_evidence import EvidenceError
from cordee.claims.lifecycle import Family, is_refused
from cordee.fhir.stored_version import StoredVersion
from cordee.pathways.model import Label


@dataclass(frozen=True, slots=True)
class Submitted:
    """The Claim is with the caisse, in `bordereau`; `again` when it was already, and this run changed nothing."""

    claim: str
    bordereau: str
    cents: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class NotSubmitted:
    """The Claim can't go as it is: nothing of it was written."""

    claim: str
    reason: Label


@dataclass(frozen=True, slots=True)
class Candidate:
    """A Claim that may go by itself."""

    record: ClaimRecord
    resource: Element


Submission = Submitted | NotSubmitted

_IN_ERROR = "entered-in-error"


def bordereau_of(structure: str, on: date) -> str:
    """The number of a structure's bordereau of one day."""
    return f"{structure.rpartition('/')[2]}-{on:%Y%m%d}"


def candidate(claim: str, version: StoredVersion | None, on: date) -> Candidate | Submission:
    """The Claim when it may go by itself, or what there is to say of it."""
    if version is None or version.deleted:
        return not_submitted(claim, f"{claim} n'existe pas", f"{claim} does not exist")
    resource = claim_resource(version.body.encode())
    try:
        record = claim_record_from_claim(resource)
    except EvidenceError as error:
        return not_submitted(claim, str(error), str(error))
    if claim != f"Claim/{claim_id(record.identifier)}":
        own = f"Claim/{claim_id(record.identifier)}"
        return not_submitted(
            claim,
            f"{claim} n'est pas la demande de ce forfait, qui est {own} : supprimez-la",
            f"{claim} is not the Claim of its forfait, which is {own}: delete it",
        )
    if record.tag == "submitted" and version.sealed:
        return Submitted(claim, _bordereau_in(resource) or bordereau_of(record.structure, on), record.total, again=True)
    if record.tag == "draft":
        return not_submitted(
            claim,
            f"{claim} est un brouillon : la coordination doit encore agir, puis relancez cordee bill",
            f"{claim} is a draft: the coordinator must still act, then run cordee bill again",
        )
    if record.tag != "ready":
        return not_submitted(
            claim,
            f"{claim} se dit transmise et ne l'est pas : marquez-la « ready »",
            f"{claim} is tagged submitted and was not: tag it ready",
        )
    if not record.total and record.kind != "credit":
        return not_submitted(claim, f"{claim} ne demande rien : 0,00 €", f"{claim} asks for nothing: €0.00")
    if "insurer" not in resource:
        return not_submitted(
            claim,
            f"{claim} ne nomme pas de caisse : indiquez « insurer » dans la convention, puis relancez cordee bill",
            f"{claim} names no insurer: state it in the convention, then run cordee bill again",
        )
    return Candidate(record, resource)


def plan_id(record: ClaimRecord) -> str:
    """The id of the CarePlan that a Claim is of."""
    return record.care_plan.removeprefix("CarePlan/")


def of_no_plan(record: ClaimRecord, plan: StoredVersion | None) -> NotSubmitted | None:
    """Why a Claim can't go any more, its CarePlan having been deleted or entered in error; a credit always can."""
    stands = plan is not None and not plan.deleted and claim_resource(plan.body.encode()).get("status") != _IN_ERROR
    if record.kind == "credit" or stands:
        return None
    claim = record.reference
    return not_submitted(
        claim,
        f"{record.care_plan} a été supprimé ou saisi par erreur : supprimez {claim}",
        f"{record.care_plan} was deleted or entered in error: delete {claim}",
    )


def out_of_turn(record: ClaimRecord, family: Family) -> NotSubmitted | None:
    """Why a correction can't go now, if it can't: what it is about stands otherwise."""
    claim, original = record.reference, record.original or ""
    about = family.claims.get(original)
    if about is None or about.tag != "submitted":
        return not_submitted(
            claim,
            f"{claim} corrige {original}, qui n'est pas transmise",
            f"{claim} corrects {original}, which was not submitted",
        )
    credit = family.credit_of(original)
    refused = is_refused(family.answers_to(original))
    if record.kind == "replacement" and credit is None and not refused:
        return not_submitted(
            claim,
            f"{claim} remplace {original} : transmettez d'abord l'avoir de {original}",
            f"{claim} replaces {original}: submit the credit of {original} first",
        )
    if record.kind != "replacement" and (credit is not None or refused):
        return not_submitted(
            claim,
            f"{original} est déjà annulée ou refusée : supprimez {claim}",
            f"{original} is already withdrawn or refused: delete {claim}",
        )
    return None


def _bordereau_in(claim: Element) -> str | None:
    found = [i.get("value") for i in claim.get("identifier", ()) if i.get("system") == canonical.BORDEREAU]
    return found[0] if found else None


def other_than_its_evidence(record: ClaimRecord, fault: str | None) -> NotSubmitted | None:
    """Why a Claim that was edited by hand may not go; `fault` says how it differs from what it was settled on."""
    if fault is None:
        return None
    claim = record.reference
    return not_submitted(
        claim,
        f"{claim} ne demande pas ce que donnent les pièces qu'elle nomme, relancez cordee bill : {fault}",
        f"{claim} does not claim what the evidence it names gives, run cordee bill again: {fault}",
    )


def not_submitted(claim: str, french: str, english: str) -> NotSubmitted:
    """Why a Claim does not go, in both languages."""
    return NotSubmitted(claim, Label(french, english))
