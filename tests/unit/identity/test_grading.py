"""What makes two people certainly, probably or possibly one."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import REPOSITORY_ROOT
from tests.people import NUMBER, OTHER_NUMBER, patient

from cordee.identity import rules
from cordee.identity.grading import Comparison, Grade, compare, of_inactive_record
from cordee.identity.rules import Rule
from cordee.identity.traits import identity_of


def graded(one: dict[str, Any], other: dict[str, Any]) -> Comparison:
    return compare(identity_of(one), identity_of(other))


def test_the_same_qualified_ins_with_equal_traits_is_certain() -> None:
    found = graded(patient(ins=NUMBER), patient(ins=NUMBER))
    assert (found.grade, found.score) == (Grade.CERTAIN, Decimal(1))


def test_the_place_of_birth_may_be_missing_and_no_other_trait() -> None:
    assert graded(patient(ins=NUMBER), patient(ins=NUMBER, place=None)).grade is Grade.CERTAIN
    for trait in ("family", "given", "born", "sex"):
        found = graded(patient(ins=NUMBER), patient(ins=NUMBER, **{trait: None}))
        assert found.grade < Grade.CERTAIN, trait


@pytest.mark.parametrize("other", [{"family": "Autre"}, {"given": "Sacha"}, {"born": "1981-03-02"}, {"sex": "male"}])
def test_the_same_ins_with_a_trait_that_contradicts_is_possible_and_said(other: dict[str, str]) -> None:
    found = graded(patient(ins=NUMBER), patient(ins=NUMBER, **other))
    assert found.grade is Grade.POSSIBLE
    assert "contradict" in found.reasons[0].en


def test_the_same_ins_of_an_identity_that_is_not_qualified_is_probable() -> None:
    found = graded(patient(ins=NUMBER), patient(ins=NUMBER, qualified=False))
    assert found.grade is Grade.PROBABLE
    assert "not qualified" in found.reasons[0].en


def test_a_number_of_test_is_not_the_same_number_in_use() -> None:
    found = graded(patient(ins=NUMBER), patient(ins=NUMBER, system="urn:oid:1.2.250.1.213.1.4.8"))
    assert found.grade is Grade.PROBABLE
    assert "without an INS" in found.reasons[0].en


def test_five_equal_traits_without_ins_are_probable_and_four_are_possible() -> None:
    assert graded(patient(), patient("EXEMPLE", "camille lou")).grade is Grade.PROBABLE
    assert graded(patient(), patient(place=None)).grade is Grade.POSSIBLE


def test_twins_are_never_certain_and_certainly_not_one_where_their_ins_differ() -> None:
    assert graded(patient(), patient(given="Sacha")).grade is Grade.POSSIBLE
    assert graded(patient(ins=NUMBER), patient(ins=NUMBER, given="Sacha")).grade is Grade.POSSIBLE
    assert graded(patient(ins=NUMBER), patient(ins=OTHER_NUMBER, given="Sacha")).grade is Grade.CERTAINLY_NOT


def test_different_ins_with_no_trait_that_differs_are_left_to_a_human() -> None:
    assert graded(patient(ins=NUMBER), patient(ins=OTHER_NUMBER)).grade is Grade.POSSIBLE


def test_a_provisional_number_and_the_final_one_may_be_one_persons() -> None:
    provisional = patient(ins=OTHER_NUMBER, system="urn:oid:1.2.250.1.213.1.4.9")
    assert graded(patient(ins=NUMBER), provisional).grade is Grade.PROBABLE


def test_the_same_local_identifier_alone_is_possible_and_with_coherent_traits_probable() -> None:
    known = {"identifier": [{"system": "https://example.org/ipp", "value": "7"}]}
    assert graded(known, patient(**known)).grade is Grade.POSSIBLE
    assert graded(patient(place=None, **known), patient(**known)).grade is Grade.PROBABLE
    assert graded(patient(**known), patient(given="Sacha", **known)).grade is Grade.POSSIBLE


USED = [{"use": "official", "family": "Exemple"}, {"use": "usual", "family": "Martin"}]


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        ({"family": "Hélène-Le Goff"}, {"family": "HELENE LE GOFF"}, rules.FAMILY_EQUAL),
        ({"family": "Le Goff"}, {"family": "Legoff"}, rules.FAMILY_EQUAL),
        ({"family": "Durand Martin"}, {"family": "Martin-Durand"}, rules.FAMILY_REORDERED),
        ({"family": "Martin"}, {"name": USED}, rules.FAMILY_USED),
        ({"family": "Exempel"}, {}, rules.FAMILY_MISTYPED),
        ({"family": "Exmple"}, {}, rules.FAMILY_MISTYPED),
        ({"family": "Durand-Exemple"}, {}, rules.FAMILY_PART),
        ({"family": "Autre"}, {}, rules.FAMILY_DIFFERENT),
        ({"given": "Camille-Lou"}, {}, rules.GIVEN_EQUAL),
        ({"given": "Camille"}, {}, rules.GIVEN_BEGINNING),
        ({"given": "Lou Camille"}, {}, rules.GIVEN_REORDERED),
        ({"given": "Camile"}, {}, rules.GIVEN_MISTYPED),
        ({"given": "Lou"}, {}, rules.GIVEN_AMONG),
        ({"given": "Camille-Anne"}, {"given": "Camille"}, rules.GIVEN_PART),
        ({"given": "C"}, {}, rules.GIVEN_INITIAL),
        ({"given": "Sacha"}, {}, rules.GIVEN_DIFFERENT),
        ({"given": "Léa"}, {"given": "Léo"}, rules.GIVEN_DIFFERENT),
        ({"born": "1974-03-05"}, {"born": "1974-05-03"}, rules.DATE_SWAPPED),
        ({"born": "1974-12"}, {}, rules.DATE_SAME_MONTH),
        ({"born": "1974"}, {}, rules.DATE_SAME_YEAR),
        ({"born": "1974-01-01"}, {}, rules.DATE_SAME_YEAR),
        ({"born": "1974-12-31"}, {"born": "1974-03"}, rules.DATE_SAME_YEAR),
        ({"born": "1974-01-01"}, {"born": "1974-01-01"}, rules.DATE_EQUAL_CONVENTIONAL),
        ({"born": "1974-12-24"}, {}, rules.DATE_MISTYPED),
        ({"born": "1974-12-52"}, {}, rules.DATE_MISTYPED),
        ({"born": "1981-03-02"}, {}, rules.DATE_DIFFERENT),
        ({"sex": "male"}, {}, rules.SEX_DIFFERENT),
        ({"place": "75056"}, {}, rules.PLACE_DIFFERENT),
    ],
)
def test_each_way_of_being_close_is_told_and_weighs_what_its_rule_says(
    one: dict[str, Any], other: dict[str, Any], rule: Rule
) -> None:
    equal = {r.trait: r for r in (rules.FAMILY_EQUAL, rules.GIVEN_EQUAL, rules.DATE_EQUAL, rules.SEX_EQUAL)}
    equal["birthPlace"] = rules.PLACE_EQUAL
    if "name" in other:
        equal["given"] = rules.UNKNOWN["given"]
    found = graded(patient(**one), patient(**other))
    assert rule.reason in found.reasons
    assert found.points == sum(r.points for r in (equal | {rule.trait: rule}).values())


def test_namesakes_born_on_other_days_are_not_told() -> None:
    assert graded(patient(place=None), patient(born="1981-03-02", place=None)).grade is Grade.UNRELATED


def test_a_date_that_stands_for_an_unknown_day_is_never_a_strict_trait() -> None:
    assert graded(patient(born="1974-01-01"), patient(born="1974-01-01")).grade is Grade.POSSIBLE


def test_a_record_that_is_not_active_is_possible_at_most_and_said() -> None:
    found = of_inactive_record(graded(patient(ins=NUMBER), patient(ins=NUMBER)))
    assert (found.grade, found.score) == (Grade.POSSIBLE, Decimal("0.79"))
    assert "not active" in found.reasons[0].en


def test_the_page_has_every_rule_with_its_points() -> None:
    page = (Path(REPOSITORY_ROOT) / "docs/match.md").read_text()
    for rule in vars(rules).values():
        if isinstance(rule, Rule):
            assert f"| `{rule.code}` | {rule.likeness.value} | {rule.points:+d} |" in page, rule.code
