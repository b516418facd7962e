"""`$validate` over HTTP: bare and in Parameters, by type and instance, in each mode, by profiles stored over REST."""

import os
import subprocess
from typing import Any

import httpx
import pytest
from tests.functional.conftest import CORDEE

PROFILE = "https://example.org/StructureDefinition/ne"
BORN: dict[str, Any] = {
    "resourceType": "StructureDefinition", "id": "ne", "url": PROFILE, "name": "Ne", "status": "active",
    "kind": "resource", "abstract": False, "type": "Patient", "derivation": "constraint",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "differential": {"element": [{"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1}]},
}  # fmt: skip
NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}


def patient(**members: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "text": NARRATIVE} | members


def parameters(resource: dict[str, Any] | None, **texts: str) -> dict[str, Any]:
    given: list[dict[str, Any]] = [] if resource is None else [{"name": "resource", "resource": resource}]
    types = {"mode": "valueCode", "profile": "valueUri"}
    return {
        "resourceType": "Parameters",
        "parameter": [*given, *({"name": name, types[name]: text} for name, text in texts.items())],
    }


def issues(response: httpx.Response, status: int = 200) -> list[tuple[str, str, list[str]]]:
    assert response.status_code == status, response.text
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    return [(issue["severity"], issue["code"], issue.get("expression", [])) for issue in outcome["issue"]]


WELL = [("information", "informational", [])]
UNBORN = [("error", "required", ["Patient.birthDate"])]


@pytest.fixture
def profiled(client: httpx.Client) -> httpx.Client:
    client.put("StructureDefinition/ne", json=BORN).raise_for_status()
    return client


def test_bare_or_in_parameters_it_is_the_same_question(profiled: httpx.Client) -> None:
    good, bad = patient(birthDate="1980"), patient()
    for resource, expected in ((good, WELL), (bad, UNBORN)):
        assert issues(profiled.post("Patient/$validate", params={"profile": PROFILE}, json=resource)) == expected
        assert issues(profiled.post("Patient/$validate", json=parameters(resource, profile=PROFILE))) == expected
    assert issues(profiled.post("Patient/$validate", json=bad)) == WELL


def test_a_claimed_profile_is_held_to_without_being_asked_for(profiled: httpx.Client) -> None:
    assert issues(profiled.post("Patient/$validate", json=patient(meta={"profile": [PROFILE]}))) == UNBORN


def test_what_is_not_even_a_patient_is_told_with_status_200(client: httpx.Client) -> None:
    bad = patient(gender="homme", foo=1)
    for body in (bad, parameters(bad)):
        found = issues(client.post("Patient/$validate", json=body))
        assert [(code, path) for _, code, path in found] == [
            ("code-invalid", ["Patient.gender"]),
            ("structure", ["Patient.foo"]),
        ]
    (found,) = issues(client.post("Observation/$validate", json=patient()))
    assert found == ("error", "structure", ["Patient.resourceType"])


def test_a_profile_takes_effect_when_it_is_written_changed_and_deleted(profiled: httpx.Client) -> None:
    asked = {"params": {"profile": PROFILE}, "json": patient()}
    assert issues(profiled.post("Patient/$validate", **asked)) == UNBORN
    mild = BORN | {"differential": {"element": [{"id": "Patient.gender", "path": "Patient.gender", "min": 1}]}}
    profiled.put("StructureDefinition/ne", json=mild).raise_for_status()
    assert issues(profiled.post("Patient/$validate", **asked)) == [("error", "required", ["Patient.gender"])]
    profiled.delete("StructureDefinition/ne").raise_for_status()
    assert issues(profiled.post("Patient/$validate", **asked)) == [("error", "not-found", ["Patient"])]


def test_what_is_stored_is_judged_at_its_own_address(profiled: httpx.Client) -> None:
    profiled.put("Patient/1", json=patient(id="1")).raise_for_status()
    assert issues(profiled.get("Patient/1/$validate")) == WELL
    assert issues(profiled.get("Patient/1/$validate", params={"profile": PROFILE})) == UNBORN
    assert issues(profiled.post("Patient/1/$validate", json=parameters(None, profile=PROFILE))) == UNBORN
    assert issues(profiled.get("Patient/2/$validate"), 404)[0][1] == "not-found"


def test_an_update_is_refused_for_what_would_keep_it_from_being_made(client: httpx.Client) -> None:
    client.put("Patient/1", json=patient(id="1")).raise_for_status()
    assert issues(client.post("Patient/1/$validate", json=parameters(patient(id="1"), mode="update"))) == WELL
    (other,) = issues(client.post("Patient/1/$validate", json=parameters(patient(id="2"), mode="update")))
    assert other == ("error", "invalid", ["Patient.id"])


def test_a_deletion_needs_something_to_delete(client: httpx.Client) -> None:
    client.put("Patient/1", json=patient(id="1")).raise_for_status()
    assert issues(client.post("Patient/1/$validate", json=parameters(None, mode="delete"))) == WELL
    assert client.get("Patient/1").status_code == httpx.codes.OK
    issues(client.post("Patient/2/$validate", json=parameters(None, mode="delete")), 404)


def test_a_bundle_may_ask_it_of_the_resources_it_holds(profiled: httpx.Client) -> None:
    entry = {"resource": patient(), "request": {"method": "POST", "url": f"Patient/$validate?profile={PROFILE}"}}
    answer = profiled.post("", json={"resourceType": "Bundle", "type": "batch", "entry": [entry]}).json()
    assert answer["entry"][0]["response"]["status"].startswith("200")
    assert answer["entry"][0]["response"]["outcome"]["issue"][0]["expression"] == ["Patient.birthDate"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (parameters(patient(), mode="destroy"), ["Parameters.parameter[1]"]),
        (parameters(patient(), mode="profile"), ["Parameters.parameter[1]"]),
        (parameters(patient(), mode="update"), ["Parameters.parameter[1]"]),
        (parameters(None), ["resource"]),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(client: httpx.Client, body: dict[str, Any], path: list[str]) -> None:
    (found,) = issues(client.post("Patient/$validate", json={k: v for k, v in body.items() if v}), 400)
    assert found[2] == path


def test_metadata_lists_it_at_every_type(client: httpx.Client) -> None:
    listed = client.get("metadata").json()["rest"][0]["resource"]
    assert all("validate" in {one["name"] for one in resource["operation"]} for resource in listed)
    assert client.get("Nothing/$validate").status_code == httpx.codes.NOT_FOUND


def test_on_write_by_the_tenant_s_policy(client: httpx.Client, dsn: str, tenant_name: str) -> None:
    def say(policy: str) -> None:
        command = [CORDEE, "profile", "on-write", policy, "--tenant", tenant_name]
        subprocess.run(command, env=os.environ | {"CORDEE_DATABASE_URL": dsn}, check=True)

    say("warn")  # before the server first asks for the policy of this tenant, which it keeps for some seconds
    client.put("StructureDefinition/ne", json=BORN).raise_for_status()
    told = {"Prefer": "return=OperationOutcome"}
    claiming = patient(id="1", meta={"profile": [PROFILE]})
    found = issues(client.put("Patient/1", json=claiming, headers=told), 201)
    assert found[1:] == UNBORN
