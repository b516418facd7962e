"""What open parcours will bring in: by month, pathway and payee, under a hypothesis that is said."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cordee.claims.dossier import Dossier
from cordee.claims.evidence import Exit
from cordee.claims.forecast import Forecast, OpenPlan, forecast
from cordee.claims.settlement import Settlement, earlier_forfait, settle

TODAY = date(2026, 7, 10)
YEAR_END = date(2026, 12, 31)
Build = Callable[..., Any]


@pytest.fixture
def plan(dossier: Build, member: Build) -> Callable[..., Dossier]:
    """Thirty days, one assessment by M and two consultations required, all or nothing, shared by heads."""

    def build(number: int = 1, **inclusion: Any) -> Dossier:
        members = [
            member("M", "medecin", "essai-politique"),
            member("D", "dieteticien", "essai-politique"),
            member("E", "dieteticien", "essai-politique"),
        ]
        built: Dossier = dossier(
            "tous",
            members,
            "essai-politique",
            incomplete_use="all_or_nothing",
            early_exit="not_due",
            split=[{"step": "remainder", "by": "points", "points": {"consultation": 1, "bilan": 2}}],
        )
        return replace(built, inclusion=replace(built.inclusion, care_plan=f"CarePlan/{number}", **inclusion))

    return build


def look(*plans: OpenPlan, **given: Any) -> Forecast:
    given = {"as_of": TODAY, "first": TODAY, "last": YEAR_END, **given}
    found = forecast(plans, **given)
    assert sum(part.cents for part in found.parts) == found.total
    assert all(part.amo + part.amc == part.cents for part in found.parts)
    assert found.statement.fr and found.statement.en
    return found


def parts(found: Forecast) -> dict[tuple[str, str], int]:
    return {(str(part.month), part.name): part.cents for part in found.parts}


def test_as_planned_every_act_still_required_is_done_in_equal_shares(plan: Build) -> None:
    found = look(OpenPlan(plan(), ()))
    # One assessment, 2 points, by the doctor; two consultations, 1 point each, in turn by those who may do them.
    assert parts(found) == {("2026-07-01", "D"): 2_500, ("2026-07-01", "E"): 2_500, ("2026-07-01", "M"): 5_000}
    assert [(f.identifier, str(f.due_on), f.cents) for f in found.forfaits] == [
        ("s:essai-politique:1:trente-jours", "2026-07-30", 10_000)
    ]
    assert found.not_expected == ()


def test_those_used_to_an_act_are_expected_to_go_on(plan: Build, session: Build) -> None:
    done = session("consultation", date(2026, 7, 2), "E", "essai-politique")
    assert parts(look(OpenPlan(plan(), (done,)))) == {("2026-07-01", "E"): 5_000, ("2026-07-01", "M"): 5_000}


def test_as_done_only_what_was_done_counts(plan: Build, session: Build) -> None:
    done = [
        session("bilan", date(2026, 7, 2), "M", "essai-politique"),
        session("consultation", date(2026, 7, 2), "E", "essai-politique"),
    ]
    short = look(OpenPlan(plan(), tuple(done)), hypothesis="as_done")
    assert (short.total, [r.context.forfait for r in short.not_expected]) == (0, ["trente-jours"])
    done.append(session("consultation", date(2026, 7, 3), "E", "essai-politique"))
    assert look(OpenPlan(plan(), tuple(done)), hypothesis="as_done").total == 10_000


def test_a_forfait_whose_day_is_over_is_expected_today_when_it_is_due(plan: Build, session: Build) -> None:
    done = tuple(
        session(act, date(2026, 7, 2), by, "essai-politique")
        for act, by in (("bilan", "M"), ("consultation", "D"), ("consultation", "E"))
    )
    late = date(2026, 9, 15)
    found = look(OpenPlan(plan(), done), as_of=late, first=late)
    assert {str(part.month) for part in found.parts} == {"2026-09-01"}
    # What was not done in time can't be done any more, even in a plan.
    assert look(OpenPlan(plan(), done[:1]), as_of=late, first=late).total == 0


def test_what_is_billed_is_not_expected_again(plan: Build, session: Build) -> None:
    done = tuple(
        session(act, date(2026, 7, 2), by, "essai-politique")
        for act, by in (("bilan", "M"), ("consultation", "D"), ("consultation", "E"))
    )
    settled = settle(plan(), done, forfait="trente-jours", as_of=date(2026, 7, 30))
    assert isinstance(settled, Settlement)
    found = look(OpenPlan(plan(), done, (earlier_forfait(settled, "Claim/1"),)))
    assert (found.total, found.not_expected) == (0, ())


def test_plans_add_up_by_month_and_payee_in_any_order(plan: Build) -> None:
    plans = [OpenPlan(plan(1), ()), OpenPlan(plan(2), ()), OpenPlan(plan(3, start=date(2026, 7, 15)), ())]
    found = look(*plans)
    assert found == look(*reversed(plans))
    assert parts(found)["2026-07-01", "M"] == 10_000
    assert parts(found)["2026-08-01", "M"] == 5_000
    assert found.total == 30_000


def test_only_forfaits_of_the_time_asked_for_are_told(plan: Build) -> None:
    assert look(OpenPlan(plan(), ()), last=date(2026, 7, 29)).forfaits == ()
    assert look(OpenPlan(plan(), ()), first=date(2026, 7, 31)).forfaits == ()
    assert look(OpenPlan(plan(), ()), first=date(2026, 7, 30), last=date(2026, 7, 30)).total == 10_000


def test_a_patient_who_left_is_not_expected_and_the_reason_is_told(plan: Build) -> None:
    found = look(OpenPlan(plan(exit=Exit(date(2026, 7, 5), "left")), ()))
    assert found.total == 0
    assert "patient_left" in [missing.code for missing in found.not_expected[0].missing]


def test_a_forfait_without_required_acts_has_a_session_of_all(dossier: Build) -> None:
    found = look(OpenPlan(dossier(), ()))
    assert parts(found) == {("2026-07-01", "A"): 5_000, ("2026-07-01", "B"): 5_000}
    assert look(OpenPlan(dossier(), ()), hypothesis="as_done").total == 0


def test_forfaits_by_the_act_count_the_acts_already_done(dossier: Build, member: Build, session: Build) -> None:
    members = [member("A", "enseignant-apa", "essai-cancer"), member("D", "dieteticien", "essai-cancer")]
    done = session("bilan-apa", date(2026, 7, 2), "A", "essai-cancer")
    found = look(OpenPlan(dossier("tous", members, "essai-cancer"), (done,)))
    assert parts(found) == {("2026-07-01", "A"): 4_500}
