"""Patches do what their standards say, keep digits, and say why they can't be carried out."""

import json
from typing import Any

import pytest

from cordee.fhir.outcome import FhirError
from cordee.fhir.patch import InvalidPatch, PatchNotApplicable, fhirpath_patched, json_patched

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "active": True,
    "identifier": [{"system": "a", "value": "1"}, {"system": "b", "value": "2"}],
    "name": [{"family": "Un", "given": ["A", "B", "C"], "_given": [None, {"id": "b"}, None]}],
    "birthDate": "1980-01-02",
    "_birthDate": {"id": "x"},
    "deceasedBoolean": False,
    "contact": [{"name": {"family": "Deux"}}],
}


def operation(kind: str, path: str, value: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    for name, one in given.items():
        parts.append({"name": name, ("valueString" if isinstance(one, str) else "valueInteger"): one})
    if value is not None:
        parts.append({"name": "value", **value})
    return {"name": "operation", "part": parts}


def patched(*operations: dict[str, Any], resource: dict[str, Any] = PATIENT) -> dict[str, Any]:
    parameters = {"resourceType": "Parameters", "parameter": list(operations)}
    result: dict[str, Any] = json.loads(fhirpath_patched(json.dumps(resource), json.dumps(parameters)))
    return result


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in PATIENT.items() if name not in names}


def test_add_sets_what_does_not_repeat_and_appends_to_what_does() -> None:
    result = patched(
        operation("add", "Patient", {"valueCode": "female"}, name="gender"),
        operation("add", "Patient", {"valueIdentifier": {"system": "c"}}, name="identifier"),
        operation("add", "Patient.contact[0].name", {"valueString": "Prénom"}, name="given"),
    )
    assert result["gender"] == "female"
    assert result["identifier"][2] == {"system": "c"}
    assert result["contact"][0]["name"] == {"family": "Deux", "given": ["Prénom"]}


def test_add_builds_an_element_without_a_type_from_parts() -> None:
    parts = {
        "part": [
            {"name": "name", "valueHumanName": {"family": "Trois"}},
            {"name": "relationship", "valueCodeableConcept": {"text": "a"}},
        ]
    }
    contact = patched(operation("add", "Patient", parts, name="contact"))["contact"][1]
    assert contact == {"name": {"family": "Trois"}, "relationship": [{"text": "a"}]}


def test_add_refuses_to_overwrite_what_does_not_repeat_also_under_another_type() -> None:
    for name, value in (("birthDate", {"valueDate": "1999"}), ("deceased", {"valueDateTime": "2020"})):
        with pytest.raises(PatchNotApplicable, match="there already"):
            patched(operation("add", "Patient", value, name=name))


def test_insert_and_move_keep_extensions_beside_their_values() -> None:
    inserted = patched(operation("insert", "Patient.name[0].given", {"valueString": "Z"}, index=1))["name"][0]
    assert inserted["given"] == ["A", "Z", "B", "C"]
    assert inserted["_given"] == [None, None, {"id": "b"}, None]
    moved = patched(operation("move", "Patient.name[0].given", source=1, destination=0))["name"][0]
    assert moved["given"] == ["B", "A", "C"]
    assert moved["_given"] == [{"id": "b"}, None, None]


def test_delete_takes_extensions_and_emptied_parents_along_and_nothing_is_no_error() -> None:
    assert patched(operation("delete", "Patient.birthDate")) == without("birthDate", "_birthDate")
    assert patched(operation("delete", "Patient.contact.name.family")) == without("contact")
    assert patched(operation("delete", "Patient.gender")) == PATIENT
    names = patched(operation("delete", "Patient.name.given[1]"))["name"][0]
    assert names == {"family": "Un", "given": ["A", "C"]}


def test_delete_of_several_is_refused() -> None:
    with pytest.raises(PatchNotApplicable, match="2 elements"):
        patched(operation("delete", "Patient.identifier"))


def test_replace_finds_its_place_by_criteria_and_may_change_the_type_of_a_choice() -> None:
    result = patched(
        operation("replace", "Patient.identifier.where(system = 'b').value", {"valueString": "9"}),
        operation("replace", "Patient.deceased", {"valueDateTime": "2020-01-01"}),
        operation("replace", "Patient.name.first().given.last()", {"valueString": "Z"}),
    )
    assert result["identifier"][1]["value"] == "9"
    assert result["deceasedDateTime"] == "2020-01-01"
    assert "deceasedBoolean" not in result
    assert result["name"][0]["given"][2] == "Z"


def test_a_choice_is_reached_by_its_name_and_type() -> None:
    observation = {"resourceType": "Observation", "valueQuantity": {"value": 1, "unit": "kg"}}
    change = operation("replace", "Observation.value.ofType(Quantity).unit", {"valueString": "g"})
    assert patched(change, resource=observation)["valueQuantity"] == {"value": 1, "unit": "g"}


def test_an_extension_is_reached_by_its_address() -> None:
    resource = {"resourceType": "Patient", "extension": [{"url": "u", "valueString": "a"}, {"url": "v"}]}
    change = operation("replace", "Patient.extension('u').value", {"valueCode": "b"})
    assert patched(change, resource=resource)["extension"][0] == {"url": "u", "valueCode": "b"}


def test_numbers_that_are_not_touched_keep_their_digits() -> None:
    text = '{"resourceType":"Observation","valueQuantity":{"value":72.50}}'
    status = operation("add", "Observation", {"valueCode": "final"}, name="status")
    parameters = {"resourceType": "Parameters", "parameter": [status]}
    assert b'"value":72.50' in fhirpath_patched(text, json.dumps(parameters))
    assert b'"value":72.50' in json_patched(text, b'[{"op":"add","path":"/status","value":"final"}]', most_bytes=1000)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (operation("replace", "Patient.nobody", {"valueString": "x"}), "leads to nothing"),
        (operation("replace", "Patient.identifier.value", {"valueString": "x"}), "2 elements"),
        (operation("add", "Patient", {"valueString": "x"}, name="nobody"), "no element 'nobody'"),
        (operation("insert", "Patient.identifier", {"valueIdentifier": {}}, index=3), "from 0 to 2"),
        (operation("move", "Patient.identifier", source=0, destination=2), "from 0 to 1"),
        (operation("delete", "Patient"), "the resource itself"),
        (operation("insert", "Patient.photo", {"valueAttachment": {}}, index=0), "no list"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused_with_422(change: dict[str, Any], said: str) -> None:
    with pytest.raises(PatchNotApplicable, match=said) as caught:
        patched(change)
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (operation("erase", "Patient.name"), "one of add, insert"),
        (operation("replace", "Patient.active"), "«value»"),
        (operation("add", "Patient", {"valueString": "x"}), "«name»"),
        (operation("delete", "Patient.name.where(family = "), "not closed"),
        (operation("delete", "Patient.name.where(family = )"), "can't be evaluated"),
        (operation("delete", "Patient.name.where(=)"), "can't be evaluated"),
        (operation("delete", "Patient.name.select(given)"), "can't stand"),
        (operation("delete", "Patient name"), "can't be read"),
        ({"name": "other"}, "«operation»"),
    ],
)
def test_a_patch_that_can_not_be_understood_is_refused_with_400(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidPatch, match=said) as caught:
        patched(change)
    assert caught.value.status == 400


def json_patch(*operations: dict[str, Any], most_bytes: int = 10_000) -> dict[str, Any]:
    text = json_patched(json.dumps(PATIENT), json.dumps(operations).encode(), most_bytes=most_bytes)
    result: dict[str, Any] = json.loads(text)
    return result


def test_json_patch_carries_out_each_operation_in_order() -> None:
    result = json_patch(
        {"op": "test", "path": "/active", "value": True},
        {"op": "replace", "path": "/active", "value": False},
        {"op": "add", "path": "/identifier/-", "value": {"system": "c"}},
        {"op": "remove", "path": "/contact"},
        {"op": "move", "from": "/name/0/family", "path": "/name/0/text"},
        {"op": "copy", "from": "/identifier/0", "path": "/identifier/0"},
    )
    assert result["active"] is False
    assert [one["system"] for one in result["identifier"]] == ["a", "a", "b", "c"]
    assert "contact" not in result
    assert result["name"][0]["text"] == "Un"


@pytest.mark.parametrize(
    ("operations", "refusal", "said"),
    [
        ([{"op": "test", "path": "/active", "value": False}], PatchNotApplicable, r"\[0\]: the test"),
        ([{"op": "remove", "path": "/gender"}], PatchNotApplicable, r"\[0\]"),
        ([{"op": "replace", "path": "", "value": 1}], PatchNotApplicable, "else than a resource"),
        ([{"op": "jump", "path": "/active"}], InvalidPatch, r"\[0\]"),
        ([{"op": "add", "path": "/active"}], InvalidPatch, r"\[0\]"),
        ([{"path": "/active"}], InvalidPatch, r"\[0\]"),
        ([{"op": "remove", "path": "/photo"}] * 1001, InvalidPatch, "1000"),
    ],
)
def test_a_json_patch_that_fails_says_which_operation(
    operations: list[dict[str, Any]], refusal: type[FhirError], said: str
) -> None:
    with pytest.raises(refusal, match=said):
        json_patch(*operations)


def test_copies_of_copies_end_at_the_limit() -> None:
    doubling = [{"op": "copy", "from": "/identifier", "path": "/identifier/-"}] * 60
    with pytest.raises(PatchNotApplicable, match="larger than"):
        json_patch(*doubling)


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"nothing"])
def test_what_is_no_patch_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidPatch):
        json_patched(json.dumps(PATIENT), body, most_bytes=1000)
