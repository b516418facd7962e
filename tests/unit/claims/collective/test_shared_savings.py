"""Shared savings: the worked examples, and what is refused."""

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from cordee.claims.collective.amount import CollectiveAmount, Undetermined
from cordee.claims.collective.quality_score import IndicatorFigures, QualityFacts, StatedPoints
from cordee.claims.collective.shared_savings import SavingsFacts, formula_in_force, shared_savings
from cordee.claims.wording import lines, missing_sentence
from cordee.pathways.convention import QualityRule
from cordee.pathways.model import Label, QualityIndicator, SharedSavings, Validity
from cordee.pathways.money import cents_of

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "shared_savings.yaml").read_text())
FORMULA = SharedSavings((1, 2), (2, 3), (1, 3), (), 20, Validity(date(2020, 1, 1), None), "cahier")
ALONE = QualityRule("savings_alone")
GAINS = SavingsFacts(Fraction(30), Fraction(12), 6000, "MeasureReport/m")


def points(score: str) -> QualityFacts:
    return QualityFacts((StatedPoints("all", Fraction(score)),), Fraction(0))


def codes(result: CollectiveAmount | Undetermined) -> list[str]:
    assert isinstance(result, Undetermined)
    assert all(missing_sentence(missing, language) for missing in result.missing for language in ("fr", "en"))
    return [missing.code for missing in result.missing]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['example']}: {case['rule']}" for case in CASES])
def test_worked_example(case: dict[str, Any]) -> None:
    gains = case["gains"]
    facts = SavingsFacts(Fraction(gains["change"]), Fraction(gains["level"]), case["patients"], "MeasureReport/m")
    stated = case.get("quality", {"kind": "savings_alone"})
    score = stated.pop("score", None)
    quality = QualityFacts() if score is None else points(score)

    result = shared_savings(FORMULA, QualityRule(**stated), facts, quality)

    assert isinstance(result, CollectiveAmount)
    assert result.total == cents_of(case["amount"])
    assert sum(component.cents for component in result.components) == result.total


def test_the_arithmetic_is_said_in_both_languages() -> None:
    result = shared_savings(FORMULA, ALONE, GAINS, QualityFacts())
    assert isinstance(result, CollectiveAmount)
    said = "\n".join(text for _, text in lines(result.explanation, "fr")).replace("\u00a0", " ")
    assert "0,5 × (2/3 × 30,00 € + 1/3 × 12,00 €) × 6000 patient(s) = 72 000,00 €" in said
    assert "0.5 × (2/3 × €30.00 + 1/3 × €12.00)" in "\n".join(text for _, text in lines(result.explanation, "en"))


def test_without_a_rule_the_components_are_told_and_nothing_is_billed() -> None:
    result = shared_savings(FORMULA, None, GAINS, points("40"))
    assert codes(result) == ["quality_rule_not_stated"]
    assert isinstance(result, Undetermined)
    assert [(component.code, component.cents) for component in result.components] == [
        ("savings", 7_200_000),
        ("quality", 0),
    ]


def test_each_fact_that_is_not_stated_is_named() -> None:
    assert codes(shared_savings(FORMULA, ALONE, SavingsFacts(), QualityFacts())) == [
        "change_gain_not_stated",
        "level_gain_not_stated",
        "patient_count_not_stated",
    ]


def test_a_rule_on_the_score_needs_patient_experience_stated() -> None:
    assert codes(shared_savings(FORMULA, QualityRule("threshold", 60), GAINS, QualityFacts())) == [
        "experience_not_stated"
    ]


@pytest.mark.parametrize(("experience", "refused"), [("20", False), ("20.5", True), ("-1", True)])
def test_patient_experience_gives_at_most_twenty_points(experience: str, refused: bool) -> None:
    facts = QualityFacts((), Fraction(experience))
    result = shared_savings(FORMULA, QualityRule("threshold", 1), GAINS, facts)
    assert isinstance(result, Undetermined) is refused
    if refused:
        assert codes(result) == ["points_out_of_range"]


INDICATORS = (
    QualityIndicator("vaccination", Label("vaccination", "vaccination"), 10, core=True),
    QualityIndicator("urgences", Label("passages aux urgences", "emergency visits"), 10, core=True),
    QualityIndicator("option", Label("à la carte", "à la carte"), 10, core=False),
)
LISTED = SharedSavings((1, 2), (2, 3), (1, 3), INDICATORS, 20, Validity(date(2020, 1, 1), None), "cahier")


def test_core_indicators_are_required_and_those_a_la_carte_are_not() -> None:
    only_one = QualityFacts((StatedPoints("vaccination", Fraction(5)),), Fraction(10))
    result = shared_savings(LISTED, QualityRule("threshold", 10), GAINS, only_one)
    assert codes(result) == ["indicator_not_stated"]
    both = QualityFacts((*only_one.indicators, StatedPoints("urgences", Fraction(5))), Fraction(10))
    assert isinstance(shared_savings(LISTED, QualityRule("threshold", 20), GAINS, both), CollectiveAmount)


def test_points_nobody_can_have_are_refused() -> None:
    facts = QualityFacts(
        (
            StatedPoints("vaccination", Fraction(11)),
            StatedPoints("urgences", Fraction(5)),
            StatedPoints("urgences", Fraction(5)),
            StatedPoints("inconnu", Fraction(1)),
        ),
        Fraction(10),
    )
    assert codes(shared_savings(LISTED, QualityRule("threshold", 10), GAINS, facts)) == [
        "indicator_twice",
        "indicator_unknown",
        "points_out_of_range",
    ]


@pytest.mark.parametrize(
    ("value", "previous", "should_fall", "standing"),
    [
        (80, 50, False, "target_reached"),
        (40, 50, False, "intermediate_reached"),
        (20, 10, False, "progress"),
        (20, 20, False, "no_progress"),
        (20, None, False, "below_intermediate"),
        (10, 50, True, "target_reached"),
        (60, 70, True, "intermediate_reached"),
        (80, 90, True, "progress"),
        (80, 70, True, "no_progress"),
    ],
)
def test_progress_is_looked_at_below_the_intermediate_objective_only(
    value: int, previous: int | None, should_fall: bool, standing: str
) -> None:
    target, intermediate = (20, 70) if should_fall else (80, 30)
    figures = IndicatorFigures(
        Fraction(value),
        None if previous is None else Fraction(previous),
        Fraction(target),
        Fraction(intermediate),
        should_fall,
    )
    assert figures.standing == standing
    facts = QualityFacts((StatedPoints("i", Fraction(5), figures),), Fraction(0))
    result = shared_savings(FORMULA, QualityRule("threshold", 1), GAINS, facts)
    assert isinstance(result, CollectiveAmount)
    assert all(text for _, text in lines(result.explanation, "fr"))


def test_an_intermediate_objective_harder_than_the_target_is_refused() -> None:
    figures = IndicatorFigures(Fraction(5), None, Fraction(30), Fraction(80), should_fall=False)
    facts = QualityFacts((StatedPoints("i", Fraction(5), figures),), Fraction(0))
    assert codes(shared_savings(FORMULA, QualityRule("threshold", 1), GAINS, facts)) == ["indicator_objectives"]


def test_the_parameters_in_force_on_the_first_day_govern_the_year() -> None:
    older = SharedSavings((1, 2), (2, 3), (1, 3), (), 20, Validity(date(2020, 1, 1), date(2025, 12, 31)), "cahier")
    newer = SharedSavings((1, 2), (1, 2), (1, 2), (), 20, Validity(date(2026, 1, 1), None), "cahier")
    assert formula_in_force([newer, older], Validity(date(2025, 1, 1), date(2025, 12, 31))) is older
    assert formula_in_force([newer, older], Validity(date(2026, 1, 1), date(2026, 12, 31))) is newer
    assert formula_in_force([older], Validity(date(2026, 1, 1), date(2026, 12, 31))) is None
