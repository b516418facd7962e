"""Sessions that can't all be paid: billed already, over a ceiling, incompatible, of another forfait, not identified."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cordee.claims.canonical import CPAM_NUMBER, RPPS
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import EarlierForfait, Session
from cordee.claims.settlement import NotDue, Settlement, settle
from cordee.claims.table import not_counted_rows
from cordee.pathways.model import Cap, Forfait, IncompatibleActs, Label

END = date(2026, 7, 31)
LABEL = Label("étiquette", "label")
Build = Callable[..., Any]


def run(
    dossier: Dossier, sessions: Iterable[Session], earlier: Iterable[EarlierForfait] = ()
) -> tuple[list[str], list[tuple[str, str]]]:
    """The sessions that count, and those that don't with the reason."""
    result = settle(dossier, sessions, forfait="mois", as_of=END, earlier=earlier)
    acts = result.acts if isinstance(result, NotDue) else [act for part in result.parts for act in part.acts]
    assert len(not_counted_rows(result, "fr")) == len(not_counted_rows(result, "en")) == len(result.not_counted)
    return sorted({act.session for act in acts}), [(n.session, n.reason.rule) for n in result.not_counted]


def with_pathway(dossier: Dossier, **changed: Any) -> Dossier:
    return replace(dossier, pathway=replace(dossier.pathway, **changed))


def earlier(*sessions: Session, **changed: Any) -> EarlierForfait:
    billed = EarlierForfait(
        identifier="s:essai:c:other",
        pathway="essai",
        care_plan="CarePlan/c",
        forfait="other",
        claim="Claim/1",
        first_day=date(2026, 7, 1),
        cents=1_000,
        acts=tuple((session.reference, session.codes[0].code) for session in sessions),
    )
    return replace(billed, **changed)


def consultations(session: Build, *days: int) -> list[Session]:
    return [session("consultation", date(2026, 7, day), "A") for day in days]


def test_a_session_billed_in_another_forfait_is_not_billed_again(dossier: Build, session: Build) -> None:
    one, two = consultations(session, 2, 3)
    for billed in (earlier(one), earlier(one, care_plan="CarePlan/old", pathway="other")):
        assert run(dossier(), [one, two], [billed]) == ([two.reference], [(one.reference, "session.already_billed")])
    named = settle(dossier(), [one, two], forfait="mois", as_of=END, earlier=[earlier(one)]).not_counted[0]
    assert dict(named.reason.inputs)["claim"] == "Claim/1"


def test_a_forfait_settled_again_is_not_in_its_own_way(dossier: Build, session: Build) -> None:
    (one,) = consultations(session, 2)
    assert run(dossier(), [one], [earlier(one, identifier="s:essai:c:mois")]) == ([one.reference], [])


@pytest.mark.parametrize("per", ["sequence", "year", "pathway"])
def test_a_ceiling_on_acts_keeps_the_first_done(dossier: Build, session: Build, per: Any) -> None:
    capped = with_pathway(dossier(), caps=(Cap("c", LABEL, per, None, 2, ("consultation",), "s"),))
    late, first, second = consultations(session, 20, 2, 3)
    meeting = session("rcp", date(2026, 7, 21), "A")
    counted, refused = run(capped, [late, first, second, meeting])
    assert counted == sorted([first.reference, second.reference, meeting.reference])
    assert refused == [(late.reference, "session.over_cap")]


def test_a_session_of_two_performers_is_one_under_a_ceiling(dossier: Build, session: Build) -> None:
    capped = with_pathway(dossier(), caps=(Cap("c", LABEL, "year", None, 1, (), "s"),))
    shared = session("rcp", date(2026, 7, 2), ["A", "B"])
    assert run(capped, [shared]) == ([shared.reference], [])


def test_a_ceiling_by_year_counts_what_other_plans_billed_that_year_and_one_by_sequence_does_not(
    dossier: Build, session: Build
) -> None:
    before = session("consultation", date(2026, 3, 2), "A", care_plan="CarePlan/old")
    (now,) = consultations(session, 2)
    billed = earlier(before, care_plan="CarePlan/old")
    for per, kept in (("year", []), ("sequence", [now.reference]), ("pathway", [now.reference])):
        capped = with_pathway(dossier(), caps=(Cap("c", LABEL, per, None, 1, (), "s"),))
        assert run(capped, [before, now], [billed])[0] == kept
    last_year = replace(before, day=date(2025, 12, 31))
    capped = with_pathway(dossier(), caps=(Cap("c", LABEL, "year", None, 1, (), "s"),))
    assert run(capped, [last_year, now], [billed])[0] == [now.reference]


def test_a_session_without_a_valid_performer_uses_up_no_ceiling(dossier: Build, session: Build) -> None:
    capped = with_pathway(dossier(), caps=(Cap("c", LABEL, "year", None, 1, (), "s"),))
    stranger = session("consultation", date(2026, 7, 2), ["stranger"])
    (one,) = consultations(session, 3)
    assert run(capped, [stranger, one])[0] == [one.reference]


@pytest.mark.parametrize(("within", "kept"), [("day", 2), ("sequence", 1)])
def test_of_incompatible_acts_the_first_done_stands(dossier: Build, session: Build, within: Any, kept: int) -> None:
    rule = IncompatibleActs(("consultation", "rcp"), within, LABEL, "s")
    strict = with_pathway(dossier(), incompatible_acts=(rule,))
    (one,) = consultations(session, 2)
    same_day, next_day = (session("rcp", date(2026, 7, day), "A") for day in (2, 3))
    counted, refused = run(strict, [next_day, same_day, one])
    assert len(counted) == kept
    assert one.reference in counted
    assert (same_day.reference, "session.incompatible") in refused


def test_an_act_billed_before_stands_against_an_incompatible_one(dossier: Build, session: Build) -> None:
    rule = IncompatibleActs(("consultation", "rcp"), "day", LABEL, "s")
    strict = with_pathway(dossier(), incompatible_acts=(rule,))
    (one,) = consultations(session, 2)
    meeting = session("rcp", date(2026, 7, 2), "A")
    assert run(strict, [one, meeting], [earlier(meeting)])[0] == []


def test_acts_of_another_forfait_are_out_of_scope(dossier: Build, session: Build) -> None:
    plain = dossier()
    own: Forfait = replace(plain.pathway.forfaits[0], acts=("rcp",))
    (one,) = consultations(session, 2)
    meeting = session("rcp", date(2026, 7, 2), "A")
    split = with_pathway(plain, forfaits=(own,))
    assert run(split, [one, meeting]) == ([meeting.reference], [(one.reference, "session.other_forfait")])
    result = settle(split, [one, meeting], forfait="mois", as_of=END)
    assert not_counted_rows(result, "fr", in_scope_only=True) == ()


@pytest.mark.parametrize(
    ("identifier", "counts"),
    [(f"{RPPS}|10000000001", True), (f"{CPAM_NUMBER}|A3", True), ("https://cordee.example/other|1", False)],
)
def test_a_professional_has_an_rpps_or_a_number_of_the_cpam(
    dossier: Build, session: Build, member: Build, identifier: str, counts: bool
) -> None:
    known = replace(member("A", "generaliste"), identifier=identifier, identifiers=(identifier,))
    strict = with_pathway(dossier(members=[known]), identification_required=True)
    (one,) = consultations(session, 2)
    expected = ([one.reference], []) if counts else ([], [(one.reference, "performer.not_identified")])
    assert run(strict, [one]) == expected
    assert run(dossier(members=[known]), [one]) == ([one.reference], [])


def test_a_forfait_at_inclusion_needs_no_session_and_takes_none(dossier: Build, session: Build) -> None:
    plain = dossier()
    entry = replace(plain.pathway.forfaits[0], code="entree", trigger="inclusion")
    amount = replace(plain.pathway.amounts[0], sequence=None)
    both = with_pathway(plain, forfaits=(*plain.pathway.forfaits, replace(entry, amounts=(amount,))))
    consultation = session("consultation", date(2026, 6, 20), "A")
    result = settle(both, [consultation], forfait="entree", as_of=date(2026, 6, 20))
    assert isinstance(result, Settlement)
    assert result.total == 10_000
    assert [n.reason.rule for n in result.not_counted] == ["session.other_forfait"]
    assert isinstance(settle(both, [], forfait="entree", as_of=date(2026, 6, 19)), NotDue)


def test_a_yearly_forfait_is_due_once_a_session_was_done(dossier: Build, session: Build) -> None:
    plain = dossier()
    amount = replace(plain.pathway.amounts[0], sequence=None, profile=None)
    yearly = replace(plain.pathway.forfaits[0], code="an", trigger="per_year", amounts=(amount,))
    year = with_pathway(plain, forfaits=(yearly,))
    (one,) = consultations(session, 2)
    result = settle(year, [one], forfait="an@2026-07-01", as_of=date(2027, 6, 30))
    assert isinstance(result, Settlement)
    assert (result.total, result.forfait.end) == (10_000, date(2027, 6, 30))
    assert isinstance(settle(year, [], forfait="an@2026-07-01", as_of=date(2027, 6, 30)), NotDue)
    unknown = settle(year, [one], forfait="an@2028-07-01", as_of=END)
    assert (
        [missing.code for missing in unknown.missing] == ["forfait_unknown"] if isinstance(unknown, NotDue) else False
    )


def test_a_price_by_act_and_performer_pays_each_performer_of_a_session(dossier: Build, session: Build) -> None:
    plain = dossier()
    price = replace(plain.pathway.amounts[0], profile=None, sequence=None, act="rcp", minimum=1_500, maximum=1_500)
    meetings = replace(
        plain.pathway.forfaits[0],
        code="rcp",
        trigger="per_act",
        unit="EUR per act and performer",
        acts=("rcp",),
        amounts=(price,),
    )
    by_performer = with_pathway(plain, forfaits=(meetings,))
    by_session = with_pathway(plain, forfaits=(replace(meetings, unit="EUR per act"),))
    shared = session("rcp", date(2026, 7, 2), ["A", "B"])
    for judged, total in ((by_performer, 3_000), (by_session, 1_500)):
        result = settle(judged, [shared], forfait="rcp@2026-07-01", as_of=END)
        assert isinstance(result, Settlement)
        assert result.total == total
