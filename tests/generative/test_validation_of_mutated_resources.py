"""A valid resource with one thing broken gives an issue with its path, and nothing at all makes the validator raise."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cordee.fhir.definitions import load_definitions
from cordee.fhir.validation import validate

CODING = {"system": "http://x.example/cs", "code": "a", "display": "A"}
VALID: list[dict[str, Any]] = [
    {
        "resourceType": "Patient",
        "id": "p1",
        "meta": {"lastUpdated": "2026-03-31T09:30:00+02:00", "profile": ["http://x.example/p"]},
        "identifier": [{"use": "official", "system": "urn:oid:1.2.250.1.213.1.4.10", "value": "1"}],
        "name": [{"family": "Test", "given": ["Un", "Deux"], "_given": [None, {"id": "g2"}]}],
        "birthDate": "1970-02-28",
        "_birthDate": {"extension": [{"url": "http://x.example/e", "valueDateTime": "1970-02-28T10:00:00Z"}]},
        "deceasedBoolean": False,
        "contact": [{"relationship": [{"coding": [CODING]}], "period": {"start": "2020"}}],
        "link": [{"other": {"reference": "Patient/2"}, "type": "seealso"}],
    },
    {
        "resourceType": "Claim",
        "id": "c1",
        "contained": [{"resourceType": "Organization", "id": "o", "name": "Structure"}],
        "status": "active",
        "type": {"coding": [CODING]},
        "use": "claim",
        "patient": {"reference": "Patient/p1"},
        "created": "2026-03-31",
        "provider": {"reference": "#o"},
        "priority": {"coding": [CODING]},
        "careTeam": [{"sequence": 1, "provider": {"reference": "Practitioner/1"}, "responsible": True}],
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/1"}}],
        "item": [
            {
                "sequence": 1,
                "careTeamSequence": [1],
                "productOrService": {"text": "Séance"},
                "encounter": [{"reference": "Encounter/1"}],
                "net": {"value": 72.5, "currency": "EUR"},
            }
        ],
        "total": {"value": 72.5, "currency": "EUR"},
    },
    {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
                "resource": {
                    "resourceType": "Questionnaire",
                    "status": "draft",
                    "item": [{"linkId": "1", "type": "group", "item": [{"linkId": "1.1", "type": "string"}]}],
                },
            }
        ],
    },
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
element_names = sorted(
    {e.path.rpartition(".")[2] for s in load_definitions().structures.values() for e in s.elements.values()}
)


def places(value: Any) -> list[tuple[dict[str, Any], str]]:
    """Every object of `value` with each of its names."""
    if isinstance(value, list):
        return [place for item in value for place in places(item)]
    if not isinstance(value, dict):
        return []
    here = [(value, name) for name in value]
    return here + [place for item in value.values() for place in places(item)]


@st.composite
def broken(draw: st.DrawFn, break_one: Any) -> dict[str, Any]:
    """One of the valid resources, with `break_one` applied to one object and one of its names."""
    resource = copy.deepcopy(draw(st.sampled_from(VALID)))
    holder, name = draw(st.sampled_from(places(resource)))
    break_one(draw, holder, name)
    return resource


def assert_refused_with_paths(resource: dict[str, Any]) -> None:
    issues = validate(resource)
    assert issues
    for issue in issues:
        assert issue.severity == "error"
        assert issue.diagnostics
        assert issue.path
        assert issue.path.startswith((str(resource.get("resourceType")), "resourceType"))


def rename(draw: st.DrawFn, holder: dict[str, Any], name: str) -> None:
    holder[f"{name}Wrong"] = holder.pop(name)


def add_junk(draw: st.DrawFn, holder: dict[str, Any], name: str) -> None:
    holder["x-" + draw(st.text(max_size=5))] = draw(json_values)


def replace_by_null(draw: st.DrawFn, holder: dict[str, Any], name: str) -> None:
    holder[name] = None


def change_shape(draw: st.DrawFn, holder: dict[str, Any], name: str) -> None:
    value = holder[name]
    holder[name] = value[0] if isinstance(value, list) and value[0] is not None else [[value]]


def change_type(draw: st.DrawFn, holder: dict[str, Any], name: str) -> None:
    value = holder[name]
    wrong = [v for v in (3, "", {}, []) if type(v) is not type(value) or not v]
    holder[name] = draw(st.sampled_from([w for w in wrong if not (w == 3 and isinstance(value, float))]))


def blank_out(draw: st.DrawFn, holder: dict[str, Any], name: str) -> None:
    holder[name] = draw(st.sampled_from(["\x00", "a\x01b", "", [], {}]))


def test_the_resources_to_break_are_valid():
    assert [validate(resource) for resource in VALID] == [[], [], []]


@given(broken(rename))
def test_a_renamed_element_is_found(resource):
    assert_refused_with_paths(resource)


@given(broken(add_junk))
def test_a_foreign_element_is_found(resource):
    assert_refused_with_paths(resource)


@given(broken(replace_by_null))
def test_a_null_is_found(resource):
    assert_refused_with_paths(resource)


@given(broken(change_shape))
def test_an_array_for_a_value_and_a_value_for_an_array_are_found(resource):
    assert_refused_with_paths(resource)


@given(broken(change_type))
def test_a_value_of_another_json_type_is_found(resource):
    assert_refused_with_paths(resource)


@given(broken(blank_out))
def test_an_empty_or_unreadable_value_is_found(resource):
    assert_refused_with_paths(resource)


REQUIRED_OF_CLAIM = sorted(
    e.path.removeprefix("Claim.")
    for e in load_definitions().structures["Claim"].elements.values()
    if e.min and e.path.count(".") == 1
)


@given(st.sets(st.sampled_from(REQUIRED_OF_CLAIM), min_size=1))
def test_dropped_required_elements_are_found(dropped):
    claim = {name: value for name, value in VALID[1].items() if name not in dropped}
    assert {(i.code, i.path) for i in validate(claim)} == {("required", f"Claim.{n}") for n in dropped}


@given(json_values)
def test_any_json_value_is_judged_without_error(value):
    assert validate(value)


@given(
    st.sampled_from(load_definitions().resource_types),
    st.dictionaries(st.sampled_from(element_names) | st.text(max_size=8), json_values, max_size=6),
)
def test_any_object_under_a_resource_type_is_judged_without_error(resource_type, elements):
    for issue in validate({**elements, "resourceType": resource_type}):
        assert issue.path
        assert issue.path.startswith(resource_type)


@given(st.sampled_from(load_definitions().resource_types), st.integers(1, 900), st.booleans())
def test_any_depth_is_judged_without_error(resource_type, levels, of_arrays):
    deep: Any = "x"
    for _ in range(levels):
        deep = [deep] if of_arrays else {"extension": [deep]}
    resource = {"resourceType": resource_type, "id": deep, "extension": [deep], "text": deep, "meta": deep}
    assert validate(resource)
