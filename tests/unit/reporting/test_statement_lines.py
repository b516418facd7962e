"""What became of a quote-part, as its professional reads it; a forfait's lines always add up."""

from dataclasses import replace
from datetime import date

import pytest
from tests.claim_records import claim_record

from cordee.claims.claim_record import ClaimItem, ClaimRecord
from cordee.claims.lifecycle import Answer, Decision, Family
from cordee.reporting.statement import StatementLine
from cordee.reporting.statement_lines import statement_line

DAY = date(2026, 9, 30)
CLAIM = claim_record(1, [("A", 7_000, 3_000), ("B", 5_000, 0)])
CREDIT = claim_record(
    1,
    [("A", -7_000, -3_000), ("B", -5_000, 0)],
    reference="Claim/c1-credit",
    identifier=f"{CLAIM.identifier}:2:credit",
    kind="credit",
    original=CLAIM.reference,
)
REPLACEMENT = claim_record(
    1,
    [("A", 8_000, 3_000), ("B", 4_000, 0)],
    reference="Claim/c1-2",
    identifier=f"{CLAIM.identifier}:2",
    kind="replacement",
    original=CLAIM.reference,
)
PAID_AMO = Decision(1, "amo", "paid", 7_000)
PAID_AMC = Decision(1, "amc", "paid", 3_000)
REJECTED = Decision(1, "amo", "rejected", 7_000, "droits", "droits clos")


def family(*claims: ClaimRecord, **answers: tuple[Answer, ...]) -> Family:
    named = {"first": CLAIM.reference, "credit": CREDIT.reference}
    return Family({claim.reference: claim for claim in claims}, {named[name]: given for name, given in answers.items()})


def adjudicated(*decisions: Decision) -> Answer:
    return Answer("adjudication", "AV-1", DAY, decisions)


def line(of: Family, claim: ClaimRecord = CLAIM, item: ClaimItem | None = None) -> StatementLine:
    return statement_line(item or claim.items[0], claim, of, pathway="Essai", forfait="Mois", patient="p1")


@pytest.mark.parametrize(
    ("answers", "state", "sums", "remark"),
    [
        ((), "transmise", (0, 0, 10_000), None),
        ((Answer("acknowledgement", "AR-1", DAY),), "reçue par la caisse", (0, 0, 10_000), None),
        ((adjudicated(PAID_AMO),), "payée en partie", (7_000, 0, 3_000), None),
        ((adjudicated(PAID_AMO, PAID_AMC),), "payée", (10_000, 0, 0), None),
        ((adjudicated(REJECTED, PAID_AMC),), "rejetée en partie", (3_000, 7_000, 0), "droits : droits clos"),
        (
            (Answer("technical_refusal", "AR-1", DAY, (), "format", None),),
            "refusée techniquement",
            (0, 10_000, 0),
            "format",
        ),
    ],
)
def test_a_line_says_what_was_answered(
    answers: tuple[Answer, ...], state: str, sums: tuple[int, int, int], remark: str | None
) -> None:
    found = line(family(CLAIM, first=answers))
    assert (found.state, (found.paid, found.rejected, found.awaited), found.remark) == (state, sums, remark)


def test_the_other_payees_answers_say_nothing_of_a_quote_part() -> None:
    of = family(CLAIM, first=(adjudicated(REJECTED, PAID_AMC),))
    found = line(of, item=CLAIM.items[1])
    assert (found.state, found.awaited, found.remark) == ("reçue par la caisse", 5_000, None)


def test_an_indu_is_said_with_its_reason() -> None:
    recovered = Answer("recovery", "IN-1", DAY, (Decision(1, "amo", "recovered", 500, "double", None),))
    found = line(family(CLAIM, first=(adjudicated(PAID_AMO, PAID_AMC), recovered)))
    assert (found.claimed_back, found.remark) == (500, "indu : double")


@pytest.mark.parametrize(
    ("first", "credit", "awaited"),
    [
        ((), (), 11_000),
        ((adjudicated(REJECTED, PAID_AMC),), (), 8_000),
        ((Answer("technical_refusal", "AR-1", DAY, (), "format", None),), (), 11_000),
        ((adjudicated(PAID_AMO, PAID_AMC),), (), 1_000),
        ((adjudicated(PAID_AMO, PAID_AMC),), (adjudicated(PAID_AMO, PAID_AMC),), 11_000),
    ],
)
def test_a_claim_its_credit_and_its_replacement_add_up_to_what_is_really_awaited(
    first: tuple[Answer, ...], credit: tuple[Answer, ...], awaited: int
) -> None:
    of = family(CLAIM, CREDIT, REPLACEMENT, first=first, credit=credit)
    lines = [line(of, claim) for claim in (CLAIM, CREDIT, REPLACEMENT)]
    assert sum(one.cents for one in lines) == 11_000
    assert sum(one.acts for one in lines) == 1
    assert sum(one.awaited for one in lines) == awaited
    assert sum(one.rejected for one in lines) == 0
    assert lines[0].state == "corrigée"


def test_what_is_claimed_again_counts_no_act_twice() -> None:
    again = replace(CLAIM, kind="resubmission", original="Claim/first", reference="Claim/again")
    assert line(family(again), again).acts == 0


def test_a_credit_taken_back_says_so() -> None:
    of = family(CLAIM, CREDIT, first=(adjudicated(PAID_AMO, PAID_AMC),), credit=(adjudicated(PAID_AMO, PAID_AMC),))
    found = line(of, CREDIT)
    assert (found.state, found.paid, found.awaited) == ("reprise par la caisse", -10_000, 0)


def test_a_member_outside_of_the_split_has_no_state_to_wait_for() -> None:
    outside = replace(CLAIM.items[1], cents=0, amo=0, sessions=())
    claim = replace(CLAIM, items=(CLAIM.items[0], outside), total=10_000)
    assert line(family(claim), claim, outside).state == "sans quote-part"
