"""XML at the door: what goes in as XML is stored as the same JSON, and everything that is answered is had as XML."""

import gzip
import json
from typing import Any

import httpx
import pytest
from lxml import etree

from cordee.fhir.xml import json_from_xml, xml_from_json

XML = "application/fhir+xml"
FHIR = "{http://hl7.org/fhir}"
OBSERVATION = (
    b'<Observation xmlns="http://hl7.org/fhir"><!-- left out --><id value="o"/>'
    b'<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>a <b>b</b> c</p></div></text>'
    b'<status value="final"/><code><text value="mass"/></code>'
    b'<subject><reference value="Patient/p"/></subject><valueQuantity><value value="72.50"/></valueQuantity>'
    b"</Observation>"
)


@pytest.fixture
def xml(client: httpx.Client) -> httpx.Client:
    """The client, speaking XML."""
    client.headers.update({"Content-Type": XML, "Accept": XML})
    return client


def root(answer: httpx.Response) -> etree._Element:
    assert answer.headers["content-type"] == f"{XML}; fhirVersion=4.0; charset=utf-8"
    return etree.fromstring(answer.content)


def content(answer: httpx.Response) -> Any:
    root(answer)
    return json.loads(json_from_xml(answer.content))


def bundle(kind: str, *entries: dict[str, Any]) -> bytes:
    return xml_from_json(json.dumps({"resourceType": "Bundle", "type": kind, "entry": list(entries)}))


def test_a_resource_written_in_xml_is_read_in_both_formats_digit_by_digit(xml: httpx.Client) -> None:
    created = xml.put("Observation/o", content=OBSERVATION)
    assert created.status_code == 201
    assert root(created).tag == f"{FHIR}Observation"
    assert '"value":72.50' in xml.get("Observation/o", headers={"Accept": "application/fhir+json"}).text
    read = xml.get("Observation/o")
    assert b'<value value="72.50"/>' in read.content
    assert b"<p>a <b>b</b> c</p>" in read.content
    assert xml.put("Observation/o", content=read.content).headers["etag"] == read.headers["etag"]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("metadata", "CapabilityStatement"),
        ("Observation/o/_history/1", "Observation"),
        ("Observation/o/_history", "Bundle"),
        ("_history", "Bundle"),
        ("Observation?_id=o", "Bundle"),
        ("Observation/o?_summary=true", "Observation"),
        ("Observation/none", "OperationOutcome"),
        ("Nothing/none", "OperationOutcome"),
        ("Observation?nothing=1", "OperationOutcome"),
    ],
)
def test_every_answer_is_had_in_xml_and_means_what_the_json_means(xml: httpx.Client, address: str, kind: str) -> None:
    xml.put("Observation/o", content=OBSERVATION).raise_for_status()
    asked = xml.get(address)
    assert root(asked).tag == FHIR + kind
    as_json = xml.get(address, headers={"Accept": "application/fhir+json"})
    assert as_json.status_code == asked.status_code
    assert content(asked) == as_json.json()


def test_a_transaction_in_xml_is_carried_out_and_answered_in_xml(xml: httpx.Client) -> None:
    patient = {"resourceType": "Patient", "active": True}
    seen = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "urn:uuid:1"},
    }
    answer = xml.post(
        "",
        content=bundle(
            "transaction",
            {"fullUrl": "urn:uuid:1", "resource": patient, "request": {"method": "POST", "url": "Patient"}},
            {"resource": seen, "request": {"method": "POST", "url": "Observation"}},
        ),
    )
    assert answer.status_code == 200
    statuses = [entry["response"]["status"] for entry in content(answer)["entry"]]
    assert statuses == ["201 Created", "201 Created"]
    assert content(xml.get("Observation?subject.active=true&_summary=count"))["total"] == 1


def test_the_outcomes_of_a_batch_are_inside_the_xml(xml: httpx.Client) -> None:
    answer = xml.post("", content=bundle("batch", {"request": {"method": "GET", "url": "Patient/none"}}))
    assert content(answer)["entry"][0]["response"]["outcome"]["issue"][0]["code"] == "not-found"


def test_a_client_that_leaves_the_choice_is_answered_in_the_format_it_writes(xml: httpx.Client) -> None:
    root(xml.put("Observation/o", content=OBSERVATION, headers={"Accept": "*/*"}))


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (b"<Observation", "structure", "line 1"),
        (b"", "structure", "empty"),
        (OBSERVATION.replace(b"</status", b"\n</state").replace(b"/></subject>", b"></subject>"), "structure", "line"),
        (OBSERVATION.replace(b'<code><text value="mass"/></code>', b""), "required", "code"),
        (b'<!DOCTYPE x [<!ENTITY e "v">]>' + OBSERVATION, "structure", "DOCTYPE"),
        (b'{"resourceType":"Observation"}', "structure", "not well-formed"),
    ],
)
def test_what_is_refused_is_told_in_xml(xml: httpx.Client, body: bytes, code: str, said: str) -> None:
    answer = xml.put("Observation/o", content=body)
    issues = content(answer)["issue"]
    assert answer.status_code in (400, 422)
    assert any(issue["code"] == code and said in issue["diagnostics"] for issue in issues), issues


def test_an_unknown_element_is_named_with_its_path_and_line(xml: httpx.Client) -> None:
    answer = xml.put("Observation/o", content=OBSERVATION.replace(b"<code>", b"\n<code><txt/>"))
    (issue,) = content(answer)["issue"]
    assert answer.status_code == 400
    assert issue["expression"] == ["Observation.code.txt"]
    assert "line 2" in issue["diagnostics"]


def test_a_character_that_xml_cannot_hold_is_said_and_served_in_json(client: httpx.Client) -> None:
    client.put("Patient/p", json={"resourceType": "Patient", "id": "p", "name": [{"text": "a\ufffeb"}]})
    refused = client.get("Patient/p", headers={"Accept": XML})
    assert refused.status_code == 406
    assert "U+FFFE" in refused.json()["issue"][0]["diagnostics"]
    assert client.get("Patient/p").json()["name"] == [{"text": "a\ufffeb"}]


def test_pretty_xml_means_the_same_and_leaves_the_narrative_alone(xml: httpx.Client) -> None:
    xml.put("Observation/o", content=OBSERVATION).raise_for_status()
    pretty = xml.get("Observation/o?_pretty=true")
    assert b'\n  <status value="final"/>' in pretty.content
    assert b"<p>a <b>b</b> c</p>" in pretty.content
    assert content(pretty) == content(xml.get("Observation/o"))


def test_a_compressed_xml_body_and_answer(xml: httpx.Client) -> None:
    headers = {"Content-Encoding": "gzip"}
    assert xml.put("Observation/o", content=gzip.compress(OBSERVATION), headers=headers).status_code == 201
    assert root(xml.get("metadata")).tag == f"{FHIR}CapabilityStatement"
