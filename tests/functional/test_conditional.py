"""Conditional create, update and delete (R4 http.html#ccreate, #cond-update, #3.1.0.7.1)."""

from typing import Any

import httpx
import pytest

SYSTEM = "urn:oid:1.2.250.1.213.1.4.10"


def patient(value: str, **members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": value}], **members}


def by(value: str) -> str:
    return f"identifier={SYSTEM}|{value}"


@pytest.mark.parametrize("prefix", ["", "?", "Patient?"])
def test_a_conditional_create_answers_the_one_that_matches(client: httpx.Client, prefix: str) -> None:
    first = client.post("Patient", json=patient("1"), headers={"If-None-Exist": prefix + by("1")})
    second = client.post("Patient", json=patient("1"), headers={"If-None-Exist": prefix + by("1")})
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.headers["location"] == first.headers["location"]
    assert second.headers["etag"] == 'W/"1"'


def test_a_creation_with_its_condition_in_the_address_is_conditional_too(client: httpx.Client) -> None:
    answers = [client.post(f"Patient?{by('1')}", json=patient("1")).status_code for _ in range(2)]
    assert answers == [201, 200]
    both = client.post(f"Patient?{by('1')}", json=patient("1"), headers={"If-None-Exist": by("1")})
    assert both.status_code == 400


def test_a_condition_that_matches_several_is_412_and_writes_nothing(client: httpx.Client) -> None:
    for _ in range(2):
        client.post("Patient", json=patient("1"))
    answers = [
        client.post("Patient", json=patient("1"), headers={"If-None-Exist": by("1")}),
        client.put("Patient", params={"identifier": f"{SYSTEM}|1"}, json=patient("1")),
        client.delete("Patient", params={"identifier": f"{SYSTEM}|1"}),
    ]
    assert [answer.status_code for answer in answers] == [412, 412, 412]
    assert {answer.json()["issue"][0]["code"] for answer in answers} == {"multiple-matches"}
    assert client.get("Patient?_summary=count").json()["total"] == 2


@pytest.mark.parametrize("criteria", ["", "_count=1", "nonsense=1", "name=%00", "identifier=%ff"])
def test_a_condition_that_says_nothing_or_is_not_understood_is_refused(client: httpx.Client, criteria: str) -> None:
    lenient = {"Prefer": "handling=lenient"}
    if criteria:
        headers = lenient | {"If-None-Exist": criteria}
        assert client.post("Patient", json=patient("1"), headers=headers).status_code == 400
    assert client.put(f"Patient?{criteria}", json=patient("1"), headers=lenient).status_code == 400
    assert client.delete(f"Patient?{criteria}", headers=lenient).status_code == 400
    assert client.get("Patient?_summary=count").json()["total"] == 0


def test_a_conditional_update_creates_then_updates_the_one_match(client: httpx.Client) -> None:
    created = client.put(f"Patient?{by('1')}", json=patient("1"))
    updated = client.put(f"Patient?{by('1')}", json=patient("1", active=True))
    assert (created.status_code, updated.status_code) == (201, 200)
    assert updated.json()["id"] == created.json()["id"]
    assert updated.headers["etag"] == 'W/"2"'
    same_id = client.put(f"Patient?{by('1')}", json=patient("1", id=created.json()["id"], active=False))
    assert same_id.status_code == 200


def test_a_conditional_update_with_an_id_creates_under_it_and_refuses_another_one(client: httpx.Client) -> None:
    created = client.put(f"Patient?{by('1')}", json=patient("1", id="mine"))
    assert (created.status_code, created.json()["id"]) == (201, "mine")
    assert client.put(f"Patient?{by('1')}", json=patient("1", id="other")).status_code == 400
    assert client.put(f"Patient?{by('2')}", json=patient("2", id="mine")).status_code == 409
    assert client.get("Patient/mine").json()["meta"]["versionId"] == "1"


def test_if_match_counts_in_a_conditional_update_and_deletion(client: httpx.Client) -> None:
    client.put(f"Patient?{by('1')}", json=patient("1"))
    other = {"If-Match": 'W/"7"'}
    assert client.put(f"Patient?{by('1')}", json=patient("1", active=True), headers=other).status_code == 412
    assert client.delete(f"Patient?{by('1')}", headers=other).status_code == 412
    assert client.delete(f"Patient?{by('1')}", headers={"If-Match": 'W/"1"'}).status_code == 204


def test_a_conditional_deletion_deletes_the_one_match_or_nothing(client: httpx.Client) -> None:
    id_ = client.post("Patient", json=patient("1")).json()["id"]
    assert client.delete(f"Patient?{by('2')}").status_code == 204
    assert client.get(f"Patient/{id_}").status_code == 200
    assert client.delete(f"Patient?{by('1')}").status_code == 204
    assert client.get(f"Patient/{id_}").status_code == 410


def basic(reference: str) -> dict[str, Any]:
    return {"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": reference}}


def test_a_conditional_reference_becomes_the_one_that_matches_outside_transactions_too(client: httpx.Client) -> None:
    client.put("Patient/p", json=patient("1", id="p")).raise_for_status()
    client.put("Patient/q", json=patient("2", id="q")).raise_for_status()
    one = basic(f"Patient?{by('1')}")
    assert client.post("Basic", json=one).json()["subject"] == {"reference": "Patient/p"}
    assert client.put("Basic/b", json={**one, "id": "b"}).json()["subject"] == {"reference": "Patient/p"}
    answers = client.post(
        "",
        json={
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [
                {"resource": basic(reference), "request": {"method": "POST", "url": "Basic"}}
                for reference in (
                    f"Patient?{by('2')}",
                    f"Patient?{by('3')}",
                    f"Patient?identifier={SYSTEM}|",
                    "Patient?x=1",
                )
            ],
        },
    ).json()["entry"]
    assert [answer["response"]["status"][:3] for answer in answers] == ["201", "201", "412", "400"]
    assert client.get("Basic?subject=Patient/q&_summary=count").json()["total"] == 1
    unmatched = client.get(answers[1]["response"]["location"]).json()
    assert unmatched["subject"] == {"reference": f"Patient?{by('3')}"}
