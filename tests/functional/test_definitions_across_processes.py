"""What defines others, written through one server process, is used at once by another that had used what was before.

Two servers on one database stand for two workers of one: they share nothing else.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.functional.conftest import Server, serving
from tests.functional.operation_answers import answered, value

SYSTEM = "https://example.org/CodeSystem/partage"
SET = "https://example.org/ValueSet/partage"
PROFILE = "https://example.org/StructureDefinition/partage"
BASIC = {"resourceType": "Basic", "code": {"text": "x"}}


@pytest.fixture(scope="module")
def others(dsn: str, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The addresses of two servers on the session's database."""
    with serving(dsn, tmp_path_factory.mktemp("second") / "log") as second:
        yield server.url, second.url


@pytest.fixture
def pair(others: tuple[str, str], tenant_name: str) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """A client of each, on one tenant."""
    headers = {"Content-Type": "application/fhir+json"}
    one, two = (httpx.Client(base_url=f"{url}/t/{tenant_name}/fhir/", headers=headers, timeout=30) for url in others)
    with one, two:
        yield one, two


def write(client: httpx.Client, code: str) -> None:
    """All the definitions, about one code."""
    concept = {"code": code, "display": code.upper()}
    common = {"status": "active", "name": "Partage"}
    binding = {"path": "Basic.code", "id": "Basic.code", "binding": {"strength": "required", "valueSet": SET}}
    resources: list[dict[str, Any]] = [
        {"resourceType": "CodeSystem", "id": "p", "url": SYSTEM, "content": "complete", "concept": [concept]},
        {"resourceType": "ValueSet", "id": "p", "url": SET, "compose": {"include": [{"system": SYSTEM}]}},
        {"resourceType": "ConceptMap", "id": "p", "url": "https://example.org/ConceptMap/p", "group": [
            {"source": SYSTEM, "target": "urn:t", "element": [
                {"code": code, "target": [{"code": code, "equivalence": "equal"}]}]}]},
        {"resourceType": "NamingSystem", "id": "p", "kind": "codesystem", "date": "2026-01-01", "uniqueId": [
            {"type": "oid", "value": "1.2.3.4"}, {"type": "uri", "value": f"{SYSTEM}-{code}"}]},
        {"resourceType": "StructureDefinition", "id": "p", "url": PROFILE, "kind": "resource", "abstract": False,
         "type": "Basic", "derivation": "constraint", "differential": {"element": [binding]},
         "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Basic"},
    ]  # fmt: skip
    for resource in resources:
        client.put(f"{resource['resourceType']}/p", json=common | resource).raise_for_status()


def seen(client: httpx.Client, code: str) -> list[bool]:
    """Whether each of the operations that rest on the definitions knows the code."""

    def get(address: str, **asked: str) -> httpx.Response:
        return client.get(address, params=asked)

    coded = {"resourceType": "Basic", "code": {"coding": [{"system": SYSTEM, "code": code}]}}
    validated = client.post("Basic/$validate", params={"profile": PROFILE}, json=coded).json()["issue"]
    return [
        [one["code"] for one in get("ValueSet/$expand", url=SET).json()["expansion"]["contains"]] == [code],
        value(answered(get("ValueSet/$validate-code", url=SET, system=SYSTEM, code=code)), "result"),
        value(answered(get("CodeSystem/$validate-code", url=SYSTEM, code=code)), "result"),
        get("CodeSystem/$lookup", system=SYSTEM, code=code).is_success,
        value(answered(get("ConceptMap/$translate", system=SYSTEM, code=code, targetsystem="urn:t")), "result"),
        value(answered(get("NamingSystem/$preferred-id", id="1.2.3.4", type="uri")), "result") == f"{SYSTEM}-{code}",
        not any(issue["severity"] == "error" for issue in validated),
    ]


def test_what_one_process_writes_the_others_use_at_once(pair: tuple[httpx.Client, httpx.Client]) -> None:
    one, two = pair
    for writer, reader, code in ((one, two, "a"), (two, one, "b"), (one, two, "c")):
        write(writer, code)
        assert all(seen(reader, code)), code
        assert all(seen(writer, code)), code
        assert not any(seen(reader, "other"))


def test_what_one_process_deletes_the_others_know_no_longer(pair: tuple[httpx.Client, httpx.Client]) -> None:
    one, two = pair
    write(one, "a")
    assert all(seen(two, "a"))
    for resource_type in ("CodeSystem", "ValueSet", "NamingSystem", "StructureDefinition"):
        one.delete(f"{resource_type}/p").raise_for_status()
    assert two.get("ValueSet/$expand", params={"url": SET}).status_code == 404
    assert two.get("CodeSystem/$lookup", params={"system": SYSTEM, "code": "a"}).status_code == 404
    assert two.get("NamingSystem/$preferred-id", params={"id": "1.2.3.4", "type": "uri"}).status_code == 404
    unusable = two.post("Basic/$validate", params={"profile": PROFILE}, json=BASIC)
    assert "not-found" in [issue["code"] for issue in unusable.json()["issue"]]
