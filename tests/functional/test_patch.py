"""PATCH (R4 http.html#patch): single, conditional, in batches and in transactions."""

import base64
import json
from typing import Any

import httpx
import pytest
from tests.functional.test_conditional import by, patient

from cordee.fhir.xml import xml_from_json

JSON_PATCH = {"Content-Type": "application/json-patch+json"}
ACTIVATE = [{"op": "add", "path": "/active", "value": True}]


def parameters(path: str, **value: Any) -> dict[str, Any]:
    parts = [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": path},
        {"name": "value", **value},
    ]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def in_binary(patch: list[dict[str, Any]]) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(patch).encode()).decode()
    return {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}


def bundle(kind: str, *entries: tuple[str, str, dict[str, Any]], **request: str) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [
            {"resource": resource, "request": {"method": method, "url": url, **request}}
            for method, url, resource in entries
        ],
    }


@pytest.fixture
def stored(client: httpx.Client) -> httpx.Client:
    """The client, on a tenant that has Patient/p at version 1."""
    client.put("Patient/p", json=patient("1", id="p", active=False)).raise_for_status()
    return client


def statuses(answer: httpx.Response) -> list[str]:
    return [entry["response"]["status"][:3] for entry in answer.json()["entry"]]


def test_a_json_patch_makes_the_next_version(stored: httpx.Client) -> None:
    answer = stored.patch("Patient/p", json=ACTIVATE, headers=JSON_PATCH)
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"2"')
    assert answer.json()["active"] is True
    assert stored.get("Patient/p").json() == answer.json()
    newest = stored.get("Patient/p/_history").json()["entry"][0]
    assert newest["request"] == {"method": "PATCH", "url": "Patient/p"}


def test_a_fhirpath_patch_is_read_in_json_and_in_xml(stored: httpx.Client) -> None:
    patch = parameters("Patient.active", valueBoolean=True)
    assert stored.patch("Patient/p", json=patch).json()["active"] is True
    back = xml_from_json(json.dumps(parameters("Patient.active", valueBoolean=False)))
    headers = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+json"}
    assert stored.patch("Patient/p", content=back, headers=headers).json()["active"] is False


def test_a_patch_that_changes_nothing_makes_no_version(stored: httpx.Client) -> None:
    same = [{"op": "test", "path": "/active", "value": False}]
    assert stored.patch("Patient/p", json=same, headers=JSON_PATCH).headers["etag"] == 'W/"1"'


def test_decimals_that_a_patch_does_not_touch_keep_their_digits(client: httpx.Client) -> None:
    body = (
        b'{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"valueQuantity":{"value":72.50}}'
    )
    client.put("Observation/o", content=body).raise_for_status()
    added = b'[{"op":"add","path":"/referenceRange","value":[{"low":{"value":1.500}}]}]'
    text = client.patch("Observation/o", content=added, headers=JSON_PATCH).text
    assert '"value":72.50' in text
    assert '"value":1.500' in text


def test_a_reference_to_this_server_is_made_relative_in_what_is_patched(stored: httpx.Client) -> None:
    value = {"reference": f"{str(stored.base_url).rstrip('/')}/Organization/1"}
    patch = [{"op": "add", "path": "/managingOrganization", "value": value}]
    patched = stored.patch("Patient/p", json=patch, headers=JSON_PATCH).json()
    assert patched["managingOrganization"] == {"reference": "Organization/1"}


@pytest.mark.parametrize(
    ("patch", "status", "said"),
    [
        ([{"op": "test", "path": "/active", "value": True}], 422, "test"),
        ([{"op": "remove", "path": "/photo"}], 422, "photo"),
        ([{"op": "shake", "path": "/active"}], 400, "shake"),
        ([{"op": "add", "path": "/colour", "value": "red"}], 400, "colour"),
        ([{"op": "add", "path": "/gender", "value": "red"}], 422, "red"),
        ([{"op": "replace", "path": "/id", "value": "q"}], 422, "id"),
        ([{"op": "replace", "path": "/resourceType", "value": "Group"}], 400, "Group"),
        ({"resourceType": "Patient"}, 400, "JSON Patch"),
    ],
)
def test_a_patch_that_cannot_be_carried_out_writes_nothing(
    stored: httpx.Client, patch: object, status: int, said: str
) -> None:
    refused = stored.patch("Patient/p", json=patch, headers=JSON_PATCH)
    assert refused.status_code == status, refused.text
    assert said in refused.json()["issue"][0]["diagnostics"]
    assert stored.get("Patient/p").headers["etag"] == 'W/"1"'


@pytest.mark.parametrize(
    ("media_type", "status", "said"),
    [
        ("application/xml-patch+xml", 415, "XML Patch"),
        ("application/merge-patch+json", 415, "json-patch"),
        ("text/plain", 415, "json-patch"),
        ("application/fhir+json", 400, "Parameters"),
    ],
)
def test_other_patches_are_refused_and_told_what_is_taken(
    stored: httpx.Client, media_type: str, status: int, said: str
) -> None:
    refused = stored.patch("Patient/p", json={"resourceType": "Patient"}, headers={"Content-Type": media_type})
    assert (refused.status_code, said in refused.text) == (status, True)


def test_what_patches_are_taken_is_published(client: httpx.Client) -> None:
    kinds = ["application/json-patch+json", "application/fhir+json", "application/fhir+xml"]
    assert client.options("Patient/p").headers["accept-patch"].split(", ") == kinds
    assert client.get("metadata").json()["patchFormat"] == kinds


def test_what_is_not_there_cannot_be_patched(stored: httpx.Client) -> None:
    assert stored.patch("Patient/none", json=ACTIVATE, headers=JSON_PATCH).status_code == 404
    stored.delete("Patient/p")
    assert stored.patch("Patient/p", json=ACTIVATE, headers=JSON_PATCH).status_code == 410


def test_if_match_holds_for_a_patch(stored: httpx.Client) -> None:
    stale = stored.patch("Patient/p", json=ACTIVATE, headers=JSON_PATCH | {"If-Match": 'W/"7"'})
    assert stale.status_code == 412
    fresh = stored.patch("Patient/p", json=ACTIVATE, headers=JSON_PATCH | {"If-Match": 'W/"1"'})
    assert fresh.status_code == 200


def test_a_conditional_patch_needs_exactly_one_match(stored: httpx.Client) -> None:
    address = f"Patient?{by('1')}"
    assert stored.patch(address, json=ACTIVATE, headers=JSON_PATCH).json()["active"] is True
    assert stored.patch(f"Patient?{by('2')}", json=ACTIVATE, headers=JSON_PATCH).status_code == 404
    stored.post("Patient", json=patient("1"))
    assert stored.patch(address, json=ACTIVATE, headers=JSON_PATCH).status_code == 412
    assert stored.patch("Patient", json=ACTIVATE, headers=JSON_PATCH).status_code == 400


def test_a_batch_carries_out_patches_and_answers_each(stored: httpx.Client) -> None:
    answer = stored.post(
        "",
        json=bundle(
            "batch",
            ("PATCH", "Patient/p", in_binary(ACTIVATE)),
            ("PATCH", "Patient/none", parameters("Patient.active", valueBoolean=True)),
            ("PATCH", f"Patient?{by('1')}", parameters("Patient.active", valueBoolean=False)),
            ("PATCH", "Patient/p", {"resourceType": "Patient", "active": True}),
        ),
    )
    assert statuses(answer) == ["200", "404", "200", "400"]
    assert stored.get("Patient/p").headers["etag"] == 'W/"3"'


def test_a_transaction_patches_and_refers_to_its_own_entries(stored: httpx.Client) -> None:
    manager = [{"op": "add", "path": "/managingOrganization", "value": {"reference": "urn:uuid:7"}}]
    sent = bundle("transaction", ("PATCH", "Patient/p", in_binary(manager)))
    sent["entry"].append(
        {
            "fullUrl": "urn:uuid:7",
            "resource": {"resourceType": "Organization", "name": "Fictive"},
            "request": {"method": "POST", "url": "Organization"},
        }
    )
    answer = stored.post("", json=sent)
    assert statuses(answer) == ["200", "201"]
    made = answer.json()["entry"][1]["response"]["location"].split("/_history")[0].rpartition("/")[2]
    assert stored.get("Patient/p").json()["managingOrganization"] == {"reference": f"Organization/{made}"}


@pytest.mark.parametrize(
    ("url", "resource", "request_", "status", "place"),
    [
        ("Patient/none", in_binary(ACTIVATE), {}, 404, "Bundle.entry[1]"),
        (f"Patient?{by('9')}", in_binary(ACTIVATE), {}, 404, "Bundle.entry[1].request"),
        ("Patient/p", in_binary([{"op": "test", "path": "/active", "value": True}]), {}, 422, "Bundle.entry[1]"),
        ("Patient/p", in_binary([{"op": "add", "path": "/gender", "value": "x"}]), {}, 422, "Bundle.entry[1].resource"),
        ("Patient/p", {"resourceType": "Binary", "contentType": "text/plain"}, {}, 415, "Bundle.entry[1].resource"),
        ("Patient/p", in_binary(ACTIVATE), {"ifMatch": 'W/"7"'}, 412, "Bundle.entry[1]"),
        ("Patient", in_binary(ACTIVATE), {}, 400, "Bundle.entry[1].request.url"),
    ],
)
def test_a_patch_refused_undoes_its_transaction_and_is_placed(
    stored: httpx.Client, url: str, resource: dict[str, Any], request_: dict[str, str], status: int, place: str
) -> None:
    sent = bundle("transaction", ("PATCH", url, resource), **request_)
    sent["entry"].insert(
        0,
        {
            "resource": {"resourceType": "Group", "type": "person", "actual": True},
            "request": {"method": "POST", "url": "Group"},
        },
    )
    refused = stored.post("", json=sent)
    assert refused.status_code == status, refused.text
    assert refused.json()["issue"][0]["expression"][0].startswith(place), refused.text
    assert stored.get("Group?_summary=count").json()["total"] == 0
    assert stored.get("Patient/p").headers["etag"] == 'W/"1"'
