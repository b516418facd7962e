"""fhir-pyrate makes tables of what this server holds, over its pages and with its own searches."""

from typing import Any

import httpx
import pytest
from fhir_pyrate import Pirate

ENCOUNTERS = 1_200
PAGE = 100


@pytest.fixture
def sessions(client: httpx.Client) -> httpx.Client:
    """Twelve patients, each with a hundred sessions of January 2026."""
    entries: list[dict[str, Any]] = []
    for number in range(12):
        id_ = f"p{number}"
        patient = {"resourceType": "Patient", "id": id_, "birthDate": f"19{50 + number}-01-01"}
        entries.append({"resource": patient, "request": {"method": "PUT", "url": f"Patient/{id_}"}})
    for number in range(ENCOUNTERS):
        day = f"2026-01-{number % 28 + 1:02}"
        encounter = {
            "resourceType": "Encounter",
            "status": "finished" if number % 3 else "planned",
            "class": {"code": "AMB"},
            "subject": {"reference": f"Patient/p{number % 12}"},
            "period": {"start": f"{day}T10:00:00+01:00", "end": f"{day}T11:00:00+01:00"},
        }
        entries.append({"resource": encounter, "request": {"method": "POST", "url": "Encounter"}})
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    client.post("", json=bundle).raise_for_status()
    return client


@pytest.fixture
def pirate(base_url: str) -> Pirate:
    return Pirate(base_url=base_url, auth=None, num_processes=1)


@pytest.mark.usefixtures("sessions")
def test_every_page_of_a_sorted_search_is_in_the_table_once(pirate: Pirate) -> None:
    table = pirate.steal_bundles_to_dataframe(
        resource_type="Encounter",
        request_params={"_count": PAGE, "_sort": "-date"},
        num_pages=-1,
        fhir_paths=[("id", "id"), ("start", "period.start"), ("patient", "subject.reference")],
    )
    assert len(table) == table["id"].nunique() == ENCOUNTERS
    assert list(table["start"]) == sorted(table["start"], reverse=True)
    assert (
        pirate.get_bundle_total(resource_type="Encounter", request_params={"status": "planned", "_summary": "count"})
        == ENCOUNTERS // 3
    )


@pytest.mark.usefixtures("sessions")
def test_a_search_for_each_row_and_one_that_brings_what_refers(pirate: Pirate) -> None:
    patients = pirate.steal_bundles_to_dataframe(
        resource_type="Patient",
        request_params={"birthdate": "ge1955", "_sort": "birthdate", "_count": 3},
        num_pages=-1,
        fhir_paths=[("patient", "id"), ("born", "birthDate")],
    )
    assert list(patients["patient"]) == [f"p{number}" for number in range(5, 12)]
    counted = pirate.trade_rows_for_dataframe(
        patients,
        resource_type="Encounter",
        request_params={"_sort": "_id", "_count": PAGE, "status": "planned"},
        df_constraints={"patient": "patient"},
        fhir_paths=[("session", "id"), ("patient", "subject.reference")],
    )
    assert counted["session"].nunique() == len(counted)
    assert set(counted["patient"]) == {f"Patient/p{number}" for number in (6, 9)}
    both = pirate.steal_bundles_to_dataframe(
        resource_type="Patient",
        request_params={"birthdate": "1950", "_revinclude": "Encounter:patient", "_sort": "_id"},
    )
    assert {name: len(table) for name, table in both.items()} == {"Patient": 1, "Encounter": PAGE}


@pytest.mark.usefixtures("sessions")
def test_a_span_of_time_is_searched_part_by_part(base_url: str) -> None:
    with Pirate(base_url=base_url, auth=None, num_processes=2) as pirate:
        table = pirate.sail_through_search_space_to_dataframe(
            resource_type="Encounter",
            time_attribute_name="date",
            date_init="2026-01-01",
            date_end="2026-02-01",
            request_params={"_count": PAGE, "_sort": "_id"},
            fhir_paths=[("id", "id")],
        )
    assert table["id"].nunique() == len(table) == ENCOUNTERS
