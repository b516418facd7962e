"""The bounds given to the index hold every date that a search finds."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cordee.fhir.matching import value_matches
from cordee.fhir.query_values import PREFIXES, parse_date
from cordee.fhir.temporal import EARLIEST, LATEST, DateRange
from cordee.store.date_box import box, instants
from cordee.store.index_values import FIRST, LAST, LONGEST_SHORT, microseconds, month_forms

DAY = datetime(2024, 3, 30, 22, tzinfo=UTC)
moments = st.one_of(
    st.integers(0, 300_000).map(lambda n: DAY + timedelta(seconds=n)),
    st.integers(0, 30_000).map(lambda n: DAY + timedelta(microseconds=n * 50)),
    st.sampled_from((EARLIEST, LATEST)),
)
literals = st.sampled_from(
    ("2024-03-31", "2024-03", "2024", "2024-03-30T22:00Z", "2024-03-30T22:00:00.001Z", "2024-03-30T22:00:00.0011Z",
     "2024-03-30T22:00:00.00149Z", "2024-03-31T05:00:00+02:00", "9999", "0001", "9999-12-31")
)  # fmt: skip
searches = st.builds(lambda prefix, literal: parse_date(prefix + literal), st.sampled_from(PREFIXES), literals)
ranges = st.tuples(moments, moments).filter(lambda ends: ends[0] < ends[1]).map(lambda ends: DateRange(*ends))


def ends(search):
    return search.prefix, microseconds(search.low), microseconds(search.high)


@given(searches, st.one_of(st.integers(0, 200), st.integers(0, 100_000_000)))
def test_a_written_instant_is_found_as_its_millisecond_is(search, milliseconds):
    written = DAY + timedelta(milliseconds=milliseconds)
    first, after = instants(search.prefix, search.low, search.high)
    inside = first <= written < after
    matched = value_matches(search, DateRange(written, written + timedelta(milliseconds=1)))
    assert (not inside if search.prefix == "ne" else inside) is matched


@given(st.lists(st.lists(searches, min_size=1, max_size=2), min_size=1, max_size=2), ranges)
def test_every_range_that_is_found_lies_in_the_box(criteria, found):
    if not all(any(value_matches(search, found) for search in values) for values in criteria):
        return
    low, high = microseconds(found.low), microseconds(found.high)
    first, last, *long = box([[ends(search) for search in values] for values in criteria]).arguments()
    if high - low <= LONGEST_SHORT:
        assert first <= low <= last
    else:
        assert long[0] <= low <= long[1]
        assert long[2] <= high <= long[3]


long_ranges = st.tuples(st.integers(0, 400), st.integers(1, 300)).map(
    lambda days: DateRange(DAY + timedelta(days=days[0]), DAY + timedelta(days=sum(days)))
)


@given(st.lists(st.lists(searches, min_size=1, max_size=2), min_size=1, max_size=2), ranges | long_ranges)
def test_every_range_that_is_found_touches_one_of_the_months_looked_in(criteria, found):
    if not all(any(value_matches(search, found) for search in values) for values in criteria):
        return
    looked_in = box([[ends(search) for search in values] for values in criteria]).month_forms()
    touched = month_forms(microseconds(found.low), microseconds(found.high))
    assert looked_in is None or set(looked_in) & set(touched)


@pytest.mark.parametrize(
    ("criteria", "months"),
    [(["2024-03-15"], 1), (["ge2024-03-15", "lt2024-04-15"], 2), (["2024"], 12), (["ge2023", "lt2025"], None),
     (["ge2024"], None), (["ne2024"], None)],
)  # fmt: skip
def test_the_months_of_a_year_at_most_are_looked_in(criteria, months):
    forms = box([[ends(parse_date(text))] for text in criteria]).month_forms()
    # The last is that of the dates that touch many; a bound in local time may lie in the month before.
    assert (None if forms is None else len(forms) - 1) in (months, None if months is None else months + 1)


def test_the_bounds_of_one_day_span_two_days_for_short_dates():
    day, following = (parse_date(text) for text in ("ge2024-03-15", "lt2024-03-16"))
    first, last, *_ = box([[ends(day)], [ends(following)]]).arguments()
    assert last - first == LONGEST_SHORT + 24 * 3_600 * 1_000_000


@pytest.mark.parametrize(("moment", "number"), [(EARLIEST, FIRST), (LATEST, LAST)])
def test_open_ends_are_the_bounds_of_the_column(moment, number):
    assert microseconds(moment) == number


def test_the_first_and_last_years_are_told_apart_from_open_ends():
    assert microseconds(datetime(1, 1, 2, tzinfo=UTC)) > FIRST
    assert microseconds(datetime(9999, 12, 30, tzinfo=UTC)) < LAST
