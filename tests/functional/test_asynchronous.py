"""`Prefer: respond-async`: a request put aside, its answer fetched later; jobs seen, cancelled and resumed."""

import os
import subprocess
import time

import httpx
import psutil
import pytest
from tests.functional.conftest import CORDEE, free_port, wait_until_ready

LATER = {"Prefer": "respond-async"}


def completed(client: httpx.Client, kicked: httpx.Response, seconds: float = 60) -> httpx.Response:
    """What the job of a kick-off gave."""
    assert kicked.status_code == httpx.codes.ACCEPTED, kicked.text
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = client.get(kicked.headers["Content-Location"])
        if answer.status_code != httpx.codes.ACCEPTED:
            return answer
        assert answer.headers["X-Progress"]
        assert answer.headers["Retry-After"]
    pytest.fail("the job did not end")


@pytest.fixture
def patient(client):
    client.put("Patient/a", json={"resourceType": "Patient", "id": "a", "name": [{"family": "Essai"}]})
    return client


def test_a_search_put_aside_gives_its_bundle_in_a_batch_response(patient):
    bundle = completed(patient, patient.get("Patient?name=essai", headers=LATER))
    assert "Expires" in bundle.headers
    (entry,) = bundle.json()["entry"]
    assert entry["response"]["status"] == "200 OK"
    assert entry["resource"]["type"] == "searchset"
    assert [found["resource"]["id"] for found in entry["resource"]["entry"]] == ["a"]


def test_the_answer_has_the_links_and_the_format_that_the_client_would_have_had(patient, base_url):
    kicked = patient.post(
        "Patient/_search",
        content="name=essai",
        headers=LATER | {"Content-Type": "application/x-www-form-urlencoded"},
    )
    where = kicked.headers["Content-Location"]
    assert where.startswith(f"{base_url}/_job/")
    (entry,) = completed(patient, kicked).json()["entry"]
    assert entry["resource"]["link"][0]["url"].startswith(f"{base_url}/Patient?")
    xml = patient.get(where, headers={"Accept": "application/fhir+xml"})
    assert '<type value="batch-response"/>' in xml.text


def test_a_transaction_put_aside_is_carried_out_once(patient):
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "resource": {"resourceType": "Basic", "code": {"text": "x"}},
                "request": {"method": "POST", "url": "Basic"},
            }
        ],
    }
    (entry,) = completed(patient, patient.post("", json=bundle, headers=LATER)).json()["entry"]
    assert entry["resource"]["type"] == "transaction-response"
    assert patient.get("Basic?_summary=count").json()["total"] == 1


def test_a_refusal_is_the_outcome_of_the_entry(patient):
    (entry,) = completed(patient, patient.get("Patient?nam=essai", headers=LATER)).json()["entry"]
    assert entry["response"]["status"] == "400 Bad Request"
    assert entry["response"]["outcome"]["issue"][0]["severity"] == "error"


def test_an_operation_may_be_put_aside(practice):
    kicked = practice.get("CarePlan/patient-01/$settle?as-of=2026-08-31", headers=LATER)
    (entry,) = completed(practice, kicked).json()["entry"]
    assert entry["resource"]["resourceType"] == "Parameters"


def test_what_is_quick_is_answered_at_once(patient):
    assert patient.get("Patient/a", headers=LATER).status_code == httpx.codes.OK


def test_a_job_that_is_cancelled_is_no_more(patient):
    where = patient.get("Patient", headers=LATER).headers["Content-Location"]
    assert patient.delete(where).status_code == httpx.codes.ACCEPTED
    assert patient.get(where).status_code == httpx.codes.NOT_FOUND
    assert patient.delete(where).status_code == httpx.codes.NOT_FOUND


def test_a_job_is_not_seen_from_another_tenant(patient, server_url):
    where = patient.get("Patient", headers=LATER).headers["Content-Location"]
    elsewhere = f"{server_url}/fhir/_job/{where.rpartition('/')[2]}"
    assert httpx.get(elsewhere).status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize("path", ["_job/nothing", "_job/nothing/file.ndjson", "_job/a/..%2f..%2fx"])
def test_there_is_nothing_where_no_job_is(client, path):
    answer = client.get(path)
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_a_request_put_aside_outlives_its_server_and_no_process_outlives_a_killed_one(dsn, tenant_name, tmp_path):
    """SIGKILL, which nobody can catch: the background finds itself an orphan and ends."""
    environment = os.environ | {"CORDEE_DATABASE_URL": dsn, "CORDEE_DATA_DIR": str(tmp_path)}
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    process = subprocess.Popen([CORDEE, "serve", "--port", str(port)], env=environment | {"CORDEE_BACKGROUND": "false"})
    wait_until_ready(base, process)
    kicked = httpx.get(f"{base}/t/{tenant_name}/fhir/Patient", headers=LATER)
    process.kill()
    process.wait()
    process = subprocess.Popen([CORDEE, "serve", "--port", str(port)], env=environment)
    try:
        wait_until_ready(base, process)
        with httpx.Client() as client:
            assert completed(client, kicked).json()["type"] == "batch-response"
        children = background_of(process.pid)
        assert children
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(children, timeout=30)
        assert not alive
    finally:
        process.kill()


def background_of(pid: int) -> list[psutil.Process]:
    """The processes that a server started for the background."""
    return [child for child in psutil.Process(pid).children() if "spawn_main" in " ".join(child.cmdline())]


def test_the_command_line_lists_shows_and_cancels(patient, dsn, tenant_name):
    kicked = patient.get("Patient", headers=LATER)
    completed(patient, kicked)
    job_id = kicked.headers["Content-Location"].rpartition("/")[2]

    def cordee_job(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [CORDEE, "job", *arguments, "--tenant", tenant_name],
            env=os.environ | {"CORDEE_DATABASE_URL": dsn},
            capture_output=True,
            text=True,
            check=False,
        )

    assert cordee_job("list").stdout.startswith(f"{job_id}\trequest\tcompleted\t")
    assert "attempts\t1" in cordee_job("show", job_id).stdout
    assert cordee_job("cancel", job_id).returncode == 0
    assert patient.get(kicked.headers["Content-Location"]).status_code == httpx.codes.NOT_FOUND
    unknown = cordee_job("show", job_id)
    assert unknown.returncode == 1
    assert "There is no such job" in unknown.stderr
