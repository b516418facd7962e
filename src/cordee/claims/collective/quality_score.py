"""The quality score (IPEP): points by indicator and for patient experience, as the caisse states them.

The scale from figures to points is not public, so points are never computed here. Where the figures of an indicator
are stated too, the explanation says where they stand.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from cordee.claims.collective.exact_text import decimal_label
from cordee.claims.explanation import Explanation, Value, explain
from cordee.claims.gates import Missing, lacking
from cordee.pathways.model import Label, QualityIndicator, SharedSavings

Standing = Literal["target_reached", "intermediate_reached", "progress", "no_progress", "below_intermediate"]
"""On target; between the two objectives; below both, with or without progress; below both, last year not stated."""


@dataclass(frozen=True, slots=True)
class IndicatorFigures:
    """An indicator's figures: this year's, last year's, the target and the intermediate objective.

    The target is the 8th decile of the territories, the 2nd when the indicator should fall; the intermediate objective
    is the 3rd, or what the caisse states.
    """

    value: Fraction
    previous: Fraction | None
    target: Fraction
    intermediate: Fraction
    should_fall: bool

    @property
    def standing(self) -> Standing:
        """Where the year stands; progress is looked at below the intermediate objective only."""
        sign = -1 if self.should_fall else 1
        if sign * self.value >= sign * self.target:
            return "target_reached"
        if sign * self.value >= sign * self.intermediate:
            return "intermediate_reached"
        if self.previous is None:
            return "below_intermediate"
        return "progress" if sign * self.value > sign * self.previous else "no_progress"

    @property
    def consistent(self) -> bool:
        """Whether the intermediate objective is no harder than the target."""
        return self.intermediate >= self.target if self.should_fall else self.intermediate <= self.target


@dataclass(frozen=True, slots=True)
class StatedPoints:
    """The points of one indicator, and its figures when they are stated."""

    indicator: str
    points: Fraction
    figures: IndicatorFigures | None = None


@dataclass(frozen=True, slots=True)
class QualityFacts:
    """The points stated for a year; `patient_experience` None when they are not."""

    indicators: tuple[StatedPoints, ...] = ()
    patient_experience: Fraction | None = None
    report: str = ""


@dataclass(frozen=True, slots=True)
class QualityScore:
    """The points together."""

    points: Fraction
    explanation: Explanation


def quality_score(formula: SharedSavings, facts: QualityFacts) -> QualityScore | tuple[Missing, ...]:
    """The score of a year, or all that keeps it from being known.

    A core indicator without points is missing, one à la carte is not. Where the pathway lists no indicator, since the
    list is not public, those stated are taken as they are.
    """
    missing = (*_faults(formula, facts), *_absent(formula.indicators, facts))
    if facts.patient_experience is None and formula.patient_experience:
        missing += (lacking("experience_not_stated", most_points=formula.patient_experience),)
    if missing:
        return missing
    stated = sorted(facts.indicators, key=lambda entry: entry.indicator)
    labels = {indicator.code: indicator.label for indicator in formula.indicators}
    because = [_indicator(entry, labels.get(entry.indicator)) for entry in stated]
    points = sum((entry.points for entry in stated), Fraction(0))
    if facts.patient_experience is not None:
        because.append(explain("quality.patient_experience", given=decimal_label(facts.patient_experience)))
        points += facts.patient_experience
    why = explain("quality.score", None, tuple(because), score=decimal_label(points), report=facts.report)
    return QualityScore(points, why)


def _faults(formula: SharedSavings, facts: QualityFacts) -> list[Missing]:
    """Points nobody can have, indicators nobody knows, or stated twice."""
    most = {indicator.code: indicator.points for indicator in formula.indicators}
    times = Counter(entry.indicator for entry in facts.indicators)
    missing = [lacking("indicator_twice", indicator=code) for code, number in sorted(times.items()) if number > 1]
    for entry in sorted(facts.indicators, key=lambda entry: entry.indicator):
        if most and entry.indicator not in most:
            missing.append(lacking("indicator_unknown", indicator=entry.indicator))
        elif entry.points < 0 or (most and entry.points > most[entry.indicator]):
            limit = most.get(entry.indicator)
            missing.append(_out_of_range(entry.indicator, entry.points, limit))
        if entry.figures is not None and not entry.figures.consistent:
            missing.append(lacking("indicator_objectives", indicator=entry.indicator))
    experience = facts.patient_experience
    if experience is not None and not 0 <= experience <= formula.patient_experience:
        missing.append(_out_of_range("patient-experience", experience, formula.patient_experience))
    return missing


def _out_of_range(indicator: str, points: Fraction, limit: int | None) -> Missing:
    most = Label("sans maximum publié", "no published maximum") if limit is None else decimal_label(Fraction(limit))
    return lacking("points_out_of_range", indicator=indicator, found=decimal_label(points), most=most)


def _absent(indicators: Iterable[QualityIndicator], facts: QualityFacts) -> list[Missing]:
    stated = {entry.indicator for entry in facts.indicators}
    return [
        lacking("indicator_not_stated", indicator=indicator.label)
        for indicator in indicators
        if indicator.core and indicator.code not in stated
    ]


def _indicator(entry: StatedPoints, label: Label | None) -> Explanation:
    because: tuple[Explanation, ...] = ()
    if (figures := entry.figures) is not None:
        inputs: dict[str, Value] = {
            "value": decimal_label(figures.value),
            "target": decimal_label(figures.target),
            "intermediate": decimal_label(figures.intermediate),
        }
        if figures.previous is not None:
            inputs["previous"] = decimal_label(figures.previous)
        because = (Explanation(f"quality.{figures.standing}", tuple(inputs.items())),)
    name = label or Label(entry.indicator, entry.indicator)
    return explain("quality.indicator", None, because, indicator=name, given=decimal_label(entry.points))
