"""What a convention states beside its split: amounts, insurers, limits, the projet, versions."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from cordee.pathways.convention import ByProfession, Convention, FreeDistribution, Limit, Project, StatedAmount
from cordee.pathways.convention_reader import read_convention
from cordee.pathways.convention_versions import overlapping_versions
from cordee.pathways.model import Act, Amount, Capitation, Forfait, Label, Pathway, Validity, WeightBand
from cordee.pathways.reader import read_pathway
from cordee.pathways.strict_yaml import FileRefusedError

TRIAL = Path(__file__).parents[1] / "claims" / "pathways" / "essai.yaml"
ALWAYS = Validity(date(2026, 1, 1), None)
A, B = "https://cordee.example/members|A", "https://cordee.example/members|B"


@pytest.fixture(scope="module")
def published() -> Pathway:
    """The trial pathway, with a forfait paid per act whose price is published between two bounds."""
    trial = read_pathway("essai.yaml", TRIAL.read_text(encoding="utf-8"))
    label = Label("bilan", "assessment")
    bounds = Amount(None, None, 3_000, 4_000, ALWAYS, "constructed", act="bilan")
    per_act = Forfait("acte", label, "per_act", "EUR per act", (bounds,), acts=("bilan",))
    assessment = Act("bilan", "https://cordee.example/a", label)
    return replace(trial, forfaits=(*trial.forfaits, per_act), acts=(*trial.acts, assessment))


def convention(pathway: Pathway, **stated: object) -> Convention:
    signatories = [{"identifier": person, "name": person[-1], "signed_on": date(2026, 1, 1)} for person in (A, B)]
    entries = {
        "format": "cordee.convention/1",
        "identifier": "https://cordee.example/convention|essai",
        "version": "1",
        "pathway": pathway.code,
        "valid_from": date(2026, 1, 1),
        "structure": {"identifier": "https://finess.esante.gouv.fr|990000001", "name": "Structure d'essai"},
        "territory": "metropole",
        "payee_mode": "via_structure",
        "signatories": signatories,
        "split": [{"step": "remainder", "by": "heads"}],
        "residue": "structure",
        **stated,
    }
    text = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False)
    return read_convention("c.yaml", text, {pathway.code: pathway})


def refusal(pathway: Pathway, **stated: object) -> str:
    with pytest.raises(FileRefusedError) as refused:
        convention(pathway, **stated)
    return str(refused.value)


def test_every_field_is_read(published: Pathway) -> None:
    read = convention(
        published,
        amounts=[{"forfait": "acte", "act": "bilan", "amount": "35.00 EUR"}],
        amo_share="60 %",
        limits=[{"profession": "generaliste", "minimum": "10.00 EUR"}, {"maximum": "50.00 EUR"}],
        project={"sent_on": date(2026, 1, 5), "opposed_on": date(2026, 2, 1)},
        split=[{"step": "by_profession", "amounts": {"social": "5.00 EUR"}}, {"step": "free_distribution"}],
    )
    assert read.amounts == (StatedAmount("acte", None, None, "bilan", 3_500),)
    assert read.amo_share == 6_000
    assert read.limits == (Limit("generaliste", None, 1_000, None), Limit(None, None, None, 5_000))
    assert read.project == Project(date(2026, 1, 5), date(2026, 2, 1))
    assert read.steps == (ByProfession((), None, (("social", 500),)), FreeDistribution())


def test_without_a_word_the_compulsory_insurance_pays_all(published: Pathway) -> None:
    assert convention(published).amo_share == 10_000


def by_percentages(**shares: str) -> list[dict[str, object]]:
    people = {"A": A, "B": B, "C": "https://cordee.example/members|C"}
    return [{"step": "remainder", "by": "percentages", "shares": {people[k]: share for k, share in shares.items()}}]


REFUSALS: list[tuple[dict[str, object], str]] = [
    ({"amo_share": "120 %"}, "c.yaml:22: amo_share: '120 %' is over 100 %"),
    ({"split": by_percentages(A="60 %", B="30 %")}, "split[0].shares: the percentages add up to 90\u00a0%"),
    ({"split": by_percentages(A="60 %", B="50 %")}, "split[0].shares: the percentages add up to 110\u00a0%"),
    ({"split": by_percentages(A="60 %", C="40 %")}, "split[0].shares: unknown signatory 'https://cordee.example/m"),
    ({"limits": [{"minimum": "9.00 EUR", "maximum": "8.00 EUR"}]}, "limits[0].minimum: the minimum is more than"),
    ({"limits": [{"profession": "social"}]}, "limits[0]: a minimum, a maximum or both are needed"),
    ({"limits": [{"profession": "social", "identifier": A, "minimum": "1.00 EUR"}]}, "limits[0]: name either"),
    ({"limits": [{"profession": "plombier", "minimum": "1.00 EUR"}]}, "limits[0].profession: unknown profession"),
    ({"limits": [{"identifier": "x|y", "minimum": "1.00 EUR"}]}, "limits[0].identifier: unknown signatory 'x|y'"),
    ({"limits": [{"maximum": "2.00 EUR"}, {"minimum": "1.00 EUR"}]}, "limits[1]: the same members have a limit"),
    (
        {"limits": [{"identifier": A, "minimum": "20.00 EUR"}, {"identifier": B, "minimum": "40.01 EUR"}]},
        "limits: the minima add up to €60.01: more than the smallest amount, €60.00",
    ),
    ({"project": {"sent_on": date(2026, 2, 1), "opposed_on": date(2026, 1, 1)}}, "project.opposed_on: the ARS can't"),
    ({"amounts": [{"forfait": "x", "amount": "1.00 EUR"}]}, "amounts[0].forfait: unknown forfait 'x'"),
    (
        {"amounts": [{"forfait": "acte", "act": "bilan", "amount": "29.99 EUR"}]},
        "amounts[0].amount: €29.99 is stated for act bilan, outside of the published range of €30.00 to €40.00",
    ),
    (
        {"amounts": [{"forfait": "forfait", "profile": "cent", "sequence": "mois", "amount": "99.00 EUR"}]},
        "amounts[0].amount: €99.00 is stated for séquence mois, €100.00 is published",
    ),
    ({"amounts": [{"forfait": "acte", "amount": "35.00 EUR"}]}, "amounts[0]: forfait 'acte' is paid per act: name"),
    (
        {"amounts": [{"forfait": "acte", "act": "bilan", "sequence": "mois", "amount": "35.00 EUR"}]},
        "amounts[0].sequence: forfait 'acte' is not paid by séquence",
    ),
    (
        {"amounts": [{"forfait": "acte", "act": "bilan", "amount": "35.00 EUR"}] * 2},
        "amounts[1]: this forfait has an amount already",
    ),
    ({"amounts": [{"forfait": "forfait", "profile": "mille", "amount": "1.00 EUR"}]}, "unknown profile 'mille'"),
    ({"amounts": [{"forfait": "acte", "act": "bilan", "amount": "35.00 USD"}]}, "amounts[0].amount: '35.00 USD' is in"),
    ({"weight_bands": [{"weight": 1000}]}, "weight_bands: 'essai' is not paid by capitation"),
    ({"split": [{"step": "free_distribution"}, {"step": "remainder", "by": "heads"}]}, "split[0]: the remainder"),
    (
        {"split": [{"step": "by_profession", "amounts": {"social": "60.01 EUR"}}]},
        "€60.01 and 0\u00a0% off the top are more than the smallest amount stated, €60.00",
    ),
    ({"split": [{"step": "by_profession"}]}, "split[0]: write either shares or amounts by profession"),
]


@pytest.mark.parametrize(("stated", "said"), REFUSALS, ids=[said for _, said in REFUSALS])
def test_what_can_not_be_kept_is_refused_by_line(published: Pathway, stated: dict[str, object], said: str) -> None:
    assert said in refusal(published, **stated)


def test_a_person_an_employer_signed_for_may_be_named(published: Pathway) -> None:
    structure = {
        "identifier": "https://finess.esante.gouv.fr|990000001",
        "name": "Structure d'essai",
        "signed_on": date(2026, 1, 1),
        "signs_for": "employees",
    }
    read = convention(published, signatories=[structure], split=by_percentages(A="50 %", C="50 %"))
    assert len(read.steps) == 1


def test_weights_that_are_not_public_are_stated_by_the_convention(published: Pathway) -> None:
    by_list = replace(
        published, payment_model="capitation", incomplete_use=None, early_exit=None,
        capitation=Capitation(None, None, deducts_care_elsewhere=True, source="constructed"),
    )  # fmt: skip
    read_on = {"list_read_on": "first_day"}
    stated = convention(by_list, weight_bands=[{"weight": 1250, "minimum_age": 65}], collective=read_on)
    assert stated.weight_bands == (WeightBand(1_250, minimum_age=65),)
    assert "the list 'weight_bands' is missing" in refusal(by_list)


def test_two_versions_in_force_on_one_day_are_named(published: Pathway) -> None:
    first = convention(published)
    second = convention(published, version="2", valid_from=date(2026, 9, 1))
    (overlap,) = overlapping_versions((second, first, first))
    assert (overlap.earlier, overlap.later, overlap.day) == (first, second, date(2026, 9, 1))
    assert str(overlap) == (
        "version 1 of https://cordee.example/convention|essai and version 2 of https://cordee.example/convention|essai "
        "are both in force on 2026-09-01 for essai: give the one that began first a valid_to before 2026-09-01, and "
        "sign it again"
    )


def test_of_two_versions_that_begin_on_one_day_one_is_to_be_kept(published: Pathway) -> None:
    (overlap,) = overlapping_versions((convention(published), convention(published, version="2")))
    assert str(overlap).endswith("both in force on 2026-01-01 for essai: keep one of the two")


def test_versions_that_follow_each_other_do_not_overlap(published: Pathway) -> None:
    first = convention(published, valid_to=date(2026, 8, 31))
    second = convention(published, version="2", valid_from=date(2026, 9, 1))
    assert overlapping_versions((first, second)) == ()


def test_conventions_of_two_structures_do_not_overlap(published: Pathway) -> None:
    other = {"identifier": "https://finess.esante.gouv.fr|990000002", "name": "Autre structure d'essai"}
    assert overlapping_versions((convention(published), convention(published, structure=other))) == ()
