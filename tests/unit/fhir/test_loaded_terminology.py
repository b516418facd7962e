"""Three answers: a code is in a value set, is not, or what is held here can't tell."""

from typing import Any

import pytest

from cordee.fhir.profiles.terminology import LoadedTerminology

SYSTEM = "urn:s"
CODE_SYSTEM = {
    "resourceType": "CodeSystem",
    "url": SYSTEM,
    "content": "complete",
    "concept": [{"code": "a", "concept": [{"code": "a1", "concept": [{"code": "a2"}]}]}, {"code": "b"}],
}


def answer(code: str, *include: dict[str, Any], system: str | None = SYSTEM, **compose: Any) -> bool | None:
    value_set = {"resourceType": "ValueSet", "url": "urn:v", "compose": {"include": list(include), **compose}}
    return LoadedTerminology([CODE_SYSTEM, value_set]).contains("urn:v|1", system, code)


def hierarchy(op: str, value: str) -> dict[str, Any]:
    return {"system": SYSTEM, "filter": [{"property": "concept", "op": op, "value": value}]}


@pytest.mark.parametrize(
    ("op", "within"), [("is-a", "a1 a2"), ("descendent-of", "a2"), ("is-not-a", "a b")], ids=lambda given: given
)
def test_filters_on_the_hierarchy(op: str, within: str) -> None:
    assert [code for code in ("a", "a1", "a2", "b") if answer(code, hierarchy(op, "a1"))] == within.split()


def test_a_filter_that_is_not_known_can_not_be_told_but_for_codes_that_do_not_exist() -> None:
    other = {"system": SYSTEM, "filter": [{"property": "kind", "op": "=", "value": "x"}]}
    assert (answer("a", other), answer("zz", other)) == (None, False)


def test_a_system_that_is_not_held_or_holds_its_concepts_elsewhere_can_not_be_told() -> None:
    assert answer("a", {"system": "urn:other"}, system="urn:other") is None
    empty = {"resourceType": "CodeSystem", "url": "urn:e", "content": "complete"}
    value_set = {"resourceType": "ValueSet", "url": "urn:v", "compose": {"include": [{"system": "urn:e"}]}}
    assert LoadedTerminology([empty, value_set]).contains("urn:v", "urn:e", "a") is None


def test_a_hierarchy_told_by_properties_is_not_guessed() -> None:
    parent = [{"code": "parent", "valueCode": "x"}]
    flat = {**CODE_SYSTEM, "concept": [{"code": "x"}, {"code": "y", "property": parent}]}
    value_set = {"resourceType": "ValueSet", "url": "urn:v", "compose": {"include": [hierarchy("is-a", "x")]}}
    terminology = LoadedTerminology([flat, value_set])
    assert [terminology.contains("urn:v", SYSTEM, code) for code in "xy"] == [True, None]


def test_excludes_and_nested_value_sets() -> None:
    inner = {"resourceType": "ValueSet", "url": "urn:i", "compose": {"include": [{"system": SYSTEM}]}}
    outer = {
        "resourceType": "ValueSet",
        "url": "urn:v",
        "compose": {
            "include": [{"valueSet": ["urn:i"]}],
            "exclude": [{"system": SYSTEM, "concept": [{"code": "b"}]}],
        },
    }
    terminology = LoadedTerminology([CODE_SYSTEM, inner, outer])
    assert [terminology.contains("urn:v", SYSTEM, code) for code in ("a2", "b")] == [True, False]
    circle = {**inner, "compose": {"include": [{"valueSet": ["urn:i"]}]}}
    assert LoadedTerminology([circle]).contains("urn:i", SYSTEM, "a") is None


def test_an_expansion_serves_when_there_is_no_definition_of_the_content() -> None:
    contains = [{"system": SYSTEM, "abstract": True, "code": "a", "contains": [{"system": SYSTEM, "code": "a1"}]}]
    value_set = {"resourceType": "ValueSet", "url": "urn:v", "expansion": {"contains": contains}}
    terminology = LoadedTerminology([value_set])
    assert [terminology.contains("urn:v", SYSTEM, code) for code in ("a", "a1")] == [False, True]
    assert terminology.contains("urn:v", None, "a1") is True


def test_the_standard_s_required_value_sets_are_known() -> None:
    url = "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1"
    assert LoadedTerminology().contains(url, None, "male") is True
    assert LoadedTerminology().contains(url, None, "homme") is False
    assert "female" in LoadedTerminology().sample(url)
