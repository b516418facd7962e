"""`_explain=true`: the statements of a search and their plans, on a server whose settings allow it."""

from collections.abc import Iterator

import httpx
import pytest
from tests.functional.conftest import serving


@pytest.fixture(scope="module")
def explaining(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of such a server."""
    with serving(dsn, tmp_path_factory.mktemp("explain") / "log", CORDEE_EXPLAIN_SEARCHES="true") as running:
        yield running.url


def test_the_statements_come_beside_the_matches(explaining: str, tenant_name: str) -> None:
    headers = {"Content-Type": "application/fhir+json"}
    with httpx.Client(base_url=f"{explaining}/t/{tenant_name}/fhir/", headers=headers, timeout=30) as client:
        client.put("Patient/p", json={"resourceType": "Patient", "id": "p", "gender": "male"}).raise_for_status()
        encounter = {"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "AMB"},
                     "subject": {"reference": "Patient/p"}}  # fmt: skip
        client.put("Encounter/e", json=encounter).raise_for_status()
        page = client.get("Encounter?patient.gender=male&_explain=true").raise_for_status().json()
        modes = [entry["search"]["mode"] for entry in page["entry"]]
        assert modes == ["match", "outcome"]
        told = [issue["diagnostics"] for issue in page["entry"][1]["resource"]["issue"]]
        assert len(told) == 3
        assert all(text.startswith("SELECT") and "Execution Time" in text for text in told)
        assert "_explain" not in page["link"][0]["url"]
        plain = client.get("Encounter?patient.gender=male&_explain=false").json()
        assert [entry["search"]["mode"] for entry in plain["entry"]] == ["match"]
        several = client.get("?_type=Patient,Encounter&_explain=true").json()
        assert [entry["search"]["mode"] for entry in several["entry"]] == ["match", "match", "outcome"]
        for wrong in ("_explain=1", "_explain=true&_explain=true"):
            assert client.get(f"Patient?{wrong}").status_code == 400


def test_it_is_refused_elsewhere(client: httpx.Client) -> None:
    refused = client.get("Patient?_explain=true")
    assert refused.status_code == 400
    assert "explain_searches" in refused.json()["issue"][0]["diagnostics"]
    assert client.get("Patient?_explain=false").status_code == 200
