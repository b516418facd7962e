"""What is sent to hurt: each is refused with an OperationOutcome, or answered, at once, and the server lives on."""

import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.functional.conftest import Server

AT_ONCE = 30
"""Seconds within which everything here is answered, where it took minutes or never ended."""


def outcome(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"].startswith("application/fhir+json")
    body: dict[str, Any] = answer.json()
    assert body["resourceType"] == "OperationOutcome"
    return body


def sent(server: Server, request: bytes) -> tuple[str, httpx.Response]:
    """The answer to bytes that no HTTP library would send."""
    parts = urlsplit(server.url)
    received = b""
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=AT_ONCE) as connection:
        connection.sendall(request)
        while part := connection.recv(65_536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = [tuple(line.split(": ", 1)) for line in lines]
    return status, httpx.Response(int(status.split()[1]), headers=headers, content=body)


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POEM /fhir/Patient HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /fhir/Patient HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n",
        b"GET /fhir/Patient?name=" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_no_http_request_is_400_with_an_outcome_and_the_connection_closed(
    server: Server, request_: bytes
) -> None:
    status, answer = sent(server, request_)
    assert status == "HTTP/1.1 400 Bad Request"
    assert answer.headers["connection"] == "close"
    outcome(answer)


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [("GET", "/poem", 404), ("GET", "//fhir/Patient", 404), ("POST", "/t/a%2Fb/fhir/Patient", 404), ("PUT", "/", 405)],
)
def test_addresses_outside_of_every_base_are_refused_with_an_outcome(
    server: Server, method: str, address: str, status: int
) -> None:
    answer = httpx.request(method, server.url + address)
    assert answer.status_code == status
    outcome(answer)


def test_a_method_that_does_not_apply_is_405_whatever_format_is_asked_for(client: httpx.Client) -> None:
    assert client.put("metadata?_format=ttl").status_code == 405


@pytest.mark.parametrize("value", ["maybe", "", "1", "true%20"])
def test_pretty_is_true_or_false(client: httpx.Client, value: str) -> None:
    refused = client.get(f"Patient?_pretty={value}")
    assert refused.status_code == 400
    assert "_pretty" in outcome(refused)["issue"][0]["diagnostics"]


def test_a_bundle_entry_holds_an_object_or_nothing(client: httpx.Client) -> None:
    entry = {"request": {"method": "GET", "url": "metadata"}, "resource": [1]}
    refused = client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
    assert refused.status_code == 400
    assert outcome(refused)["issue"][0]["expression"] == ["Bundle.entry[0].resource"]


def test_of_thousands_of_wrong_parameters_the_first_are_told(client: httpx.Client) -> None:
    wrong = [{"name": "code", "valueCode": "x"}] * 50_000
    refused = client.post("ValueSet/$expand", json={"resourceType": "Parameters", "parameter": wrong}, timeout=AT_ONCE)
    assert refused.status_code == 400
    assert len(outcome(refused)["issue"]) == 200


def test_value_sets_that_each_name_the_next_twice_are_expanded(client: httpx.Client) -> None:
    url = "https://example.org/ValueSet/doubled-{}"
    for number in range(30):
        includes = [{"valueSet": [url.format(number + 1)]}] * 2
        if number == 29:
            includes = [{"system": "https://example.org/codes", "concept": [{"code": "a"}]}]
        client.put(
            f"ValueSet/doubled-{number}",
            json={
                "resourceType": "ValueSet",
                "id": f"doubled-{number}",
                "url": url.format(number),
                "status": "active",
                "compose": {"include": includes},
            },
        ).raise_for_status()
    expanded = client.get("ValueSet/doubled-0/$expand", timeout=AT_ONCE)
    assert [concept["code"] for concept in expanded.json()["expansion"]["contains"]] == ["a"]


def test_an_invariant_that_never_ends_is_not_evaluated_and_its_profile_is_still_of_use(client: httpx.Client) -> None:
    url = "https://example.org/StructureDefinition/endless"
    rules = ["name.given.all('" + "a" * 40 + "!'.matches('^(a+)+$').not())", "(1 | 2).repeat($this + 1).exists()"]
    constraints = [
        {"key": f"endless-{number}", "severity": "error", "human": "…", "expression": rule}
        for number, rule in enumerate(rules)
    ]
    definition = {
        "resourceType": "StructureDefinition",
        "id": "endless",
        "url": url,
        "name": "Endless",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Patient", "path": "Patient", "constraint": constraints},
                {"id": "Patient.gender", "path": "Patient.gender", "min": 1},
            ]
        },
    }
    client.put("StructureDefinition/endless", json=definition).raise_for_status()
    patient = {"resourceType": "Patient", "name": [{"given": ["a"] * 100}]}
    told = client.post(f"Patient/$validate?profile={url}", json=patient, timeout=AT_ONCE).json()["issue"]
    errors = [issue["expression"] for issue in told if issue["severity"] == "error"]
    assert errors == [["Patient.gender"]]


def test_a_criterion_of_a_patch_that_never_ends_is_400(client: httpx.Client) -> None:
    client.put("Patient/p", json={"resourceType": "Patient", "id": "p", "name": [{"given": ["a"] * 300}]})
    inner = "true"
    for _ in range(4):
        inner = f"given.all(%context.given.all({inner}))"
    parts = [
        {"name": "type", "valueCode": "delete"},
        {"name": "path", "valueString": f"Patient.name.where({inner})"},
    ]
    patch = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    refused = client.patch("Patient/p", json=patch, timeout=AT_ONCE)
    assert refused.status_code == 400
    outcome(refused)
