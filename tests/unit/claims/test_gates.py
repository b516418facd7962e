"""The gates of a forfait: project accepted, structure, team, decision, age, prescription, consent, renewal."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Literal

import pytest

from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Code, ConsentGiven, Member, Session
from cordee.claims.inclusion_gates import age_on
from cordee.claims.settlement import NotDue, Settlement, earlier_forfait, settle
from cordee.claims.table import missing_rows
from cordee.pathways.convention import Project
from cordee.pathways.durations import Duration
from cordee.pathways.model import AllowedStructure, Eligibility, Label, ProjectReview, TeamRole

END = date(2026, 7, 31)
Build = Callable[..., Any]
LABEL = Label("étiquette", "label")
TWO_MONTHS = ProjectReview(Duration(2, 0), "s")
G15 = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"


@pytest.fixture
def judged(dossier: Build, session: Build) -> Callable[..., Settlement | NotDue]:
    """Settles July with one session: `pathway`, `inclusion`, `structure` and `convention` replace parts of it."""

    def build(as_of: date = END, built: Dossier | None = None, **changed: Mapping[str, Any]) -> Settlement | NotDue:
        plain: Dossier = built or dossier()
        parts = {name: replace(getattr(plain, name), **values) for name, values in changed.items()}
        act: Session = session("consultation", date(2026, 7, 2), "A")
        return settle(replace(plain, **parts), [act], forfait="mois", as_of=as_of)

    return build


def missing(result: Settlement | NotDue) -> list[tuple[str, date | None]]:
    if isinstance(result, Settlement):
        return []
    languages: tuple[Literal["fr", "en"], ...] = ("fr", "en")
    assert all(all(missing_rows(result, language)) for language in languages)
    return [(one.code, one.until) for one in result.missing]


def test_a_forfait_of_a_plan_that_changed_structure_is_not_billed_by_both(dossier: Build, session: Build) -> None:
    judged, act = dossier(), session("consultation", date(2026, 7, 2), "A")
    billed = settle(judged, [act], forfait="mois", as_of=END)
    assert isinstance(billed, Settlement)
    before = replace(earlier_forfait(billed, "Claim/1"), identifier="before:essai:c:mois", acts=())
    assert missing(settle(judged, [act], forfait="mois", as_of=END, earlier=[before])) == [("billed_elsewhere", None)]


@pytest.mark.parametrize(
    ("project", "as_of", "expected"),
    [
        (None, END, [("project_not_sent", END)]),
        (Project(date(2026, 8, 1)), END, [("project_not_sent", END)]),
        (Project(date(2026, 5, 31)), END, [("project_under_review", END)]),
        (Project(date(2026, 5, 31)), date(2026, 8, 1), []),
        (Project(date(2026, 5, 1), opposed_on=date(2026, 6, 30)), END, [("project_opposed", None)]),
        (Project(date(2026, 5, 1), opposed_on=date(2026, 8, 1)), END, []),
    ],
    ids=["not sent", "sent later", "may still oppose", "time is over", "opposed", "not yet opposed"],
)
def test_the_ars_has_two_months_to_oppose_the_project(
    judged: Build, project: Project | None, as_of: date, expected: list[tuple[str, date | None]]
) -> None:
    result = judged(as_of, pathway={"review": TWO_MONTHS}, convention={"project": project})
    assert missing(result) == expected


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        ((), "structure_category_unknown"),
        (("esms",), "structure_category"),
        (("msp",), "structure_legal_form"),
        (("sisa",), "structure_category"),
        (("msp", "sisa"), None),
        (("cpts",), None),
        (("msp", "cpts"), None),
    ],
)
def test_the_structure_is_of_an_allowed_category_and_an_msp_is_a_sisa(
    judged: Build, categories: tuple[str, ...], expected: str | None
) -> None:
    allowed = (AllowedStructure("msp", LABEL, "s", "sisa"), AllowedStructure("cpts", LABEL, "s"))
    result = judged(pathway={"structures": allowed}, structure={"categories": categories})
    assert [code for code, _ in missing(result)] == ([expected] if expected else [])


def test_a_pathway_that_restricts_no_structure_asks_for_no_category(judged: Build) -> None:
    assert missing(judged()) == []


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        ([(date(2026, 1, 1), date(2026, 6, 30))], [("team", END)]),
        ([(date(2026, 7, 31), None)], []),
        ([(date(2026, 8, 1), None)], [("team", END)]),
    ],
    ids=["left before", "there on the last day", "came after"],
)
def test_a_circle_without_a_needed_profession_during_the_sequence_is_not_paid(
    judged: Build, dossier: Build, member: Build, periods: Any, expected: Any
) -> None:
    circle = dossier(members=[member("A", "generaliste"), member("B", "psychologue", periods=periods)])
    needed = TeamRole(("psychologue", "social"), 1, LABEL, "s")
    assert missing(judged(built=circle, pathway={"team": (needed,)})) == expected
    both = replace(needed, professions=("psychologue", "generaliste"), minimum=2)
    assert bool(missing(judged(built=circle, pathway={"team": (both,)}))) == bool(expected)


@pytest.mark.parametrize(
    ("born", "expected"),
    [
        (None, [("birth_date", END)]),
        (date(2008, 6, 21), [("too_young", None)]),
        (date(2008, 6, 20), []),
        (date(1960, 6, 21), []),
        (date(1960, 6, 20), [("too_old", None)]),
    ],
    ids=["unknown", "eighteen tomorrow", "eighteen today", "still sixty-five", "sixty-six today"],
)
def test_age_is_that_of_the_day_of_the_decision(judged: Build, born: date | None, expected: Any) -> None:
    adults = Eligibility(minimum_age=18, maximum_age=65)
    assert missing(judged(pathway={"eligibility": adults}, inclusion={"birth_date": born})) == expected


def test_a_refused_age_tells_neither_the_age_nor_the_birth_date(judged: Build) -> None:
    result = judged(pathway={"eligibility": Eligibility(minimum_age=18)}, inclusion={"birth_date": date(2015, 3, 4)})
    assert isinstance(result, NotDue)
    (text,) = missing_rows(result, "fr")
    assert "2015" not in text
    assert "11" not in text


def test_somebody_born_on_a_29_february_is_older_on_1_march() -> None:
    born = date(2008, 2, 29)
    assert [age_on(born, day) for day in (date(2026, 2, 28), date(2026, 3, 1), date(2028, 2, 29))] == [17, 18, 20]


def test_a_prescription_is_named_or_stands_in_a_doctors_decision(judged: Build, dossier: Build, member: Build) -> None:
    prescribed = {"eligibility": Eligibility(medical_prescription=True)}
    plain: Dossier = dossier()
    decision = plain.inclusion.decision
    assert decision is not None
    unprescribed = {"decision": replace(decision, prescriber=None)}
    assert missing(judged(pathway=prescribed, inclusion=unprescribed)) == [("prescription", END)]
    for shown in ({"prescriber": "Practitioner/outside"}, {"prescriber": None, "validator": "Practitioner/outside"}):
        assert missing(judged(pathway=prescribed, inclusion={"decision": replace(decision, **shown)})) == []
    doctor: Member = replace(member("A", "generaliste"), profession=Code(G15, "10", "Médecin"))
    assert missing(judged(built=dossier(members=[doctor]), pathway=prescribed, inclusion=unprescribed)) == []
    dietician: Dossier = dossier(members=[replace(doctor, profession=Code(G15, "95", "Diététicien"))])
    assert missing(judged(built=dietician, pathway=prescribed, inclusion=unprescribed)) == [("prescription", END)]


def test_a_parcours_that_cannot_be_renewed_is_not_paid_twice_to_one_patient(judged: Build) -> None:
    again = {"earlier_plan": "CarePlan/first"}
    assert missing(judged(pathway={"renewable": False}, inclusion=again)) == [("not_renewable", None)]
    assert missing(judged(inclusion=again)) == []
    assert missing(judged(pathway={"renewable": False})) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ["consent"]),
        (date(2026, 8, 1), ["consent", "no_session"]),
        (date(2026, 7, 3), ["no_session"]),
        (date(2026, 7, 2), []),
    ],
    ids=["never", "after the séquence", "after the session", "on the day of the session"],
)
def test_without_the_patients_consent_nothing_counts(judged: Build, given: date | None, expected: list[str]) -> None:
    consent = ConsentGiven(given, "Consent/1") if given else None
    result = judged(pathway={"consent_required": True}, inclusion={"consent": consent})
    assert [code for code, _ in missing(result)] == expected
    if expected == ["no_session"]:
        assert [n.reason.rule for n in result.not_counted] == ["session.before_consent"]


def test_an_inclusion_outside_of_the_pathways_time_is_not_due(judged: Build, dossier: Build) -> None:
    decision = dossier().inclusion.decision
    early = replace(decision, day=date(2025, 12, 31))
    assert ("pathway_not_in_force", None) in missing(judged(inclusion={"decision": early}))


def test_all_that_is_missing_is_told_at_once(judged: Build) -> None:
    result = judged(
        date(2026, 7, 30),
        pathway={"review": TWO_MONTHS, "consent_required": True, "renewable": False},
        inclusion={"earlier_plan": "CarePlan/first", "active": False, "consent": None},
    )
    assert [code for code, _ in missing(result)] == [
        "project_not_sent",
        "plan_not_active",
        "not_renewable",
        "consent",
        "sequence_not_ended",
    ]
