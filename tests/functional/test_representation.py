"""What an answer looks like: formats, preferences, methods, compression, cross-origin calls, request ids."""

import gzip
from typing import Any

import httpx
import pytest
from tests.functional.conftest import ALLOWED_ORIGIN

PATIENT = {"resourceType": "Patient", "active": True}


JSON, XML = "application/fhir+json", "application/fhir+xml"


@pytest.mark.parametrize(
    ("query", "accept", "served"),
    [
        ("", "application/fhir+json", JSON),
        ("", "application/fhir+json; fhirVersion=4.0", JSON),
        ("", "application/fhir+json; fhirVersion=3.0", None),
        ("", "application/json;q=0.5", JSON),
        ("", "application/json;q=0", None),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", JSON),
        ("", "application/fhir+xml", XML),
        ("", "text/xml", XML),
        ("", "application/fhir+json;q=0.5, application/xml", XML),
        ("", "application/fhir+json, application/fhir+xml", JSON),
        ("", "text/turtle", None),
        ("_format=json", "application/fhir+xml", JSON),
        ("_format=application/fhir+json", "*/*", JSON),
        ("_format=application%2Ffhir%2Bxml", "*/*", XML),
        ("_format=xml", "application/fhir+json", XML),
        ("_format=ttl", "application/fhir+json", None),
    ],
)
def test_json_and_xml_are_served_and_nothing_else(
    client: httpx.Client, query: str, accept: str, served: str | None
) -> None:
    answer = client.get(f"Patient?{query}", headers={"Accept": accept})
    assert answer.status_code == (406 if served is None else 200)
    assert answer.headers["content-type"].startswith(served or JSON)


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/fhir+json", 201),
        ("application/json; charset=UTF-8", 201),
        ("application/fhir+json; fhirVersion=4.0", 201),
        ("application/fhir+json; fhirVersion=5.0", 415),
        ("application/json; charset=iso-8859-1", 415),
        ("application/fhir+xml; fhirVersion=5.0", 415),
        ("text/plain", 415),
    ],
)
def test_bodies_are_of_r4_in_utf8(client: httpx.Client, media_type: str, status: int) -> None:
    assert client.post("Patient", json=PATIENT, headers={"Content-Type": media_type}).status_code == status


@pytest.mark.parametrize(
    ("preference", "returned"),
    [
        (None, "Patient"),
        ("return=representation", "Patient"),
        ("return=minimal", None),
        ("return=OperationOutcome", "OperationOutcome"),
        ("handling=lenient, return=minimal", None),
        ('return="minimal"; wait=5', None),
        ("return=poetry", "Patient"),
    ],
)
def test_prefer_says_what_a_write_returns(client: httpx.Client, preference: str | None, returned: str | None) -> None:
    headers = {} if preference is None else {"Prefer": preference}
    answer = client.post("Patient", json=PATIENT, headers=headers)
    assert answer.status_code == 201
    assert answer.headers["location"]
    assert (answer.json()["resourceType"] if answer.content else None) == returned


def test_a_deletion_tells_more_when_preferred(client: httpx.Client) -> None:
    told = client.delete("Patient/none", headers={"Prefer": "return=OperationOutcome"})
    assert (told.status_code, told.json()["resourceType"]) == (200, "OperationOutcome")


def test_pretty_indents_and_keeps_numbers_as_written(client: httpx.Client) -> None:
    body = b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":72.50}}'
    id_ = client.post("Observation", content=body).json()["id"]
    text = client.get(f"Observation/{id_}?_pretty=true").text
    assert '\n  "status": "final"' in text
    assert '"value": 72.50' in text
    assert '"value":72.50' in client.get(f"Observation/{id_}").text


@pytest.mark.parametrize("address", ["Patient/p", "Patient/p/_history", "Patient?name=x", "metadata", "Patient/none"])
def test_head_is_get_without_its_body(client: httpx.Client, address: str) -> None:
    client.put("Patient/p", json={**PATIENT, "id": "p"})
    plain = {"Accept-Encoding": "identity"}
    head, full = client.head(address, headers=plain), client.get(address, headers=plain)
    assert head.content == b""
    for name in ("content-length", "content-type", "etag"):
        assert head.headers.get(name) == full.headers.get(name)
    assert head.status_code == full.status_code


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("POST", "Patient/p", {"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"}),
        ("PUT", "Patient/p/_history/1", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "Patient/_search", {"POST", "OPTIONS"}),
        ("DELETE", "metadata", {"GET", "HEAD", "OPTIONS"}),
        ("PUT", "", {"GET", "HEAD", "POST", "OPTIONS"}),
    ],
)
def test_a_method_that_does_not_apply_is_405_with_those_that_do(
    client: httpx.Client, method: str, address: str, allowed: set[str]
) -> None:
    refused = client.request(method, address)
    assert refused.status_code == 405
    assert set(refused.headers["allow"].split(", ")) == allowed
    options = client.options(address)
    assert (options.status_code, set(options.headers["allow"].split(", "))) == (204, allowed)


def test_only_the_origins_allowed_may_call_from_a_browser(client: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "if-match,content-type"}
    preflight = client.options("Patient/p", headers={"Origin": ALLOWED_ORIGIN, **asked})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ALLOWED_ORIGIN
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    answer = client.get("Patient", headers={"Origin": ALLOWED_ORIGIN})
    assert {"ETag", "Location"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    other = client.get("Patient", headers={"Origin": "https://elsewhere.example.org"})
    assert "access-control-allow-origin" not in other.headers


def test_bodies_travel_compressed_both_ways(client: httpx.Client) -> None:
    patient: dict[str, Any] = {**PATIENT, "name": [{"family": "x" * 5000}]}
    packed = gzip.compress(httpx.Request("POST", "http://x", json=patient).content)
    created = client.post("Patient", content=packed, headers={"Content-Encoding": "gzip"})
    assert created.status_code == 201
    assert created.headers["content-encoding"] == "gzip"
    assert created.json()["name"] == patient["name"]
    plain = client.get(f"Patient/{created.json()['id']}", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_a_request_id_is_repeated_or_given(client: httpx.Client) -> None:
    assert client.get("Patient", headers={"X-Request-Id": "mine-1"}).headers["x-request-id"] == "mine-1"
    given = [client.get("Patient").headers["x-request-id"] for _ in range(2)]
    assert given[0] != given[1]
    assert client.get("Patient", headers={"X-Request-Id": "with space"}).headers["x-request-id"] != "with space"


def test_a_posted_form_may_say_the_format_too(client: httpx.Client) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post("Patient/_search", content="_format=xml&_pretty=true", headers=form)
    assert answer.headers["content-type"].startswith(XML)
    assert b"\n  <type" in answer.content
    assert client.post("Patient/_search", content="_format=ttl", headers=form).status_code == 406
    both = client.post("Patient/_search?_format=json", content="_format=xml", headers=form)
    assert both.headers["content-type"].startswith(JSON)


def test_a_part_of_the_capability_statement_is_had(client: httpx.Client) -> None:
    part = client.get("metadata?_elements=fhirVersion").json()
    assert (part["fhirVersion"], part["meta"]["tag"][0]["code"]) == ("4.0.1", "SUBSETTED")
    assert len(client.get("metadata?_summary=text").content) < len(client.get("metadata").content)


def test_the_types_of_patches_are_told(client: httpx.Client) -> None:
    told = client.options("Patient/p").headers["accept-patch"].split(", ")
    assert told == client.get("metadata").json()["patchFormat"]
    assert told == ["application/json-patch+json", JSON, XML]
