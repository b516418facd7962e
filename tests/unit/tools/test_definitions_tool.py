"""The reduction of the official package, on small packages made here; `--check` runs it on the real one."""

import pytest
from tools.definitions import DATA, SIZE_LIMIT, Terminology, compartments, element_type, search_parameters

CATS = {
    "url": "http://x.example/cats",
    "content": "complete",
    "concept": [{"code": "cat", "concept": [{"code": "tabby"}, {"code": "siamese"}]}],
}
DOGS = {"url": "http://x.example/dogs", "content": "fragment", "concept": [{"code": "dog"}]}


def value_set(name, **compose):
    return {"url": f"http://x.example/vs/{name}", "compose": compose}


def test_the_tables_stay_under_two_megabytes():
    assert 0 < sum(file.stat().st_size for file in DATA.glob("*.json")) < SIZE_LIMIT


def test_a_whole_code_system_gives_the_codes_at_every_level():
    cats = value_set("cats", include=[{"system": CATS["url"]}])
    pairs = Terminology([cats], [CATS]).expand(cats["url"] + "|4.0.1")
    assert pairs == {(CATS["url"], code) for code in ("cat", "tabby", "siamese")}


def test_excluded_codes_are_taken_away_from_nested_value_sets():
    cats = value_set("cats", include=[{"system": CATS["url"]}])
    some = value_set(
        "some",
        include=[{"valueSet": [cats["url"]]}, {"system": "http://o", "concept": [{"code": "other"}]}],
        exclude=[{"system": CATS["url"], "concept": [{"code": "tabby"}]}],
    )
    pairs = Terminology([cats, some], [CATS]).expand(some["url"])
    assert pairs == {(CATS["url"], "cat"), (CATS["url"], "siamese"), ("http://o", "other")}


@pytest.mark.parametrize(
    "clause",
    [
        {"system": "http://nowhere.example"},
        {"system": DOGS["url"]},
        {"system": CATS["url"], "filter": [{"property": "colour", "op": "=", "value": "red"}]},
        {"system": DOGS["url"], "filter": [{"property": "concept", "op": "is-a", "value": "dog"}]},
        {"valueSet": ["http://x.example/vs/it"]},
        {"valueSet": ["http://x.example/vs/absent"]},
    ],
)
def test_a_value_set_that_cannot_be_enumerated_gives_nothing_rather_than_a_part(clause):
    it = value_set("it", include=[{"system": CATS["url"]}, clause])
    assert Terminology([it], [CATS, DOGS]).expand(it["url"]) is None


def test_a_system_type_becomes_the_primitive_its_extension_names():
    extension = {
        "url": "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type",
        "valueUrl": "uri",
    }
    declared = {"code": "http://hl7.org/fhirpath/System.String", "extension": [extension]}
    assert element_type("Extension.url", "complex-type", declared) == "uri"
    assert element_type("Patient.id", "resource", declared) == "id"
    assert element_type("x", "complex-type", {"code": "http://hl7.org/fhirpath/System.String"}) == "string"


def test_two_parameters_of_one_name_for_one_type_are_refused():
    one = {"id": "a", "url": "u/a", "code": "name", "type": "string", "base": ["Patient"]}
    with pytest.raises(ValueError, match="defined twice"):
        search_parameters([one, one | {"id": "b", "url": "u/b"}], ["Patient"])


def test_a_parameter_that_may_point_at_every_type_lists_none():
    one = {
        "id": "a", "url": "u/a", "code": "focus", "type": "reference", "base": ["Task"],
        "target": ["Task", "Patient"],
    }  # fmt: skip
    (row,) = search_parameters([one], ["Patient", "Task", "Parameters"])
    assert "targets" not in row


def test_a_type_outside_a_compartment_is_left_out():
    resources = [{"code": "Claim", "param": ["patient"]}, {"code": "Basic"}]
    assert compartments([{"id": "p", "code": "Patient", "resource": resources}]) == {"Patient": {"Claim": ["patient"]}}


@pytest.mark.parametrize(
    ("op", "value", "codes"),
    [
        ("is-a", "cat", "cat siamese tabby"),
        ("descendent-of", "cat", "siamese tabby"),
        ("is-not-a", "tabby", "cat siamese"),
    ],
)
def test_filters_on_the_hierarchy_of_a_whole_code_system_are_applied(op, value, codes):
    condition = {"property": "concept", "op": op, "value": value}
    it = value_set("it", include=[{"system": CATS["url"], "filter": [condition]}])
    assert sorted(code for _, code in Terminology([it], [CATS]).expand(it["url"])) == codes.split()


def test_a_code_may_have_a_second_parent_by_a_property():
    second = {"code": "manx", "property": [{"code": "subsumedBy", "valueCode": "tabby"}]}
    cats = CATS | {"concept": [*CATS["concept"], second]}
    condition = {"property": "concept", "op": "is-a", "value": "tabby"}
    it = value_set("it", include=[{"system": CATS["url"], "filter": [condition]}])
    assert sorted(code for _, code in Terminology([it], [cats]).expand(it["url"])) == ["manx", "tabby"]
