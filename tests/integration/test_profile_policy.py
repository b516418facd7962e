"""On write, by the tenant's policy: what breaks a profile is let pass, told, or refused, through every door."""

from typing import Any

import orjson
import pytest

from cordee.fhir.body import Incoming, accept
from cordee.fhir.bundle import parse_bundle
from cordee.fhir.outcome import FhirError, NotFound
from cordee.fhir.query import parse_search
from cordee.store.changes import ANY
from cordee.store.loading.bulk_write import Placed, store_many
from cordee.store.profile_policy import BreaksProfile
from cordee.store.repository import Repository
from cordee.store.tenant_policies import TenantPolicies

URL = "https://example.org/StructureDefinition/ne"
BORN: dict[str, Any] = {
    "resourceType": "StructureDefinition", "id": "ne", "url": URL, "name": "Ne", "status": "active",
    "kind": "resource", "abstract": False, "type": "Patient", "derivation": "constraint",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
    "differential": {"element": [{"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1}]},
}  # fmt: skip
UNBORN = {"resourceType": "Patient", "id": "p", "meta": {"profile": [URL]}}


def incoming(resource: dict[str, Any]) -> Incoming:
    return accept(orjson.dumps(resource))


@pytest.fixture
async def profiled(repository: Repository) -> Repository:
    await repository.update("StructureDefinition", "ne", incoming(BORN))
    return repository


async def test_nothing_is_judged_until_the_tenant_says_so(profiled: Repository) -> None:
    assert (await profiled.policies()).profiles == "off"
    written = await profiled.update("Patient", "p", incoming(UNBORN))
    assert (written.effect, written.issues) == ("created", ())


async def test_to_warn_is_to_store_and_tell(profiled: Repository) -> None:
    await profiled.set_policies(TenantPolicies(profiles="warn"))
    written = await profiled.update("Patient", "p", incoming(UNBORN))
    assert written.effect == "created"
    assert ("error", "Patient.birthDate") in [(issue.severity, issue.path) for issue in written.issues]


async def test_to_enforce_is_to_refuse_and_store_nothing(profiled: Repository) -> None:
    await profiled.set_policies(TenantPolicies(profiles="enforce"))
    with pytest.raises(BreaksProfile) as caught:
        await profiled.update("Patient", "p", incoming(UNBORN))
    assert caught.value.status == 422
    assert "Patient.birthDate" in [issue.path for issue in caught.value.issues]
    with pytest.raises(NotFound):
        await profiled.read("Patient", "p")
    assert (await profiled.update("Patient", "p", incoming({**UNBORN, "birthDate": "1980"}))).effect == "created"
    assert (await profiled.delete("Patient", "p")).effect == "deleted"


async def test_a_transaction_is_refused_at_the_entry(profiled: Repository) -> None:
    await profiled.set_policies(TenantPolicies(profiles="enforce"))
    resources = [{"resourceType": "Patient", "id": "ok"}, UNBORN]
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": one, "request": {"method": "PUT", "url": f"Patient/{one['id']}"}} for one in resources],
    }
    entries = parse_bundle(orjson.dumps(bundle)).entries
    with pytest.raises(FhirError) as caught:
        await profiled.transaction(entries, lambda _entry: ANY, lambda type_, _criteria: parse_search(type_, []))
    assert caught.value.status == 422
    assert "Bundle.entry[1].resource.birthDate" in [issue.path for issue in caught.value.issues]
    with pytest.raises(NotFound):
        await profiled.read("Patient", "ok")


async def test_a_load_refuses_the_resource_alone(profiled: Repository, database: Any) -> None:
    await profiled.set_policies(TenantPolicies(profiles="enforce"))
    placed = [Placed(incoming(UNBORN), "p"), Placed(incoming({"resourceType": "Patient", "id": "ok"}), "ok")]
    refused, stored = await store_many(database, profiled.tenant, placed)
    assert isinstance(refused, BreaksProfile)
    assert stored == "created"
