from datetime import UTC, datetime, timedelta

import pytest

from cordee.fhir.temporal import EARLIEST, LATEST, DateRange, approximately, date_range, period_range


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2024", utc(2023, 12, 31, 23), utc(2024, 12, 31, 23)),
        ("2024-02", utc(2024, 1, 31, 23), utc(2024, 2, 29, 23)),
        ("2024-12", utc(2024, 11, 30, 23), utc(2024, 12, 31, 23)),
        ("2024-07-14", utc(2024, 7, 13, 22), utc(2024, 7, 14, 22)),
    ],
)
def test_a_date_without_time_covers_its_whole_span_in_paris(text, low, high):
    assert date_range(text) == DateRange(low, high)


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25), ("2024-10-28", 24)])
def test_the_days_when_the_clocks_change_have_23_and_25_hours(day, hours):
    covered = date_range(day)
    assert covered.high - covered.low == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("text", "low", "width"),
    [
        ("2024-03-14T10:00:00+01:00", utc(2024, 3, 14, 9), timedelta(seconds=1)),
        ("2024-03-14T10:00:00Z", utc(2024, 3, 14, 10), timedelta(seconds=1)),
        ("2024-03-14T10:00:00.5Z", utc(2024, 3, 14, 10, 0, 0, 500_000), timedelta(milliseconds=100)),
        ("2024-03-14T10:00:00.250Z", utc(2024, 3, 14, 10, 0, 0, 250_000), timedelta(milliseconds=1)),
        (
            "2024-03-14T10:00:00.123456789Z",
            utc(2024, 3, 14, 10, 0, 0, 123_456),
            timedelta(microseconds=1),
        ),
        ("2024-03-14T10:00-05:00", utc(2024, 3, 14, 15), timedelta(minutes=1)),
        ("2024-07-14T10:00:00", utc(2024, 7, 14, 8), timedelta(seconds=1)),
    ],
)
def test_a_time_covers_what_its_precision_leaves_open(text, low, width):
    assert date_range(text) == DateRange(low, low + width)


def test_a_leap_second_is_read_as_the_second_before():
    assert date_range("2016-12-31T23:59:60Z") == date_range("2016-12-31T23:59:59Z")


@pytest.mark.parametrize("text", ["0001", "0001-01-01", "0001-01-01T00:00:00+14:00"])
def test_the_first_dates_of_the_calendar_begin_at_the_earliest_moment(text):
    assert date_range(text).low == EARLIEST


@pytest.mark.parametrize("text", ["9999", "9999-12", "9999-12-31", "9999-12-31T23:59:59.999999-14:00"])
def test_the_last_dates_of_the_calendar_end_at_the_latest_moment(text):
    assert date_range(text).high == LATEST


@pytest.mark.parametrize(
    "text",
    [
        "", "24", "2024-1", "2024-13", "2024-00", "2024-02-30", "2023-02-29", "14/07/2024", "2024-03-14T10",
        "2024-03-14T25:00:00Z", "2024-03-14T10:60:00Z", "2024-03-14T10:00:61Z", "2024-03-14T10:00:00+15:00",
        "2024-03-14T10:00:00 01:00", "2024-03-14 10:00", "0000", "٢٠٢٤", "2024\n",
    ],
)  # fmt: skip
def test_what_is_not_a_date_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        date_range(text)


def test_a_period_ends_with_the_end_of_its_last_day():
    assert period_range("2024-03-01", "2024-03-31") == date_range("2024-03")


def test_a_period_without_an_end_is_open_towards_the_future():
    assert period_range("2024-03-01", None) == DateRange(date_range("2024-03").low, LATEST)


def test_a_period_without_a_start_is_open_towards_the_past():
    assert period_range(None, "2024-03-31") == DateRange(EARLIEST, date_range("2024-03").high)


def test_a_period_given_the_wrong_way_round_is_turned():
    assert period_range("2024-03-31", "2024-03-01") == date_range("2024-03")


def test_an_approximate_date_reaches_as_far_again_on_each_side():
    exact = date_range("2024-03-14")
    assert approximately(exact) == DateRange(date_range("2024-03-13").low, date_range("2024-03-15").high)


def test_an_approximate_date_stays_within_the_calendar():
    assert approximately(date_range("9999")).high == LATEST
    assert approximately(date_range("0001")).low == EARLIEST
