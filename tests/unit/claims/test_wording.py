from string import Formatter

import pytest

from cordee.claims.explanation import explain
from cordee.claims.phrases import PHRASES
from cordee.claims.wording import in_full, reason


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("rule", sorted(PHRASES))
def test_both_languages_say_the_same_things(rule: str) -> None:
    assert placeholders(PHRASES[rule].fr) == placeholders(PHRASES[rule].en)


def test_numbers_agree_with_their_unit_and_money_with_its_language() -> None:
    why = explain("split.points", 123_456, base_cents=1_000_000, own_points=1, all_points=8)
    assert in_full(why, "fr") == "10\u00a0000,00\u00a0€ × 1 point / 8 points = 1\u00a0234,56\u00a0€"
    assert in_full(why, "en") == "€10,000.00 × 1 point / 8 points = €1,234.56"


def test_a_reason_leaves_out_the_sentence_it_explains() -> None:
    part = explain("quote_part", 0, (explain("zero.no_act", 0),), payee="A")
    assert reason(part, "en") == "no act counted in the séquence"
