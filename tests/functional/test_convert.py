"""`$convert`: JSON to XML and back, without a loss and without a trace (R4 operation-resource-convert.html)."""

import httpx
import pytest
from tests.functional.operation_answers import refusal

JSON = "application/fhir+json"
XML = "application/fhir+xml"
OBSERVATION = (
    b'{"resourceType":"Observation","id":"kept","status":"final","_status":{"extension":[{"url":"https://example.org/e",'
    b'"valueDecimal":0.10}]},"code":{"text":"\xc3\xa9"},"subject":{"reference":"Patient/1"},'
    b'"valueQuantity":{"value":72.50}}'
)


def convert(client: httpx.Client, body: bytes, to: str, of: str = JSON) -> httpx.Response:
    return client.post("$convert", content=body, headers={"Content-Type": of, "Accept": to})


def test_a_resource_comes_back_digit_by_digit_through_xml(client: httpx.Client) -> None:
    xml = convert(client, OBSERVATION, XML)
    assert (xml.status_code, xml.headers["content-type"].partition(";")[0]) == (200, XML)
    assert '<value value="72.50"/>' in xml.text
    assert convert(client, xml.content, JSON, XML).content == OBSERVATION
    assert client.get("Observation?_summary=count").json()["total"] == 0


def test_it_may_be_the_parameter_input_and_keeps_its_digits_too(client: httpx.Client) -> None:
    wrapped = b'{"resourceType":"Parameters","parameter":[{"name":"input","resource":%b}]}' % OBSERVATION
    assert convert(client, wrapped, JSON).content == OBSERVATION
    assert convert(client, convert(client, wrapped, XML).content, JSON, XML).content == OBSERVATION


def test_parameters_that_are_the_resource_itself_are_converted(client: httpx.Client) -> None:
    body = b'{"resourceType":"Parameters","parameter":[{"name":"other","valueDecimal":1.0}]}'
    assert convert(client, body, JSON).content == body
    assert '<valueDecimal value="1.0"/>' in convert(client, body, XML).text


def test_an_address_of_this_server_is_left_as_it_is(client: httpx.Client) -> None:
    body = OBSERVATION.replace(b"Patient/1", str(client.base_url).encode() + b"Patient/1")
    assert convert(client, body, JSON).content == body


def test_format_says_it_too(client: httpx.Client) -> None:
    assert client.post("$convert?_format=xml", content=OBSERVATION).headers["content-type"].startswith(XML)


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (b"", 400, "input"),
        (b"{", 400, None),
        (b'{"resourceType":"Observation","status":"final"}', 422, "Observation.code"),
        (b'{"resourceType":"Parameters","parameter":[{"name":"input","resource":{"resourceType":"Poem"}}]}', 400, None),
        (b'{"resourceType":"Parameters"}', 400, "input"),
    ],
)
def test_what_is_no_resource_is_refused(client: httpx.Client, body: bytes, status: int, path: str | None) -> None:
    found = refusal(client.post("$convert", content=body), status)
    assert path is None or [path] in [paths for _, paths in found]


def test_a_batch_converts_too(client: httpx.Client) -> None:
    entry = {"request": {"method": "POST", "url": "$convert"}, "resource": {"resourceType": "Patient", "active": True}}
    answer = client.post("", json={"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    assert answer.json()["entry"][0]["resource"] == {"resourceType": "Patient", "active": True}
