"""The steps of a split on their own."""

from datetime import date

from cordee.claims.counting import ActDone
from cordee.claims.earners import Earners
from cordee.claims.waterfall import split_forfait
from cordee.pathways.convention import FixedAmount, Percentage, Remainder

NOBODY = Earners((), {}, {}, {})


def test_shares_of_the_whole_leave_no_cent() -> None:
    quarters = tuple(Percentage(name, 2_500) for name in "abcd")
    split = split_forfait(10_001, quarters, NOBODY)
    assert [part.cents for part in split.parts] == [2_500, 2_501, 2_500, 2_500]
    assert split.residue == 0


def test_a_step_takes_no_more_than_what_is_left() -> None:
    split = split_forfait(1_000, (FixedAmount("a", 900), Percentage("b", 5_000), FixedAmount("c", 1)), NOBODY)
    assert [part.cents for part in split.parts] == [900, 100, 0]
    assert [why.rule for part in split.parts for why in part.explanation.because] == ["split.capped", "split.capped"]


def test_without_steps_all_is_residue() -> None:
    assert split_forfait(1_000, (), NOBODY).residue == 1_000


def test_a_person_in_two_professions_has_their_percentage_once() -> None:
    members = {"people|1#10": ("people|1",), "people|1#60": ("people|1",), "people|2#10": ("people|2",)}
    acts = tuple(
        ActDone(f"Encounter/{number}", date(2026, 7, 1), "visit", None, member) for number, member in enumerate(members)
    )
    earners = Earners(acts, dict.fromkeys(members), {}, {}, members)
    halves = Remainder("percentages", (), (("people|1", 5_000), ("people|2", 5_000)))
    split = split_forfait(1_000, (halves,), earners)
    assert [(part.payee, part.cents) for part in split.parts] == [("people|1#10", 500), ("people|2#10", 500)]
