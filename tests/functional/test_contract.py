"""What openapi/openapi.json promises is so: each example works, and whatever is sent, the answer is one described."""

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.conftest import REPOSITORY_ROOT
from tests.functional.conftest import Server
from tests.functional.test_bill import bill

from cordee.api.application import api_description

BASE = "/t/{tenant}/fhir"
CASES_OF_AN_OPERATION = 6
CODE_SYSTEM = json.loads((REPOSITORY_ROOT / "profiles" / "CodeSystem-payee-kind.json").read_bytes())
COMPOSITION = {
    "resourceType": "Composition",
    "id": "exemple",
    "status": "final",
    "type": {"text": "Synthèse"},
    "date": "2026-08-31",
    "author": [{"display": "Exemple"}],
    "title": "Exemple",
    "subject": {"reference": "Patient/patient-01"},
}
GROUP = {"resourceType": "Group", "id": "exemple", "type": "person", "actual": True}
CONCEPT_MAP = {"resourceType": "ConceptMap", "id": "exemple", "status": "active"}
SUBSCRIPTION = {
    "resourceType": "Subscription",
    "id": "exemple",
    "status": "requested",
    "reason": "exemple",
    "criteria": "Observation?status=final",
    "channel": {"type": "websocket"},
}
VALUE_SET = {
    "resourceType": "ValueSet",
    "id": "exemple",
    "url": "https://example.org/ValueSet/exemple",
    "status": "active",
    "compose": {"include": [{"system": CODE_SYSTEM["url"]}]},
}
ONCE = ("correct-instance-post-of-tenant",)
"""What can't be asked twice, and so is asked in one format."""
ORDER = ("GET", "PUT", "POST", "PATCH", "DELETE")

DESCRIPTION = api_description()


@pytest.fixture
def demo(practice: httpx.Client) -> httpx.Client:
    """The demo's data, billed, and what examples of terminology and of subscriptions are about."""
    bill(practice)
    for resource in (CODE_SYSTEM, COMPOSITION, CONCEPT_MAP, GROUP, SUBSCRIPTION, VALUE_SET):
        practice.put(f"{resource['resourceType']}/{resource['id']}", json=resource).raise_for_status()
    return practice


def resolved(described: dict[str, Any]) -> dict[str, Any]:
    found: Any = DESCRIPTION
    for name in described.get("$ref", "#").split("/")[1:]:
        found = found[name]
    return dict(found) if "$ref" in described else described


def operations() -> Iterator[tuple[str, str, dict[str, Any], list[dict[str, Any]]]]:
    """Method, path, the operation and its parameters; those that destroy come last."""
    found = [
        (method.upper(), path, item[method], [resolved(p) for p in (*item["parameters"], *item[method]["parameters"])])
        for path, item in DESCRIPTION["paths"].items()
        if path.startswith(BASE) and "/_job/" not in path  # whose ids nobody knows before; test_asynchronous has them
        for method in item
        if method != "parameters"
    ]
    yield from sorted(found, key=lambda one: ORDER.index(one[0]))


def examples_of(parameters: list[dict[str, Any]], place: str) -> dict[str, Any]:
    return {p["name"]: p["example"] for p in parameters if p["in"] == place and "example" in p}


def in_query(parameters: list[dict[str, Any]]) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in examples_of(parameters, "query").items():
        query |= (
            value if isinstance(value, dict) else {name: str(value).lower() if value in (True, False) else str(value)}
        )
    return query


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """The media type, and the arguments for httpx that send the example."""
    if "requestBody" not in operation:
        yield None, {}
        return
    for kind, described in operation["requestBody"]["content"].items():
        example = described["example"]
        how = "data" if kind.endswith("urlencoded") else "content" if isinstance(example, str) else "json"
        yield kind, {how: example}


def test_every_example_works_on_the_data_of_the_demo(demo: httpx.Client, tenant_name: str) -> None:
    address = str(demo.base_url).removesuffix(f"/t/{tenant_name}/fhir/")
    surprises = []
    tried = 0
    with httpx.Client(base_url=address, timeout=60) as client:
        for method, path, operation, parameters in operations():
            places = examples_of(parameters, "path") | {"tenant": tenant_name}
            for kind, body in islice(bodies(operation), 1 if operation["operationId"] in ONCE else None):
                headers = examples_of(parameters, "header") | ({"Content-Type": kind} if kind else {})
                answer = client.request(
                    method, path.format(**places), params=in_query(parameters), headers=headers, **body
                )
                tried += 1
                if not answer.is_success or str(answer.status_code) not in operation["responses"]:
                    surprises.append(f"{operation['operationId']} {kind}: {answer.status_code} {answer.text[:400]}")
    assert not surprises, "\n".join(surprises)
    assert tried > len(DESCRIPTION["paths"])


def test_whatever_is_sent_the_answer_is_one_described_and_never_a_failure(
    demo: httpx.Client, server: Server, tenant_name: str, tmp_path: Path
) -> None:
    """Seeded, and of the same cases each time; more of them by hand: see schemathesis.toml."""
    settings = (REPOSITORY_ROOT / "schemathesis.toml").read_text().replace('"tests/', f'"{REPOSITORY_ROOT}/tests/')
    config = tmp_path / "schemathesis.toml"
    config.write_text(f'{settings}\n[parameters]\n"path.tenant" = "{tenant_name}"\n')
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("--config-file", str(config), "run", str(REPOSITORY_ROOT / "openapi" / "openapi.json")),
        *("--url", server.url, "--include-path-regex", "^/t/", "--no-color"),
        "--generation-deterministic",
        *("--max-examples", str(CASES_OF_AN_OPERATION), "--continue-on-failure"),
    ]
    logged_before = len(server.log.read_text())
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False)
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr
    assert "request failed" not in server.log.read_text()[logged_before:]
    assert demo.get("Patient/patient-02").status_code == 200
