"""`Claim/{id}/$explain` and `$proof` over HTTP."""

import base64
import hashlib
import io
import json
import zipfile
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest
from demo.team import PATHWAY
from tests.functional.operation_answers import answered, named, refusal, value
from tests.functional.test_bill import bill, claims


@pytest.fixture
def claim(practice: httpx.Client) -> dict[str, Any]:
    """A Claim in which a session is left out, amounts as written."""
    bill(practice)
    found = max(claims(practice), key=lambda claim: len(claim["supportingInfo"]))
    decoded: dict[str, Any] = msgspec.json.Decoder(float_hook=Decimal).decode(
        practice.get(f"Claim/{found['id']}").content
    )
    return decoded


def unzipped(response: httpx.Response) -> dict[str, bytes]:
    assert response.status_code == 200, response.text
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_steps_add_up_to_the_items_and_the_items_to_the_total(
    practice: httpx.Client, claim: dict[str, Any]
) -> None:
    told = answered(practice.get(f"Claim/{claim['id']}/$explain"))
    assert value(told, "total") == claim["total"]["value"]
    parts = [part["part"] for part in named(told, "quote-part")]
    assert [value(part, "amount") for part in parts] == [item["net"]["value"] for item in claim["item"]]
    for part in parts:
        steps = [step["part"] for step in named(part, "step")]
        assert sum(value(step, "amount") for step in steps) == value(part, "amount")
        assert value(part, "amo") + value(part, "amc") == value(part, "amount")
        assert all(value(step, "reason") for step in steps)
    assert len(named(told, "evidence")) > 5


def test_it_says_what_it_said_whatever_became_of_the_evidence(practice: httpx.Client, claim: dict[str, Any]) -> None:
    before = practice.get(f"Claim/{claim['id']}/$explain").json()
    session = next(item["encounter"][0]["reference"] for item in claim["item"] if item.get("encounter"))
    encounter = practice.get(session).json()
    practice.put(session, json={**encounter, "status": "cancelled"}).raise_for_status()
    assert practice.get(f"Claim/{claim['id']}/$explain").json() == before


def test_a_claim_that_the_project_did_not_write_is_422(practice: httpx.Client) -> None:
    foreign = {
        "resourceType": "Claim",
        "id": "foreign",
        "status": "active",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/claim-type", "code": "oral"}]},
        "use": "claim",
        "patient": {"reference": "Patient/patient-01"},
        "created": "2026-09-01",
        "provider": {"display": "?"},
        "priority": {"text": "normal"},
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"display": "?"}}],
    }
    practice.put("Claim/foreign", json=foreign).raise_for_status()
    for operation in ("$explain", "$proof"):
        assert refusal(practice.get(f"Claim/foreign/{operation}"), 422) == [("processing", ["Claim"])]


@pytest.mark.parametrize("operation", ["$explain", "$proof"])
def test_bad_requests_are_refused(practice: httpx.Client, operation: str, server_url: str) -> None:
    assert refusal(practice.get(f"Claim/nobody/{operation}"), 404) == [("not-found", [])]
    assert refusal(practice.get(f"Claim/{operation}"), 404) == [("not-found", [])]
    assert refusal(practice.get(f"Claim/nobody/{operation}?x=1"), 400) == [("not-supported", ["http.x"])]
    assert refusal(practice.delete(f"Claim/nobody/{operation}"), 405) == [("not-supported", [])]
    assert refusal(httpx.get(f"{server_url}/t/nobody/fhir/Claim/x/{operation}"), 404) == [("not-found", [])]


def test_another_tenant_does_not_see_the_claim(claim: dict[str, Any], server_url: str) -> None:
    for operation in ("$explain", "$proof"):
        answer = httpx.get(f"{server_url}/fhir/Claim/{claim['id']}/{operation}")
        assert refusal(answer, 404) == [("not-found", [])]


def test_the_proof_holds_every_version_the_claim_names_and_the_hash_of_every_file(
    practice: httpx.Client, claim: dict[str, Any]
) -> None:
    answer = practice.get(f"Claim/{claim['id']}/$proof", headers={"Accept": "application/zip"})
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="preuve-{claim["id"]}-v1.zip"'
    files = unzipped(answer)
    manifest = json.loads(files["manifest.json"])
    assert manifest["missing"] == []
    assert manifest["claim"] == f"Claim/{claim['id']}/_history/1"
    assert {file["path"] for file in manifest["files"]} == files.keys() - {"manifest.json", "SHA256SUMS"}
    for file in manifest["files"]:
        assert file["sha256"] == hashlib.sha256(files[file["path"]]).hexdigest()
        assert file["bytes"] == len(files[file["path"]])
    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert sums.keys() == files.keys() - {"SHA256SUMS"}
    assert sums["manifest.json"] == hashlib.sha256(files["manifest.json"]).hexdigest()
    told = next(
        entry["valueString"]
        for entry in claim["supportingInfo"]
        if entry["category"]["coding"][0]["code"] == "evidence-versions"
    ).split()
    held = {
        f"{r['resourceType']}/{r['id']}/_history/{r['meta']['versionId']}"
        for path, content in files.items()
        if path.endswith(".json") and path != "manifest.json"
        for r in [json.loads(content)]
    }
    assert {name for name in told if "/_history/" in name} <= held
    assert {name for name in told if "/_history/" not in name} <= {name.partition("/_history/")[0] for name in held}
    folders = {path.partition("/")[0] for path in files if "/" in path}
    assert {"circle", "convention", "inclusion", "pathway", "sessions", "structure"} <= folders
    assert files["explication.pdf"].startswith(b"%PDF")
    assert files["claim.json"] == practice.get(f"Claim/{claim['id']}").content


def test_the_proof_is_the_same_whatever_became_of_the_evidence(practice: httpx.Client, claim: dict[str, Any]) -> None:
    before = practice.get(f"Claim/{claim['id']}/$proof").content
    assert practice.get(f"Claim/{claim['id']}/$proof").content == before
    session = next(item["encounter"][0]["reference"] for item in claim["item"] if item.get("encounter"))
    practice.delete(session).raise_for_status()
    assert practice.get(f"Claim/{claim['id']}/$proof").content == before


def test_in_a_batch_the_proof_is_a_binary(practice: httpx.Client, claim: dict[str, Any]) -> None:
    entry = {"request": {"method": "GET", "url": f"Claim/{claim['id']}/$proof"}}
    batch = practice.post("", json={"resourceType": "Bundle", "type": "batch", "entry": [entry]}).json()
    binary = batch["entry"][0]["resource"]
    assert (binary["resourceType"], binary["contentType"]) == ("Binary", "application/zip")
    assert base64.b64decode(binary["data"]) == practice.get(f"Claim/{claim['id']}/$proof").content


def test_head_tells_the_file_without_sending_it(practice: httpx.Client, claim: dict[str, Any]) -> None:
    head = practice.head(f"Claim/{claim['id']}/$proof")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "application/zip"


def test_another_format_is_406(practice: httpx.Client, claim: dict[str, Any]) -> None:
    answer = practice.get(f"Claim/{claim['id']}/$proof", headers={"Accept": "application/pdf"})
    assert refusal(answer, 406) == [("not-supported", [])]


def test_the_proof_holds_the_pathway_as_it_was_when_a_newer_one_is_published_since(
    practice: httpx.Client, base_url: str
) -> None:
    from cordee.pathways.fhir_definitions import definitions
    from cordee.pathways.shipped import shipped_pathways, shipped_texts

    code = PATHWAY.code
    text = shipped_texts()[f"{code}.yaml"]
    for definition in definitions(shipped_pathways()[code], text):
        address = f"{definition.resource_type}/{definition.id}"
        practice.put(address, json=dict(definition.resource)).raise_for_status()
    bill(practice)
    claim = claims(practice)[0]
    before = unzipped(practice.get(f"Claim/{claim['id']}/$proof"))
    plan = practice.get(f"PlanDefinition/{code}").json()
    practice.put(f"PlanDefinition/{code}", json={**plan, "version": "2099-01-01"}).raise_for_status()
    after = unzipped(practice.get(f"Claim/{claim['id']}/$proof"))
    assert after == before
    assert before[f"pathway/{code}-{shipped_pathways()[code].version}.yaml"].decode() == text
