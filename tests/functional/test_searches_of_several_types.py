"""Searches over several types and inside of a compartment (R4 http.html#vsearch, search.html#2.21.1.2)."""

from typing import Any

import httpx
import pytest


def answered(client: httpx.Client, address: str) -> list[dict[str, Any]]:
    """The resources of every page, and what was included, in order."""
    found: list[dict[str, Any]] = []
    while address:
        page = client.get(address).raise_for_status().json()
        found += [entry["resource"] for entry in page.get("entry", [])]
        address = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
    return found


def names(resources: list[dict[str, Any]]) -> list[str]:
    return [f"{resource['resourceType']}/{resource['id']}" for resource in resources]


@pytest.fixture
def record(client: httpx.Client) -> httpx.Client:
    """Two patients with a visit each; the first has a measure, and is somebody's relation too."""
    one, other = {"reference": "Patient/one"}, {"reference": "Patient/other"}
    tag = [{"system": "http://example.org/tags", "code": "trial"}]
    for resource in (
        {"resourceType": "Patient", "id": "one", "link": [{"other": other, "type": "seealso"}]},
        {"resourceType": "Patient", "id": "other"},
        {"resourceType": "Encounter", "id": "v1", "status": "finished", "class": {"code": "AMB"}, "subject": one,
         "meta": {"tag": tag}},
        {"resourceType": "Encounter", "id": "v2", "status": "planned", "class": {"code": "AMB"}, "subject": other},
        {"resourceType": "Observation", "id": "m", "status": "final", "code": {"text": "m"}, "subject": one,
         "performer": [other], "meta": {"tag": tag}},
        {"resourceType": "Organization", "id": "o", "name": "O"},
    ):  # fmt: skip
        client.put(f"{resource['resourceType']}/{resource['id']}", json=resource).raise_for_status()
    return client


def test_a_compartment_holds_what_refers_to_its_owner_in_its_parameters(record: httpx.Client) -> None:
    assert names(answered(record, "Patient/one/Encounter")) == ["Encounter/v1"]
    assert names(answered(record, "Patient/one/Observation?status=final")) == ["Observation/m"]
    assert names(answered(record, "Patient/other/Observation")) == ["Observation/m"]
    assert names(answered(record, "Patient/one/Observation?status=amended")) == []
    assert names(answered(record, "Patient/other/Patient")) == ["Patient/one", "Patient/other"]
    assert names(answered(record, "Patient/nobody/Encounter")) == []
    assert names(answered(record, "Encounter/v1/Observation")) == []


def test_a_whole_compartment_is_searched_by_what_its_types_have_in_common(record: httpx.Client, base_url: str) -> None:
    whole = ["Encounter/v1", "Observation/m", "Patient/one"]
    assert sorted(names(answered(record, "Patient/one/*"))) == whole
    assert sorted(names(answered(record, "Patient/one/*?_count=1"))) == whole
    assert sorted(names(answered(record, "Patient/one/*?_type=Encounter,Observation"))) == whole[:2]
    page = record.get("Patient/one/Encounter?_count=1").json()
    assert page["link"][0]["url"] == f"{base_url}/Patient/one/Encounter?_count=1"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("Patient/one/Organization", "never in the compartment of a Patient"),
        ("Organization/o/Patient", "Organization has no compartment"),
        ("Patient/one/*?status=final", "'status'"),
        ("Patient/one/*?_type=Organization", "'Organization'"),
        ("?_type=Patient,Patience", "'Patience'"),
        ("?_type=Patient&_type=Encounter", "twice"),
        ("?_type=Patient,Encounter&gender=male", "'gender'"),
        ("?name=x", "'name'"),
        ("?_type=Patient&_include=Encounter:patient", "starts with Patient"),
    ],
)
def test_what_no_type_has_is_refused(record: httpx.Client, address: str, said: str) -> None:
    answer = record.get(address)
    assert answer.status_code == 400
    assert said in answer.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize("count", [1, 2, 100])
def test_several_types_are_one_answer_in_one_order(record: httpx.Client, count: int) -> None:
    tagged = ["Encounter/v1", "Observation/m"]
    by_tag = "_tag=http://example.org/tags|trial"
    assert names(answered(record, f"?_type=Observation,Encounter&{by_tag}&_count={count}")) == tagged
    assert names(answered(record, f"?{by_tag}&_count={count}")) == tagged
    everything = names(answered(record, f"?_type=Patient,Encounter,Observation,Organization&_count={count}"))
    newest = names(answered(record, f"?_type=Patient,Encounter,Observation,Organization&_sort=-_lastUpdated,-_id"
                                    f"&_count={count}"))  # fmt: skip
    assert len(everything) == 6
    assert sorted(newest) == sorted(everything)
    by_id = names(answered(record, f"?_type=Patient,Encounter,Observation,Organization&_sort=-_id&_count={count}"))
    assert [name.rpartition("/")[2] for name in by_id] == ["v2", "v1", "other", "one", "o", "m"]


def test_several_types_are_counted_together_and_bring_along_what_each_refers_to(record: httpx.Client) -> None:
    counted = record.get("?_type=Patient,Encounter&_summary=count").raise_for_status().json()
    assert counted["total"] == 4
    found = answered(record, "?_type=Encounter,Organization&_include=Encounter:patient&_total=accurate")
    assert names(found) == ["Encounter/v1", "Encounter/v2", "Organization/o", "Patient/one", "Patient/other"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = record.post("_search", content="_type=Encounter,Patient&_id=v1,one", headers=form).raise_for_status()
    assert names([entry["resource"] for entry in posted.json()["entry"]]) == ["Patient/one", "Encounter/v1"]
