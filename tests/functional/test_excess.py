"""One request must not stop the server for the others: what would cost too much is refused, and says so."""

from typing import Any

import httpx
import pytest


def observation(codings: int) -> dict[str, Any]:
    many = {"coding": [{"system": "http://example.org", "code": f"c{n}"} for n in range(codings)]}
    return {"resourceType": "Observation", "status": "final", "code": many, "valueCodeableConcept": many}


def test_more_combinations_than_can_be_indexed_are_refused(client: httpx.Client) -> None:
    refused = client.post("Observation", json=observation(100))
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["code"] == "too-costly"
    assert client.post("Observation", json=observation(12)).status_code == 201
    found = client.get("Observation", params={"code-value-concept": "c3$http://example.org|c7", "_total": "accurate"})
    assert found.json()["total"] == 1


@pytest.mark.parametrize("name", ["type", "resourceType"])
def test_a_repeated_member_in_a_long_body_is_named(client: httpx.Client, name: str) -> None:
    entries = ",".join('{"fullUrl":"urn:x"}' for _ in range(5000))
    body = f'{{"resourceType":"Bundle","type":"batch","{name}":"Bundle","entry":[{entries}]}}'
    refused = client.post("", content=body)
    assert refused.status_code == 400
    assert f"«{name}»" in refused.json()["issue"][0]["diagnostics"]


def test_a_resource_served_in_part_is_not_taken_back(client: httpx.Client) -> None:
    patient = {"resourceType": "Patient", "id": "part", "active": True, "name": [{"family": "Fictif"}]}
    client.put("Patient/part", json=patient).raise_for_status()
    part = client.get("Patient/part", params={"_elements": "active"}).json()
    assert "name" not in part
    assert client.put("Patient/part", json=part).status_code == 422
    assert client.get("Patient/part").json()["name"] == patient["name"]
