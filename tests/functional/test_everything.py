"""`$everything` of patients, encounters and plans, over HTTP (R4 operation-patient-everything.html)."""

from typing import Any

import httpx
import pytest
from tests.functional.operation_answers import refusal


def told(answer: httpx.Response) -> dict[str, list[str]]:
    """The ids of a searchset, by type."""
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    found: dict[str, list[str]] = {}
    for entry in bundle.get("entry", []):
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"]["id"])
    return found


def link(answer: httpx.Response, relation: str) -> str | None:
    return next((str(one["url"]) for one in answer.json()["link"] if one["relation"] == relation), None)


def test_a_patient_comes_with_all_that_is_about_them_and_whoever_is_named(practice: httpx.Client) -> None:
    answer = practice.get("Patient/patient-01/$everything")
    found = told(answer)
    assert answer.json()["entry"][0]["fullUrl"] == str(practice.base_url) + "Patient/patient-01"
    assert found["Patient"] == found["CarePlan"] == ["patient-01"]
    sessions = practice.get("Encounter?patient=Patient/patient-01&_count=1000").json()["entry"]
    assert sorted(found["Encounter"]) == sorted(entry["resource"]["id"] for entry in sessions)
    assert found["Organization"] == ["msp-demo"]
    modes = {entry["resource"]["resourceType"]: entry["search"]["mode"] for entry in answer.json()["entry"]}
    assert (modes["Encounter"], modes["PractitionerRole"], modes["Practitioner"]) == ("match", "include", "include")
    assert answer.json()["total"] == len(answer.json()["entry"])
    assert link(answer, "next") is None


def test_links_lead_through_everything_once(practice: httpx.Client) -> None:
    whole = told(practice.get("Patient/patient-01/$everything"))
    paged: dict[str, list[str]] = {}
    following: str | None = "Patient/patient-01/$everything?_count=7"
    while following is not None:
        answer = practice.get(following)
        assert len(answer.json()["entry"]) <= 7
        for type_, ids in told(answer).items():
            paged.setdefault(type_, []).extend(ids)
        following = link(answer, "next")
    assert paged == whole


def test_types_times_of_writing_and_of_care_choose(practice: httpx.Client) -> None:
    only = told(practice.get("Patient/patient-01/$everything?_type=CareTeam,Consent&_type=Practitioner"))
    assert only.keys() == {"CareTeam", "Consent", "Practitioner"}
    session = practice.get("Encounter?patient=Patient/patient-01&_count=1").json()["entry"][0]["resource"]
    written = practice.put(f"Encounter/{session['id']}", json=session | {"priority": {"text": "x"}}).json()
    since = practice.get("Patient/patient-01/$everything", params={"_since": written["meta"]["lastUpdated"]})
    assert told(since) == {"Encounter": [session["id"]]}
    day = session["period"]["start"][:10]
    cared = told(practice.get(f"Patient/patient-01/$everything?start={day}&end={day}"))
    assert session["id"] in cared["Encounter"]
    assert len(cared["Encounter"]) < 10
    assert told(practice.get("Patient/patient-01/$everything?start=2100")).get("Encounter") is None


def test_a_page_is_the_same_by_post_and_its_links_are_addresses(practice: httpx.Client) -> None:
    asked = {
        "resourceType": "Parameters",
        "parameter": [{"name": "_count", "valueInteger": 3}, {"name": "start", "valueDate": "2026-01"}],
    }
    posted = practice.post("Patient/patient-01/$everything", json=asked)
    assert posted.json() == practice.get("Patient/patient-01/$everything?_count=3&start=2026-01").json()
    assert told(practice.get(str(link(posted, "next"))))


def test_everything_is_had_as_xml_by_head_and_in_a_batch(practice: httpx.Client) -> None:
    address = "Patient/patient-01/$everything"
    xml = practice.get(address, headers={"Accept": "application/fhir+xml"})
    assert xml.headers["content-type"].startswith("application/fhir+xml")
    assert xml.text.count("<fullUrl") == len(practice.get(address).json()["entry"])
    head = practice.head(address)
    assert (head.status_code, head.content) == (200, b"")
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": f"{address}?_type=Patient"}},
                  {"request": {"method": "GET", "url": "Patient/none/$everything"}}],
    }  # fmt: skip
    first, second = practice.post("", json=batch).json()["entry"]
    assert [entry["resource"]["id"] for entry in first["resource"]["entry"]] == ["patient-01"]
    assert second["response"]["status"].startswith("404")


def test_a_patient_that_is_not_there_is_told_as_by_a_read(practice: httpx.Client) -> None:
    assert practice.get("Patient/none/$everything").status_code == 404
    practice.put("Patient/short", json={"resourceType": "Patient", "id": "short"}).raise_for_status()
    practice.delete("Patient/short").raise_for_status()
    assert practice.get("Patient/short/$everything").status_code == 410


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("_count=0", "invalid"),
        ("_count=x", "value"),
        ("_since=yesterday", "value"),
        ("start=2026-13", "value"),
        ("start=2026-08&end=2026-07", "invalid"),
        ("_type=Sick", "value"),
        ("_summary=true", "not-supported"),
        ("_cursor=x", "invalid"),
    ],
)
def test_what_can_not_be_understood_is_refused(practice: httpx.Client, query: str, code: str) -> None:
    ((found, _path),) = refusal(practice.get(f"Patient/patient-01/$everything?{query}"), 400)
    assert found == code


def test_unknown_parameters_are_left_out_when_that_is_preferred(practice: httpx.Client) -> None:
    lenient = practice.get("Patient/patient-01/$everything?_mdm=true", headers={"Prefer": "handling=lenient"})
    assert lenient.status_code == 200


def observation(session: str, patient: str, **members: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "Poids"},
            "subject": {"reference": f"Patient/{patient}"}, "encounter": {"reference": f"Encounter/{session}"},
            **members}  # fmt: skip


def put(client: httpx.Client, id_: str, resource: dict[str, Any]) -> None:
    client.put(f"{resource['resourceType']}/{id_}", json=resource | {"id": id_}).raise_for_status()


def test_an_encounter_comes_with_what_was_observed_and_who_was_there(practice: httpx.Client) -> None:
    put(practice, "weight", observation("patient-01-seance-01", "patient-01"))
    found = told(practice.get("Encounter/patient-01-seance-01/$everything"))
    assert (found["Encounter"], found["Observation"], found["Patient"]) == (
        ["patient-01-seance-01"], ["weight"], ["patient-01"],
    )  # fmt: skip
    assert found["PractitionerRole"]
    assert practice.get("Encounter/none/$everything").status_code == 404


def test_the_care_view_of_a_plan_has_circle_sessions_observations_claims_answers_and_payments(
    practice: httpx.Client,
) -> None:
    bill = {"resourceType": "Parameters", "parameter": [
        {"name": "pathway", "valueCode": "pcr-obesite-complexe-adulte"}, {"name": "until", "valueDate": "2026-08-31"},
    ]}  # fmt: skip
    practice.post("$bill", json=bill).raise_for_status()
    claim = practice.get("Claim?care-plan=CarePlan/patient-01&_count=1").json()["entry"][0]["resource"]
    named = {"reference": f"Claim/{claim['id']}"}
    put(practice, "weight", observation("patient-01-seance-01", "patient-01"))
    put(practice, "of-another", observation("patient-01-seance-01", "patient-02"))
    put(practice, "answer", {
        "resourceType": "ClaimResponse", "status": "active", "type": claim["type"], "use": "claim",
        "patient": claim["patient"], "created": "2026-09-01", "insurer": {"display": "CPAM"}, "outcome": "complete",
        "request": named,
    })  # fmt: skip
    put(practice, "payment", {
        "resourceType": "PaymentReconciliation", "status": "active", "created": "2026-09-02",
        "paymentDate": "2026-09-02", "paymentAmount": {"value": 1, "currency": "EUR"},
        "detail": [{"type": {"text": "paiement"}, "request": named}],
    })  # fmt: skip
    put(practice, "todo", {"resourceType": "Task", "status": "requested", "intent": "order",
                           "focus": {"reference": "CarePlan/patient-01"}})  # fmt: skip
    found = told(practice.get("CarePlan/patient-01/$everything"))
    assert (found["CarePlan"], found["Patient"], found["CareTeam"]) == (["patient-01"],) * 3
    assert set(told(practice.get("Patient/patient-01/$everything?_type=Encounter"))["Encounter"]) >= set(
        found["Encounter"]
    )
    assert (found["Observation"], found["ClaimResponse"], found["PaymentReconciliation"], found["Task"]) == (
        ["weight"], ["answer"], ["payment"], ["todo"],
    )  # fmt: skip
    assert claim["id"] in found["Claim"]
    assert {"Practitioner", "PractitionerRole", "Organization"} <= found.keys()
    assert practice.get("CarePlan/none/$everything").status_code == 404


def test_a_session_that_names_another_plan_is_not_in_the_view(practice: httpx.Client) -> None:
    session = practice.get("Encounter/patient-01-seance-01").json()
    url = "https://cordee.example/fhir/StructureDefinition/session-care-plan"
    other = session | {"extension": [{"url": url, "valueReference": {"reference": "CarePlan/other"}}]}
    before = told(practice.get("CarePlan/patient-01/$everything"))["Encounter"]
    practice.put("Encounter/patient-01-seance-01", json=other).raise_for_status()
    after = told(practice.get("CarePlan/patient-01/$everything"))["Encounter"]
    assert set(before) - set(after) == {"patient-01-seance-01"}


def test_all_patients_come_at_type_level_page_by_page(practice: httpx.Client) -> None:
    whole = told(practice.get("Patient/$everything"))
    assert len(whole["Patient"]) == practice.get("Patient?_summary=count").json()["total"]
    assert {"Encounter", "CarePlan", "Practitioner", "PractitionerRole", "Organization"} <= whole.keys()
    paged: dict[str, list[str]] = {}
    following: str | None = "Patient/$everything?_count=100"
    while following is not None:
        answer = practice.get(following)
        for type_, ids in told(answer).items():
            paged.setdefault(type_, []).extend(ids)
        following = link(answer, "next")
    assert paged == whole
    assert told(practice.get("Patient/$everything?_type=Patient&_count=2"))["Patient"] == whole["Patient"][:2]
