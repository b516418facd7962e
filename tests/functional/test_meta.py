"""`$meta`, `$meta-add` and `$meta-delete` (R4 resource-operations.html)."""

from typing import Any

import httpx
import pytest

TAGS = "https://example.org/tags"
PROFILE = "https://example.org/profile"


def meta(**labels: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": labels}]}


def tag(code: str, **members: str) -> dict[str, str]:
    return {"system": TAGS, "code": code, **members}


@pytest.fixture
def stored(client: httpx.Client) -> httpx.Client:
    """The client, on a tenant that has Observation/o, tagged «a»."""
    body = (
        b'{"resourceType":"Observation","id":"o","meta":{"tag":[{"system":"https://example.org/tags","code":"a"}]},'
        b'"status":"final","code":{"text":"x"},"valueQuantity":{"value":72.50}}'
    )
    client.put("Observation/o", content=body).raise_for_status()
    return client


def returned(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    (parameter,) = answer.json()["parameter"]
    assert parameter["name"] == "return"
    found: dict[str, Any] = parameter["valueMeta"]
    return found


def test_the_meta_of_a_resource_is_answered(stored: httpx.Client) -> None:
    assert returned(stored.get("Observation/o/$meta")) == stored.get("Observation/o").json()["meta"]
    assert stored.get("Observation/none/$meta").status_code == 404


def test_labels_are_added_once_and_found(stored: httpx.Client) -> None:
    labels = meta(profile=[PROFILE], tag=[tag("a", display="A"), tag("b"), tag("b")])
    added = returned(stored.post("Observation/o/$meta-add", json=labels))
    assert (added["tag"], added["profile"], added["versionId"]) == ([tag("a"), tag("b")], [PROFILE], "2")
    assert returned(stored.post("Observation/o/$meta-add", json=labels))["versionId"] == "2"
    assert stored.get(f"Observation?_tag={TAGS}|b&_summary=count").json()["total"] == 1
    assert '"value":72.50' in stored.get("Observation/o").text


def test_labels_are_taken_off(stored: httpx.Client) -> None:
    labels = meta(tag=[tag("a"), tag("never")], security=[tag("x")])
    left = returned(stored.post("Observation/o/$meta-delete", json=labels))
    assert left.keys() == {"versionId", "lastUpdated"}
    assert returned(stored.post("Observation/o/$meta-delete", json=labels))["versionId"] == "2"


def test_what_is_not_a_meta_is_refused(stored: httpx.Client) -> None:
    wrong = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueString": "x"}]}
    refused = stored.post("Observation/o/$meta-add", json=wrong)
    assert (refused.status_code, refused.json()["issue"][0]["expression"]) == (400, ["Parameters.parameter[0]"])
    assert stored.post("Observation/o/$meta-add", json={"resourceType": "Parameters"}).status_code == 400
    bad = stored.post("Observation/o/$meta-add", json=meta(tag=[{"system": "no uri", "code": " "}]))
    assert bad.status_code == 422
    assert stored.post("Observation/none/$meta-add", json=meta(tag=[tag("a")])).status_code == 404
