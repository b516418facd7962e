"""`Observation/$lastn` over HTTP (R4 operation-observation-lastn.html)."""

from typing import Any

import httpx
import pytest
from tests.functional.operation_answers import refusal

VITALS = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}


def observe(client: httpx.Client, id_: str, loinc: str, on: str, patient: str = "p", **members: Any) -> None:
    resource = {
        "resourceType": "Observation", "id": id_, "status": "final", "subject": {"reference": f"Patient/{patient}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": loinc}]}, "effectiveDateTime": on, **members,
    }  # fmt: skip
    client.put(f"Observation/{id_}", json=resource).raise_for_status()


@pytest.fixture
def observed(client: httpx.Client) -> httpx.Client:
    """Weights and pulses of a patient, a weight of another."""
    for id_ in ("p", "q"):
        client.put(f"Patient/{id_}", json={"resourceType": "Patient", "id": id_}).raise_for_status()
    observe(client, "w1", "29463-7", "2026-01-01", category=[VITALS])
    observe(client, "w3", "29463-7", "2026-03-01", category=[VITALS])
    observe(client, "w2", "29463-7", "2026-02-01")
    observe(client, "h1", "8867-4", "2026-02-15T08:00:00+01:00", status="entered-in-error")
    observe(client, "h0", "8867-4", "2026-02-14T08:00:00+01:00")
    observe(client, "of-q", "29463-7", "2026-04-01", patient="q")
    return client


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [entry["resource"]["id"] for entry in answer.json().get("entry", [])]


def test_the_most_recent_of_each_code_is_answered_whatever_its_status(observed: httpx.Client) -> None:
    answer = observed.get("Observation/$lastn?patient=Patient/p")
    assert ids(answer) == ["w3", "h1"]
    assert (answer.json()["type"], answer.json()["total"]) == ("searchset", 2)
    assert ids(observed.get("Observation/$lastn?patient=Patient/p&max=2")) == ["w3", "w2", "h1", "h0"]


def test_any_criterion_of_a_search_narrows_it(observed: httpx.Client) -> None:
    for query, expected in (
        ("subject=Patient/p&status:not=entered-in-error", ["w3", "h0"]),
        ("patient=p&category=vital-signs", ["w3"]),
        ("subject:Patient=p&code=http://loinc.org|29463-7&date=lt2026-03", ["w2"]),
        ("patient._id=q", ["of-q"]),
        ("patient=p&code=none", []),
    ):
        assert ids(observed.get(f"Observation/$lastn?{query}")) == expected, query


def test_observations_of_one_time_are_all_answered(observed: httpx.Client) -> None:
    observe(observed, "w3bis", "29463-7", "2026-03-01")
    assert sorted(ids(observed.get("Observation/$lastn?patient=p&code=29463-7"))) == ["w3", "w3bis"]


def test_a_translation_puts_codes_into_one_group(observed: httpx.Client) -> None:
    both = [{"system": "http://loinc.org", "code": "29463-7"}, {"system": "urn:oid:1.2", "code": "POIDS"}]
    observe(observed, "w4", "-", "2026-04-01", code={"coding": both})
    observe(observed, "local", "-", "2026-05-01", code={"coding": both[1:]})
    assert ids(observed.get("Observation/$lastn?patient=p")) == ["local", "h1"]


def test_links_lead_through_all_and_post_asks_the_same(observed: httpx.Client) -> None:
    asked = {"resourceType": "Parameters", "parameter": [
        {"name": "patient", "valueString": "Patient/p"}, {"name": "max", "valuePositiveInt": 3},
        {"name": "_count", "valueInteger": 2},
    ]}  # fmt: skip
    answer = observed.post("Observation/$lastn", json=asked)
    found = ids(answer)
    while following := [link["url"] for link in answer.json()["link"] if link["relation"] == "next"]:
        answer = observed.get(following[0])
        assert len(ids(answer)) <= 2
        found += ids(answer)
    assert found == ["w3", "w2", "w1", "h1", "h0"]


def test_includes_and_summaries_are_those_of_searches(observed: httpx.Client) -> None:
    brought = observed.get("Observation/$lastn?patient=p&_include=Observation:patient&_elements=code")
    assert ids(brought) == ["w3", "h1", "p"]
    assert "effectiveDateTime" not in brought.json()["entry"][0]["resource"]
    counted = observed.get("Observation/$lastn?patient=p&_summary=count").json()
    assert (counted["total"], "entry" in counted) == (2, False)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid"),
        ("code=29463-7", "invalid"),
        ("patient:missing=false", "invalid"),
        ("patient=p&max=0", "value"),
        ("patient=p&max=x", "value"),
        ("patient=p&max=1&max=2", "structure"),
        ("patient=p&_sort=date", "not-supported"),
        ("patient=p&nickname=x", "not-supported"),
        ("patient=p&_cursor=x", "invalid"),
    ],
)
def test_what_can_not_be_understood_is_refused(observed: httpx.Client, query: str, code: str) -> None:
    found = refusal(observed.get(f"Observation/$lastn?{query}"), 400)
    assert found[0][0] == code


def test_unknown_parameters_are_left_out_and_told_when_that_is_preferred(observed: httpx.Client) -> None:
    lenient = observed.get("Observation/$lastn?patient=p&nickname=x", headers={"Prefer": "handling=lenient"})
    assert [entry["resource"].get("id") for entry in lenient.json()["entry"]] == ["w3", "h1", None]
    assert lenient.json()["entry"][-1]["search"]["mode"] == "outcome"


def test_it_is_had_as_xml_by_head_and_in_a_batch(observed: httpx.Client) -> None:
    address = "Observation/$lastn?patient=p"
    assert "<Observation" in observed.get(address, headers={"Accept": "application/fhir+xml"}).text
    assert observed.head(address).status_code == 200
    entry = {"request": {"method": "GET", "url": address}}
    answer = observed.post("", json={"resourceType": "Bundle", "type": "batch", "entry": [entry]}).json()
    assert answer["entry"][0]["resource"]["total"] == 2
