"""Laws of what is due that hold for any pathway, sessions and forfaits billed before (Hypothesis)."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generative.bare_pathways import ALWAYS, bare_pathway, label

from cordee.claims.dossier import Dossier
from cordee.claims.eligibility import will_be_paid
from cordee.claims.evidence import (
    CareCircle,
    Code,
    Decision,
    EarlierForfait,
    Exit,
    Inclusion,
    Member,
    Session,
    Structure,
)
from cordee.claims.forecast import OpenPlan, forecast
from cordee.claims.settlement import NotDue, Settlement, earlier_forfait, settle
from cordee.claims.table import missing_rows, not_counted_rows
from cordee.claims.wording import lines
from cordee.pathways.convention import Convention, Party, Remainder, Signatory
from cordee.pathways.durations import Duration
from cordee.pathways.model import (
    Amount,
    Cap,
    Forfait,
    IncompatibleActs,
    RequiredAct,
    Sequence,
)

FEW = settings(max_examples=60, deadline=None)
ACTS = ("assessment", "follow-up", "meeting")
START = date(2026, 11, 1)
AFTER = date(2027, 12, 31)
OWN = "https://cordee.example/structure|1"
POLICIES = ("all_or_nothing", "full_if_started", "prorata_done", "prorata_time", "per_act")
EXITS = ("not_due", "due_if_acts_done", "prorata_done", "prorata_time")


def amounts(draw: st.DrawFn, sequence: str | None) -> tuple[Amount, ...]:
    def one(about: str | None, act: str | None) -> Amount:
        cents = draw(st.integers(1, 30_000))
        return Amount(None, about, cents, cents, ALWAYS, "s", act)

    return (one(sequence, None), *(one(None, act) for act in ACTS))


@st.composite
def forfaits(draw: st.DrawFn) -> tuple[Forfait, ...]:
    """One by séquence, maybe one of months of acts that it may include, maybe one a year."""
    acts = draw(st.sampled_from(((), ACTS[:2])))
    by_act = Forfait(
        "acts",
        label("acts"),
        "per_act",
        "EUR per act",
        amounts(draw, None),
        acts=draw(st.sampled_from((ACTS, ACTS[:1]))),
    )
    own = draw(st.sampled_from((None, *POLICIES)))
    includes = draw(st.sampled_from(((), ("acts",))))
    main = Forfait(
        "f",
        label("f"),
        "end_of_sequence",
        "EUR per patient",
        amounts(draw, "only"),
        acts=acts,
        includes=includes,
        incomplete_use=own,
    )
    yearly = Forfait("y", label("y"), "per_year", "EUR per patient and year", amounts(draw, None), acts=ACTS[2:])
    others = draw(st.sampled_from(((by_act,), (by_act,), (yearly,), (by_act, yearly), ())))
    return (main, *others)


def caps() -> st.SearchStrategy[tuple[Cap, ...]]:
    def build(per: str, amount: int | None, count: int | None, acts: tuple[str, ...]) -> Cap:
        return Cap("c", label("cap"), per, amount, count, acts, "s")  # type: ignore[arg-type]

    one = st.builds(
        build,
        st.sampled_from(("year", "sequence", "pathway")),
        st.none() | st.integers(1, 40_000),
        st.none() | st.integers(1, 4),
        st.sampled_from(((), ACTS[:1], ACTS[:2])),
    )
    return st.lists(one, max_size=2).map(tuple)


@st.composite
def dossiers(draw: st.DrawFn, limited: bool = True) -> Dossier:
    required = tuple(RequiredAct(act, draw(st.integers(1, 3)), minimum=1) for act in ACTS[: draw(st.integers(0, 2))])
    incompatible = IncompatibleActs(ACTS[1:], draw(st.sampled_from(("day", "sequence"))), label("not both"), "s")
    pathway = bare_pathway(
        ACTS,
        ("doctor",),
        sequences=(Sequence("only", label("only"), Duration(3, 0), required),),
        forfaits=draw(forfaits()),
        caps=draw(caps()) if limited else (),
        incompatible_acts=(incompatible,) if limited and draw(st.booleans()) else (),
    )
    circle = tuple(
        Member(
            f"people|{n}",
            f"M{n}",
            Code("professions", "doctor", ""),
            f"PractitionerRole/{n}",
            (f"PractitionerRole/{n}",),
            (f"people|{n}",),
            (),
            (ALWAYS,),
        )
        for n in (1, 2, 3)
    )
    convention = Convention(
        identifier="conventions|1",
        version="1",
        pathway="p",
        validity=ALWAYS,
        structure=Party(OWN, "S"),
        insurer=None,
        territory="metropole",
        time_zone="Europe/Paris",
        payee_mode="via_structure",
        incomplete_use=draw(st.sampled_from(POLICIES)),
        early_exit=draw(st.sampled_from(EXITS)),
        signatories=tuple(Signatory(member.identifier, member.name, START, False) for member in circle),
        acts=(),
        beneficiaries=(),
        sequences=(),
        steps=(Remainder("heads", ()),),
        residue=draw(st.sampled_from(("structure", "not_billed"))),
        outside_split=(),
    )
    left = draw(st.sampled_from((None, None, None, 40, 85)))
    inclusion = Inclusion(
        care_plan="CarePlan/c",
        patient="Patient/p",
        pathway="p",
        profile="any",
        structure=None,
        start=START,
        active=True,
        decision=Decision(START - timedelta(days=5), "PractitionerRole/1"),
        exit=None if left is None else Exit(START + timedelta(days=left), "left"),
        care_teams=(),
    )
    return Dossier(
        pathway, convention, Structure("Organization/s", "S", (OWN,)), inclusion, CareCircle("Patient/p", circle)
    )


def sessions(least: int = 4, most: int = 12) -> st.SearchStrategy[tuple[Session, ...]]:
    def build(drawn: list[tuple[int, str, list[int]]]) -> tuple[Session, ...]:
        return tuple(
            Session(
                f"Encounter/{number:02}",
                "finished",
                "Patient/p",
                None,
                START + timedelta(days=day),
                30,
                (Code("acts", act, ""),),
                tuple(f"PractitionerRole/{n}" for n in by),
            )
            for number, (day, act, by) in enumerate(drawn, 1)
        )

    by = st.lists(st.sampled_from((1, 1, 2, 2, 3, 4)), min_size=1, max_size=2)
    one = st.tuples(st.integers(0, 91), st.sampled_from((*ACTS, *ACTS[:2])), by)
    return st.lists(one, min_size=least, max_size=most).map(build)


def all_settled(
    dossier: Dossier, done: tuple[Session, ...], earlier: tuple[EarlierForfait, ...] = ()
) -> list[Settlement | NotDue]:
    """Every forfait of the plan in the order of due dates, each knowing those before it."""
    standing, results = list(earlier), []
    for planned in dossier.planned(AFTER):
        result = settle(dossier, done, forfait=planned.code, as_of=AFTER, earlier=standing)
        results.append(result)
        if isinstance(result, Settlement):
            standing.append(earlier_forfait(result, f"Claim/{len(standing)}"))
    return results


def due(results: list[Settlement | NotDue]) -> list[Settlement]:
    return [result for result in results if isinstance(result, Settlement)]


def paid(settlement: Settlement) -> set[tuple[str, str]]:
    return {(act.session, act.act) for part in settlement.parts for act in part.acts}


def in_a_year(year: int, settled: list[Settlement], days: dict[str, date], acts: tuple[str, ...]) -> int:
    return len({s for one in settled for s, act in paid(one) if days[s].year == year and (not acts or act in acts)})


@FEW
@given(dossiers(), sessions())
def test_a_session_is_never_paid_in_two_forfaits(dossier: Dossier, done: tuple[Session, ...]) -> None:
    seen: set[str] = set()
    for settlement in due(all_settled(dossier, done)):
        own = {session for session, _ in paid(settlement)}
        assert not own & seen
        seen |= own


@FEW
@given(dossiers(), sessions())
def test_ceilings_are_never_passed(dossier: Dossier, done: tuple[Session, ...]) -> None:
    settled = due(all_settled(dossier, done))
    days = {session.reference: session.day for session in done if session.day is not None}
    for cap in dossier.pathway.caps:
        for year in (2026, 2027):
            # The one séquence and the parcours hold both years; a year holds its own.
            of_year = [one for one in settled if cap.per != "year" or one.forfait.start.year == year]
            if cap.count is not None:
                counted = (
                    in_a_year(year, settled, days, cap.acts)
                    if cap.per == "year"
                    else sum(in_a_year(y, settled, days, cap.acts) for y in (2026, 2027))
                )
                assert counted <= cap.count or cap.per == "sequence"
            if cap.amount is not None and not cap.acts and cap.per != "sequence":
                assert sum(one.total for one in of_year) <= cap.amount


@FEW
@given(dossiers(), sessions())
def test_parts_and_what_is_not_billed_add_up_to_what_is_due_and_it_is_at_most_the_price(
    dossier: Dossier, done: tuple[Session, ...]
) -> None:
    for settlement in due(all_settled(dossier, done)):
        assert sum(part.cents for part in settlement.parts) == settlement.total
        assert settlement.total + settlement.not_billed == settlement.price_explanation.cents
        assert 0 <= settlement.total + settlement.not_billed <= settlement.price.cents


@FEW
@given(dossiers(), sessions())
def test_each_session_and_each_lack_is_told_in_both_languages(dossier: Dossier, done: tuple[Session, ...]) -> None:
    for result in all_settled(dossier, done):
        acts = result.acts if isinstance(result, NotDue) else [act for part in result.parts for act in part.acts]
        told = {act.session for act in acts} | {entry.session for entry in result.not_counted}
        assert told == {session.reference for session in done}
        for language in ("fr", "en"):
            not_counted_rows(result, language)
            if isinstance(result, NotDue):
                assert all(missing_rows(result, language))
            else:
                assert lines(result.price_explanation, language)


@FEW
@given(dossiers(), sessions(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_changes_nothing_and_a_second_run_is_identical(
    dossier: Dossier, done: tuple[Session, ...], chance: Random
) -> None:
    first = all_settled(dossier, done)
    standing = [earlier_forfait(one, f"Claim/{n}") for n, one in enumerate(due(first))]
    mixed, others = list(done), list(standing)
    chance.shuffle(mixed)
    chance.shuffle(others)
    assert all_settled(dossier, tuple(mixed)) == first
    for result in first:
        code = result.context.forfait
        again = settle(dossier, mixed, forfait=code, as_of=AFTER, earlier=others)
        assert again == settle(dossier, done, forfait=code, as_of=AFTER, earlier=standing)


@FEW
@given(dossiers(), sessions())
def test_settling_again_what_was_billed_lowers_nothing(dossier: Dossier, done: tuple[Session, ...]) -> None:
    # A draft settled again knows the forfaits billed after it: they hold their own sessions only.
    settled = due(all_settled(dossier, done))
    standing = [earlier_forfait(one, f"Claim/{n}") for n, one in enumerate(settled)]
    for one in settled:
        again = settle(dossier, done, forfait=one.context.forfait, as_of=AFTER, earlier=standing)
        if isinstance(again, Settlement):
            assert paid(again) == paid(one)


@FEW
@given(dossiers(limited=False), sessions(), sessions(least=1, most=2))
def test_one_more_session_never_lowers_a_forfait_without_ceilings_and_incompatible_acts(
    dossier: Dossier, done: tuple[Session, ...], more: tuple[Session, ...]
) -> None:
    # With them it can: a cheaper act done first takes the place of a dearer one.
    added = tuple(replace(session, reference=f"{session.reference}-more") for session in more)
    for planned in dossier.planned(AFTER):
        before = settle(dossier, done, forfait=planned.code, as_of=AFTER)
        after = settle(dossier, (*done, *added), forfait=planned.code, as_of=AFTER)
        if isinstance(before, Settlement):
            assert isinstance(after, Settlement)
            assert (after.price_explanation.cents or 0) >= (before.price_explanation.cents or 0)


@FEW
@given(dossiers(), sessions(), st.integers(0, 95), st.sampled_from(ACTS), st.integers(1, 4))
def test_a_session_promised_to_be_paid_is_paid_once_done(
    dossier: Dossier, done: tuple[Session, ...], day: int, act: str, who: int
) -> None:
    on, performer = START + timedelta(days=day), f"PractitionerRole/{who}"
    answer = will_be_paid(dossier, act=Code("acts", act, ""), performer=performer, day=on, sessions=done, as_of=on)
    if answer.verdict != "yes":
        assert answer.reasons
        return
    assert answer.forfait is not None
    session = Session("Encounter/~", "finished", "Patient/p", None, on, None, (Code("acts", act, ""),), (performer,))
    result = settle(dossier, (*done, session), forfait=answer.forfait.code, as_of=answer.forfait.due_on)
    assert isinstance(result, Settlement)
    assert (session.reference, act) in paid(result)


@FEW
@given(dossiers(), sessions(), st.sampled_from(("as_planned", "as_done")))
def test_a_forecast_adds_up_and_as_done_is_what_will_be_billed(
    dossier: Dossier, done: tuple[Session, ...], hypothesis: str
) -> None:
    plan = OpenPlan(dossier, done)
    found = forecast([plan], as_of=START, first=START, last=AFTER, hypothesis=hypothesis)  # type: ignore[arg-type]
    assert sum(part.cents for part in found.parts) == found.total
    if hypothesis == "as_done":
        assert found.total == sum(one.total for one in due(all_settled(dossier, done)))
