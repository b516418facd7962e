"""Laws of the split that hold for any convention, circle and sessions (Hypothesis)."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.generative.bare_pathways import ALWAYS, bare_pathway, label

from cordee.claims.apportionment import apportion
from cordee.claims.bounded_allocation import Bounded, allocate
from cordee.claims.dossier import Dossier
from cordee.claims.evidence import CareCircle, Code, Decision, Inclusion, Member, Session, Structure
from cordee.claims.fhir_claim import claim_from_settlement, claim_resource, claim_text
from cordee.claims.fhir_claim_record import claim_record_from_claim
from cordee.claims.fhir_corrections import Correction, credit
from cordee.claims.insurer_shares import insurer_shares
from cordee.claims.limits import bounds_by_member
from cordee.claims.settlement import NotDue, Settlement, settle
from cordee.claims.table import missing_rows, not_counted_rows, quote_part_rows
from cordee.pathways.convention import (
    ByProfession,
    Convention,
    FixedAmount,
    Limit,
    OutsideSplit,
    Party,
    Percentage,
    PricePerAct,
    Remainder,
    Signatory,
    Step,
)
from cordee.pathways.durations import Duration
from cordee.pathways.model import (
    Amount,
    Forfait,
    Label,
    Pathway,
    RequiredAct,
    Sequence,
    Validity,
)

ACTS = ("consultation", "follow-up", "meeting")
PROFESSIONS = ("doctor", "dietician", "psychologist")
START = date(2026, 7, 1)
END = date(2026, 7, 31)
OWN = "https://cordee.example/structure|1"
MAX_STEPS = 4
SIGNED = st.sampled_from((-30, -30, -30, 5))


FEW = settings(max_examples=40, deadline=None)


def pathway(forfait: int, required: int) -> Pathway:
    return bare_pathway(
        ACTS,
        PROFESSIONS,
        sequences=(Sequence("month", label("month"), Duration(1, 0), (RequiredAct(ACTS[0], required),)),),
        forfaits=(
            Forfait(
                "f",
                label("f"),
                "end_of_sequence",
                "EUR per patient",
                (Amount(None, "month", forfait, forfait, ALWAYS, "s"),),
            ),
        ),
    )


def table(keys: tuple[str, ...], most: int) -> st.SearchStrategy[tuple[tuple[str, int], ...]]:
    return st.fixed_dictionaries({key: st.integers(0, most) for key in keys}).map(lambda d: tuple(sorted(d.items())))


POINTS = st.fixed_dictionaries({act: st.sampled_from((1, 3, 5, 0)) for act in ACTS}).map(
    lambda points: tuple(sorted(points.items()))
)


def steps() -> st.SearchStrategy[tuple[Step, ...]]:
    # Shares stay within the forfait, as a convention's reader makes sure; fixed amounts and prices may pass it.
    share = st.integers(0, 10_000 // MAX_STEPS)
    first: st.SearchStrategy[Step] = st.one_of(
        st.builds(FixedAmount, st.just("structure"), st.integers(0, 20_000)),
        st.builds(Percentage, st.just("structure"), share),
        st.builds(PricePerAct, table(ACTS, 5_000)),
        st.builds(
            ByProfession, table(PROFESSIONS, 10_000 // MAX_STEPS // len(PROFESSIONS)), st.none() | table(ACTS, 9)
        ),
        st.builds(ByProfession, st.just(()), st.none() | table(ACTS, 9), table(PROFESSIONS, 9_000)),
    )
    last: st.SearchStrategy[Step] = st.one_of(
        st.builds(Remainder, st.just("points"), POINTS),
        st.builds(Remainder, st.sampled_from(("time", "heads")), st.just(())),
        st.builds(Remainder, st.just("percentages"), st.just(()), st.just((("people|1", 7_000), ("people|3", 3_000)))),
    )
    ending = st.one_of(*[last.map(lambda step: (step,))] * 3, st.just(()))
    return st.tuples(st.lists(first, max_size=MAX_STEPS).map(tuple), ending).map(lambda pair: pair[0] + pair[1])


# What is usual is drawn often, so that most dossiers are due and the split itself is tried.
WHOLE = (Validity(START - timedelta(days=30), None),)
CAME_BACK = (Validity(START, START + timedelta(days=9)), Validity(START + timedelta(days=20), None))
LEFT = (Validity(START - timedelta(days=30), START + timedelta(days=14)),)
GONE = (Validity(START - timedelta(days=30), START - timedelta(days=1)),)


def members() -> st.SearchStrategy[tuple[Member, ...]]:
    profession = st.sampled_from((*PROFESSIONS, *PROFESSIONS, "other", None))
    interval = st.sampled_from((WHOLE, WHOLE, WHOLE, CAME_BACK, LEFT, GONE))

    def build(drawn: list[tuple[str | None, tuple[Validity, ...]]]) -> tuple[Member, ...]:
        return tuple(
            Member(
                f"people|{number}",
                f"M{number}",
                Code("professions", name, name) if name else None,
                f"PractitionerRole/{number}",
                (f"PractitionerRole/{number}",),
                (f"people|{number}",),
                (),
                present,
            )
            for number, (name, present) in enumerate(drawn, 1)
        )

    return st.lists(st.tuples(profession, interval), min_size=2, max_size=5).map(build)


def sessions() -> st.SearchStrategy[tuple[Session, ...]]:
    status = st.sampled_from((*("finished",) * 6, "cancelled", "planned"))
    day = st.sampled_from((*range(31), -1, 31))
    act = st.sampled_from((*ACTS, *ACTS, "unheard-of"))
    performers = st.lists(st.integers(1, 6), min_size=1, max_size=2)

    def build(drawn: list[tuple[str, int, int | None, str, list[int]]]) -> tuple[Session, ...]:
        return tuple(
            Session(
                f"Encounter/{number}",
                status,
                "Patient/p",
                None,
                START + timedelta(days=day),
                minutes,
                (Code("acts", act, act),),
                tuple(f"PractitionerRole/{performer}" for performer in performers),
            )
            for number, (status, day, minutes, act, performers) in enumerate(drawn, 1)
        )

    one = st.tuples(status, day, st.none() | st.integers(0, 90), act, performers)
    return st.lists(one, min_size=4, max_size=9).map(build)


def limits() -> st.SearchStrategy[tuple[Limit, ...]]:
    """Often none; else one for everybody, one by profession, one by identifier, with bounds that may not be payable."""
    bounds = st.tuples(st.none() | st.integers(0, 40_000), st.none() | st.integers(0, 80_000)).map(
        lambda pair: (pair[0], None if pair[1] is None else pair[1] + (pair[0] or 0))
    )
    who = st.sampled_from(((None, None), (PROFESSIONS[0], None), (PROFESSIONS[1], None), (None, "people|1")))
    one = st.tuples(who, bounds).map(lambda drawn: Limit(*drawn[0], *drawn[1]))
    unique = st.lists(one, max_size=3, unique_by=lambda limit: (limit.profession, limit.identifier))
    return st.just(()) | unique.map(tuple)


@st.composite
def dossiers(draw: st.DrawFn) -> Dossier:
    circle = draw(members())
    outside = draw(st.sampled_from((None, *PROFESSIONS)))
    convention = Convention(
        identifier="conventions|1",
        version="1",
        pathway="p",
        validity=ALWAYS,
        structure=Party(OWN, "S"),
        insurer=None,
        territory="metropole",
        time_zone="Europe/Paris",
        payee_mode=draw(st.sampled_from(("direct_by_caisse", "via_structure"))),
        incomplete_use=draw(st.sampled_from(("full_if_started", "full_if_started", "all_or_nothing"))),
        early_exit="not_due",
        signatories=tuple(
            Signatory(member.identifier, member.name, START + timedelta(days=day), False)
            for member, day in zip(circle, draw(st.tuples(*[SIGNED] * len(circle))), strict=True)
        ),
        acts=(),
        beneficiaries=(),
        sequences=(),
        steps=draw(steps()),
        residue=draw(st.sampled_from(("structure", "reserve", "not_billed"))),
        outside_split=(OutsideSplit(outside, None, label("outside")),) if outside else (),
        limits=draw(limits()),
        amo_share=draw(st.sampled_from((10_000, 6_000, 6_667, 0))),
    )
    inclusion = Inclusion(
        care_plan="CarePlan/c",
        patient="Patient/p",
        pathway="p",
        profile="any",
        structure=None,
        start=START,
        active=True,
        decision=Decision(START - timedelta(days=draw(st.sampled_from((9, 9, 9, -3)))), "PractitionerRole/1"),
        exit=None,
        care_teams=(),
        copayment_exempt=draw(st.sampled_from((False, False, False, True))),
    )
    amount = draw(st.integers(1, 200_000))
    return Dossier(
        pathway(amount, draw(st.sampled_from((1, 1, 2)))),
        convention,
        Structure("Organization/s", "S", (OWN,)),
        inclusion,
        CareCircle("Patient/p", circle),
    )


def run(dossier: Dossier, done: tuple[Session, ...]) -> Settlement | NotDue:
    return settle(dossier, done, forfait="month", as_of=END)


@FEW
@given(dossiers(), sessions())
def test_the_parts_add_up_to_the_forfait_and_none_is_negative(dossier: Dossier, done: tuple[Session, ...]) -> None:
    result = run(dossier, done)
    if isinstance(result, NotDue):
        assert result.missing
        return
    assert sum(part.cents for part in result.parts) == result.total
    assert result.total + result.not_billed == dossier.pathway.amounts[0].minimum
    assert min(part.cents for part in result.parts) >= 0
    assert result.not_billed >= 0
    for part in result.parts:
        assert sum(step.cents or 0 for step in part.explanation.because) == part.cents


@FEW
@given(dossiers(), sessions())
def test_the_insurers_shares_add_up_by_payee_and_by_insurer(dossier: Dossier, done: tuple[Session, ...]) -> None:
    result = run(dossier, done)
    if isinstance(result, NotDue):
        return
    for part in result.parts:
        assert part.amo + part.amc == part.cents
        assert min(part.amo, part.amc) >= 0
    share = 10_000 if dossier.inclusion.copayment_exempt else dossier.convention.amo_share
    assert result.amo == (result.total * share + 5_000) // 10_000
    assert result.amo + result.amc == result.total


@FEW
@given(dossiers(), sessions())
def test_a_claim_read_back_keeps_every_cent(dossier: Dossier, done: tuple[Session, ...]) -> None:
    result = run(dossier, done)
    if isinstance(result, NotDue):
        return
    record = claim_record_from_claim(claim_resource(claim_text(claim_from_settlement(result))))
    assert [(i.name, i.cents, i.amo, i.amc) for i in record.items] == [
        (part.payee.name, part.cents, part.amo, part.amc) for part in result.parts
    ]
    assert (record.total, record.identifier) == (result.total, result.context.identifier)


@FEW
@given(dossiers(), sessions())
def test_a_claim_and_its_credit_leave_nothing(dossier: Dossier, done: tuple[Session, ...]) -> None:
    result = run(dossier, done)
    if isinstance(result, NotDue):
        return
    original = claim_resource(claim_text(claim_from_settlement(result)))
    why = Correction(2, END, Label("erreur", "mistake"))
    taken_back = claim_record_from_claim(claim_resource(claim_text(credit(original, why))))
    claimed = claim_record_from_claim(original)
    assert taken_back.total == -claimed.total
    assert [(i.payee, -i.cents, -i.amo, -i.amc) for i in taken_back.items] == [
        (i.payee, i.cents, i.amo, i.amc) for i in claimed.items
    ]


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**7), max_size=9), st.integers(0, 10_000), st.booleans())
def test_shares_of_insurers_are_within_a_cent_of_the_exact_ones(parts: list[int], share: int, exempt: bool) -> None:
    found = insurer_shares(parts, share, exempt=exempt)
    assert (sum(amo for amo, _ in found.parts), sum(amc for _, amc in found.parts)) == (found.amo, found.amc)
    assert found.amo == sum(parts) if exempt else abs(found.amo * 10_000 - sum(parts) * share) <= 5_000
    for cents, (amo, amc) in zip(parts, found.parts, strict=True):
        assert amo + amc == cents
        assert 0 <= amo <= cents
        assert abs(amo * sum(parts) - found.amo * cents) < max(1, sum(parts))


@FEW
@given(dossiers(), sessions(), st.randoms(use_true_random=False))
def test_the_order_of_sessions_members_and_performers_changes_nothing(
    dossier: Dossier, done: tuple[Session, ...], chance: Random
) -> None:
    def shuffled(items: tuple[object, ...]) -> tuple[object, ...]:
        mixed = list(items)
        chance.shuffle(mixed)
        return tuple(mixed)

    circle = replace(dossier.circle, members=shuffled(dossier.circle.members))
    other = tuple(replace(session, performers=shuffled(session.performers)) for session in shuffled(done))
    assert run(replace(dossier, circle=circle), other) == run(dossier, done)


@FEW
@given(dossiers(), sessions())
def test_running_again_gives_the_identical_result_and_claim(dossier: Dossier, done: tuple[Session, ...]) -> None:
    first, second = run(dossier, done), run(dossier, done)
    assert first == second
    if isinstance(first, Settlement) and isinstance(second, Settlement):
        assert claim_text(claim_from_settlement(first)) == claim_text(claim_from_settlement(second))


@FEW
@given(dossiers(), sessions())
def test_no_session_is_silently_dropped(dossier: Dossier, done: tuple[Session, ...]) -> None:
    result = run(dossier, done)
    acts = result.acts if isinstance(result, NotDue) else [act for part in result.parts for act in part.acts]
    assert {act.session for act in acts} | {entry.session for entry in result.not_counted} == {
        session.reference for session in done
    }


@FEW
@given(dossiers(), sessions())
def test_everything_can_be_said_in_both_languages(dossier: Dossier, done: tuple[Session, ...]) -> None:
    result = run(dossier, done)
    for language in ("fr", "en"):
        not_counted_rows(result, language)
        if isinstance(result, NotDue):
            assert all(missing_rows(result, language))
        else:
            assert all(row.reason for row in quote_part_rows(result, language))


@FEW
@given(dossiers(), sessions())
def test_no_member_passes_the_maximum_and_only_those_who_took_part_are_raised(
    dossier: Dossier, done: tuple[Session, ...]
) -> None:
    result = run(dossier, done)
    if isinstance(result, NotDue):
        return
    professions = {member.key: dossier.profession_of(member) for member in dossier.circle.members}
    bounds = bounds_by_member(dossier.convention.limits, dossier.circle.members, professions)
    for part in result.parts:
        found = bounds.get(part.payee.key)
        if part.payee.kind == "member" and found is not None and found.maximum is not None:
            assert part.cents <= found.maximum
        if part.payee.kind == "member" and not part.acts:
            assert part.cents == 0


@FEW
@given(dossiers(), sessions(), POINTS, st.integers(1, 6), st.sampled_from(ACTS), st.integers(0, 30))
def test_one_more_act_never_lowers_its_performers_weighted_part(
    dossier: Dossier, done: tuple[Session, ...], points: tuple[tuple[str, int], ...], who: int, act: str, day: int
) -> None:
    weighted = replace(dossier.convention, steps=(Percentage("structure", 1_000), Remainder("points", points)))
    weighted_dossier = replace(dossier, convention=weighted)
    more = Session(
        "Encounter/more",
        "finished",
        "Patient/p",
        None,
        START + timedelta(days=day),
        30,
        (Code("acts", act, act),),
        (f"PractitionerRole/{who}",),
    )
    before, after = run(weighted_dossier, done), run(weighted_dossier, (*done, more))
    if isinstance(before, NotDue):
        return
    assert isinstance(after, Settlement)
    earned = {part.payee.identifier: part.cents for part in before.parts}
    assert {p.payee.identifier: p.cents for p in after.parts}.get(f"people|{who}", 0) >= earned.get(f"people|{who}", 0)


@st.composite
def bounded(draw: st.DrawFn) -> Bounded:
    least = draw(st.sampled_from((0, 0, 1)) | st.integers(0, 3_000))
    most = draw(st.none() | st.integers(least, least + 4_000))
    return Bounded(draw(st.sampled_from((0, 1, 1, 2)) | st.integers(0, 50)), least, most)


@settings(deadline=None)
@given(st.integers(0, 12_000), st.lists(bounded(), max_size=6))
def test_a_bounded_allocation_spends_all_it_may_within_the_bounds(total: int, among: list[Bounded]) -> None:
    result = allocate(total, among)
    assert sum(result.cents) + result.left == total
    assert result.left >= 0
    if sum(one.least for one in among) > total:
        assert all(cents <= one.least for cents, one in zip(result.cents, among, strict=True))
        assert result.left == 0
        return
    for cents, one in zip(result.cents, among, strict=True):
        assert one.least <= cents
        assert one.most is None or cents <= one.most
    if result.left:
        assert all(
            cents == (one.most if one.weight else one.least) for cents, one in zip(result.cents, among, strict=True)
        )


@settings(deadline=None)
@given(st.integers(0, 12_000), st.lists(bounded(), min_size=2, max_size=6))
def test_between_the_bounds_parts_are_in_proportion_to_weights(total: int, among: list[Bounded]) -> None:
    """One λ for all: those that no bound fixes are within a cent of it, the others are on its right side."""
    result = allocate(total, among)
    if not result.weight:
        return
    for cents, one, fixed_by in zip(result.cents, among, result.fixed_by, strict=True):
        exact, whole = result.shared * one.weight, result.weight
        match fixed_by:
            case None:
                assert abs(cents * whole - exact) < whole
            case "least":
                assert one.least * whole >= exact
            case "most":
                assert cents * whole <= exact


@settings(deadline=None)
@given(st.integers(0, 12_000), st.lists(bounded(), min_size=1, max_size=6), st.integers(1, 40))
def test_a_greater_weight_never_lowers_ones_own_part(total: int, among: list[Bounded], more: int) -> None:
    heavier = [replace(among[0], weight=among[0].weight + more), *among[1:]]
    assert allocate(total, heavier).cents[0] >= allocate(total, among).cents[0]


@settings(deadline=None)
@given(st.integers(0, 10**9), st.dictionaries(st.text(max_size=3), st.integers(0, 10**6), min_size=1, max_size=9))
def test_an_apportionment_adds_up_and_is_within_a_cent_of_the_exact_share(total: int, weights: dict[str, int]) -> None:
    whole = sum(weights.values())
    if whole == 0:
        return
    parts = apportion(total, weights)
    assert sum(parts.values()) == total
    assert all(abs(parts[key] * whole - total * weight) < whole for key, weight in weights.items())
    assert parts == apportion(total, dict(reversed(weights.items())))
