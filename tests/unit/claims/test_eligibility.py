"""Will this session be paid? Asked before the act, answered by the rules that judge it afterwards."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cordee.claims.dossier import Dossier
from cordee.claims.eligibility import Answer, will_be_paid
from cordee.claims.evidence import Code, EarlierForfait, Exit
from cordee.claims.settlement import Settlement, earlier_forfait, settle
from cordee.pathways.convention import Project
from cordee.pathways.durations import Duration
from cordee.pathways.model import Cap, Label, ProjectReview

ACTS = "https://cordee.example/a"
CONSULTATION = Code(ACTS, "consultation", "")
TODAY = date(2026, 7, 3)
END = date(2026, 7, 31)
LABEL = Label("étiquette", "label")
Build = Callable[..., Any]


def ask(dossier: Dossier, act: Code = CONSULTATION, performer: str = "PractitionerRole/A", **given: Any) -> Answer:
    given = {"day": date(2026, 7, 10), "sessions": (), "as_of": TODAY, **given}
    answer = will_be_paid(dossier, act=act, performer=performer, **given)
    assert all(reason.sentence.fr and reason.sentence.en for reason in answer.reasons)
    return answer


def rules(answer: Answer) -> list[str]:
    return [reason.rule for reason in answer.reasons]


def test_a_session_by_a_member_within_the_sequence_will_be_paid(dossier: Build) -> None:
    answer = ask(dossier())
    assert (answer.verdict, answer.reasons, answer.by_when) == ("yes", (), None)
    assert answer.forfait is not None
    assert answer.forfait.code == "mois"


def test_an_act_may_be_named_by_its_code_alone(dossier: Build) -> None:
    assert ask(dossier(), Code("", "consultation", "")).verdict == "yes"
    assert rules(ask(dossier(), Code("", "unheard-of", ""))) == ["session.unknown_act"]


@pytest.mark.parametrize(
    ("performer", "day", "rule"),
    [
        ("PractitionerRole/stranger", date(2026, 7, 10), "performer.not_in_circle"),
        ("PractitionerRole/B", date(2026, 7, 10), "performer.outside_membership"),
        ("PractitionerRole/C", date(2026, 7, 10), "zero.outside_split"),
        ("PractitionerRole/A", date(2026, 8, 1), "eligibility.no_forfait"),
        ("PractitionerRole/A", date(2026, 6, 30), "eligibility.no_forfait"),
    ],
)
def test_a_session_that_will_not_be_paid_has_its_reason(
    dossier: Build, member: Build, performer: str, day: date, rule: str
) -> None:
    members = [
        member("A", "generaliste"),
        member("B", "psychologue", periods=[(date(2026, 7, 15), None)]),
        member("C", "social"),
    ]
    outside = [{"profession": "social", "reason": {"fr": "payé à l'acte", "en": "paid by the act"}}]
    answer = ask(dossier(members=members, outside_split=outside), performer=performer, day=day)
    assert (answer.verdict, rules(answer)) == ("no", [rule])


def test_what_can_still_be_done_makes_the_answer_conditional_with_its_day(
    dossier: Build, member: Build, session: Build
) -> None:
    both = [member("M", "medecin", "essai-politique"), member("D", "dieteticien", "essai-politique")]
    strict = dossier("tous", both, "essai-politique", incomplete_use="all_or_nothing", early_exit="not_due")
    answer = ask(strict, performer="PractitionerRole/D")
    assert (answer.verdict, rules(answer)) == ("conditional", ["missing.act_by", "missing.act"])
    assert answer.by_when == date(2026, 7, 30)
    done = [session("bilan", date(2026, 7, 2), "M", "essai-politique")]
    answer = ask(strict, performer="PractitionerRole/D", sessions=done)
    assert (answer.verdict, rules(answer)) == ("conditional", ["missing.act"])
    done.append(session("consultation", date(2026, 7, 2), "D", "essai-politique"))
    assert ask(strict, performer="PractitionerRole/D", sessions=done).verdict == "yes"


def test_what_can_no_longer_be_done_makes_it_a_no(dossier: Build) -> None:
    plain = dossier()
    reviewed = replace(plain, pathway=replace(plain.pathway, review=ProjectReview(Duration(2, 0), "s")))
    for project, verdict in (
        (Project(date(2026, 6, 1)), "conditional"),
        (Project(date(2026, 6, 1), opposed_on=date(2026, 7, 1)), "no"),
    ):
        judged = replace(reviewed, convention=replace(reviewed.convention, project=project))
        assert ask(judged).verdict == verdict
    gone = replace(plain, inclusion=replace(plain.inclusion, exit=Exit(date(2026, 7, 15), "left")))
    assert rules(ask(gone)) == ["missing.patient_left"]
    assert ask(gone).verdict == "no"


def test_the_session_after_a_ceiling_will_not_be_paid_and_takes_nobodys_place(dossier: Build, session: Build) -> None:
    plain = dossier()
    capped = replace(plain, pathway=replace(plain.pathway, caps=(Cap("c", LABEL, "year", None, 1, (), "s"),)))
    same_day = session("consultation", date(2026, 7, 10), "B")
    assert ask(capped).verdict == "yes"
    answer = ask(capped, sessions=[same_day])
    assert (answer.verdict, rules(answer)) == ("no", ["session.over_cap"])


def test_a_session_of_a_forfait_billed_already_would_be_a_regularisation(dossier: Build, session: Build) -> None:
    done = session("consultation", date(2026, 7, 2), "A")
    settled = settle(dossier(), [done], forfait="mois", as_of=END)
    assert isinstance(settled, Settlement)
    billed: EarlierForfait = earlier_forfait(settled, "Claim/1")
    answer = ask(dossier(), sessions=[done], earlier=[billed], as_of=END)
    assert (answer.verdict, rules(answer)) == ("conditional", ["eligibility.billed_already"])


def test_of_two_forfaits_the_one_that_pays_the_act_answers(dossier: Build, member: Build) -> None:
    members = [member("M", "medecin", "essai-rtc"), member("D", "dieteticien", "essai-rtc")]
    both = dossier("tous", members, "essai-rtc")
    first = ask(both, Code(ACTS, "bilan", ""), performer="PractitionerRole/M")
    assert first.forfait is not None
    assert (first.verdict, first.forfait.code) == ("yes", "bilans@annee")
    second = ask(both, Code(ACTS, "suivi", ""), performer="PractitionerRole/D")
    assert second.forfait is not None
    assert (second.verdict, second.forfait.code) == ("conditional", "suivis@annee")


def test_the_answer_is_what_settling_says_once_the_session_is_done(dossier: Build, session: Build) -> None:
    for performer in ("A", "stranger"):
        done = session("consultation", date(2026, 7, 10), performer)
        result = settle(dossier(), [done], forfait="mois", as_of=END)
        assert isinstance(result, Settlement) == (
            ask(dossier(), performer=f"PractitionerRole/{performer}").verdict == "yes"
        )
