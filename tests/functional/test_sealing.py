"""What was submitted can't be edited, by any request; the answer says what to do instead."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.functional.conftest import CORDEE

from cordee.fhir.body import accept
from cordee.store.repository import Repository

CLAIM = {
    "resourceType": "Claim",
    "id": "c",
    "identifier": [{"system": "urn:oid:1.2.250.1.999.2", "value": "1"}],
    "status": "active",
    "type": {"text": "forfait"},
    "use": "claim",
    "patient": {"reference": "Patient/1"},
    "created": "2026-07-01",
    "provider": {"reference": "Organization/1"},
    "priority": {"text": "normal"},
    "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "AMO"}}],
}
EDITED = CLAIM | {"created": "2026-07-02"}
PATCH = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Claim.created"},
                {"name": "value", "valueDateTime": "2026-07-02"},
            ],
        }
    ],
}
BODIES = {"PUT": EDITED, "PATCH": PATCH, "DELETE": None}
SAID = "Claim/c was submitted: it is corrected by a new Claim (Claim/c/$correct), never edited."


@pytest.fixture
async def submitted(repository: Repository) -> None:
    async with repository.unit() as unit:
        await unit.put("Claim", "c", accept(json.dumps(CLAIM).encode()), sealed=True)


def bundle(type_: str, method: str, url: str, resource: dict[str, Any] | None = None) -> dict[str, Any]:
    entry: dict[str, Any] = {"request": {"method": method, "url": url}}
    return {
        "resourceType": "Bundle",
        "type": type_,
        "entry": [entry | ({} if resource is None else {"resource": resource})],
    }


@pytest.mark.usefixtures("submitted")
@pytest.mark.parametrize("url", ["Claim/c", "Claim?identifier=urn:oid:1.2.250.1.999.2|1"])
@pytest.mark.parametrize("method", BODIES)
def test_editing_and_deleting_answer_409(client: httpx.Client, method: str, url: str) -> None:
    answer = client.request(method, url, json=BODIES[method])
    assert answer.status_code == 409
    (issue,) = answer.json()["issue"]
    assert (issue["code"], issue["diagnostics"]) == ("business-rule", SAID)
    assert client.get("Claim/c").headers["etag"] == 'W/"1"'


@pytest.mark.usefixtures("submitted")
@pytest.mark.parametrize("url", ["Claim/c", "Claim?identifier=urn:oid:1.2.250.1.999.2|1"])
@pytest.mark.parametrize("method", BODIES)
def test_a_transaction_answers_409_with_the_place_of_its_entry(client: httpx.Client, method: str, url: str) -> None:
    answer = client.post("", json=bundle("transaction", method, url, BODIES[method]))
    assert answer.status_code == 409
    (issue,) = answer.json()["issue"]
    assert (issue["diagnostics"], issue["expression"][0].partition("]")[0]) == (SAID, "Bundle.entry[0")


@pytest.mark.usefixtures("submitted")
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_batch_answers_it_in_the_entry(client: httpx.Client, method: str) -> None:
    answer = client.post("", json=bundle("batch", method, "Claim/c", EDITED if method == "PUT" else None))
    (entry,) = answer.json()["entry"]
    assert entry["response"]["status"] == "409 Conflict"
    assert entry["response"]["outcome"]["issue"][0]["diagnostics"] == SAID


@pytest.mark.usefixtures("submitted")
def test_the_same_content_again_is_answered_with_the_version_there_is(client: httpx.Client) -> None:
    answer = client.put("Claim/c", json=CLAIM)
    assert (answer.status_code, answer.headers["etag"]) == (200, 'W/"1"')


@pytest.mark.usefixtures("submitted")
def test_load_refuses_it_alone_and_exits_with_1(
    client: httpx.Client, dsn: str, tenant_name: str, tmp_path: Path
) -> None:
    path = tmp_path / "claims.ndjson"
    path.write_text("\n".join(json.dumps(one) for one in (EDITED, CLAIM | {"id": "d"})))
    done = subprocess.run(
        [CORDEE, "load", "--tenant", tenant_name, str(path)],
        env=os.environ | {"CORDEE_DATABASE_URL": dsn, "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert SAID in " ".join((done.stdout + done.stderr).split())
    assert client.get("Claim/c").json()["created"] == "2026-07-01"
    assert client.get("Claim/d").status_code == 200


@pytest.mark.usefixtures("submitted")
@pytest.mark.parametrize("operation", ["$meta-add", "$meta-delete"])
def test_its_labels_are_final_too(client: httpx.Client, operation: str) -> None:
    client.get("Claim/c/$meta").raise_for_status()
    labels = {"tag": [{"system": "https://example.org/tags", "code": "x"}]}
    asked = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": labels}]}
    answer = client.post(f"Claim/c/{operation}", json=asked)
    assert answer.status_code == (409 if operation == "$meta-add" else 200)
    assert client.get("Claim/c").headers["etag"] == 'W/"1"'
