"""Shared savings (IPEP): the published formula, in exact fractions, rounded to the cent once at the very end.

How the quality score then acts on the savings is not public: the convention's rule is applied, and without one nothing
is billed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from cordee.claims.collective.amount import CollectiveAmount, Component, Undetermined, to_the_cent
from cordee.claims.collective.exact_text import decimal_label, euros_label
from cordee.claims.collective.quality_score import QualityFacts, QualityScore, quality_score
from cordee.claims.explanation import Explanation, explain
from cordee.claims.gates import Missing
from cordee.pathways.convention import QualityRule
from cordee.pathways.model import Label, SharedSavings, Validity

_WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class SavingsFacts:
    """What the caisse states of a year: the two gains in euros a patient, negative for a loss, and the patients."""

    change_gain: Fraction | None = None
    level_gain: Fraction | None = None
    patients: int | None = None
    report: str = ""


def formula_in_force(formulas: Iterable[SharedSavings], year: Validity) -> SharedSavings | None:
    """The parameters in force on the first day of a year: they govern it whole."""
    return next((formula for formula in formulas if formula.validity.covers(year.first)), None)


def shared_savings(
    formula: SharedSavings, rule: QualityRule | None, facts: SavingsFacts, quality: QualityFacts
) -> CollectiveAmount | Undetermined:
    """The amount of a group: its savings, and what the quality score takes off them.

    Without a rule, or with one whose score is not known, the savings are told as a component that is not billed.
    """
    exact, components, missing = _savings(formula, facts)
    score = _score(formula, rule, quality)
    if isinstance(score, tuple):
        missing += score
    if rule is None:
        missing += (Missing("quality_rule_not_stated"),)
    if missing or rule is None or isinstance(score, tuple):
        told = () if not isinstance(score, QualityScore) else (Component("quality", 0, score.explanation),)
        return Undetermined(missing, (*components, *told))
    factor, why = _factor(rule, score)
    total = to_the_cent(exact * factor)
    withheld = total - components[0].cents
    if withheld:
        components += (Component("quality", withheld, explain("savings.withheld", withheld, why)),)
        why = ()
    reasons = (*(component.explanation for component in components), *why)
    return CollectiveAmount(total, components, explain("collective.shared_savings", total, reasons))


def _savings(
    formula: SharedSavings, facts: SavingsFacts
) -> tuple[Fraction, tuple[Component, ...], tuple[Missing, ...]]:
    """The exact cents of the savings, their component, and what is not stated."""
    change, level, patients = facts.change_gain, facts.level_gain, facts.patients
    if change is None or level is None or patients is None:
        unstated = [("change_gain", change), ("level_gain", level), ("patient_count", patients)]
        return Fraction(0), (), tuple(Missing(f"{name}_not_stated") for name, value in unstated if value is None)
    shared, weight, other_weight = (Fraction(*ratio) for ratio in (formula.shared, formula.change, formula.level))
    # Each gain is floored on its own: a loss on one never eats into the other.
    per_patient = shared * (weight * max(Fraction(0), change) + other_weight * max(Fraction(0), level))
    exact = per_patient * patients * 100
    cents = to_the_cent(exact)
    because = [
        explain("savings.floored", gain=euros_label(gain), kind=kind)
        for kind, gain in ((Label("évolution", "change"), change), (Label("écart", "level"), level))
        if gain < 0
    ]
    if exact != cents:
        because.append(explain("rounding.half_up"))
    why = explain(
        "savings.formula",
        cents,
        tuple(because),
        shared=decimal_label(shared),
        change_weight=decimal_label(weight),
        level_weight=decimal_label(other_weight),
        change=euros_label(max(Fraction(0), change)),
        level=euros_label(max(Fraction(0), level)),
        patients=patients,
        report=facts.report,
    )
    return exact, (Component("savings", cents, why),), ()


def _score(
    formula: SharedSavings, rule: QualityRule | None, quality: QualityFacts
) -> QualityScore | tuple[Missing, ...] | None:
    """The score; None where it is not stated and not needed."""
    stated = bool(quality.indicators) or quality.patient_experience is not None
    if not stated and (rule is None or rule.kind == "savings_alone"):
        return None
    return quality_score(formula, quality)


def _factor(rule: QualityRule, score: QualityScore | None) -> tuple[Fraction, tuple[Explanation, ...]]:
    """The part of the savings that is due, and why."""
    told = () if score is None else (score.explanation,)
    if rule.kind == "savings_alone":
        return Fraction(1), (explain("savings.alone", None, told),)
    if score is None or not rule.points:
        raise ValueError(f"a quality rule by {rule.kind} needs a score, and the points it is measured against")
    assured = Fraction(rule.assured_share, _WHOLE)
    if rule.kind == "threshold":
        earned = Fraction(score.points >= rule.points)
        name = "savings.threshold_reached" if earned else "savings.threshold_missed"
    else:
        earned = max(Fraction(0), min(Fraction(1), score.points / rule.points))
        name = "savings.proportional"
    factor = assured + (1 - assured) * earned
    because = (explain("savings.assured", of_share=rule.assured_share),) if rule.assured_share else ()
    why = explain(
        name,
        None,
        (*told, *because),
        score=decimal_label(score.points),
        against=str(rule.points),
        factor=decimal_label(factor),
    )
    return factor, (why,)
