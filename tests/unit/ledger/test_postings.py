"""What each event moves between accounts."""

from cordee.ledger.model import Account, LedgerLine
from cordee.ledger.postings import Indu, Part, claimed, claimed_back, given_back, given_up, paid, redistributed

ALICE = Part(Account.PAYABLE, "https://cordee.example|a", "amo", 700)
OWN = Part(Account.STRUCTURE, "https://cordee.example|s", "amc", 300)
STRUCTURE = "Organization/s"


def shown(lines: tuple[LedgerLine, ...]) -> list[tuple[str, str | None, str | None, int]]:
    """Account, payee, liable, debit less credit."""
    return [
        (
            line.account.value,
            (line.payee or "").rpartition("|")[2],
            (line.liable or "").rpartition("|")[2],
            line.debit - line.credit,
        )
        for line in lines
    ]


def test_a_submission_is_owed_by_each_insurer_and_owed_to_each_payee() -> None:
    assert shown(claimed([ALICE, OWN])) == [
        ("amo_receivable", "", "", 700),
        ("amc_receivable", "", "", 300),
        ("payable", "a", "", -700),
        ("structure", "s", "", -300),
    ]


def test_a_refusal_or_rejection_undoes_what_was_claimed() -> None:
    undone = {(a, p): -cents for a, p, _, cents in shown(given_up([ALICE, OWN]))}
    assert undone == {(a, p): cents for a, p, _, cents in shown(claimed([ALICE, OWN]))}


def test_a_payment_goes_to_the_payee_and_the_structure_s_own_part_to_its_bank() -> None:
    assert shown(paid([ALICE, OWN], via_structure=False)) == [
        ("amo_receivable", "", "", -700),
        ("amc_receivable", "", "", -300),
        ("payable", "a", "", 700),
        ("bank", "", "", 300),
    ]


def test_via_the_structure_a_payment_is_held_for_the_payee_until_it_is_redistributed() -> None:
    assert ("bank", "a", "", 700) in shown(paid([ALICE], via_structure=True))
    assert shown(redistributed("a", held=700, recoverable=0)) == [("payable", "a", "", 700), ("bank", "a", "", -700)]


def test_an_indu_is_owed_by_who_is_liable_and_recoverable_from_who_was_paid() -> None:
    indu = Indu(ALICE, liable=STRUCTURE, bearer=ALICE.payee)
    assert shown(claimed_back([indu])) == [
        ("recoverable", "a", "a", 700),
        ("recovery_due", "a", "Organization/s", -700),
    ]
    assert shown(given_back([indu], structure=STRUCTURE)) == [
        ("bank", "", "", -700),
        ("recovery_due", "a", "Organization/s", 700),
    ]


def test_an_indu_on_what_is_still_held_is_kept_back_at_once() -> None:
    indu = Indu(ALICE, liable=STRUCTURE, bearer=ALICE.payee, held=500)
    assert shown(claimed_back([indu])) == [
        ("payable", "a", "", 500),
        ("bank", "", "", 500),
        ("bank", "a", "", -500),
        ("recoverable", "a", "a", 200),
        ("recovery_due", "a", "Organization/s", -700),
    ]


def test_an_indu_is_withheld_from_what_is_redistributed_next() -> None:
    assert shown(redistributed("a", held=700, recoverable=200)) == [
        ("payable", "a", "", 700),
        ("bank", "", "", 200),
        ("bank", "a", "", -700),
        ("recoverable", "a", "a", -200),
    ]


def test_an_indu_on_the_structure_s_own_part_is_its_own_loss() -> None:
    indu = Indu(OWN, liable=STRUCTURE, bearer=OWN.payee)
    assert shown(claimed_back([indu])) == [
        ("structure", "s", "", 300),
        ("recovery_due", "s", "Organization/s", -300),
    ]
