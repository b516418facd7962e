"""CarePlan, Patient and Consents read as an inclusion: prescription, age, consent and its end, exemption, renewal."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordee.claims.canonical import (
    COPAYMENT_EXEMPT,
    INCLUSION_DECISION,
    PATHWAY_SYSTEM,
    STRUCTURE_CATEGORY,
    pathway_canonical,
)
from cordee.claims.evidence import ConsentGiven, Exit, Inclusion
from cordee.claims.fhir_evidence import EvidenceError, structure_from_organization
from cordee.claims.fhir_inclusion import inclusion_from_care_plan

PARIS = ZoneInfo("Europe/Paris")
SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"
JULY = date(2026, 7, 1)


def care_plan(**changed: Any) -> dict[str, Any]:
    plan = {
        "resourceType": "CarePlan",
        "id": "c",
        "status": "active",
        "instantiatesCanonical": [pathway_canonical("essai")],
        "subject": {"reference": "Patient/p"},
        "period": {"start": "2026-07-01"},
    }
    return plan | changed


def consent(**changed: Any) -> dict[str, Any]:
    given = {
        "resourceType": "Consent",
        "id": "k",
        "status": "active",
        "scope": {"coding": [{"system": SCOPES, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": PATHWAY_SYSTEM, "code": "essai"}]}],
        "patient": {"reference": "Patient/p"},
        "dateTime": "2026-06-20T23:30:00Z",
    }
    return given | changed


def read(*consents: dict[str, Any], plan: dict[str, Any] | None = None, **given: Any) -> Inclusion:
    return inclusion_from_care_plan(plan or care_plan(), given.pop("patient", None), PARIS, consents=consents, **given)


def test_a_consent_to_the_parcours_counts_from_its_local_day() -> None:
    found = read(consent())
    assert found.consent == ConsentGiven(date(2026, 6, 21), "Consent/k")
    assert found.exit is None


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "draft"},
        {"status": "rejected"},
        {"status": "entered-in-error"},
        {"patient": {"reference": "Patient/other"}},
        {"category": [{"coding": [{"system": PATHWAY_SYSTEM, "code": "other"}]}]},
        {"scope": {"coding": [{"system": SCOPES, "code": "research"}]}},
        {"provision": {"type": "deny"}},
    ],
)
def test_what_is_not_a_consent_to_this_parcours_is_none(changed: dict[str, Any]) -> None:
    found = read(consent(**changed))
    assert (found.consent, found.exit) == (None, None)


def test_a_consent_withdrawn_is_an_exit_on_its_last_day() -> None:
    ended = consent(status="inactive", provision={"period": {"end": "2026-07-20"}})
    assert read(ended).exit == Exit(date(2026, 7, 20), "consent_withdrawn")
    changed = consent(status="inactive", meta={"lastUpdated": "2026-07-18T22:30:00Z"})
    assert read(changed).exit == Exit(date(2026, 7, 19), "consent_withdrawn")
    with pytest.raises(EvidenceError, match=r"Consent/k: write in provision\.period\.end"):
        read(consent(status="inactive"))


def test_a_consent_without_a_day_is_refused() -> None:
    undated = consent()
    del undated["dateTime"]
    with pytest.raises(EvidenceError, match="Consent/k: write in dateTime"):
        read(undated)


def test_a_renewed_consent_is_no_exit_and_one_of_another_time_is_no_consent() -> None:
    first = consent(provision={"period": {"end": "2026-07-20"}})
    renewed = consent(id="k2", dateTime="2026-07-21")
    for order in ((first, renewed), (renewed, first)):
        found = read(*order)
        assert found.consent == ConsentGiven(date(2026, 6, 21), "Consent/k")
        assert found.exit is None
    late = consent(id="k2", dateTime="2026-08-01")
    assert read(first, late).exit == Exit(date(2026, 7, 20), "consent_withdrawn")
    old = consent(id="k0", dateTime="2025-01-01", status="inactive", provision={"period": {"end": "2025-12-31"}})
    found = read(old, renewed)
    assert (found.consent, found.exit) == (ConsentGiven(date(2026, 7, 21), "Consent/k2"), None)


def test_the_earliest_of_leaving_death_and_withdrawal_is_the_exit() -> None:
    ended = consent(provision={"period": {"end": "2026-07-20"}})
    left = care_plan(status="revoked", period={"start": "2026-07-01", "end": "2026-07-25"})
    assert read(ended, plan=left, patient={"deceasedDateTime": "2026-07-30"}).exit == Exit(
        date(2026, 7, 20), "consent_withdrawn"
    )


@pytest.mark.parametrize(("birth", "expected"), [("1980-05-04", date(1980, 5, 4)), ("1980-05", None), (None, None)])
def test_a_birth_date_counts_when_it_names_the_day(birth: str | None, expected: date | None) -> None:
    assert read(patient={"birthDate": birth} if birth else {}).birth_date == expected


def test_validator_and_prescriber_are_read_and_those_elsewhere_refused() -> None:
    def decision(address: str) -> dict[str, Any]:
        parts = [
            {"url": "date", "valueDate": "2026-06-25"},
            {"url": "decider", "valueReference": {"reference": "PractitionerRole/nurse"}},
            {"url": "validator", "valueReference": {"reference": "Practitioner/doctor/_history/2"}},
            {"url": "prescriber", "valueReference": {"reference": address}},
        ]
        return care_plan(extension=[{"url": INCLUSION_DECISION, "extension": parts}])

    found = read(plan=decision("Practitioner/specialist")).decision
    assert found is not None
    assert (found.decider, found.validator, found.prescriber) == (
        "PractitionerRole/nurse",
        "Practitioner/doctor",
        "Practitioner/specialist",
    )
    with pytest.raises(EvidenceError, match="the inclusion decision's prescriber"):
        read(plan=decision("https://elsewhere.example/Practitioner/1"))


def test_the_exemption_from_copayment_is_read() -> None:
    exempt = care_plan(extension=[{"url": COPAYMENT_EXEMPT, "valueBoolean": True}])
    assert read(plan=exempt).copayment_exempt
    assert not read().copayment_exempt


def test_an_earlier_plan_of_the_same_parcours_is_told() -> None:
    before = care_plan(id="b", status="completed", period={"start": "2025-01-01"})
    same_day = care_plan(id="a")
    after = care_plan(id="a", period={"start": "2026-07-02"})
    mistaken = before | {"status": "entered-in-error"}
    elsewhere = before | {"instantiatesCanonical": [pathway_canonical("other")]}
    somebody = before | {"subject": {"reference": "Patient/other"}}
    assert read(other_plans=[before, same_day]).earlier_plan == "CarePlan/b"
    assert read(other_plans=[same_day]).earlier_plan == "CarePlan/a"
    for other in (after, mistaken, elsewhere, somebody, care_plan()):
        assert read(other_plans=[other]).earlier_plan is None


def test_the_categories_of_a_structure_are_its_types_in_the_projects_system() -> None:
    types = [
        {"coding": [{"system": STRUCTURE_CATEGORY, "code": "sisa"}, {"system": STRUCTURE_CATEGORY, "code": "msp"}]},
        {"coding": [{"system": "https://elsewhere.example", "code": "cpts"}]},
    ]
    organization = {"resourceType": "Organization", "id": "s", "type": types}
    assert structure_from_organization(organization).categories == ("msp", "sisa")
