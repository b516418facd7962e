"""Laws of collective payments, on generated lists, weights and facts."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cordee.claims.collective.amount import CollectiveAmount, Undetermined
from cordee.claims.collective.capitation import CapitationFacts, CapitationTerms, StatedCents, capitation
from cordee.claims.collective.patient_list import ListedPatient
from cordee.claims.collective.quality_score import QualityFacts, StatedPoints
from cordee.claims.collective.shared_savings import SavingsFacts, shared_savings
from cordee.pathways.convention import QualityRule
from cordee.pathways.model import SharedSavings, Validity, WeightBand

DAY = date(2026, 7, 1)
TRAITS = ("ald", "c2s", "diabete")

traits = st.lists(st.sampled_from(TRAITS), unique=True).map(lambda chosen: tuple(sorted(chosen)))
ages = st.integers(0, 100)


@st.composite
def patients(draw: st.DrawFn, name: str = "") -> ListedPatient:
    born = DAY - timedelta(days=draw(st.integers(0, 36_500)))
    first = DAY + timedelta(days=draw(st.integers(-200, 20)))
    last = draw(st.none() | st.integers(0, 300).map(lambda days: first + timedelta(days=days)))
    return ListedPatient(
        patient=f"Patient/{name or draw(st.integers(0, 10_000))}",
        membership=Validity(first, last),
        traits=draw(traits),
        born=Validity(born, born),
        sex=draw(st.sampled_from(("female", "male", None))),
    )


lists = st.lists(patients(), max_size=15, unique_by=lambda listed: listed.patient)


@st.composite
def bands(draw: st.DrawFn) -> WeightBand:
    least, most = sorted((draw(ages), draw(ages)))
    return WeightBand(
        weight=draw(st.integers(0, 5_000)),
        minimum_age=draw(st.sampled_from((None, least))),
        maximum_age=draw(st.sampled_from((None, most))),
        sex=draw(st.sampled_from(("female", "male", None))),
        traits=draw(traits),
    )


@st.composite
def terms(draw: st.DrawFn) -> CapitationTerms:
    others = draw(st.lists(bands(), max_size=2))
    return CapitationTerms(
        per_weighted_patient=draw(st.integers(0, 1_000_000)),
        bands=(WeightBand(1_000), *others),
        growth_cap=draw(st.none() | st.integers(0, 10_000)),
        deducts_care_elsewhere=draw(st.booleans()),
        minimum_patients=None,
    )


stated = st.integers(0, 10_000_000).map(lambda cents: StatedCents(cents, "MeasureReport/m"))
facts = st.builds(CapitationFacts, care_elsewhere=stated, reference_remuneration=stated)


@given(terms(), lists, facts, st.randoms(use_true_random=False))
def test_the_order_of_patients_changes_nothing(
    agreed: CapitationTerms, listed: list[ListedPatient], known: CapitationFacts, random: object
) -> None:
    shuffled = list(listed)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert capitation(agreed, listed, known, DAY) == capitation(agreed, shuffled, known, DAY)


@given(terms(), lists, facts, patients("added"))
def test_a_patient_more_never_lowers_the_amount(
    agreed: CapitationTerms, listed: list[ListedPatient], known: CapitationFacts, added: ListedPatient
) -> None:
    before, after = (capitation(agreed, who, known, DAY) for who in (listed, [*listed, added]))
    if isinstance(before, CollectiveAmount) and isinstance(after, CollectiveAmount):
        assert after.total >= before.total


@given(terms(), lists, facts)
def test_components_add_up_between_zero_and_the_cap(
    agreed: CapitationTerms, listed: list[ListedPatient], known: CapitationFacts
) -> None:
    result = capitation(agreed, listed, known, DAY)
    if isinstance(result, Undetermined):
        assert result.missing
        return
    assert result.total == sum(component.cents for component in result.components) >= 0
    first, *others = result.components
    assert first.cents >= 0
    assert all(component.cents <= 0 for component in others)
    if agreed.growth_cap is not None and known.reference_remuneration is not None:
        assert result.total * 10_000 <= known.reference_remuneration.cents * (10_000 + agreed.growth_cap)


@given(terms(), lists, facts)
def test_each_patient_present_is_weighed_once_or_named(
    agreed: CapitationTerms, listed: list[ListedPatient], known: CapitationFacts
) -> None:
    present = {patient.patient for patient in listed if patient.membership.covers(DAY)}
    result = capitation(replace(agreed, deducts_care_elsewhere=False, growth_cap=None), listed, known, DAY)
    if isinstance(result, Undetermined):
        assert {str(dict(missing.inputs)["patient"]) for missing in result.missing} <= present
    else:
        assert dict(result.components[0].explanation.inputs)["number"] == len(present)


gains = st.decimals(-1_000, 1_000, places=4).map(Fraction)
FORMULA = SharedSavings((1, 2), (2, 3), (1, 3), (), 20, Validity(date(2020, 1, 1), None), "cahier")
rules = st.builds(
    QualityRule,
    kind=st.sampled_from(("threshold", "proportional", "savings_alone")),
    points=st.integers(1, 200),
    assured_share=st.integers(0, 10_000),
)


@given(gains, gains, st.integers(0, 100_000))
def test_savings_are_within_half_a_cent_of_the_formula(change: Fraction, level: Fraction, number: int) -> None:
    result = shared_savings(FORMULA, QualityRule("savings_alone"), SavingsFacts(change, level, number), QualityFacts())
    assert isinstance(result, CollectiveAmount)
    exact = Fraction(1, 2) * (Fraction(2, 3) * max(change, 0) + Fraction(1, 3) * max(level, 0)) * number * 100
    assert abs(result.total - exact) <= Fraction(1, 2)


@given(gains, gains, gains, st.integers(0, 100_000))
def test_a_loss_is_worth_nothing_whatever_its_size(
    change: Fraction, level: Fraction, loss: Fraction, number: int
) -> None:
    one, other = (
        shared_savings(FORMULA, QualityRule("savings_alone"), SavingsFacts(change, lost, number), QualityFacts())
        for lost in (-abs(level), -abs(loss))
    )
    assert isinstance(one, CollectiveAmount)
    assert isinstance(other, CollectiveAmount)
    assert one.total == other.total


@given(rules, gains, gains, st.integers(0, 10_000), st.integers(0, 300), st.integers(0, 300))
def test_a_better_score_never_pays_less_and_never_more_than_the_savings(
    rule: QualityRule, change: Fraction, level: Fraction, number: int, score: int, more: int
) -> None:
    savings = SavingsFacts(change, level, number)
    worse, better = (
        shared_savings(FORMULA, rule, savings, QualityFacts((StatedPoints("all", Fraction(points)),), Fraction(0)))
        for points in (score, score + more)
    )
    assert isinstance(worse, CollectiveAmount)
    assert isinstance(better, CollectiveAmount)
    assert 0 <= worse.total <= better.total <= better.components[0].cents
