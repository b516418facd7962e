"""The SMART Python client, fhirclient, does its work against this server."""

import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle
from fhirclient.models.encounter import Encounter
from fhirclient.models.humanname import HumanName
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException, FHIRServer


@pytest.fixture
def smart(base_url: str) -> FHIRServer:
    """A prepared server object: its CapabilityStatement was read into the client's model, hence is valid."""
    client = FHIRClient(settings={"app_id": "tests", "api_base": base_url})
    client.prepare()
    assert client.server.capabilityStatement.fhirVersion == "4.0.1"
    return client.server


def patient(family: str) -> Patient:
    made = Patient()
    made.name = [HumanName({"family": family, "given": ["Essai"]})]
    return made


def test_a_resource_is_created_read_updated_and_deleted(smart: FHIRServer) -> None:
    made = patient("Fictif")
    answer = made.create(smart)
    assert answer["meta"]["versionId"] == "1"
    read = Patient.read(answer["id"], smart)
    assert read.name[0].family == "Fictif"
    read.name[0].family = "Autrefictif"
    assert read.update(smart)["meta"]["versionId"] == "2"
    read.delete()
    with pytest.raises(Exception, match="410"):
        Patient.read(read.id, smart)
    with pytest.raises(FHIRNotFoundException):
        Patient.read("never-was", smart)


def test_searches_are_followed_over_their_pages(smart: FHIRServer) -> None:
    ids = {patient("Fictif").create(smart)["id"] for _ in range(5)}
    patient("Autre").create(smart)
    search = Patient.where({"family": "Fictif", "_count": "2"})
    assert {found.id for found in search.perform_resources_iter(smart)} == ids
    bundles: list[Bundle] = list(search.perform_iter(smart))
    assert [len(bundle.entry) for bundle in bundles] == [2, 2, 1]


def test_included_resources_come_as_their_own_type(smart: FHIRServer) -> None:
    id_ = patient("Fictif").create(smart)["id"]
    body = {"status": "planned", "class": {"code": "AMB"}, "subject": {"reference": f"Patient/{id_}"}}
    Encounter({"resourceType": "Encounter", **body}).create(smart)
    bundle = Encounter.where({"patient": id_, "_include": "Encounter:patient"}).perform(smart)
    assert [type(entry.resource) for entry in bundle.entry] == [Encounter, Patient]
