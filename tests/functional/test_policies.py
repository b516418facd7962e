"""What an operator may decide of writes: by the settings of a server, or for one tenant."""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.functional.conftest import CORDEE, serving
from tests.functional.test_conditional import SYSTEM, patient


@pytest.fixture(scope="module")
def server(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server whose settings are not the usual ones."""
    log = tmp_path_factory.mktemp("policies") / "log"
    settings = {
        "CORDEE_CONDITIONAL_DELETE": "multiple",
        "CORDEE_DANGLING_REFERENCES": "refuse",
        "CORDEE_DELETE_REFERRED": "cascade",
    }
    with serving(dsn, log, **settings) as running:
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
    assert "enforced" in patients["referencePolicy"]


def encounter(id_: str, subject: str, **members: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": id_,
        "status": "planned",
        "class": {"code": "AMB"},
        "subject": {"reference": subject},
        **members,
    }


def put(url: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {"resource": resource, "request": {"method": "PUT", "url": url}}


def transaction(client: httpx.Client, *entries: dict[str, Any]) -> httpx.Response:
    return client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": list(entries)})


@pytest.fixture
def referred(client: httpx.Client) -> httpx.Client:
    """The client, on a tenant where Observation/o refers to Encounter/e, which refers to Patient/a."""
    client.put("Patient/a", json=patient("1", id="a")).raise_for_status()
    client.put("Encounter/e", json=encounter("e", "Patient/a")).raise_for_status()
    observed = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "x"}}
    client.put("Observation/o", json={**observed, "encounter": {"reference": "Encounter/e"}}).raise_for_status()
    return client


def test_a_reference_to_what_is_not_there_is_refused_wherever_it_is_written(referred: httpx.Client) -> None:
    refusals = [
        referred.post("Encounter", json=encounter("x", "Patient/none")),
        referred.put("Encounter/e", json=encounter("e", "Patient/none")),
        referred.put("Encounter?status=planned", json=encounter("e", "Patient/none")),
        referred.patch(
            "Encounter/e",
            json=[{"op": "replace", "path": "/subject/reference", "value": "Patient/none"}],
            headers={"Content-Type": "application/json-patch+json"},
        ),
    ]
    unmatched = referred.post("Encounter", json=encounter("x", "Patient?identifier=nothing"))
    assert (unmatched.status_code, unmatched.json()["issue"][0]["code"]) == (412, "not-found")
    for refused in refusals:
        assert refused.status_code == 422
        issue = refused.json()["issue"][0]
        assert (issue["code"], "Patient/none" in issue["diagnostics"]) == ("not-found", True)
    assert referred.get("Encounter/e").headers["etag"] == 'W/"1"'
    assert referred.get("Encounter?_summary=count").json()["total"] == 1


def test_references_elsewhere_and_inside_are_not_this_servers_to_judge(client: httpx.Client) -> None:
    elsewhere = encounter("e", "https://other.example.org/fhir/Patient/1")
    assert client.put("Encounter/e", json=elsewhere).status_code == 201
    inside = encounter("f", "#p", contained=[{"resourceType": "Patient", "id": "p"}])
    assert client.put("Encounter/f", json=inside).status_code == 201


def test_a_transaction_may_store_what_refers_to_each_other_and_is_told_where_it_does_not(client: httpx.Client) -> None:
    done = transaction(client, put("Encounter/e", encounter("e", "Patient/a")), put("Patient/a", patient("1", id="a")))
    assert done.status_code == 200
    refused = transaction(
        client, put("Patient/b", patient("1", id="b")), put("Encounter/f", encounter("f", "Patient/none"))
    )
    assert refused.status_code == 422
    assert refused.json()["issue"][0]["expression"] == ["Bundle.entry[1].resource"]
    assert client.get("Patient/b").status_code == 404


def test_what_is_referred_to_is_kept_and_the_referrers_are_named(referred: httpx.Client) -> None:
    refused = referred.delete("Patient/a")
    assert refused.status_code == 409
    assert "Encounter/e" in refused.json()["issue"][0]["diagnostics"]
    several = referred.delete(f"Patient?identifier={SYSTEM}|1")
    assert several.status_code == 409
    assert referred.get("Patient/a").status_code == 200
    gone = [{"request": {"method": "DELETE", "url": url}} for url in ("Patient/a", "Encounter/e")]
    assert transaction(referred, *gone).status_code == 409
    gone.append({"request": {"method": "DELETE", "url": "Observation/o"}})
    assert transaction(referred, *gone).status_code == 200
    assert referred.get("Patient/a").status_code == 410


def test_a_cascade_deletes_what_refers_and_what_refers_to_that(referred: httpx.Client) -> None:
    assert referred.delete("Patient/a?_cascade=delete", headers={"If-Match": 'W/"9"'}).status_code == 412
    assert referred.delete("Patient/a?_cascade=perhaps").status_code == 400
    assert referred.delete("Patient/a?_cascade=delete").status_code == 204
    gone = [referred.get(address).status_code for address in ("Patient/a", "Encounter/e", "Observation/o")]
    assert gone == [410, 410, 410]


def told_by_validate(
    client: httpx.Client, address: str, mode: str, resource: dict[str, Any] | None = None
) -> list[str]:
    parameters: list[dict[str, Any]] = [{"name": "mode", "valueCode": mode}]
    parameters += [] if resource is None else [{"name": "resource", "resource": resource}]
    answer = client.post(f"{address}/$validate", json={"resourceType": "Parameters", "parameter": parameters})
    assert answer.status_code == 200, answer.text
    return [issue["diagnostics"] for issue in answer.json()["issue"] if issue["severity"] == "error"]


def test_validation_tells_what_the_policies_would_refuse(referred: httpx.Client) -> None:
    (kept,) = told_by_validate(referred, "Patient/a", "delete")
    assert kept.startswith("Patient/a is referred to by Encounter/e")
    assert told_by_validate(referred, "Observation/o", "delete") == []
    for address, mode, id_ in (("Encounter", "create", "x"), ("Encounter/e", "update", "e")):
        (refused,) = told_by_validate(referred, address, mode, encounter(id_, "Patient/none"))
        assert refused == "It refers to Patient/none, which is not stored here."
        assert told_by_validate(referred, address, mode, encounter(id_, "Patient/a")) == []
    assert referred.get("Encounter/e").headers["etag"] == 'W/"1"'


def say(dsn: str, tenant: str, *options: str, status: int = 0) -> str:
    command = [CORDEE, "tenant", "set", tenant, *options]
    done = subprocess.run(
        command, env=os.environ | {"CORDEE_DATABASE_URL": dsn}, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    return done.stdout if not status else done.stderr


def test_a_tenant_says_for_itself_what_the_settings_say_for_the_others(
    server: str, dsn: str, tenant_name: str, client: httpx.Client
) -> None:
    """Said before the server first asks about this tenant, whose policies it keeps for some seconds."""
    told = say(
        dsn,
        tenant_name,
        "--conditional-delete",
        "single",
        "--dangling-references",
        "accept",
        "--delete-referred",
        "allow",
    )
    assert told == "conditional-delete\tsingle\ndangling-references\taccept\ndelete-referred\tallow\n"
    assert client.put("Encounter/e", json=encounter("e", "Patient/a")).status_code == 201
    for id_ in "ab":
        client.put(f"Patient/{id_}", json=patient("1", id=id_)).raise_for_status()
    assert client.delete(f"Patient?identifier={SYSTEM}|1").status_code == 412
    assert client.delete("Patient/a?_cascade=delete").status_code == 400
    assert client.delete("Patient/a").status_code == 204
    (patients,) = [r for r in client.get("metadata").json()["rest"][0]["resource"] if r["type"] == "Patient"]
    assert (patients["conditionalDelete"], "enforced" in patients["referencePolicy"]) == ("single", False)


def test_a_policy_is_left_as_it_was_unless_it_is_said(dsn: str, tenant_name: str) -> None:
    say(dsn, tenant_name, "--delete-referred", "cascade")
    say(dsn, tenant_name, "--conditional-delete", "multiple")
    assert (
        say(dsn, tenant_name)
        == "conditional-delete\tmultiple\ndangling-references\tdefault\ndelete-referred\tcascade\n"
    )
    assert "delete-referred\tdefault" in say(dsn, tenant_name, "--delete-referred", "default")
    assert "«perhaps» is none of allow, refuse, cascade, default" in say(
        dsn, tenant_name, "--delete-referred", "perhaps", status=2
    )
    assert "no tenant" in say(dsn, "nobody", status=1)
