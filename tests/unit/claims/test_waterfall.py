"""The steps of a split on their own."""

from cordee.claims.earners import Earners
from cordee.claims.waterfall import split_forfait
from cordee.pathways.convention import FixedAmount, Percentage

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
