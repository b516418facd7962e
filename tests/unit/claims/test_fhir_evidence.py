"""FHIR resources read as evidence: the elements used, and the refusals."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cordee.claims.canonical import INCLUSION_DECISION, PROFILE_SYSTEM, SESSION_CARE_PLAN, pathway_canonical
from cordee.claims.evidence import Code, Decision, Exit
from cordee.claims.fhir_circle import circle_from_care_teams
from cordee.claims.fhir_evidence import (
    EvidenceError,
    session_from_encounter,
    structure_from_organization,
)
from cordee.claims.fhir_inclusion import inclusion_from_care_plan
from cordee.pathways.model import Pathway
from cordee.pathways.shipped import shipped_pathways

PARIS = ZoneInfo("Europe/Paris")
PCR = "pcr-obesite-complexe-adulte"
ACTS = "https://cordee.example/fhir/CodeSystem/act"
G15 = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
RPPS = "https://rpps.esante.gouv.fr"

ENCOUNTER: dict[str, Any] = {
    "resourceType": "Encounter",
    "id": "e1",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    "type": [{"coding": [{"system": ACTS, "code": "seance-apa"}]}],
    "subject": {"reference": "Patient/p"},
    "participant": [{"individual": {"reference": "PractitionerRole/r/_history/3"}}],
    "period": {"start": "2026-06-30T22:30:00Z", "end": "2026-07-01T01:15:00+02:00"},
}

CARE_PLAN: dict[str, Any] = {
    "resourceType": "CarePlan",
    "id": "c",
    "status": "active",
    "intent": "plan",
    "instantiatesCanonical": [f"{pathway_canonical(PCR)}|2026-03-04"],
    "category": [{"coding": [{"system": PROFILE_SYSTEM, "code": "OC-TCA"}]}],
    "subject": {"reference": "Patient/p"},
    "period": {"start": "2026-07-01"},
    "author": {"reference": "Organization/s"},
    "careTeam": [{"reference": "CareTeam/t"}],
    "extension": [
        {
            "url": INCLUSION_DECISION,
            "extension": [
                {"url": "date", "valueDate": "2026-06-25"},
                {"url": "decider", "valueReference": {"reference": "PractitionerRole/r"}},
            ],
        }
    ],
}


def read_plan(patient: dict[str, Any] | None = None, **changed: Any) -> Any:
    plan = {key: value for key, value in {**CARE_PLAN, **changed}.items() if value is not None}
    return inclusion_from_care_plan(plan, patient, PARIS)


def test_a_session_is_on_the_local_day_of_its_start_and_lasts_whole_minutes() -> None:
    session = session_from_encounter(ENCOUNTER, PARIS)
    assert (str(session.day), session.minutes) == ("2026-07-01", 45)
    assert session.codes == (Code(ACTS, "seance-apa", ""),)
    assert session.performers == ("PractitionerRole/r",)
    assert session.care_plan is None


@pytest.mark.parametrize(
    ("period", "day", "minutes"),
    [
        ({"start": "2026-07-02"}, "2026-07-02", None),
        ({"start": "2026-07"}, "None", None),
        ({}, "None", None),
        ({"start": "2026-07-02T10:00:00+02:00"}, "2026-07-02", None),
        ({"start": "2026-07-02T10:00:00+02:00", "end": "2026-07-02T09:00:00+02:00"}, "2026-07-02", None),
    ],
)
def test_a_session_whose_time_is_not_known_has_no_day_or_no_minutes(
    period: dict[str, str], day: str, minutes: int | None
) -> None:
    session = session_from_encounter({**ENCOUNTER, "period": period}, PARIS)
    assert (str(session.day), session.minutes) == (day, minutes)


def test_a_leap_second_is_the_second_before_it() -> None:
    period = {"start": "2026-07-02T10:00:60Z", "end": "2026-07-02T10:30:59Z"}
    session = session_from_encounter({**ENCOUNTER, "period": period}, PARIS)
    assert (str(session.day), session.minutes) == ("2026-07-02", 30)


@pytest.mark.parametrize("start", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-07-02T10:00:00"])
def test_a_date_that_can_not_be_read_is_refused_with_the_resource_that_holds_it(pcr: Pathway, start: str) -> None:
    with pytest.raises(EvidenceError, match="Encounter/e1: "):
        session_from_encounter({**ENCOUNTER, "period": {"start": start}}, PARIS)
    with pytest.raises(EvidenceError, match="CarePlan/c: "):
        read_plan(period={"start": start})
    with pytest.raises(EvidenceError, match="CarePlan/c: the Patient's deceasedDateTime: "):
        read_plan({"deceasedDateTime": start})
    with pytest.raises(EvidenceError, match=r"CareTeam/t.participant\[0\].period: "):
        circle_from_care_teams("Patient/p", [care_team(("PractitionerRole/r", start, None))], PEOPLE, pcr, PARIS)


def test_a_stated_length_in_minutes_wins_over_the_period() -> None:
    length = {"value": 30, "unit": "min", "system": "http://unitsofmeasure.org", "code": "min"}
    assert session_from_encounter({**ENCOUNTER, "length": length}, PARIS).minutes == 30


@pytest.mark.parametrize("value", [-45, 0, 3_000])
def test_an_impossible_length_is_not_replaced_by_the_period(value: int) -> None:
    assert session_from_encounter({**ENCOUNTER, "length": {"value": value, "code": "min"}}, PARIS).minutes == value


def test_a_referrer_and_a_relative_are_not_performers() -> None:
    system = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
    participants = [
        {"individual": {"reference": "Practitioner/done"}, "type": [{"coding": [{"system": system, "code": "PPRF"}]}]},
        {"individual": {"reference": "Practitioner/sent"}, "type": [{"coding": [{"system": system, "code": "REF"}]}]},
        {"individual": {"reference": "RelatedPerson/mother"}},
        {"individual": {"display": "nobody"}},
    ]
    assert session_from_encounter({**ENCOUNTER, "participant": participants}, PARIS).performers == (
        "Practitioner/done",
    )


def test_a_session_may_name_its_care_plan_and_code_its_act_as_service_type() -> None:
    encounter = {
        **ENCOUNTER,
        "type": [],
        "serviceType": {"coding": [{"system": ACTS, "code": "rcp"}]},
        "extension": [{"url": SESSION_CARE_PLAN, "valueReference": {"reference": "CarePlan/c"}}],
    }
    session = session_from_encounter(encounter, PARIS)
    assert session.care_plan == "CarePlan/c"
    assert [code.code for code in session.codes] == ["rcp"]


def test_a_care_plan_tells_the_inclusion() -> None:
    inclusion = read_plan()
    assert (inclusion.pathway, inclusion.profile, inclusion.structure) == (PCR, "OC-TCA", "Organization/s")
    assert inclusion.decision == Decision(date(2026, 6, 25), "PractitionerRole/r")
    assert (inclusion.start, inclusion.exit) == (date(2026, 7, 1), None)
    assert inclusion.care_teams == ("CareTeam/t",)


@pytest.mark.parametrize(("status", "active"), [("draft", False), ("entered-in-error", False), ("on-hold", True)])
def test_a_plan_is_followed_unless_it_is_a_draft_or_a_mistake(status: str, active: bool) -> None:
    assert read_plan(status=status).active is active


def test_a_plan_without_decision_profile_or_structure_says_so_by_none() -> None:
    inclusion = read_plan(extension=None, category=None, author={"reference": "Practitioner/x"})
    assert (inclusion.decision, inclusion.profile, inclusion.structure) == (None, None, None)


def test_a_revoked_plan_ends_on_the_last_day_of_its_period() -> None:
    gone = read_plan(status="revoked", period={"start": "2026-07-01", "end": "2026-07-20"}).exit
    assert gone == Exit(date(2026, 7, 20), "left")


def test_a_planned_end_is_not_an_exit() -> None:
    assert read_plan(period={"start": "2026-07-01", "end": "2028-07-01"}).exit is None


def test_a_death_ends_the_parcours_that_day() -> None:
    gone = read_plan({"deceasedDateTime": "2026-07-12T23:30:00Z"}).exit
    assert (str(gone.day), gone.reason) == ("2026-07-13", "died")
    ended = read_plan({"deceasedBoolean": True}, status="revoked", period={"start": "2026-07-01", "end": "2026-07-12"})
    assert (str(ended.exit.day), ended.exit.reason) == ("2026-07-12", "died")


@pytest.mark.parametrize(
    ("patient", "changed", "said"),
    [
        (None, {"instantiatesCanonical": ["https://elsewhere.example/plan"]}, "must name one pathway"),
        (None, {"period": {}}, "period.start is missing"),
        (None, {"status": "revoked"}, "needs period.end"),
        ({"deceasedBoolean": True}, {}, "no day is known"),
        (
            None,
            {"category": [{"coding": [{"system": PROFILE_SYSTEM, "code": c} for c in ("OC", "OC-APA")]}]},
            "keep one",
        ),
        (None, {"extension": [{"url": INCLUSION_DECISION, "extension": []}]}, "needs a date"),
    ],
)
def test_a_care_plan_that_can_not_be_read_is_refused_by_name(
    patient: dict[str, Any] | None, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(EvidenceError, match=f"CarePlan/c: .*{said}"):
        read_plan(patient, **changed)


def test_an_organization_is_known_by_all_its_identifiers() -> None:
    identifiers = [{"system": "https://finess.esante.gouv.fr", "value": "990000001"}, {"value": "unsystematic"}]
    structure = structure_from_organization(
        {"resourceType": "Organization", "id": "s", "name": "S", "identifier": identifiers}
    )
    assert structure.identifiers == ("https://finess.esante.gouv.fr|990000001",)


@pytest.fixture
def pcr() -> Pathway:
    return shipped_pathways()[PCR]


PEOPLE: dict[str, dict[str, Any]] = {
    "PractitionerRole/r": {
        "resourceType": "PractitionerRole",
        "id": "r",
        "practitioner": {"reference": "Practitioner/d"},
        "organization": {"reference": "Organization/s"},
        "code": [{"coding": [{"system": G15, "code": "95"}]}],
    },
    "PractitionerRole/r2": {
        "resourceType": "PractitionerRole",
        "id": "r2",
        "practitioner": {"reference": "Practitioner/d"},
        "code": [{"coding": [{"system": G15, "code": "95"}]}],
    },
    "Practitioner/d": {
        "resourceType": "Practitioner",
        "id": "d",
        "identifier": [
            {"system": "https://cordee.example/a", "value": "1"},
            {"system": RPPS, "value": "10000000002"},
        ],
        "name": [{"family": "Deux", "given": ["Diététicien"]}],
    },
    "Organization/s": {
        "resourceType": "Organization",
        "id": "s",
        "identifier": [{"system": "https://finess.esante.gouv.fr", "value": "990000001"}],
    },
}


def care_team(*participants: tuple[str, str, str | None], **changed: Any) -> dict[str, Any]:
    return {
        "resourceType": "CareTeam",
        "id": "t",
        "status": "active",
        "subject": {"reference": "Patient/p"},
        "period": {"start": "2026-07-01"},
        "participant": [
            {"member": {"reference": who}, "period": {"start": start} | ({"end": end} if end else {})}
            for who, start, end in participants
        ],
        **changed,
    }


def test_a_member_who_comes_back_is_one_member_with_two_intervals(pcr: Pathway) -> None:
    team = care_team(
        ("PractitionerRole/r", "2026-08-10", None), ("PractitionerRole/r", "2026-07-01", "2026-07-15T12:00:00+02:00")
    )
    (member,) = circle_from_care_teams("Patient/p", [team], PEOPLE, pcr, PARIS).members
    assert [(str(i.first), str(i.last)) for i in member.intervals] == [
        ("2026-07-01", "2026-07-15"),
        ("2026-08-10", "None"),
    ]
    assert (member.name, member.identifier) == ("Diététicien Deux", f"{RPPS}|10000000002")
    assert member.profession == Code(G15, "95", "diététicien")
    assert member.employers == ("https://finess.esante.gouv.fr|990000001",)


def test_two_roles_of_one_person_in_one_profession_are_one_member(pcr: Pathway) -> None:
    team = care_team(("PractitionerRole/r", "2026-07-01", "2026-07-15"), ("PractitionerRole/r2", "2026-08-01", None))
    (member,) = circle_from_care_teams("Patient/p", [team], PEOPLE, pcr, PARIS).members
    assert member.references == ("Practitioner/d", "PractitionerRole/r", "PractitionerRole/r2")
    assert member.reference == "PractitionerRole/r2"


def test_membership_is_within_the_period_of_the_team(pcr: Pathway) -> None:
    team = care_team(("PractitionerRole/r", "2026-06-01", None), period={"start": "2026-07-01", "end": "2026-07-31"})
    (member,) = circle_from_care_teams("Patient/p", [team], PEOPLE, pcr, PARIS).members
    assert [(str(i.first), str(i.last)) for i in member.intervals] == [("2026-07-01", "2026-07-31")]


def test_relatives_organisations_and_teams_not_yet_there_give_no_member(pcr: Pathway) -> None:
    others = care_team(("RelatedPerson/x", "2026-07-01", None), ("Organization/s", "2026-07-01", None))
    proposed = care_team(("PractitionerRole/r", "2026-07-01", None), id="u", status="proposed")
    assert circle_from_care_teams("Patient/p", [others, proposed], PEOPLE, pcr, PARIS).members == ()


def test_a_member_without_identifier_is_known_by_reference(pcr: Pathway) -> None:
    anonymous = {"resourceType": "Practitioner", "id": "x", "name": [{"text": "Sans Numéro"}]}
    team = care_team(("Practitioner/x", "2026-07-01", None))
    (member,) = circle_from_care_teams("Patient/p", [team], {"Practitioner/x": anonymous}, pcr, PARIS).members
    assert (member.identifier, member.key, member.profession) == ("Practitioner/x", "Practitioner/x", None)


def test_a_member_who_is_not_stored_is_refused_by_place(pcr: Pathway) -> None:
    team = care_team(("PractitionerRole/gone", "2026-07-01", None))
    with pytest.raises(EvidenceError, match=r"CareTeam/t.participant\[0\]: PractitionerRole/gone is not stored"):
        circle_from_care_teams("Patient/p", [team], PEOPLE, pcr, PARIS)
    with pytest.raises(EvidenceError, match="not of Patient/q"):
        circle_from_care_teams("Patient/q", [team], PEOPLE, pcr, PARIS)


@pytest.mark.parametrize("element", ["subject", "author"])
def test_evidence_on_another_server_is_refused_and_named(element: str) -> None:
    elsewhere = {"reference": "https://elsewhere.example/fhir/Patient/p"}
    with pytest.raises(EvidenceError, match=rf"CarePlan/c\.{element}: https://elsewhere"):
        read_plan(**{element: elsewhere})


def test_a_decider_or_a_members_role_on_another_server_is_refused() -> None:
    elsewhere = {"reference": "https://elsewhere.example/fhir/PractitionerRole/r"}
    decision = [{"url": "date", "valueDate": "2026-06-25"}, {"url": "decider", "valueReference": elsewhere}]
    with pytest.raises(EvidenceError, match="decider: https://elsewhere"):
        read_plan(extension=[{"url": INCLUSION_DECISION, "extension": decision}])
    team = {
        "resourceType": "CareTeam",
        "id": "t",
        "status": "active",
        "subject": {"reference": "Patient/p"},
        "period": {"start": "2026-07-01"},
        "participant": [{"member": elsewhere, "period": {"start": "2026-07-01"}}],
    }
    with pytest.raises(EvidenceError, match=r"CareTeam/t\.participant\[0\]: https://elsewhere"):
        circle_from_care_teams("Patient/p", [team], {}, shipped_pathways()[PCR], PARIS)
