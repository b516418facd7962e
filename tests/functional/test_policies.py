"""What an operator may decide of writes: each on a server whose settings say so."""

from collections.abc import Iterator

import httpx
import pytest
from tests.functional.conftest import serving
from tests.functional.test_conditional import SYSTEM, patient


@pytest.fixture(scope="module")
def server(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that allows several to be deleted at once."""
    log = tmp_path_factory.mktemp("policies") / "log"
    with serving(dsn, log, CORDEE_CONDITIONAL_DELETE="multiple") as running:
        yield running.url


@pytest.fixture
def client(server: str, tenant_name: str) -> Iterator[httpx.Client]:
    """A client on an empty tenant of that server."""
    headers = {"Content-Type": "application/fhir+json"}
    with httpx.Client(base_url=f"{server}/t/{tenant_name}/fhir/", headers=headers, timeout=30) as made:
        yield made


def total(client: httpx.Client) -> int:
    return int(client.get("Patient?_summary=count").json()["total"])


def test_a_conditional_delete_may_delete_every_match(client: httpx.Client) -> None:
    for value in ("1", "1", "2"):
        client.post("Patient", json=patient(value)).raise_for_status()
    deleted = client.delete(f"Patient?identifier={SYSTEM}|1", headers={"Prefer": "return=OperationOutcome"})
    assert (deleted.status_code, deleted.json()["issue"][0]["diagnostics"]) == (200, "2 deleted.")
    assert total(client) == 1
    assert client.delete(f"Patient?identifier={SYSTEM}|1").status_code == 204
    assert client.delete("Patient").status_code == 400


def test_one_match_that_may_not_be_deleted_keeps_them_all(client: httpx.Client) -> None:
    client.put("Patient/a", json=patient("1", id="a")).raise_for_status()
    client.put("Patient/b", json=patient("1", id="b")).raise_for_status()
    client.put("Patient/b", json=patient("1", id="b", active=True)).raise_for_status()
    refused = client.delete(f"Patient?identifier={SYSTEM}|1", headers={"If-Match": 'W/"1"'})
    assert refused.status_code == 412
    assert total(client) == 2


def test_what_the_settings_allow_is_in_the_capability_statement(client: httpx.Client) -> None:
    (patients,) = [r for r in client.get("metadata").json()["rest"][0]["resource"] if r["type"] == "Patient"]
    assert patients["conditionalDelete"] == "multiple"
