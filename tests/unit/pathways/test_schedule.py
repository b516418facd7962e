"""Which forfaits fall due for a patient, over which days and when, for each trigger; and what each is worth."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cordee.pathways.convention import Convention, Party, StatedAmount
from cordee.pathways.durations import Duration
from cordee.pathways.model import (
    Amount,
    Forfait,
    Label,
    Pathway,
    RequiredAct,
    Sequence,
    TotalDuration,
    Validity,
)
from cordee.pathways.price import ActPrice, NoPrice, Price, act_price, price
from cordee.pathways.reader import read_pathway
from cordee.pathways.schedule import PlannedForfait, schedule, sequences_of

TRIAL = Path(__file__).parents[1] / "claims" / "pathways" / "essai.yaml"
START = date(2026, 1, 31)
LATER = date(2027, 12, 31)
ALWAYS = Validity(date(2026, 1, 1), None)
HALF_YEAR = Duration(6, 0)


def label(text: str) -> Label:
    return Label(text, text)


def forfait(code: str, trigger: str, **stated: Any) -> Forfait:
    stated = {"unit": "EUR per patient", "amounts": (), **stated}
    return Forfait(code, label(code), trigger, **stated)  # type: ignore[arg-type]


def amount(cents: int, **about: Any) -> Amount:
    about = {"profile": None, "sequence": None, **about}
    return Amount(minimum=cents, maximum=cents, validity=ALWAYS, source="s", **about)


def pathway(*forfaits: Forfait, **changed: Any) -> Pathway:
    two = tuple(
        Sequence(code, label(code), HALF_YEAR, (RequiredAct("consultation", 1), RequiredAct("rcp", 1)))
        for code in ("first", "second")
    )
    trial = read_pathway("essai.yaml", TRIAL.read_text(encoding="utf-8"))
    return replace(trial, **{"forfaits": forfaits, "sequences": two, **changed})


def agreed(*amounts: StatedAmount, **changed: Any) -> Convention:
    convention = Convention(
        identifier="c|1",
        version="1",
        pathway="essai",
        validity=ALWAYS,
        structure=Party("s|1", "S"),
        insurer=None,
        territory="metropole",
        time_zone="Europe/Paris",
        payee_mode="via_structure",
        incomplete_use="full_if_started",
        early_exit="not_due",
        signatories=(),
        acts=(),
        beneficiaries=(),
        sequences=(),
        steps=(),
        residue="structure",
        outside_split=(),
        amounts=amounts,
    )
    return replace(convention, **changed)


def planned(of: Pathway, until: date = LATER, decided_on: date | None = None) -> tuple[PlannedForfait, ...]:
    return schedule(of, agreed(), START, until=until, decided_on=decided_on)


def days(found: tuple[PlannedForfait, ...]) -> list[tuple[str, str, str, str]]:
    return [(p.code, str(p.start), str(p.end), str(p.due_on)) for p in found]


def worth(of: Pathway, convention: Convention, code: str, day: date = START) -> Price | NoPrice:
    one = next(p for p in schedule(of, convention, START, until=LATER) if p.code == code)
    return price(of, convention, "cent", one, sequences_of(of, convention, START), day)


def test_one_forfait_by_sequence_takes_the_sequences_code_and_is_due_on_its_last_day() -> None:
    assert days(planned(pathway(forfait("f", "end_of_sequence")))) == [
        ("first", "2026-01-31", "2026-07-30", "2026-07-30"),
        ("second", "2026-07-31", "2027-01-30", "2027-01-30"),
    ]


def test_two_forfaits_of_one_sequence_are_told_apart_and_require_their_own_acts() -> None:
    both = pathway(
        forfait("bilans", "end_of_sequence", acts=("consultation",), sequences=("first",)),
        forfait("suivis", "end_of_sequence", acts=("rcp",)),
    )
    found = planned(both)
    assert [(p.code, p.sequence, [r.act for r in p.required_acts]) for p in found] == [
        ("bilans@first", "first", ["consultation"]),
        ("suivis@first", "first", ["rcp"]),
        ("suivis@second", "second", ["rcp"]),
    ]


def test_a_forfait_at_inclusion_is_due_on_the_day_of_the_decision() -> None:
    assert days(planned(pathway(forfait("entry", "inclusion")), decided_on=date(2026, 1, 20))) == [
        ("entry", "2026-01-20", "2026-01-20", "2026-01-20")
    ]


def test_periods_follow_each_other_to_the_end_of_the_parcours_and_years_from_its_first_day() -> None:
    quarters = planned(pathway(forfait("q", "per_period", period=Duration(3, 0))))
    assert days(quarters) == [
        ("q@2026-01-31", "2026-01-31", "2026-04-29", "2026-04-29"),
        ("q@2026-04-30", "2026-04-30", "2026-07-30", "2026-07-30"),
        ("q@2026-07-31", "2026-07-31", "2026-10-30", "2026-10-30"),
        ("q@2026-10-31", "2026-10-31", "2027-01-30", "2027-01-30"),
    ]
    assert days(planned(pathway(forfait("y", "per_year")))) == [
        ("y@2026-01-31", "2026-01-31", "2027-01-30", "2027-01-30")
    ]


def test_periods_of_a_named_sequence_are_inside_it() -> None:
    found = planned(pathway(forfait("q", "per_period", period=Duration(3, 0), sequences=("second",))))
    assert [p.code for p in found] == ["q@2026-07-31", "q@2026-10-31"]


def test_an_open_parcours_repeats_until_the_day_asked_for() -> None:
    unknown = tuple(replace(s, duration=None) for s in pathway().sequences)
    open_ended = pathway(forfait("y", "per_year"), sequences=unknown)
    assert [p.code for p in planned(open_ended)] == ["y@2026-01-31", "y@2027-01-31"]
    two_years = TotalDuration(Duration(6, 0), Duration(10, 0), "s")
    assert [p.code for p in planned(replace(open_ended, total_duration=two_years))] == ["y@2026-01-31"]


def test_a_date_beyond_a_lifetime_is_not_counted_up_to() -> None:
    unknown = tuple(replace(s, duration=None) for s in pathway().sequences)
    found = planned(pathway(forfait("a", "per_act"), sequences=unknown), until=date.max)
    assert (len(found), found[-1].start) == (1_441, date(2146, 1, 31))


def test_acts_are_billed_by_the_month_and_the_last_interval_ends_with_the_parcours() -> None:
    every_four = planned(pathway(forfait("a", "per_act", period=Duration(8, 0))))
    assert days(every_four) == [
        ("a@2026-01-31", "2026-01-31", "2026-09-29", "2026-09-29"),
        ("a@2026-09-30", "2026-09-30", "2027-01-30", "2027-01-30"),
    ]
    assert len(planned(pathway(forfait("a", "per_act")))) == 12


def test_a_forfait_of_a_list_of_patients_is_not_of_a_plan() -> None:
    assert planned(pathway(forfait("list", "per_listed_patient"))) == ()


def test_codes_are_unique_and_due_dates_in_order() -> None:
    found = planned(
        pathway(
            forfait("f", "end_of_sequence"),
            forfait("y", "per_year"),
            forfait("a", "per_act"),
            forfait("i", "inclusion"),
        )
    )
    assert len({p.code for p in found}) == len(found)
    assert [p.due_on for p in found] == sorted(p.due_on for p in found)


def test_a_stated_amount_is_used_where_nothing_is_published_and_the_profiles_own_goes_first() -> None:
    silent = pathway(forfait("f", "end_of_sequence"), forfait("i", "inclusion"))
    convention = agreed(
        StatedAmount("f", None, "first", None, 100),
        StatedAmount("f", "cent", "first", None, 200),
        StatedAmount("i", None, None, None, 50),
    )
    found = worth(silent, convention, "first")
    assert isinstance(found, Price)
    assert (found.cents, found.origin) == (200, "c|1 1")
    assert worth(silent, convention, "second") == NoPrice("cent, second")
    entry = worth(silent, convention, "i")
    assert isinstance(entry, Price)
    assert entry.cents == 50


def test_an_amount_stated_without_its_sequence_is_no_amount_when_there_are_several() -> None:
    silent = pathway(forfait("f", "end_of_sequence"))
    assert worth(silent, agreed(StatedAmount("f", None, None, None, 100)), "first") == NoPrice("cent, first")
    one = replace(silent, sequences=silent.sequences[:1])
    assert isinstance(worth(one, agreed(StatedAmount("f", None, None, None, 100)), "first"), Price)


def test_a_published_amount_is_used_on_its_own_and_bounds_what_is_stated() -> None:
    public = pathway(forfait("f", "end_of_sequence", amounts=(amount(900, sequence="first"), amount(1_500))))
    found = worth(public, agreed(), "first")
    assert isinstance(found, Price)
    assert (found.cents, found.origin) == (900, "essai 1")
    # 1,500 is of the whole parcours: it is nobody's price for the second séquence, and the sum must be it.
    assert worth(public, agreed(), "second") == NoPrice("cent, second")
    agreeing = agreed(StatedAmount("f", None, "first", None, 900), StatedAmount("f", None, "second", None, 600))
    assert isinstance(worth(public, agreeing, "second"), Price)
    other = agreed(StatedAmount("f", None, "first", None, 900), StatedAmount("f", None, "second", None, 601))
    assert worth(public, other, "second") == NoPrice("cent", 1_501, public.forfaits[0].amounts[1])


@pytest.mark.parametrize(
    ("published", "stated", "expected"),
    [
        ((), (), None),
        ((amount(4_000, act="rcp"),), (), 4_000),
        ((), (StatedAmount("a", None, None, "rcp", 3_000),), 3_000),
        ((amount(4_000, act="rcp"),), (StatedAmount("a", None, None, "rcp", 3_000),), None),
    ],
    ids=["nobody states it", "published", "stated", "stated against what is published"],
)
def test_the_price_of_an_act(
    published: tuple[Amount, ...], stated: tuple[StatedAmount, ...], expected: int | None
) -> None:
    of = pathway(forfait("a", "per_act", amounts=published))
    found = act_price(of, agreed(*stated), "a", "cent", "rcp", START)
    assert (found.cents if isinstance(found, ActPrice) else None) == expected
