"""What the server says of itself: CapabilityStatement, OpenAPI, health."""

from typing import Any

import httpx
import pytest

from cordee.api.operations.definition import ANY_TYPE
from cordee.api.operations.table import OPERATIONS
from cordee.fhir.definitions import load_definitions
from cordee.fhir.validation import validate


@pytest.fixture
def statement(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("metadata").raise_for_status().json()
    return found


def test_the_capability_statement_is_valid_and_about_this_base(statement: dict[str, Any], base_url: str) -> None:
    assert validate(statement, "CapabilityStatement") == []
    assert statement["implementation"]["url"] == base_url
    assert statement["fhirVersion"] == "4.0.1"


def test_it_lists_every_resource_type_once(statement: dict[str, Any]) -> None:
    listed = [resource["type"] for resource in statement["rest"][0]["resource"]]
    assert sorted(listed) == sorted(load_definitions().resource_types)
    assert len(listed) == len(set(listed)) == 146


@pytest.mark.parametrize("resource_type", ["Patient", "CareTeam", "Claim", "Encounter", "Observation"])
def test_every_search_parameter_and_include_it_lists_is_accepted(
    client: httpx.Client, statement: dict[str, Any], resource_type: str
) -> None:
    described = next(r for r in statement["rest"][0]["resource"] if r["type"] == resource_type)
    queries = [
        f"{parameter['name']}:missing=true" for parameter in described["searchParam"] if parameter["name"][0] != "_"
    ]
    queries += [f"_include={include}" for include in described["searchInclude"]]
    queries += [f"_revinclude={include}" for include in described["searchRevInclude"]]
    entries = [{"request": {"method": "GET", "url": f"{resource_type}?{query}&_summary=count"}} for query in queries]
    answer = client.post("", json={"resourceType": "Bundle", "type": "batch", "entry": entries}).json()
    refused = {
        query: entry["response"]
        for query, entry in zip(queries, answer["entry"], strict=True)
        if entry["response"]["status"] != "200 OK"
    }
    assert refused == {}


def test_the_description_is_served_and_its_page_needs_nothing_from_elsewhere(server_url: str) -> None:
    with httpx.Client(base_url=server_url, follow_redirects=True) as client:
        document = client.get("/openapi.json").json()
        assert "/fhir/{type}/{id}" in document["paths"]
        page = client.get("/")
        assert page.headers["content-type"].startswith("text/html")
        assert str(page.url).endswith("/docs")
        assert "/fhir/{type}/{id}" in page.text
        for address in ("/healthz", "/readyz"):
            assert client.get(address).json() == {"status": "ok"}
        assert 'cordee_requests_total{interaction="' in client.get("/metrics").text


def test_it_lists_the_operations_that_are_served_each_where_it_is(statement: dict[str, Any]) -> None:
    rest = statement["rest"][0]
    listed = {(None, operation["name"]) for operation in rest["operation"]}
    listed |= {(r["type"], operation["name"]) for r in rest["resource"] for operation in r.get("operation", ())}
    every = {resource["type"] for resource in rest["resource"]}
    assert listed == {
        (type_, operation.code)
        for operation in OPERATIONS
        for type_ in (every if operation.resource == ANY_TYPE else {operation.resource})
    }
