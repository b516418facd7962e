"""What is about a patient, and when its care was given, by R4's tables."""

from typing import Any

import pytest

from cordee.fhir.care_records import (
    care_date_parameters,
    is_of_a_patient,
    parameters_about_encounters,
    parameters_about_patients,
    patients_named,
    shared_types,
)
from cordee.fhir.definitions import load_definitions


def resource(type_: str, **members: Any) -> dict[str, Any]:
    return {"resourceType": type_, "id": "x", **members}


def named(reference: str) -> dict[str, str]:
    return {"reference": reference}


def test_all_of_the_patient_compartment_is_about_patients_and_what_it_leaves_out_that_has_a_patient() -> None:
    compartment = {type_: codes for type_, codes in load_definitions().compartments["Patient"].items() if codes}
    about = parameters_about_patients()
    assert {type_: about[type_] for type_ in compartment} == compartment
    assert about.keys() - compartment.keys() == {"Contract", "Device", "GuidanceResponse", "Task"}


def test_an_encounter_is_not_in_its_own_compartment_by_a_reference() -> None:
    assert "Encounter" not in parameters_about_encounters()
    assert parameters_about_encounters()["Observation"] == ("encounter",)


def test_dates_of_people_and_of_paper_work_are_no_dates_of_care() -> None:
    assert care_date_parameters("Patient") == care_date_parameters("Practitioner") == ()
    assert care_date_parameters("Observation") == ("date",)
    assert set(care_date_parameters("Claim")) == {"created", "period"}


@pytest.mark.parametrize(
    ("one", "patients"),
    [
        (resource("Patient", link=[{"other": named("Patient/y"), "type": "seealso"}]), {"x", "y"}),
        (resource("Observation", subject=named("Patient/p"), performer=[named("Patient/q")]), {"p", "q"}),
        (resource("Observation", subject=named("Group/g")), set()),
        (resource("Observation", subject=named("https://else.example/Patient/p")), set()),
        (resource("Task", **{"for": named("Patient/p"), "owner": named("Patient/o")}), {"p"}),
        (resource("Practitioner"), set()),
    ],
)
def test_the_patients_that_a_resource_is_about_are_those_of_this_server(
    one: dict[str, Any], patients: set[str]
) -> None:
    assert patients_named(one) == patients


def test_only_what_the_compartment_leaves_out_may_be_about_nobody_and_shared() -> None:
    assert is_of_a_patient(resource("Contract"))
    assert not is_of_a_patient(resource("Basic"))
    assert not is_of_a_patient(resource("Observation", subject=named("Location/l")))


def test_what_records_share_is_about_no_patient() -> None:
    assert {"Practitioner", "PractitionerRole", "Organization", "Location", "Medication", "Binary"} <= set(
        shared_types()
    )
    assert not set(shared_types()) & parameters_about_patients().keys()
