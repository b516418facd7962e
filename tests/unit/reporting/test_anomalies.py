"""What is odd in Claims and sessions is found, and what is usual is not."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

from cordee.claims.claim_record import ClaimItem, ClaimRecord
from cordee.claims.evidence import CareCircle, Member
from cordee.pathways.model import Validity
from cordee.reporting.anomalies import (
    PerformedAct,
    Thresholds,
    changed_amounts,
    claimed_sessions,
    claimed_twice,
    improbable_days,
    outside_membership,
)

DAY = date(2026, 7, 2)
PARIS = timezone(timedelta(hours=2))
NINE = datetime(2026, 7, 2, 9, tzinfo=PARIS)


def claim(reference: str, *sessions: str, **changed: object) -> ClaimRecord:
    item = ClaimItem(1, "member", "system|1", "Un", "PractitionerRole/a", 1000, 1000, 0, sessions)
    record = ClaimRecord(
        reference=f"Claim/{reference}",
        version=1,
        identifier=f"s:p:{reference}:mois-1",
        kind="forfait",
        tag="submitted",
        structure="Organization/s",
        patient="Patient/p",
        care_plan=f"CarePlan/{reference}",
        pathway="p",
        pathway_version="1",
        convention="c|1",
        convention_version="1",
        forfait="mois-1",
        period=Validity(date(2026, 7, 1), date(2026, 7, 31)),
        created=date(2026, 8, 1),
        payee_mode="direct_by_caisse",
        items=(item,),
        total=1000,
        original=None,
        evidence_versions=(),
    )
    return replace(record, **changed)  # type: ignore[arg-type]


def act(session: str, begins: datetime | None = NINE, minutes: int | None = 45, **changed: object) -> PerformedAct:
    built = PerformedAct(session, "PractitionerRole/a", f"Patient/{session}", "CarePlan/c", "act", DAY, begins, minutes)
    return replace(built, **changed)  # type: ignore[arg-type]


def test_a_session_two_forfaits_stand_on_is_found_with_both_claims() -> None:
    [found] = claimed_twice(
        map(claimed_sessions, [claim("a", "Encounter/1", "Encounter/2"), claim("b", "Encounter/2")])
    )
    assert (found.subject, found.claims) == ("Encounter/2", ("Claim/a", "Claim/b"))


def test_a_credited_claim_stands_on_nothing_and_its_replacement_is_no_second_forfait() -> None:
    original = claim("a", "Encounter/1")
    credit = claim("credit", "Encounter/1", kind="credit", original="Claim/a", care_plan="CarePlan/a")
    replacement = claim("new", "Encounter/1", kind="replacement", original="Claim/a", care_plan="CarePlan/a")
    again = claim("again", "Encounter/1", kind="resubmission", original="Claim/new", care_plan="CarePlan/a")
    assert not list(claimed_twice(map(claimed_sessions, [original, credit, replacement, again])))


def test_an_act_outside_of_every_stay_in_the_circle_is_found() -> None:
    stays = (Validity(date(2026, 6, 1), date(2026, 6, 30)), Validity(date(2026, 8, 1), None))
    member = Member("rpps|1", "Un", None, "PractitionerRole/a", ("PractitionerRole/a",), ("rpps|1",), (), stays)
    circles = {"CarePlan/c": CareCircle("Patient/p", (member,))}
    inside = act("Encounter/2", day=date(2026, 8, 1))
    stranger = act("Encounter/3", performer="PractitionerRole/z", day=date(2026, 8, 1))
    found = list(outside_membership([act("Encounter/1"), inside, stranger], circles))
    assert [(one.sessions, one.subject) for one in found] == [
        (("Encounter/1",), "rpps|1"),
        (("Encounter/3",), "PractitionerRole/z"),
    ]


def test_two_sessions_at_the_same_time_are_found_and_one_after_the_other_are_not() -> None:
    later = act("Encounter/2", begins=NINE + timedelta(minutes=30))
    [found] = improbable_days([act("Encounter/1"), later])
    assert found.sessions == ("Encounter/1", "Encounter/2")
    assert not list(improbable_days([act("Encounter/1"), act("Encounter/2", begins=NINE + timedelta(minutes=45))]))


def test_a_long_session_overlaps_each_that_begins_before_it_ends() -> None:
    long = act("Encounter/0", minutes=180)
    short = [act(f"Encounter/{n}", begins=NINE + timedelta(minutes=30 * n), minutes=10) for n in (1, 2)]
    overlapping = [one.sessions for one in improbable_days([long, *short])]
    assert overlapping == [("Encounter/0", "Encounter/1"), ("Encounter/0", "Encounter/2")]


def test_a_workshop_of_many_patients_is_one_session() -> None:
    workshop = [act(f"Encounter/{number}") for number in range(15)]
    assert not list(improbable_days(workshop, Thresholds(minutes_a_day=60, sessions_a_day=1)))


def test_a_day_of_too_many_minutes_or_sessions_is_found() -> None:
    day = [act(f"Encounter/{n}", begins=NINE + timedelta(minutes=50 * n)) for n in range(4)]
    assert not list(improbable_days(day, Thresholds(minutes_a_day=180, sessions_a_day=4)))
    [minutes] = improbable_days(day, Thresholds(minutes_a_day=179))
    [sessions] = improbable_days(day, Thresholds(sessions_a_day=3))
    assert minutes.day == sessions.day == DAY
    assert "180 minutes" in minutes.said.fr


def test_sessions_without_a_time_count_but_never_overlap() -> None:
    untimed = [act(f"Encounter/{n}", begins=None, minutes=None) for n in range(3)]
    assert not list(improbable_days(untimed))
    assert len(list(improbable_days(untimed, Thresholds(sessions_a_day=2)))) == 1


def test_an_amount_that_changes_between_two_versions_of_a_claim_is_found() -> None:
    first = claim("a", "Encounter/1")
    [found] = changed_amounts([first, replace(first, version=2), replace(first, version=3, total=900)])
    assert "version 2" in found.said.en
    assert "€9.00" in found.said.en
