"""Which Claims correct a submitted one, as its family stands (no I/O). What makes no sense raises `ClaimRefused`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from cordee.claims import canonical
from cordee.claims.claim_record import ClaimItem, ClaimRecord
from cordee.claims.correction_changes import changes_between, is_same_split
from cordee.claims.family_records import FamilyRecord
from cordee.claims.fhir_claim import claim_from_settlement, claim_meta
from cordee.claims.fhir_claim_record import claim_record_from_claim, supporting_information_of
from cordee.claims.fhir_corrections import Correction, credit, forfait_identifier, replacement, resubmission
from cordee.claims.fhir_datatypes import Element
from cordee.claims.lifecycle import Family, is_refused, number_of, shares_of
from cordee.claims.refusals import ClaimRefused
from cordee.claims.returns import Insurer
from cordee.claims.settlement import Settlement
from cordee.pathways.model import Label, Validity


@dataclass(frozen=True, slots=True)
class Planned:
    """A Claim to be stored over version `expected`, 0 for a new one."""

    resource: Element
    expected: int = 0


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a correction is made, on which day; `regularises` is the period it makes up for, from a later one."""

    reason: Label
    on: date
    regularises: Validity | None = None

    def numbered(self, number: int) -> Correction:
        """The same as the correction of that number."""
        return Correction(number, self.on, self.reason, self.regularises)


def plan_correction(
    claim: ClaimRecord,
    read: FamilyRecord,
    settlement: Settlement | None,
    occasion: Occasion,
    evidence_versions: Iterable[str] = (),
) -> list[Planned]:
    """A credit of `claim`, and the Claim that `settlement` makes in its place, or none when it is only cancelled.

    A replacement that was not submitted yet is made again. One the caisse refused technically needs no credit. A part
    claimed again by itself is only cancelled: the forfait whole would be claimed beside the parts that stand.
    """
    family = read.family
    name = claim.reference
    _refuse_what_is_no_original(claim)
    if settlement is not None and claim.kind == "resubmission":
        raise ClaimRefused(
            f"{name} ne présente qu'une part de {claim.original} : corrigez {claim.original}, ou annulez {name}",
            f"{name} claims but a part of {claim.original} again: correct {claim.original}, or cancel {name}",
        )
    done = next(iter(family.followers(name, "credit")), None)
    replaced = next(iter(family.followers(name, "replacement")), None)
    if replaced is not None and (settlement is None or replaced.tag == "submitted"):
        raise ClaimRefused(
            f"{name} est déjà remplacée par {replaced.reference} : c'est elle qu'il faut corriger ou annuler",
            f"{name} is already replaced by {replaced.reference}: correct or cancel that one",
        )
    refused = is_refused(family.answers_to(name))
    if settlement is None and (done is not None or refused):
        raise ClaimRefused(
            f"{name} est déjà annulée ou refusée : il n'y a rien à annuler",
            f"{name} is already cancelled or refused: there is nothing to cancel",
        )
    planned: list[Planned] = []
    number = number_of((replaced or done or claim).identifier)
    if replaced is None and done is None:
        number = family.next_number()
        if not refused:
            planned = list(_credits(claim, read, occasion, number))
    if settlement is not None:
        original = read.resources[name]
        made = replacement(original, settlement, occasion.numbered(number), evidence_versions=evidence_versions)
        planned.append(Planned(_findable(made), replaced.version if replaced else 0))
    return planned


def plan_resubmission(claim: ClaimRecord, read: FamilyRecord, payee: str, occasion: Occasion) -> list[Planned]:
    """The parts of `payee` in `claim` that were rejected, each claimed again by itself.

    Where one insurer rejected its whole share and the other paid, the rejected share alone is claimed again.
    """
    family = read.family
    name = claim.reference
    _refuse_what_is_no_original(claim)
    answers = family.answers_to(name)
    if family.followers(name, "credit") or is_refused(answers) or _is_withdrawn(claim, family):
        raise ClaimRefused(
            f"{name} est annulée, corrigée ou refusée : c'est la demande qui la remplace qui compte",
            f"{name} is cancelled, corrected or refused: the Claim that replaces it counts",
        )
    planned: list[Planned] = []
    number = family.next_number()
    for item in claim.items:
        insurers = _rejected_by(item, claim, family) if item.payee == payee else frozenset()
        insurers -= _claimed_again(item, claim, family)
        if insurers:
            again = resubmission(read.resources[name], item.sequence, occasion.numbered(number), insurers)
            planned.append(Planned(_findable(again)))
            number += 1
    if not planned:
        raise _nothing_to_resubmit(claim, payee, family)
    return planned


def plan_regularisation(
    read: FamilyRecord, settlement: Settlement | None, on: date, evidence_versions: Iterable[str] = ()
) -> tuple[list[Planned], Label | None]:
    """What a later billing run makes of a submitted forfait, and in words what changed; nothing when nothing did.

    A forfait cancelled by a person stays so, and one refused technically waits for a person.
    """
    standing = _standing(read.family)
    if standing is None or (standing.kind == "forfait" and standing.tag != "submitted"):
        return [], None
    done = next(iter(read.family.followers(standing.reference, "credit")), None)
    now = None if settlement is None else claim_record_from_claim(claim_from_settlement(settlement))
    occasion = Occasion(changes_between(standing, now), on, standing.period)
    if standing.tag != "submitted":
        return _regularised_again(standing, read, settlement, now, occasion, evidence_versions)
    if done is not None:
        by_a_person = "regularisation" not in supporting_information_of(read.resources[done.reference])
        if settlement is None or by_a_person:
            return [], None
    elif is_refused(read.family.answers_to(standing.reference)) or (now is not None and is_same_split(standing, now)):
        return [], None
    return plan_correction(standing, read, settlement, occasion, evidence_versions), occasion.reason


def _regularised_again(
    pending: ClaimRecord,
    read: FamilyRecord,
    settlement: Settlement | None,
    now: ClaimRecord | None,
    occasion: Occasion,
    evidence_versions: Iterable[str],
) -> tuple[list[Planned], Label | None]:
    """A replacement not yet submitted is made again; one that is no longer due is kept back as a draft."""
    if settlement is None:
        if pending.tag == "draft":
            return [], None
        kept_back = read.resources[pending.reference] | {"meta": claim_meta("draft")}
        return [Planned(kept_back, pending.version)], occasion.reason
    if now is not None and is_same_split(pending, now) and pending.tag == "ready":
        return [], None
    original = read.family.claims[pending.original or ""]
    first = Occasion(changes_between(original, now), occasion.on, original.period)
    return plan_correction(original, read, settlement, first, evidence_versions), first.reason


def _credits(claim: ClaimRecord, read: FamilyRecord, occasion: Occasion, number: int) -> Iterator[Planned]:
    """The credit of a Claim, and of each part of it that is claimed again by itself."""
    family = read.family
    yield Planned(_findable(credit(read.resources[claim.reference], occasion.numbered(number))))
    for again in _resubmissions(claim, family):
        if again.tag != "submitted":
            raise ClaimRefused(
                f"{again.reference} présente de nouveau une part de {claim.reference} et n'est pas transmise : "
                "supprimez-la d'abord",
                f"{again.reference} claims a part of {claim.reference} again and is not submitted: delete it first",
            )
        shares = shares_of(again, family.answers_to(again.reference))
        stands = any(share.open or share.kept for share in shares) and not is_refused(
            family.answers_to(again.reference)
        )
        if stands and not family.followers(again.reference, "credit"):
            number += 1
            yield Planned(_findable(credit(read.resources[again.reference], occasion.numbered(number))))


def _resubmissions(claim: ClaimRecord, family: Family) -> Iterator[ClaimRecord]:
    for again in family.followers(claim.reference, "resubmission"):
        yield again
        yield from _resubmissions(again, family)


def _standing(family: Family) -> ClaimRecord | None:
    """The Claim that stands for the forfait: the last replacement of the first."""
    first = next((claim for claim in family.claims.values() if claim.kind == "forfait"), None)
    while first is not None:
        following = next(iter(family.followers(first.reference, "replacement")), None)
        if following is None:
            return first
        first = following
    return None


def _is_withdrawn(claim: ClaimRecord, family: Family) -> bool:
    """Whether what a resubmission is about was itself corrected or cancelled."""
    original = family.claims.get(claim.original or "") if claim.kind == "resubmission" else None
    if original is None:
        return False
    return bool(family.followers(original.reference, "credit")) or _is_withdrawn(original, family)


def _rejected_by(item: ClaimItem, claim: ClaimRecord, family: Family) -> frozenset[Insurer]:
    """The insurers that rejected their whole share of an item."""
    shares = shares_of(claim, family.answers_to(claim.reference))
    return frozenset(s.insurer for s in shares if s.item.sequence == item.sequence and s.rejected == s.claimed)


def _claimed_again(item: ClaimItem, claim: ClaimRecord, family: Family) -> frozenset[Insurer]:
    """The insurers whose share of an item is claimed again by itself already."""
    whose = (item.payee, item.profession, item.kind)
    return frozenset(
        share.insurer
        for again in family.followers(claim.reference, "resubmission")
        for share in shares_of(again)
        if (share.item.payee, share.item.profession, share.item.kind) == whose
    )


def _nothing_to_resubmit(claim: ClaimRecord, payee: str, family: Family) -> ClaimRefused:
    name = claim.reference
    again = [s for s in family.followers(name, "resubmission") if any(item.payee == payee for item in s.items)]
    if again:
        return ClaimRefused(
            f"la part de {payee} est déjà présentée de nouveau par {again[-1].reference} ; rejetée à son tour, c'est "
            "elle qu'il faut présenter de nouveau",
            f"the part of {payee} is claimed again by {again[-1].reference}; if it is rejected too, resubmit that one",
        )
    return ClaimRefused(
        f"aucune part de {payee} dans {name} n'est rejetée en entier : corrigez {name} si elle est fausse",
        f"no part of {payee} in {name} was rejected whole: correct {name} if it is wrong",
    )


def _refuse_what_is_no_original(claim: ClaimRecord) -> None:
    if claim.kind == "credit":
        raise ClaimRefused(
            f"{claim.reference} est un avoir : corrigez la demande qui la remplace",
            f"{claim.reference} is a credit: correct the Claim that replaces it",
        )
    if claim.tag != "submitted":
        raise ClaimRefused(
            f"{claim.reference} n'est pas transmise : relancez cordee bill, elle sera recalculée",
            f"{claim.reference} was not submitted: run cordee bill again, it will be computed again",
        )


def _findable(claim: Element) -> Element:
    """With the forfait's identifier beside its own, which finds all that was made of a forfait."""
    root = forfait_identifier(claim["identifier"][0]["value"])
    return claim | {"identifier": [*claim["identifier"], {"system": canonical.CORRECTED_FORFAIT, "value": root}]}
