"""What a line of a return file means, and that whatever can't be right is left to a person."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.claim_families import ROOT, claim, family, item, mirrored, payee

from cordee.claims.lifecycle import Answer, Decision, Family
from cordee.claims.return_matching import Accepted, Matching, ReadBefore, ToResolve, match_line
from cordee.claims.returns import ReturnLine

DAY = date(2026, 12, 20)
CLAIM = claim(item(1, 60, 40), item(2, 100), item(3, 0))


def line(kind: str = "payment", **changed: Any) -> ReturnLine:
    told: dict[str, Any] = {"payee": payee(2), "insurer": "amo", "cents": 100}
    if kind in {"acknowledgement", "technical_refusal"}:
        told = {}
    return ReturnLine(**({"number": 1, "kind": kind, "notice": "N1", "day": DAY, "claim": ROOT} | told | changed))


def known(*answers: Answer) -> Family:
    found = family(CLAIM)
    for answer in answers:
        found = found.with_answer(CLAIM.reference, answer)
    return found


def paid(cents: int, number: int = 2, notice: str = "N0") -> Answer:
    return Answer("adjudication", notice, DAY, (Decision(number, "amo", "paid", cents),))


def reason(matching: Matching) -> str:
    assert isinstance(matching, ToResolve)
    assert matching.reason.en
    return matching.reason.fr.replace("\u00a0", " ")


def test_a_payment_is_put_on_the_part_of_its_payee_and_insurer() -> None:
    matching = match_line(line(), CLAIM, known())
    assert isinstance(matching, Accepted)
    assert matching.answer.decisions == (Decision(2, "amo", "paid", 100),)


def test_a_smaller_payment_leaves_the_difference_open() -> None:
    found = known(paid(30))
    matching = match_line(line(cents=70), CLAIM, found)
    assert isinstance(matching, Accepted)
    assert "payée une deuxième fois : 0,71 €, pour 0,70 € au plus" in reason(match_line(line(cents=71), CLAIM, found))


def test_more_than_claimed_is_never_accepted() -> None:
    assert "au-delà de la demande : 1,01 €, pour 1,00 €" in reason(match_line(line(cents=101), CLAIM, known()))


def test_the_same_line_is_read_once_whichever_file_it_is_in() -> None:
    matching = match_line(line(), CLAIM, known())
    assert isinstance(matching, Accepted)
    found = known(matching.answer)
    assert isinstance(match_line(replace(line(), number=7), CLAIM, found), ReadBefore)
    assert "déjà dit 1,00 €" in reason(match_line(line(cents=99), CLAIM, found))
    assert "deuxième fois" in reason(match_line(line(notice="N2"), CLAIM, found))


def test_one_in_two_professions_is_paid_for_both_parts_by_one_line() -> None:
    both = claim(item(1, 60, who=payee(1)), item(2, 40, who=payee(1)))
    matching = match_line(line(payee=payee(1), cents=75), both, family(both))
    assert isinstance(matching, Accepted)
    assert [(d.item, d.cents) for d in matching.answer.decisions] == [(1, 60), (2, 15)]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (line(payee=payee(9)), "n'a pas de quote-part"),
        (line(payee=payee(1), insurer=None), "AMO ou de l'AMC"),
        (line(cents=0), "un paiement de rien"),
        (line("rejection", cents=101), "rejetée au-delà"),
        (line("recovery", cents=1), "indu au-delà de ce qui a été payé"),
    ],
)
def test_what_cannot_be_right_is_left_to_a_person(told: ReturnLine, words: str) -> None:
    assert words in reason(match_line(told, CLAIM, known()))


def test_a_rejection_that_names_no_amount_is_of_all_that_is_open() -> None:
    matching = match_line(line("rejection", cents=None, reason_code="R1"), CLAIM, known(paid(30)))
    assert isinstance(matching, Accepted)
    assert matching.answer.decisions == (Decision(2, "amo", "rejected", 70, "R1"),)


def test_a_zero_part_listed_with_the_others_says_nothing() -> None:
    assert isinstance(match_line(line(payee=payee(3), cents=0), CLAIM, known()), ReadBefore)


def test_no_answer_is_about_a_claim_that_was_not_submitted() -> None:
    ready = replace(CLAIM, tag="ready")
    assert "n'est pas transmise" in reason(match_line(line(), ready, family(ready)))


def test_after_a_technical_refusal_nothing_is_paid_and_after_a_payment_nothing_is_refused() -> None:
    refused = known(Answer("technical_refusal", "A1", DAY))
    assert "refusée techniquement" in reason(match_line(line(), CLAIM, refused))
    assert "n'est plus possible" in reason(match_line(line("technical_refusal"), CLAIM, known(paid(30))))


def test_an_indu_takes_back_no_more_than_was_paid_and_not_what_a_credit_takes_back() -> None:
    matching = match_line(line("recovery", cents=30, notice="I1", liable=payee(1)), CLAIM, known(paid(30)))
    assert isinstance(matching, Accepted)
    assert matching.answer.decisions == (Decision(2, "amo", "recovered", 30, liable=payee(1)),)
    credited = known(paid(30)).with_claim(mirrored(CLAIM, f"{ROOT}:2:credit"))
    assert "avoir" in reason(match_line(line("recovery", cents=30, notice="I1"), CLAIM, credited))


def test_a_credit_takes_back_what_was_paid_and_no_more() -> None:
    credit = mirrored(CLAIM, f"{ROOT}:2:credit")
    found = known(paid(30)).with_claim(credit)
    assert isinstance(match_line(line(cents=30), credit, found), Accepted)
    assert "reprend plus" in reason(match_line(line(cents=31), credit, found))
    for kind in ("technical_refusal", "rejection"):
        assert "il reste dû" in reason(match_line(line(kind), credit, found))
