"""FHIR dates as ranges of time (R4 datatypes.html#date, #dateTime, #instant, #Period; search.html#date).

Every FHIR date stands for all the time its precision leaves open: `2024-03` is the whole of March, an instant
written to the second is that second. A range is half-open, `[low, high)`, in UTC, so that neighbouring ranges
never overlap and one comparison is enough at each end.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

# A date without a time has no offset. French structures count sessions, rights and forfaits in French legal
# days, so `2024-03-31` is that day in Paris; in UTC the first hour's sessions would fall on the day before.
# R4 asks for the server's local time zone here, and this is it wherever the server runs.
LOCAL_ZONE = ZoneInfo("Europe/Paris")

EARLIEST = datetime.min.replace(tzinfo=UTC)
"""The low end of a range that is open towards the past."""
LATEST = datetime.max.replace(tzinfo=UTC)
"""The high end of a range that is open towards the future."""

_DAY = timedelta(days=1)
_LONGEST_REMEMBERED = 128
_FORM = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]+))?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)


@dataclass(frozen=True, slots=True)
class DateRange:
    """The time from `low` (included) to `high` (excluded), in UTC; open ends are `EARLIEST` and `LATEST`."""

    low: datetime
    high: datetime


def date_range(text: str) -> DateRange:
    """The time that a FHIR date, dateTime or instant stands for.

    The seconds and the offset may be missing, as in search values (R4 search.html#date); without an offset
    the time is read in `LOCAL_ZONE`. A fraction of a second finer than the microsecond is cut there.

    Raises ValueError when `text` is not a date, with what is wrong.
    """
    return _remembered_range(text) if len(text) <= _LONGEST_REMEMBERED else _range(text)


def _range(text: str) -> DateRange:
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("not of the form YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz")
    year_digits, month, day, hour, minute, second, fraction, offset = found.groups()
    year = int(year_digits)
    if month is None:
        return DateRange(_midnight(year, 1, 1), _midnight(year + 1, 1, 1))
    if day is None:
        following = (year + 1, 1) if month == "12" else (year, int(month) + 1)
        return DateRange(_midnight(year, int(month), 1), _midnight(*following, 1))
    if hour is None:
        start = datetime(year, int(month), int(day), tzinfo=LOCAL_ZONE)
        # Added on the calendar: the days when the clocks change have 23 or 25 hours.
        return DateRange(_utc(start), LATEST if start.date() == LATEST.date() else _utc(start + _DAY))
    if second is None:
        width = timedelta(minutes=1)
    elif fraction is None:
        width = timedelta(seconds=1)
    else:
        width = timedelta(microseconds=10 ** (6 - len(fraction[:6])))
    low = _utc(
        datetime(
            year,
            int(month),
            int(day),
            int(hour),
            int(minute),
            _second(second),
            int(fraction[:6].ljust(6, "0")) if fraction else 0,
            tzinfo=_zone(offset),
        )
    )
    return DateRange(low, low + width if LATEST - low > width else LATEST)


_remembered_range = lru_cache(maxsize=8192)(_range)


def period_range(start: str | None, end: str | None) -> DateRange:
    """The time of a Period: from the beginning of `start` to the end of `end`; None leaves that side open.

    `end` is inclusive: a period that ends on `2024-03-31` holds all of that day (R4 datatypes.html#Period).
    Ends given the wrong way round are turned. Raises ValueError when either is not a date.
    """
    first = date_range(start) if start is not None else None
    last = date_range(end) if end is not None else None
    if first and last:
        return DateRange(min(first.low, last.low), max(first.high, last.high))
    return DateRange(first.low if first else EARLIEST, last.high if last else LATEST)


def approximately(exact: DateRange) -> DateRange:
    """The range that the prefix `ap` gives a date: as much again on each side as the date's own precision.

    R4 leaves the width to the server, and suggests a share of the time until now. A fixed width keeps links
    to results stable and needs no clock: `ap2024-03-14` is 13 to 15 March, `ap2024` is 2023 to 2025.
    """
    width = exact.high - exact.low
    low = exact.low - width if exact.low - EARLIEST > width else EARLIEST
    high = exact.high + width if LATEST - exact.high > width else LATEST
    return DateRange(low, high)


def _midnight(year: int, month: int, day: int) -> datetime:
    if year > LATEST.year:
        return LATEST
    return _utc(datetime(year, month, day, tzinfo=LOCAL_ZONE))


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return EARLIEST if moment.year == EARLIEST.year else LATEST


def _second(digits: str | None) -> int:
    # A leap second (60) has no datetime: it is read as the second before it.
    return 59 if digits == "60" else int(digits or 0)


def _zone(offset: str | None) -> tzinfo:
    if offset is None:
        return LOCAL_ZONE
    if offset == "Z":
        return UTC
    hours, minutes = int(offset[1:3]), int(offset[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError(f"the offset {offset} is out of range (-14:00 to +14:00)")
    delta = timedelta(hours=hours, minutes=minutes)
    return timezone(-delta if offset[0] == "-" else delta)
