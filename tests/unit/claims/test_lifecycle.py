"""Where a Claim stands, from its tag, the answers to it and what corrects it."""

from datetime import date

import pytest
from tests.claim_families import ROOT, claim, family, item, mirrored

from cordee.claims.claim_record import ClaimTag
from cordee.claims.lifecycle import Answer, AnswerKind, Decision, Effect, number_of, shares_of, state_of

DAY = date(2026, 12, 1)


def told(*decisions: tuple[int, Effect, int], kind: AnswerKind = "adjudication") -> Answer:
    return Answer(kind, "N1", DAY, tuple(Decision(n, "amo", effect, cents) for n, effect, cents in decisions))


TRANSMITTED = Answer("transmission", "", DAY)
ACKNOWLEDGED = Answer("acknowledgement", "A1", DAY)
REFUSED = Answer("technical_refusal", "A1", DAY)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([TRANSMITTED], "submitted"),
        ([TRANSMITTED, ACKNOWLEDGED], "acknowledged"),
        ([TRANSMITTED, REFUSED], "refused_technically"),
        ([told((1, "paid", 40))], "partly_paid"),
        ([told((1, "paid", 100))], "partly_paid"),
        ([told((1, "paid", 100)), told((2, "paid", 50))], "paid"),
        ([told((1, "rejected", 100))], "partly_rejected"),
        ([told((1, "paid", 100), (2, "rejected", 50))], "partly_rejected"),
        ([told((1, "rejected", 100), (2, "rejected", 50))], "rejected"),
        ([told((1, "paid", 100), (2, "paid", 50)), told((1, "recovered", 10), kind="recovery")], "paid"),
    ],
)
def test_the_answers_give_the_state(answers: list[Answer], expected: str) -> None:
    one = claim(item(1, 100), item(2, 50), item(3, 0))
    known = family(one)
    for answer in answers:
        known = known.with_answer(one.reference, answer)
    assert state_of(one, known).code == expected


@pytest.mark.parametrize("tag", ["draft", "ready"])
def test_what_is_not_submitted_is_in_the_state_its_tag_says(tag: ClaimTag) -> None:
    one = claim(item(1, 100), tag=tag)
    assert state_of(one, family(one)).code == tag


def test_a_credit_cancels_once_it_is_submitted_and_a_replacement_makes_it_a_correction() -> None:
    one = claim(item(1, 100))
    pending = mirrored(one, f"{ROOT}:2:credit", tag="ready")
    assert state_of(one, family(one, pending)).code == "submitted"
    credit = mirrored(one, f"{ROOT}:2:credit")
    assert state_of(one, family(one, credit)).code == "cancelled"
    new = claim(item(1, 80), identifier=f"{ROOT}:2", kind="replacement", original=one.reference)
    state = state_of(one, family(one, credit, new))
    assert (state.code, state.credit, state.replacement) == ("corrected", credit.reference, new.reference)


def test_shares_are_those_asked_for_with_what_became_of_each() -> None:
    one = claim(item(1, 60, 40), item(2, 0))
    amo, amc = shares_of(one, [told((1, "paid", 60)), told((1, "recovered", 25), kind="recovery")])
    assert (amo.claimed, amo.open, amo.kept) == (60, 0, 35)
    assert (amc.claimed, amc.open, amc.kept) == (40, 40, 0)


def test_claims_of_a_family_are_numbered_from_the_first() -> None:
    one = claim(item(1, 100))
    numbers = [number_of(f"{ROOT}{rest}") for rest in ("", ":2", ":3:credit", ":12:https://rpps.esante.gouv.fr|1#10")]
    assert numbers == [1, 2, 3, 12]
    assert family(one).next_number() == 2
    assert family(one, mirrored(one, f"{ROOT}:2:credit")).next_number() == 3
