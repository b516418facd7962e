"""`$export` over HTTP, as Bulk Data Access 2.0 has it: kick-off, status, files, cancelling, what is refused."""

import gzip
from typing import Any

import httpx
import orjson
import pytest
from tests.functional.conftest import Server
from tests.functional.test_import import completed

ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def records(client: httpx.Client) -> httpx.Client:
    """Two patients with an observation each, a group of one of them, and an organization."""
    for id_ in ("a", "b"):
        client.put(f"Patient/{id_}", json={"resourceType": "Patient", "id": id_, "gender": "other"}).raise_for_status()
        observation = {
            "resourceType": "Observation",
            "id": id_,
            "status": "final",
            "code": {"text": "poids"},
            "subject": {"reference": f"Patient/{id_}"},
        }
        client.put(f"Observation/{id_}", json=observation).raise_for_status()
    member = [{"entity": {"reference": "Patient/a"}}]
    group = {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": member}
    client.put("Group/g", json=group).raise_for_status()
    client.put("Organization/o", json={"resourceType": "Organization", "id": "o", "name": "x"}).raise_for_status()
    return client


def files(client: httpx.Client, manifest: dict[str, Any], kind: str = "output") -> list[dict[str, Any]]:
    """What the files of a manifest hold."""
    found = []
    for described in manifest[kind]:
        answer = client.get(described["url"], headers={"Accept": "application/fhir+ndjson"})
        assert answer.headers["Content-Type"] == "application/fhir+ndjson"
        lines = [orjson.loads(line) for line in answer.text.splitlines()]
        assert len(lines) == described["count"]
        assert {line["resourceType"] for line in lines} == {described["type"]}
        found += lines
    return found


def names(resources: list[dict[str, Any]]) -> list[str]:
    return sorted(f"{one['resourceType']}/{one['id']}" for one in resources)


def test_all_is_exported_and_the_manifest_says_where(records: httpx.Client, base_url: str) -> None:
    kicked = records.get("$export?_type=Patient,Observation,Organization&_type=Group", headers=ASYNC)
    assert kicked.headers["Content-Location"].startswith(f"{base_url}/_job/")
    manifest = completed(records, kicked)
    assert manifest["request"] == f"{base_url}/$export?_type=Patient,Observation,Organization&_type=Group"
    assert manifest["requiresAccessToken"] is False
    assert manifest["error"] == manifest["deleted"] == []
    exported = files(records, manifest)
    assert names(exported) == [
        "Group/g", "Observation/a", "Observation/b", "Organization/o", "Patient/a", "Patient/b",
    ]  # fmt: skip
    (one,) = [resource for resource in exported if names([resource]) == ["Patient/a"]]
    assert one == records.get("Patient/a").json()
    assert "Expires" in records.get(kicked.headers["Content-Location"]).headers


def test_an_export_can_be_imported_elsewhere_and_is_the_same(records: httpx.Client, tenant_name: str) -> None:
    manifest = completed(records, records.get("$export?_type=Patient", headers=ASYNC))
    content = records.get(manifest["output"][0]["url"]).content
    headers = {"Content-Type": "application/fhir+ndjson"}
    imported = completed(records, records.post("$import", content=gzip.compress(content), headers=headers))
    assert imported["output"] == [{"type": "Patient", "count": 2, "extension": {"effects": {"unchanged": 2}}}]


def test_patients_and_a_group_are_exported_with_what_is_theirs(records: httpx.Client) -> None:
    patients = completed(records, records.get("Patient/$export", headers=ASYNC))
    assert names(files(records, patients)) == ["Group/g", "Observation/a", "Observation/b", "Patient/a", "Patient/b"]
    group = completed(records, records.get("Group/g/$export", headers=ASYNC))
    assert names(files(records, group)) == ["Group/g", "Observation/a", "Patient/a"]


def test_what_is_exported_can_be_chosen_in_parameters(records: httpx.Client) -> None:
    asked = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "_outputFormat", "valueString": "ndjson"},
            {"name": "_type", "valueString": "Patient,Observation"},
            {"name": "_typeFilter", "valueString": "Observation?status=final&code:text=poids"},
            {"name": "_elements", "valueString": "Patient.id"},
            {"name": "patient", "valueReference": {"reference": "Patient/b"}},
        ],
    }
    manifest = completed(records, records.post("Patient/$export", json=asked, headers=ASYNC))
    exported = files(records, manifest)
    assert names(exported) == ["Observation/b", "Patient/b"]
    assert "gender" not in exported[0]


def test_since_tells_what_was_written_and_what_was_deleted(records: httpx.Client) -> None:
    moment = completed(records, records.get("$export", headers=ASYNC))["transactionTime"]
    records.delete("Observation/b").raise_for_status()
    records.put("Patient/c", json={"resourceType": "Patient", "id": "c"}).raise_for_status()
    manifest = completed(records, records.get("$export", params={"_since": moment}, headers=ASYNC))
    assert names(files(records, manifest)) == ["Patient/c"]
    (bundle,) = files(records, manifest, "deleted")
    assert bundle["type"] == "transaction"
    assert [entry["request"] for entry in bundle["entry"]] == [{"method": "DELETE", "url": "Observation/b"}]


@pytest.mark.parametrize(
    "address",
    [
        "$export?_outputFormat=application/vnd.apache.parquet",
        "$export?includeAssociatedData=LatestProvenanceResources",
        "$export?organizeOutputBy=Patient",
        "$export?_type=Nothing",
        "$export?_since=yesterday",
        "$export?_typeFilter=Patient",
        "$export?_typeFilter=Patient?nonsense=1",
        "$export?_typeFilter=Patient?_sort=name",
        "$export?_type=Patient&_typeFilter=Observation?status=final",
        "$export?_elements=nonsense",
        "$export?patient=Patient/a",
        "Patient/$export?_type=Organization",
        "Patient/$export?patient=Observation/a",
    ],
)
def test_what_can_not_be_exported_is_refused_at_once(records: httpx.Client, address: str) -> None:
    answer = records.get(address, headers=ASYNC)
    assert answer.status_code == httpx.codes.BAD_REQUEST, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_what_is_not_known_is_passed_over_where_that_is_preferred(records: httpx.Client) -> None:
    lenient = {"Prefer": "handling=lenient"}
    manifest = completed(records, records.get("$export?organizeOutputBy=Patient&_type=Patient", headers=lenient))
    assert names(files(records, manifest)) == ["Patient/a", "Patient/b"]


def test_an_export_has_to_be_asked_for_as_one_that_is_fetched_later(records: httpx.Client) -> None:
    assert records.get("$export").status_code == httpx.codes.BAD_REQUEST


def test_a_group_or_patient_that_is_not_there_is_told_at_once(records: httpx.Client) -> None:
    assert records.get("Group/nobody/$export", headers=ASYNC).status_code == httpx.codes.NOT_FOUND
    assert records.get("Patient/$export?patient=Patient/z", headers=ASYNC).status_code == httpx.codes.NOT_FOUND


def test_an_export_is_no_entry_of_a_bundle(records: httpx.Client) -> None:
    for type_ in ("batch", "transaction"):
        bundle = {"resourceType": "Bundle", "type": type_, "entry": [{"request": {"method": "GET", "url": "$export"}}]}
        answer = records.post("", json=bundle, headers={"Prefer": "handling=strict"})
        said = answer.json().get("entry", [{}])[0].get("response", {}).get("status", str(answer.status_code))
        assert said.startswith("400")


def test_a_job_that_is_cancelled_takes_its_files_with_it(records: httpx.Client, server: Server) -> None:
    kicked = records.get("$export?_type=Patient", headers=ASYNC)
    where = kicked.headers["Content-Location"]
    manifest = completed(records, kicked)
    folder = server.log.parent / "data" / "jobs" / where.rpartition("/")[2]
    assert oct(folder.stat().st_mode)[-3:] == "700"
    assert {oct(path.stat().st_mode)[-3:] for path in folder.iterdir()} == {"600"}
    records.delete(where).raise_for_status()
    assert records.get(manifest["output"][0]["url"]).status_code == httpx.codes.NOT_FOUND


def test_another_tenant_sees_nothing_of_it(records: httpx.Client, server_url: str) -> None:
    kicked = records.get("$export?_type=Patient", headers=ASYNC)
    manifest = completed(records, kicked)
    own = f"/t/{kicked.headers['Content-Location'].split('/t/')[1].split('/')[0]}/"
    for url in (kicked.headers["Content-Location"], manifest["output"][0]["url"]):
        assert httpx.get(url.replace(own, "/").replace("/fhir/", "/fhir/")).status_code == httpx.codes.NOT_FOUND


def test_the_capability_statement_names_the_guide(client: httpx.Client) -> None:
    statement = client.get("metadata").json()
    assert "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data" in statement["instantiates"]
    assert {"export", "import"} <= {one["name"] for one in statement["rest"][0]["operation"]}
