"""Which Claims correct a submitted one, whatever became of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cordee.claims.claim_record import ClaimRecord
from cordee.claims.correction_planning import (
    Occasion,
    Planned,
    plan_correction,
    plan_regularisation,
    plan_resubmission,
)
from cordee.claims.family_records import FamilyRecord
from cordee.claims.fhir_claim import claim_from_settlement, claim_meta, claim_resource, claim_text
from cordee.claims.fhir_claim_record import claim_record_from_claim, supporting_information_of
from cordee.claims.lifecycle import Answer, Decision, Family, shares_of, state_of
from cordee.claims.refusals import ClaimRefused
from cordee.claims.returns import Insurer
from cordee.claims.settlement import Settlement, settle
from cordee.pathways.model import Label

Build = Callable[..., Any]
Settled = Callable[[str], Settlement]
DAY = date(2026, 12, 20)
LATE = Occasion(Label("séance saisie en retard", "session entered late"), DAY)


@pytest.fixture
def settled(dossier: Build, session: Build) -> Settled:
    """July settled with two acts of A, and as many of B as are named."""
    judged = dossier(split=[{"step": "remainder", "by": "points", "points": {"consultation": 1, "rcp": 0}}])
    judged = replace(judged, convention=replace(judged.convention, amo_share=6_500))
    by_a = [session("consultation", date(2026, 7, day), "A") for day in (2, 9)]
    by_b = [session("consultation", date(2026, 7, day), "B") for day in (20, 21, 22)]

    def settled_with(more: str) -> Settlement:
        result = settle(judged, [*by_a, *by_b[: len(more)]], forfait="mois", as_of=date(2026, 8, 3))
        assert isinstance(result, Settlement)
        return result

    return settled_with


@pytest.fixture
def read(settled: Settled) -> FamilyRecord:
    """The family of a Claim just submitted."""
    return written(FamilyRecord(Family({}), {}), [Planned(claim_from_settlement(settled("B")))], "submitted")


def written(read: FamilyRecord, planned: list[Planned], tag: str) -> FamilyRecord:
    """The family once these are stored, and submitted when `tag` says so."""
    for one in planned:
        resource = claim_resource(claim_text(one.resource))
        meta = claim_meta(tag) if tag == "submitted" else resource["meta"]  # type: ignore[arg-type]
        read = read.with_claim(resource | {"meta": meta | {"versionId": str(one.expected + 1)}})
    return read


def first(read: FamilyRecord) -> ClaimRecord:
    return next(claim for claim in read.family.claims.values() if claim.kind == "forfait")


def answered(read: FamilyRecord, claim: ClaimRecord, effect: Any, *insurers: Insurer, who: str = "") -> FamilyRecord:
    """The family once what is open of some insurers' shares, of one payee or of all, is paid or rejected."""
    shares = shares_of(claim, read.family.answers_to(claim.reference))
    decisions = [
        Decision(share.item.sequence, share.insurer, effect, share.open)
        for share in shares
        if share.insurer in insurers and who in share.item.payee and share.open
    ]
    return read.with_answer(claim.reference, Answer("adjudication", f"{effect}{insurers}{who}", DAY, tuple(decisions)))


def records(planned: list[Planned]) -> list[ClaimRecord]:
    return [claim_record_from_claim(claim_resource(claim_text(one.resource))) for one in planned]


def test_a_correction_is_a_credit_and_a_replacement_of_one_number(read: FamilyRecord, settled: Settled) -> None:
    claim = first(read)
    credit, new = records(plan_correction(claim, read, settled("BB"), LATE))
    assert (credit.kind, credit.total, credit.original) == ("credit", -claim.total, claim.reference)
    assert (new.kind, new.total, new.original) == ("replacement", claim.total, claim.reference)
    assert (credit.identifier, new.identifier) == (f"{claim.identifier}:2:credit", f"{claim.identifier}:2")
    assert {credit.tag, new.tag} == {"ready"}


def test_a_replacement_not_yet_submitted_is_made_again_under_its_number(read: FamilyRecord, settled: Settled) -> None:
    claim = first(read)
    read = written(read, plan_correction(claim, read, settled("BB"), LATE), "ready")
    (again,) = plan_correction(claim, read, settled("BBB"), LATE)
    assert again.expected == 1
    assert records([again])[0].identifier == f"{claim.identifier}:2"


def test_what_is_replaced_is_not_corrected_again_but_its_replacement_is(read: FamilyRecord, settled: Settled) -> None:
    claim = first(read)
    read = written(read, plan_correction(claim, read, settled("BB"), LATE), "submitted")
    for settlement in (settled("BBB"), None):
        with pytest.raises(ClaimRefused, match="déjà remplacée"):
            plan_correction(claim, read, settlement, LATE)
    (new,) = read.family.followers(claim.reference, "replacement")
    numbers = [record.identifier for record in records(plan_correction(new, read, settled("BBB"), LATE))]
    assert numbers == [f"{claim.identifier}:3:credit", f"{claim.identifier}:3"]


def test_a_cancelled_claim_is_not_cancelled_again_but_may_be_claimed_again(
    read: FamilyRecord, settled: Settled
) -> None:
    claim = first(read)
    read = written(read, plan_correction(claim, read, None, LATE), "submitted")
    assert state_of(claim, read.family).code == "cancelled"
    with pytest.raises(ClaimRefused, match="rien à annuler"):
        plan_correction(claim, read, None, LATE)
    (new,) = records(plan_correction(claim, read, settled("BB"), LATE))
    assert new.identifier == f"{claim.identifier}:2"


def test_neither_a_draft_nor_a_credit_is_corrected(read: FamilyRecord, settled: Settled) -> None:
    claim = first(read)
    with pytest.raises(ClaimRefused, match="cordee bill"):
        plan_correction(replace(claim, tag="ready"), read, settled("BB"), LATE)
    read = written(read, plan_correction(claim, read, None, LATE), "submitted")
    (credit,) = read.family.followers(claim.reference, "credit")
    with pytest.raises(ClaimRefused, match="est un avoir"):
        plan_correction(credit, read, None, LATE)


def test_where_one_insurer_rejected_and_the_other_paid_the_rejected_share_alone_is_claimed_again(
    read: FamilyRecord,
) -> None:
    claim = first(read)
    item = next(item for item in claim.items if item.amc)
    read = answered(read, claim, "paid", "amo")
    read = answered(read, claim, "rejected", "amc", who=item.payee)
    (again,) = records(plan_resubmission(claim, read, item.payee, LATE))
    assert [(i.payee, i.amo, i.amc) for i in again.items] == [(item.payee, 0, item.amc)]
    assert again.total == item.amc
    read = written(read, plan_resubmission(claim, read, item.payee, LATE), "submitted")
    with pytest.raises(ClaimRefused, match="déjà présentée"):
        plan_resubmission(claim, read, item.payee, LATE)


def test_what_was_not_rejected_whole_is_not_claimed_again(read: FamilyRecord) -> None:
    claim = first(read)
    with pytest.raises(ClaimRefused, match="rejetée en entier"):
        plan_resubmission(claim, read, claim.items[0].payee, LATE)


def test_a_correction_takes_back_the_parts_claimed_again_too(read: FamilyRecord, settled: Settled) -> None:
    claim = first(read)
    payee = claim.items[0].payee
    read = answered(read, claim, "rejected", "amo", "amc", who=payee)
    again = plan_resubmission(claim, read, payee, LATE)
    with pytest.raises(ClaimRefused, match="supprimez-la"):
        plan_correction(claim, written(read, again, "ready"), settled("BB"), LATE)
    read = written(read, again, "submitted")
    kinds = [(record.kind, record.identifier) for record in records(plan_correction(claim, read, settled("BB"), LATE))]
    root = claim.identifier
    assert kinds == [("credit", f"{root}:3:credit"), ("credit", f"{root}:4:credit"), ("replacement", f"{root}:3")]
    read = written(read, plan_correction(claim, read, settled("BB"), LATE), "submitted")
    (part,) = read.family.followers(claim.reference, "resubmission")
    with pytest.raises(ClaimRefused, match="la demande qui la remplace"):
        plan_resubmission(part, read, payee, LATE)


def test_a_part_claimed_again_by_itself_never_becomes_the_whole_forfait(read: FamilyRecord, settled: Settled) -> None:
    claim = first(read)
    payee = claim.items[0].payee
    read = answered(read, claim, "rejected", "amo", "amc", who=payee)
    read = written(read, plan_resubmission(claim, read, payee, LATE), "submitted")
    (part,) = read.family.followers(claim.reference, "resubmission")
    with pytest.raises(ClaimRefused, match="ne présente qu'une part"):
        plan_correction(part, read, settled("B"), LATE)
    (credit,) = records(plan_correction(part, read, None, LATE))
    assert (credit.kind, credit.total) == ("credit", -part.total)


def test_a_session_entered_late_is_regularised_in_words(read: FamilyRecord, settled: Settled) -> None:
    planned, reason = plan_regularisation(read, settled("BB"), DAY)
    assert reason is not None
    assert "compte désormais" in reason.fr
    assert "counts now" in reason.en
    for one in planned:
        told = supporting_information_of(one.resource)["regularisation"]
        assert told["timingPeriod"] == {"start": "2026-07-01", "end": "2026-07-31"}
        assert told["valueString"] == reason.fr


def test_a_regularisation_is_made_again_until_it_is_submitted(read: FamilyRecord, settled: Settled) -> None:
    read = written(read, plan_regularisation(read, settled("BB"), DAY)[0], "ready")
    assert plan_regularisation(read, settled("BB"), DAY) == ([], None)
    (again,), _ = plan_regularisation(read, settled("BBB"), DAY)
    assert again.expected == 1
    (kept_back,), reason = plan_regularisation(read, None, DAY)
    assert records([kept_back])[0].tag == "draft"
    assert reason is not None
    read = written(read, [kept_back], "draft")
    assert plan_regularisation(read, None, DAY) == ([], None)
    (ready,), _ = plan_regularisation(read, settled("BB"), DAY)
    assert records([ready])[0].tag == "ready"


def test_a_forfait_cancelled_by_a_person_or_refused_by_the_caisse_waits_for_a_person(
    read: FamilyRecord, settled: Settled
) -> None:
    claim = first(read)
    cancelled = written(read, plan_correction(claim, read, None, LATE), "submitted")
    assert plan_regularisation(cancelled, settled("BB"), DAY) == ([], None)
    refused = read.with_answer(claim.reference, Answer("technical_refusal", "A1", DAY))
    assert plan_regularisation(refused, settled("BB"), DAY) == ([], None)


def test_a_forfait_no_longer_due_is_cancelled_and_claimed_again_when_it_is_due_again(
    read: FamilyRecord, settled: Settled
) -> None:
    planned, reason = plan_regularisation(read, None, DAY)
    assert reason == Label("le forfait n'est plus dû", "the forfait is not due any more")
    assert [record.kind for record in records(planned)] == ["credit"]
    read = written(read, planned, "submitted")
    assert plan_regularisation(read, None, DAY) == ([], None)
    back, _ = plan_regularisation(read, settled("B"), DAY)
    assert [record.kind for record in records(back)] == ["replacement"]
