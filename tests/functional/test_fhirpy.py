"""fhirpy, synchronous and not, does its work against this server."""

from typing import Any

import httpx
import pytest
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

IDENTIFIER = {"system": "urn:oid:1.2.250.1.213.1.4.10", "value": "1"}


@pytest.fixture
def fhir(base_url: str) -> SyncFHIRClient:
    return SyncFHIRClient(base_url)


def patient(fhir: SyncFHIRClient, **members: Any) -> Any:
    return fhir.resource("Patient", identifier=[IDENTIFIER], **members)


def test_a_resource_is_saved_refreshed_patched_by_update_and_deleted(fhir: SyncFHIRClient) -> None:
    made = patient(fhir, name=[{"family": "Fictif"}])
    made.save()
    assert made["meta"]["versionId"] == "1"
    made["active"] = True
    made.save()
    assert fhir.reference("Patient", made.id).to_resource()["meta"]["versionId"] == "2"
    made.delete()
    with pytest.raises(ResourceNotFound):
        made.refresh()
    with pytest.raises(ResourceNotFound):
        fhir.reference("Patient", "never-was").to_resource()


def test_a_refusal_is_an_operation_outcome(fhir: SyncFHIRClient) -> None:
    with pytest.raises(OperationOutcome) as caught:
        patient(fhir, gender="x").save()
    assert caught.value.resource["issue"][0]["expression"] == ["Patient.gender"]


def test_a_search_set_counts_limits_sorts_and_fetches_every_page(fhir: SyncFHIRClient) -> None:
    for number in range(5):
        patient(fhir, birthDate=f"200{number}-01-01").save()
    found = fhir.resources("Patient").search(birthdate__ge="2001").sort("-birthdate")
    assert found.count() == 4
    assert [one["birthDate"][:4] for one in found.limit(3).fetch_all()] == ["2004", "2003", "2002", "2001"]
    assert found.first()["birthDate"] == "2004-01-01"


def test_get_or_create_never_makes_two_and_update_needs_one_match(fhir: SyncFHIRClient) -> None:
    same = fhir.resources("Patient").search(identifier=f"{IDENTIFIER['system']}|{IDENTIFIER['value']}")
    first, created = same.get_or_create(patient(fhir))
    again, created_again = same.get_or_create(patient(fhir))
    assert (created, created_again) == (True, False)
    assert first.id == again.id
    updated, _ = same.update(patient(fhir, active=True))
    assert (updated.id, updated["meta"]["versionId"]) == (first.id, "2")
    patient(fhir).save()
    with pytest.raises(MultipleResourcesFound):
        same.update(patient(fhir, active=False))


def test_a_chain_and_an_include_are_followed(fhir: SyncFHIRClient) -> None:
    subject = patient(fhir, name=[{"family": "Fictif"}])
    subject.save()
    encounter = fhir.resource(
        "Encounter", status="planned", subject=subject.to_reference(), **{"class": {"code": "AMB"}}
    )
    encounter.save()
    found = (
        fhir.resources("Encounter").search(subject__Patient__name="fictif").include("Encounter", "patient").fetch_raw()
    )
    assert [entry["resource"]["resourceType"] for entry in found["entry"]] == ["Encounter", "Patient"]


async def test_the_asynchronous_client_works_alike(base_url: str) -> None:
    fhir = AsyncFHIRClient(base_url)
    for number in range(3):
        await fhir.resource("Basic", code={"text": f"{number}"}).save()
    found = [one["code"]["text"] async for one in fhir.resources("Basic").limit(1)]
    assert sorted(found) == ["0", "1", "2"]


def test_operations_are_executed(fhir: SyncFHIRClient, practice: httpx.Client) -> None:
    plan = fhir.reference("CarePlan", "patient-01")
    settled = plan.execute("$settle", method="get", params={"as-of": "2026-08-31"})
    assert settled["resourceType"] == "Parameters"
    parameters = [
        {"name": "pathway", "valueCode": "pcr-obesite-complexe-adulte"},
        {"name": "until", "valueDate": "2026-08-31"},
    ]
    report = fhir.execute("$bill", data={"resourceType": "Parameters", "parameter": parameters})
    assert any(parameter["name"] == "billed" for parameter in report["parameter"])
    claim = fhir.resources("Claim").search(pathway="pcr-obesite-complexe-adulte").first()
    assert claim.execute("$explain", method="get")["resourceType"] == "Parameters"
    with pytest.raises(OperationOutcome) as caught:
        plan.execute("$eligibility", method="get")
    assert caught.value.resource["issue"][0]["expression"] == ["http.act"]
