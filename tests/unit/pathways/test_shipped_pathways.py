"""The pathway files that travel with the program: what they say is what the public texts say, and no more."""

from datetime import date

import pytest

from cordee.pathways.durations import Duration
from cordee.pathways.model import Pathway, RequiredAct
from cordee.pathways.money import euros
from cordee.pathways.reader import read_pathway
from cordee.pathways.shipped import pathway_directory, shipped_pathways, shipped_texts

PCR = "pcr-obesite-complexe-adulte"
EXPECTED = {
    PCR,
    "cime",
    "equip-addict",
    "gpso",
    "icope",
    "ipep",
    "mission-retrouve-ton-cap",
    "mon-soutien-psy",
    "occitadys-rcp",
    "parcours-apres-cancer",
    "pascia-mans",
    "pco-tnd",
    "peps",
    "post-covid-microstructures",
    "remidom",
    "sp-adepress",
}

EVERY_PUBLISHED_AMOUNT = {
    (PCR, "forfait", None, "1126.00 to 1769.00", "2026-03-04"),
    ("parcours-apres-cancer", "bilans-et-consultations", "bilan-apa", "45.00", "2020-12-24"),
    ("mon-soutien-psy", "seances", "entretien-evaluation", "40.00", "2022-04-05"),
    ("mon-soutien-psy", "seances", "accompagnement", "30.00", "2022-04-05"),
    ("mon-soutien-psy", "seances", "accompagnement-distance", "30.00", "2022-04-05"),
    ("pco-tnd", "bilan", "bilan-psychomoteur", "140.00", "2019-04-16"),
    ("pco-tnd", "bilan-et-sequence", None, "1500.00", "2019-04-16"),
    ("occitadys-rcp", "rcp", "rcp", "15.00", "2021-01-04"),
}
"""Pathway, forfait, act, euros, first day: an amount in a file that is not here was never checked."""

every_pathway = pytest.mark.parametrize("pathway", shipped_pathways().values(), ids=lambda pathway: pathway.code)


@pytest.fixture
def pcr() -> Pathway:
    return shipped_pathways()[PCR]


def test_every_parcours_has_its_file_named_after_its_code() -> None:
    assert set(shipped_pathways()) == EXPECTED
    assert {path.stem for path in pathway_directory().glob("*.yaml")} == EXPECTED


def test_the_amounts_of_the_files_are_those_that_were_checked() -> None:
    found = {
        (
            pathway.code,
            forfait.code,
            amount.act,
            f"{euros(amount.minimum)}" + ("" if amount.exact is not None else f" to {euros(amount.maximum)}"),
            amount.validity.first.isoformat(),
        )
        for pathway in shipped_pathways().values()
        for forfait in pathway.forfaits
        for amount in forfait.amounts
    }
    assert found == EVERY_PUBLISHED_AMOUNT


@every_pathway
def test_every_figure_names_a_dated_source_with_its_address(pathway: Pathway) -> None:
    sources = {source.code: source for source in pathway.sources}
    figures = [amount.source for amount in pathway.amounts]
    figures += [uplift.source for uplift in pathway.uplifts] + [cap.source for cap in pathway.caps]
    figures += [model.source for model in (pathway.capitation, *pathway.shared_savings) if model is not None]
    for code in figures:
        assert sources[code].published_on or sources[code].read_on
        assert (sources[code].address or "").startswith("https://")


@every_pathway
def test_every_source_is_cited(pathway: Pathway) -> None:
    text = shipped_texts()[f"{pathway.code}.yaml"]
    for source in pathway.sources:
        assert f"source: {source.code}\n" in text, source.code


@every_pathway
def test_every_profession_has_its_national_code(pathway: Pathway) -> None:
    assert all(p.system.startswith("https://mos.esante.gouv.fr/NOS/TRE_") for p in pathway.professions)


@every_pathway
def test_what_is_missing_is_said_to_be_not_public(pathway: Pathway) -> None:
    assert pathway.not_public
    without_amount = [forfait for forfait in pathway.forfaits if not forfait.amounts]
    said = " ".join(label.en.lower() for label in pathway.not_public)
    assert not without_amount or "amount" in said or "price" in said


def test_only_the_bounds_of_the_obesity_tariff_are_published(pcr: Pathway) -> None:
    (amount,) = pcr.amounts
    assert (amount.minimum, amount.maximum, amount.exact) == (112_600, 176_900, None)
    assert [profile.code for profile in pcr.profiles] == ["OC", "OC-APA", "OC-TCA", "OC-TCA-APA"]
    assert amount.validity.first == date(2026, 3, 4)
    assert (pcr.incomplete_use, pcr.early_exit) == (None, None)
    assert all(s.duration is None and s.required_acts is None for s in pcr.sequences)


def test_the_law_of_the_parcours_coordonnes_renforces_is_in_the_obesity_file(pcr: Pathway) -> None:
    assert pcr.review is not None
    assert pcr.review.silence == Duration(2, 0)
    assert (pcr.consent_required, pcr.identification_required, pcr.renewable) == (True, True, False)
    assert (pcr.eligibility.minimum_age, pcr.eligibility.medical_prescription) == (18, True)
    assert len(pcr.structures) == 9
    assert [s.category for s in pcr.structures if s.legal_form == "sisa"] == ["msp"]
    uplift = pcr.uplift("outre-mer", date(2026, 6, 1))
    assert uplift is not None
    assert uplift.basis_points == 2_000


def test_equip_addict_has_no_amount_since_its_sources_contradict_each_other() -> None:
    pathway = shipped_pathways()["equip-addict"]
    assert pathway.amounts == ()
    assert any("528" in label.en and "529" in label.en for label in pathway.not_public)


def test_the_cancer_parcours_is_capped_at_180_euros_and_six_follow_ups_a_year() -> None:
    amount, count = shipped_pathways()["parcours-apres-cancer"].caps
    assert (amount.amount, amount.count, amount.per, amount.acts) == (18_000, None, "year", ())
    assert (count.amount, count.count, count.per) == (None, 6, "year")
    assert set(count.acts) == {"consultation-dietetique", "consultation-psychologique"}


def test_retrouve_ton_cap_pays_both_forfaits_once_started() -> None:
    pathway = shipped_pathways()["mission-retrouve-ton-cap"]
    assert pathway.incomplete_use == "full_if_started"
    assert [forfait.sequences for forfait in pathway.forfaits] == [("bilans",), ("suivis",)]
    assert [s.required_acts for s in pathway.sequences] == [
        (RequiredAct("bilan", 3, minimum=1),),
        (RequiredAct("suivi", 6, minimum=3),),
    ]


def test_the_1500_euros_of_the_pco_include_the_assessment() -> None:
    forfait = shipped_pathways()["pco-tnd"].forfait("bilan-et-sequence")
    assert forfait is not None
    assert forfait.includes == ("bilan",)


def test_mon_soutien_psy_ends_with_its_values_of_2022() -> None:
    pathway = shipped_pathways()["mon-soutien-psy"]
    assert {amount.validity.last for amount in pathway.amounts} == {date(2024, 6, 14)}
    assert pathway.validity.last == date(2024, 6, 14)
    assert [(cap.count, cap.per) for cap in pathway.caps] == [(8, "year")]


def test_each_participant_of_an_occitadys_meeting_is_paid() -> None:
    (forfait,) = shipped_pathways()["occitadys-rcp"].forfaits
    assert forfait.unit == "EUR per act and performer"


def test_icope_has_five_steps() -> None:
    assert [s.code for s in shipped_pathways()["icope"].sequences] == [f"etape-{step}" for step in range(1, 6)]
    assert shipped_pathways()["icope"].eligibility.minimum_age == 60


def test_ipep_has_the_published_formula() -> None:
    (savings,) = shipped_pathways()["ipep"].shared_savings
    assert (savings.shared, savings.change, savings.level) == ((1, 2), (2, 3), (1, 3))
    assert (savings.patient_experience, savings.indicators) == (20, ())


def test_peps_is_capped_at_a_fifth_more_and_its_weights_are_not_public() -> None:
    pathway = shipped_pathways()["peps"]
    assert pathway.capitation is not None
    assert (pathway.capitation.growth_cap, pathway.capitation.bands) == (2_000, None)
    assert pathway.capitation.deducts_care_elsewhere
    assert pathway.capitation.least_patients is not None
    assert pathway.capitation.least_patients.count == 250
    assert [role.minimum for role in pathway.team] == [3, 1, 5]
    assert pathway.forfaits[0].period == Duration(3, 0)


def test_reading_a_file_twice_gives_equal_pathways(pcr: Pathway) -> None:
    assert read_pathway("again", shipped_texts()[f"{PCR}.yaml"]) == pcr
