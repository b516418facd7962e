"""`Composition/$document` (R4 operation-composition-document.html, documents.html)."""

from typing import Any

import httpx
import pytest
from tests.functional.operation_answers import refusal

from cordee.fhir.validation import validate


def put(client: httpx.Client, type_: str, id_: str, **members: Any) -> dict[str, Any]:
    answer = client.put(f"{type_}/{id_}", json={"resourceType": type_, "id": id_} | members)
    answer.raise_for_status()
    stored: dict[str, Any] = answer.json()
    return stored


def composition(client: httpx.Client, *entries: str, **members: Any) -> None:
    section = [{"title": "S", "entry": [{"reference": entry} for entry in entries]}] if entries else []
    put(
        client, "Composition", "c", status="final", type={"text": "Synthèse"}, date="2026-03-01", title="T",
        **{"author": [{"reference": "PractitionerRole/r"}], "subject": {"reference": "Patient/p"}}
        | ({"section": section} if section else {}) | members,
    )  # fmt: skip


def observation(client: httpx.Client, id_: str, subject: str = "Patient/p", **members: Any) -> None:
    put(client, "Observation", id_, status="final", code={"text": "x"}, subject={"reference": subject}, **members)


@pytest.fixture
def record(client: httpx.Client) -> httpx.Client:
    """A patient, seen by a practitioner in a role."""
    put(client, "Patient", "p")
    put(client, "Practitioner", "d")
    put(client, "PractitionerRole", "r", practitioner={"reference": "Practitioner/d"})
    return client


def parts(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in answer.json()["entry"]]


def test_the_document_is_a_valid_bundle_with_the_composition_first_and_all_it_is_made_of(record: httpx.Client) -> None:
    put(record, "Device", "scale")
    observation(record, "a", device={"reference": "Device/scale"}, valueQuantity={"value": 72.5})
    composition(record, "Observation/a")
    answer = record.get("Composition/c/$document")
    document = answer.json()
    assert validate(document, "Bundle") == []
    assert document["type"] == "document"
    assert document["identifier"]["value"].startswith("urn:uuid:")
    assert parts(answer)[0] == "Composition/c"
    assert set(parts(answer)) == {
        "Composition/c", "Patient/p", "PractitionerRole/r", "Practitioner/d", "Observation/a", "Device/scale",
    }  # fmt: skip
    assert document["entry"][0]["fullUrl"] == f"{record.base_url}Composition/c"


def test_the_same_versions_are_the_same_document_and_another_version_another(record: httpx.Client) -> None:
    observation(record, "a")
    composition(record, "Observation/a")
    first = record.get("Composition/c/$document")
    assert record.get("Composition/$document?id=c").content == first.content
    assert (
        record.get("Composition/$document", params={"id": f"{record.base_url}Composition/c"}).content == first.content
    )
    assert record.post("Composition/c/$document").content == first.content
    observation(record, "a", valueString="corrected")
    second = record.get("Composition/c/$document").json()
    assert second["identifier"] != first.json()["identifier"]
    assert second["timestamp"] >= first.json()["timestamp"]


def test_a_version_that_is_named_is_the_one_in_the_document(record: httpx.Client) -> None:
    observation(record, "a", valueString="as it was")
    observation(record, "a", valueString="since")
    composition(record, "Observation/a/_history/1")
    document = record.get("Composition/c/$document").json()
    (told,) = [e["resource"] for e in document["entry"] if e["resource"]["resourceType"] == "Observation"]
    assert told["valueString"] == "as it was"


def test_a_document_is_kept_once_when_that_is_asked(record: httpx.Client) -> None:
    composition(record)
    asked = {"resourceType": "Parameters", "parameter": [{"name": "persist", "valueBoolean": True}]}
    kept = record.post("Composition/c/$document", json=asked)
    assert kept.headers["location"].startswith(f"{record.base_url}Bundle/{kept.json()['id']}/_history/")
    assert record.post("Composition/c/$document", json=asked).json() == kept.json()
    assert record.get("Bundle?composition=Composition/c&type=document&_summary=count").json()["total"] == 1
    assert record.get("Composition/c/$document?persist=true").status_code == 400
    assert record.get("Composition/c/$document?persist=false").status_code == 200


def test_every_reference_that_leads_nowhere_is_told_with_its_place(record: httpx.Client) -> None:
    observation(record, "gone")
    record.delete("Observation/gone").raise_for_status()
    composition(record, "Observation/gone", "Observation/none", "https://else.example/fhir/Observation/1",
                "Patient/p/_history/9", custodian={"reference": 'x","reference":"Patient/p'})  # fmt: skip
    found = refusal(record.get("Composition/c/$document"), 422)
    assert sorted(found) == [
        ("not-found", ["Composition.section[0].entry[0]"]),
        ("not-found", ["Composition.section[0].entry[1]"]),
        ("not-found", ["Composition.section[0].entry[3]"]),
        ("not-supported", ["Composition.custodian"]),
        ("not-supported", ["Composition.section[0].entry[2]"]),
    ]


def test_what_is_contained_logical_or_another_document_is_not_looked_for(record: httpx.Client) -> None:
    composition(
        record, "#inside", contained=[{"resourceType": "Basic", "id": "inside", "code": {"text": "x"}}],
        custodian={"identifier": {"system": "urn:oid:1.2", "value": "3"}},
        relatesTo=[{"code": "replaces", "targetReference": {"reference": "Composition/earlier"}}],
    )  # fmt: skip
    assert parts(record.get("Composition/c/$document")) == [
        "Composition/c", "Patient/p", "PractitionerRole/r", "Practitioner/d",
    ]  # fmt: skip


def test_another_patient_is_told_only_where_the_composition_names_what_is_about_them(record: httpx.Client) -> None:
    put(record, "Patient", "child")
    observation(record, "of-child", "Patient/child")
    observation(record, "a", hasMember=[{"reference": "Observation/of-child"}])
    composition(record, "Observation/a")
    assert "Observation/of-child" not in parts(record.get("Composition/c/$document"))
    composition(record, "Observation/a", "Observation/of-child")
    told = parts(record.get("Composition/c/$document"))
    assert "Observation/of-child" in told
    assert "Patient/child" not in told


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("Composition/none/$document", 404, "not-found"),
        ("Composition/$document", 400, "invalid"),
        ("Composition/$document?id=https://else.example/fhir/Composition/c", 400, "not-supported"),
        ("Composition/$document?id=Patient/p", 400, "not-supported"),
        ("Composition/c/$document?id=c", 400, "invalid"),
        ("Composition/c/$document?graph=https://example.org/GraphDefinition/g", 400, "not-supported"),
    ],
)
def test_what_is_not_served_is_refused_by_name(record: httpx.Client, address: str, status: int, code: str) -> None:
    composition(record)
    ((found, _path),) = refusal(record.get(address), status)
    assert found == code


def test_a_document_is_had_as_xml_by_head_and_in_a_batch(record: httpx.Client) -> None:
    composition(record)
    xml = record.get("Composition/c/$document", headers={"Accept": "application/fhir+xml"})
    assert xml.text.count("<fullUrl") == 4
    assert record.head("Composition/c/$document").status_code == 200
    entry = {"request": {"method": "GET", "url": "Composition/c/$document"}}
    answer = record.post("", json={"resourceType": "Bundle", "type": "batch", "entry": [entry]}).json()
    assert answer["entry"][0]["resource"]["type"] == "document"
