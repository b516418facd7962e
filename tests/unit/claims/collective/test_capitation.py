"""Capitation: the worked examples, who is on the list, which weight, and what is refused."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from cordee.claims.collective.amount import CollectiveAmount, Undetermined
from cordee.claims.collective.capitation import CapitationFacts, CapitationTerms, StatedCents, capitation
from cordee.claims.collective.patient_list import ListedElsewhere, ListedPatient
from cordee.claims.wording import lines, missing_sentence
from cordee.pathways.model import Validity, WeightBand
from cordee.pathways.money import cents_of

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "capitation.yaml").read_text())
DAY = date(2026, 7, 1)
SINCE = Validity(date(2026, 1, 1), None)
ALL = (WeightBand(1000),)


def patient(name: str, age: int = 40, **changed: Any) -> ListedPatient:
    born = date(DAY.year - age, DAY.month, DAY.day)
    described = {"membership": SINCE, "traits": (), "born": Validity(born, born), "sex": None, **changed}
    return ListedPatient(name, **described)


def terms(bands: tuple[WeightBand, ...] = ALL, **changed: Any) -> CapitationTerms:
    stated = {
        "per_weighted_patient": 10_000,
        "growth_cap": None,
        "deducts_care_elsewhere": False,
        "minimum_patients": None,
        **changed,
    }
    return CapitationTerms(bands=bands, **stated)


def stated(cents: int) -> StatedCents:
    return StatedCents(cents, "MeasureReport/m")


def codes(result: CollectiveAmount | Undetermined) -> list[str]:
    assert isinstance(result, Undetermined)
    assert all(missing_sentence(missing, language) for missing in result.missing for language in ("fr", "en"))
    return [missing.code for missing in result.missing]


@pytest.mark.parametrize("case", CASES, ids=[f"{case['example']}: {case['rule']}" for case in CASES])
def test_worked_example(case: dict[str, Any]) -> None:
    bands = tuple(WeightBand(**{**band, "traits": tuple(band.get("traits", ()))}) for band in case["bands"])
    listed = [
        patient(f"Patient/{number}", entry["age"], sex=entry.get("sex"), traits=tuple(entry.get("traits", ())))
        for number, entry in enumerate(case["list"])
    ]
    elsewhere, reference = case.get("care_elsewhere"), case.get("reference")

    result = capitation(
        terms(
            bands,
            per_weighted_patient=cents_of(case["base"]),
            growth_cap=case.get("growth_cap"),
            deducts_care_elsewhere=elsewhere is not None,
        ),
        listed,
        CapitationFacts(
            care_elsewhere=stated(cents_of(elsewhere)) if elsewhere else None,
            reference_remuneration=stated(cents_of(reference)) if reference else None,
        ),
        DAY,
    )

    assert isinstance(result, CollectiveAmount)
    assert result.total == cents_of(case["amount"])
    assert sum(component.cents for component in result.components) == result.total


def test_the_arithmetic_is_said_band_by_band() -> None:
    result = capitation(terms(), [patient("Patient/1"), patient("Patient/2")], CapitationFacts(), DAY)
    assert isinstance(result, CollectiveAmount)
    said = [text.replace("\u00a0", " ") for _, text in lines(result.explanation, "fr")]
    assert said == [
        "forfait de la patientèle lue le 01/07/2026 : 200,00 €",
        "2 patient(s), soit 2,000 pondérés × 100,00 € = 200,00 €",
        "tous les patients : 2 × 1,000 = 2,000",
    ]


def test_only_patients_on_the_list_that_day_count() -> None:
    listed = [
        patient("Patient/stays"),
        patient("Patient/left", membership=Validity(date(2026, 1, 1), date(2026, 6, 30))),
        patient("Patient/comes", membership=Validity(date(2026, 7, 2), None)),
        patient("Patient/last-day", membership=Validity(date(2026, 1, 1), DAY)),
        patient("Patient/died", died_on=date(2026, 6, 1)),
    ]
    result = capitation(terms(), listed, CapitationFacts(), DAY)
    assert isinstance(result, CollectiveAmount)
    assert result.total == 20_000
    assert [(reason.rule, dict(reason.inputs).get("number")) for reason in result.set_aside] == [
        ("list.absent", 2),
        ("list.died", None),
    ]


def test_one_whose_traits_changed_is_listed_twice_but_not_on_the_same_day() -> None:
    earlier = patient("Patient/1", membership=Validity(date(2026, 1, 1), date(2026, 6, 30)))
    later = patient("Patient/1", membership=Validity(DAY, None), traits=("ald",))
    bands = (WeightBand(1000), WeightBand(2000, traits=("ald",)))
    result = capitation(terms(bands), [earlier, later], CapitationFacts(), DAY)
    assert isinstance(result, CollectiveAmount)
    assert result.total == 20_000
    assert codes(capitation(terms(bands), [patient("Patient/1"), later], CapitationFacts(), DAY)) == ["listed_twice"]


@pytest.mark.parametrize(
    ("until", "paid"), [(date(2026, 6, 30), True), (None, False)], ids=["left before", "still there"]
)
def test_a_patient_on_another_list_the_same_day_is_paid_for_by_neither(until: date | None, paid: bool) -> None:
    other = ListedElsewhere("Patient/1", Validity(date(2026, 1, 1), until), "Group/other")
    result = capitation(terms(), [patient("Patient/1")], CapitationFacts(), DAY, [other])
    assert isinstance(result, CollectiveAmount) is paid
    if not paid:
        assert codes(result) == ["listed_elsewhere"]


def test_a_patient_without_a_band_is_a_problem_not_a_weight_of_zero() -> None:
    bands = (WeightBand(1000, minimum_age=65),)
    result = capitation(
        terms(bands), [patient("Patient/old", 70), patient("Patient/young", 20)], CapitationFacts(), DAY
    )
    assert codes(result) == ["no_weight"]


def test_two_bands_neither_more_specific_are_a_problem() -> None:
    bands = (WeightBand(1000, minimum_age=65), WeightBand(2000, traits=("ald",)))
    result = capitation(terms(bands), [patient("Patient/1", 70, traits=("ald",))], CapitationFacts(), DAY)
    assert codes(result) == ["several_weights"]


def test_the_same_band_twice_is_a_problem() -> None:
    result = capitation(terms((WeightBand(1000), WeightBand(2000))), [patient("Patient/1")], CapitationFacts(), DAY)
    assert codes(result) == ["several_weights"]


@pytest.mark.parametrize(
    ("born", "code"),
    [
        (None, "birth_date_unknown"),
        (Validity(date(1961, 1, 1), date(1961, 12, 31)), "birth_date_partial"),
        (Validity(date(2026, 7, 2), date(2026, 7, 2)), "born_later"),
    ],
)
def test_an_age_that_is_not_known_is_a_problem(born: Validity | None, code: str) -> None:
    bands = (WeightBand(1000, maximum_age=64), WeightBand(2000, minimum_age=65))
    assert codes(capitation(terms(bands), [patient("Patient/1", born=born)], CapitationFacts(), DAY)) == [code]


def test_a_partial_birth_date_is_enough_when_both_ages_have_the_same_weight() -> None:
    bands = (WeightBand(1000, maximum_age=64), WeightBand(2000, minimum_age=65))
    born = Validity(date(1950, 1, 1), date(1950, 12, 31))
    result = capitation(terms(bands), [patient("Patient/1", born=born)], CapitationFacts(), DAY)
    assert isinstance(result, CollectiveAmount)
    assert result.total == 20_000


def test_an_age_changes_on_the_birthday() -> None:
    bands = (WeightBand(1000, maximum_age=64), WeightBand(2000, minimum_age=65))
    tomorrow = date(1961, 7, 2)
    listed = [patient("Patient/65", 65), patient("Patient/64", born=Validity(tomorrow, tomorrow))]
    result = capitation(terms(bands), listed, CapitationFacts(), DAY)
    assert isinstance(result, CollectiveAmount)
    assert result.total == 30_000


def test_nobody_having_stated_an_amount_nothing_is_billed() -> None:
    stated_nothing = terms(
        (), per_weighted_patient=None, growth_cap=2000, deducts_care_elsewhere=True, minimum_patients=250
    )
    assert codes(capitation(stated_nothing, [patient("Patient/1")], CapitationFacts(), DAY)) == [
        "base_not_stated",
        "weights_not_stated",
        "too_few_patients",
        "reference_not_stated",
        "care_elsewhere_not_stated",
    ]


def test_lines_of_care_elsewhere_count_for_patients_of_the_list_only() -> None:
    by_patient = {"Patient/1": stated(1_000), "Patient/other": stated(2_000)}
    result = capitation(
        terms(deducts_care_elsewhere=True),
        [patient("Patient/1")],
        CapitationFacts(care_elsewhere_by_patient=by_patient),
        DAY,
    )
    assert isinstance(result, CollectiveAmount)
    assert result.total == 9_000
    assert [reason.rule for reason in result.set_aside] == ["list.care_elsewhere_unused"]


@pytest.mark.parametrize(("total", "agrees"), [(1_000, True), (1_001, False)])
def test_a_total_and_lines_must_agree(total: int, agrees: bool) -> None:
    result = capitation(
        terms(deducts_care_elsewhere=True),
        [patient("Patient/1")],
        CapitationFacts(care_elsewhere=stated(total), care_elsewhere_by_patient={"Patient/1": stated(1_000)}),
        DAY,
    )
    assert isinstance(result, CollectiveAmount) is agrees
    if not agrees:
        assert codes(result) == ["care_elsewhere_differs"]
