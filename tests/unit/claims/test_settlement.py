"""When a forfait is due, when it is not and what is missing, and which sessions count."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Code, Exit, Member, Session
from cordee.claims.settlement import NotDue, Settlement, settle
from cordee.claims.table import missing_rows, not_counted_rows, quote_part_rows
from cordee.claims.wording import lines
from cordee.pathways.model import RequiredAct

LAST_DAY = date(2026, 7, 31)
Build = Callable[..., Any]


def settled(dossier: Dossier, *sessions: Session, as_of: date = LAST_DAY, forfait: str = "mois") -> Settlement:
    result = settle(dossier, sessions, forfait=forfait, as_of=as_of)
    assert isinstance(result, Settlement), result
    return result


def refused(dossier: Dossier, *sessions: Session, as_of: date = LAST_DAY, forfait: str = "mois") -> NotDue:
    result = settle(dossier, sessions, forfait=forfait, as_of=as_of)
    assert isinstance(result, NotDue), result
    return result


def codes(result: NotDue) -> list[str]:
    return [missing.code for missing in result.missing]


def parts(result: Settlement) -> dict[str, int]:
    return {part.payee.name: part.cents for part in result.parts}


def with_inclusion(dossier: Dossier, **changed: Any) -> Dossier:
    return replace(dossier, inclusion=replace(dossier.inclusion, **changed))


def test_a_forfait_is_due_on_the_last_day_of_its_sequence_and_not_before(dossier: Build, session: Build) -> None:
    act = session("consultation", date(2026, 7, 2), "A")
    early = refused(dossier(), act, as_of=date(2026, 7, 30))
    assert codes(early) == ["sequence_not_ended"]
    assert early.missing[0].until == LAST_DAY
    assert settled(dossier(), act).total == 10_000


def test_an_act_counts_only_while_its_performer_is_in_the_circle(dossier: Build, session: Build, member: Build) -> None:
    back = member(
        "A",
        "generaliste",
        periods=[(date(2026, 1, 1), date(2026, 7, 5)), (date(2026, 7, 20), None)],
    )
    days = [date(2026, 7, 5), date(2026, 7, 6), date(2026, 7, 19), date(2026, 7, 20)]
    result = settled(dossier(members=[back]), *(session("consultation", day, "A") for day in days))
    assert [act.day for act in result.parts[0].acts] == [days[0], days[3]]
    assert [(n.performer, n.reason.rule) for n in result.not_counted] == [
        ("PractitionerRole/A", "performer.outside_membership")
    ] * 2


def test_a_member_who_left_before_the_sequence_has_no_part_in_it(dossier: Build, session: Build, member: Build) -> None:
    gone = member("B", "psychologue", periods=[(date(2026, 1, 1), date(2026, 6, 30))])
    result = settled(
        dossier(members=[member("A", "generaliste"), gone]), session("consultation", date(2026, 7, 2), "A")
    )
    assert parts(result) == {"A": 10_000}


def test_a_member_without_an_act_has_a_zero_part_and_its_reason(dossier: Build, session: Build) -> None:
    result = settled(dossier(), session("consultation", date(2026, 7, 2), "A"))
    assert parts(result) == {"A": 10_000, "B": 0}
    assert [row.reason for row in quote_part_rows(result, "fr")][1] == "aucun acte compté dans la séquence"


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"status": "cancelled"}, "session.cancelled"),
        ({"status": "entered-in-error"}, "session.entered_in_error"),
        ({"status": "planned"}, "session.not_finished"),
        ({"status": "in-progress"}, "session.not_finished"),
        ({"patient": "Patient/other"}, "session.other_patient"),
        ({"care_plan": "CarePlan/other"}, "session.other_care_plan"),
        ({"day": None}, "session.no_date"),
        ({"day": date(2026, 6, 30)}, "session.outside_sequence"),
        ({"day": date(2026, 8, 1)}, "session.outside_sequence"),
        ({"codes": ()}, "session.no_act"),
        ({"codes": (Code("https://elsewhere.example", "consultation", ""),)}, "session.unknown_act"),
        ({"performers": ()}, "session.no_performer"),
        ({"performers": ("Practitioner/stranger",)}, "performer.not_in_circle"),
    ],
)
def test_a_session_that_does_not_count_is_listed_with_its_reason(
    dossier: Build, session: Build, changed: dict[str, Any], rule: str
) -> None:
    counted = session("consultation", date(2026, 7, 2), "A")
    left_out = session("consultation", date(2026, 7, 3), "B", **changed)
    result = settled(dossier(), counted, left_out)
    assert parts(result) == {"A": 10_000, "B": 0}
    assert [(n.session, n.reason.rule) for n in result.not_counted] == [(left_out.reference, rule)]
    for language in ("fr", "en"):
        assert not_counted_rows(result, language)[0].reason


def test_the_performers_of_one_session_are_judged_one_by_one(dossier: Build, session: Build) -> None:
    shared = session("rcp", date(2026, 7, 2), ["A", "stranger"])
    result = settled(dossier(), shared)
    assert parts(result) == {"A": 10_000, "B": 0}
    assert [n.performer for n in result.not_counted] == ["PractitionerRole/stranger"]


@pytest.mark.parametrize("minutes", [-45, 0, 1_441])
def test_an_impossible_length_weighs_nothing_in_a_split_by_time_and_is_said(
    dossier: Build, session: Build, minutes: int
) -> None:
    known = session("consultation", date(2026, 7, 2), "A", minutes=1_440)
    odd = session("consultation", date(2026, 7, 3), "B", minutes=minutes)
    result = settled(dossier(split=[{"step": "remainder", "by": "time"}]), known, odd)
    assert parts(result) == {"A": 10_000, "B": 0}
    assert [(n.session, n.reason.rule) for n in result.not_counted] == [(odd.reference, "session.impossible_duration")]
    for language in ("fr", "en"):
        assert not_counted_rows(result, language)[0].reason


def test_one_person_named_by_role_and_by_practitioner_did_the_act_once(dossier: Build, session: Build) -> None:
    twice = session("consultation", date(2026, 7, 2), "A", performers=("Practitioner/A", "PractitionerRole/A"))
    other = session("consultation", date(2026, 7, 2), "B")
    by_acts = [{"step": "remainder", "by": "points", "points": {"consultation": 1, "rcp": 0}}]
    assert parts(settled(dossier(split=by_acts), twice, other)) == {"A": 5_000, "B": 5_000}


def test_a_professional_who_has_not_signed_yet_has_no_act_counted(dossier: Build, session: Build) -> None:
    signed_late = [
        {"identifier": "https://cordee.example/members|A", "name": "A", "signed_on": date(2026, 7, 15)},
    ]
    acts = [session("consultation", date(2026, 7, 14), "A"), session("consultation", date(2026, 7, 15), "A")]
    result = settled(dossier(signatories=signed_late), *acts)
    assert [act.day for act in result.parts[0].acts] == [date(2026, 7, 15)]
    assert [n.reason.rule for n in result.not_counted] == ["performer.not_signatory"]


def test_an_employer_signs_for_its_employees(dossier: Build, session: Build, member: Build) -> None:
    employer = "https://finess.esante.gouv.fr|990000009"
    employee = replace(member("A", "generaliste"), employers=(employer,))
    signed = [{"identifier": employer, "name": "E", "signed_on": date(2026, 1, 1), "signs_for": "employees"}]
    result = settled(dossier(members=[employee], signatories=signed), session("consultation", date(2026, 7, 2), "A"))
    assert parts(result) == {"A": 10_000}


def test_a_session_before_the_inclusion_decision_does_not_count(dossier: Build, session: Build) -> None:
    late = with_inclusion(dossier(), decision=replace(dossier().inclusion.decision, day=date(2026, 7, 10)))
    result = refused(late, session("consultation", date(2026, 7, 9), "A"))
    assert codes(result) == ["no_session"]
    assert [n.reason.rule for n in result.not_counted] == ["session.before_inclusion"]


def test_without_an_inclusion_decision_nothing_is_due(dossier: Build, session: Build) -> None:
    result = refused(with_inclusion(dossier(), decision=None), session("consultation", date(2026, 7, 2), "A"))
    assert "not_included" in codes(result)


def test_a_draft_plan_is_not_due(dossier: Build, session: Build) -> None:
    draft = with_inclusion(dossier(), active=False)
    assert codes(refused(draft, session("consultation", date(2026, 7, 2), "A"))) == ["plan_not_active"]


def test_missing_acts_are_told_with_how_many_and_until_when(dossier: Build, session: Build) -> None:
    strict = dossier()
    strict = replace(strict, convention=replace(strict.convention, incomplete_use="all_or_nothing"))
    first = strict.pathway.sequences[0]
    first = replace(first, required_acts=(RequiredAct("rcp", 2),))
    strict = replace(strict, pathway=replace(strict.pathway, sequences=(first,)))
    result = refused(strict, session("rcp", date(2026, 7, 2), ["A", "B"]))
    assert codes(result) == ["act"]
    assert missing_rows(result, "fr") == ("réunion : 1 acte compté(s) sur 2 actes requis (jusqu'au 31/07/2026)",)
    assert missing_rows(result, "en") == ("meeting: 1 act counted, 2 acts required (until 2026-07-31)",)


@pytest.mark.parametrize("why", ["left", "died"])
def test_a_patient_gone_before_the_end_is_not_due(dossier: Build, session: Build, why: str) -> None:
    gone = with_inclusion(dossier(), exit=Exit(date(2026, 7, 20), why))
    acts = [session("consultation", date(2026, 7, 2), "A"), session("consultation", date(2026, 7, 21), "A")]
    result = refused(gone, *acts)
    assert codes(result) == [f"patient_{why}"]
    assert [act.day for act in result.acts] == [date(2026, 7, 2)]
    assert [n.reason.rule for n in result.not_counted] == ["session.after_exit"]


def test_a_patient_gone_on_the_last_day_is_due(dossier: Build, session: Build) -> None:
    gone = with_inclusion(dossier(), exit=Exit(LAST_DAY, "left"))
    assert settled(gone, session("consultation", date(2026, 7, 2), "A")).total == 10_000


def test_a_convention_may_pay_a_sequence_left_early_whose_acts_were_done(dossier: Build, session: Build) -> None:
    gone = with_inclusion(dossier(), exit=Exit(date(2026, 7, 20), "left"))
    gone = replace(gone, convention=replace(gone.convention, early_exit="due_if_acts_done"))
    assert settled(gone, session("consultation", date(2026, 7, 2), "A")).total == 10_000
    never_began = with_inclusion(gone, exit=Exit(date(2026, 6, 30), "left"))
    assert "patient_left" in codes(refused(never_began))


def test_a_sequence_without_any_session_is_not_due(dossier: Build) -> None:
    result = refused(dossier())
    assert codes(result) == ["no_session"]
    assert result.missing[0].until == LAST_DAY


@pytest.mark.parametrize("profile", [None, "unknown"])
def test_an_unknown_profile_is_not_due(dossier: Build, session: Build, profile: str | None) -> None:
    result = refused(with_inclusion(dossier(), profile=profile), session("consultation", date(2026, 7, 2), "A"))
    assert codes(result) == ["profile_unknown"]


def test_an_amount_nobody_stated_is_not_billed(dossier: Build, session: Build) -> None:
    silent = dossier()
    forfaits = tuple(replace(forfait, amounts=()) for forfait in silent.pathway.forfaits)
    silent = replace(silent, pathway=replace(silent.pathway, forfaits=forfaits))
    result = refused(silent, session("consultation", date(2026, 7, 2), "A"))
    assert missing_rows(result, "en") == ("nobody has stated an amount for cent, mois",)


def test_an_unknown_sequence_is_said(dossier: Build) -> None:
    assert codes(refused(dossier(), forfait="other")) == ["forfait_unknown"]


def test_a_convention_governs_the_sequences_that_start_while_it_is_in_force(dossier: Build, session: Build) -> None:
    act = session("consultation", date(2026, 7, 2), "A")
    assert settled(dossier(valid_to=date(2026, 7, 1)), act).total == 10_000
    assert codes(refused(dossier(valid_to=date(2026, 6, 30)), act)) == ["convention_not_in_force"]


def test_another_structure_or_another_patients_circle_is_refused(dossier: Build, session: Build) -> None:
    act = session("consultation", date(2026, 7, 2), "A")
    plain = dossier()
    elsewhere = with_inclusion(plain, structure="Organization/other")
    assert codes(refused(elsewhere, act)) == ["included_elsewhere"]
    unnamed = replace(plain, structure=replace(plain.structure, identifiers=()))
    assert codes(refused(unnamed, act)) == ["other_structure"]
    mixed = replace(plain, circle=replace(plain.circle, patient="Patient/other"))
    assert codes(refused(mixed, act)) == ["circle_of_another_patient"]
    other_plan = with_inclusion(plain, pathway="other")
    assert codes(refused(other_plan, act)) == ["other_pathway"]


def test_two_different_sessions_may_not_share_a_reference(dossier: Build, session: Build) -> None:
    one = session("consultation", date(2026, 7, 2), "A")
    with pytest.raises(ValueError, match=one.reference):
        settled(dossier(), one, replace(one, minutes=5))
    assert settled(dossier(), one, one).parts[0].acts == settled(dossier(), one).parts[0].acts


def test_a_professional_of_two_professions_has_two_parts(dossier: Build, session: Build, member: Build) -> None:
    doctor = member("A", "generaliste")
    social: Member = replace(
        member("A", "social"), reference="PractitionerRole/A2", references=("Practitioner/A", "PractitionerRole/A2")
    )
    doctor = replace(doctor, references=("Practitioner/A", "PractitionerRole/A"))
    signed = [{"identifier": doctor.identifier, "name": "A", "signed_on": date(2026, 1, 1)}]
    both = dossier(members=[doctor, social], signatories=signed)
    result = settled(both, session("consultation", date(2026, 7, 2), ["A"]))
    assert [part.cents for part in result.parts] == [10_000, 0]
    ambiguous = session("consultation", date(2026, 7, 2), "A", performers=("Practitioner/A",))
    assert [n.reason.rule for n in refused(both, ambiguous).not_counted] == ["performer.several_professions"]


def test_the_identifier_of_a_forfait_depends_on_structure_pathway_plan_and_sequence_only(
    dossier: Build, session: Build
) -> None:
    act = session("consultation", date(2026, 7, 2), "A")
    late = settled(dossier(version="2"), act, as_of=date(2026, 9, 1)).context.identifier
    assert late == settled(dossier(), act).context.identifier == "s:essai:c:mois"


def test_a_quote_part_explains_its_arithmetic_in_both_languages(dossier: Build, session: Build) -> None:
    split = [
        {"step": "percentage", "beneficiary": "structure", "share": "12.5 %"},
        {"step": "remainder", "by": "points", "points": {"consultation": 2, "rcp": 0}},
    ]
    acts = [session("consultation", date(2026, 7, day), "A") for day in (2, 3)]
    result = settled(dossier(split=split), *acts, session("consultation", date(2026, 7, 4), "B"))
    french = [(depth, text.replace("\u00a0", " ")) for depth, text in lines(result.parts[0].explanation, "fr")]
    assert french == [
        (0, "A : 58,33 €"),
        (1, "étape 2, répartition du reste : 58,33 €"),
        (2, "87,50 € × 4 points / 6 points = 58,33 €"),
        (3, "consultation : 2 actes, 4 points"),
    ]
    english = [row.reason for row in quote_part_rows(result, "en")]
    assert english == [
        "€87.50 × 4 points / 6 points = €58.33 (consultation: 2 acts, 4 points)",
        "€87.50 × 2 points / 6 points = €29.17 (consultation: 1 act, 2 points, of which 1 cent of rounding, "
        "by largest remainder)",
        "12.5\u00a0% of the forfait of €100.00 = €12.50",
    ]


def test_rows_add_up_to_the_total(dossier: Build, session: Build) -> None:
    result = settled(dossier(), session("consultation", date(2026, 7, 2), ["A", "B"]))
    rows = quote_part_rows(result, "fr")
    assert sum(row.cents for row in rows) == result.total
    assert [(row.payee, row.profession, row.acts) for row in rows] == [
        ("A", "généraliste", 1),
        ("B", "psychologue", 1),
    ]
