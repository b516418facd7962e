"""FHIR dates, which may be partial, as local days (R4 datatypes.html#dateTime)."""

import calendar
import re
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from cordee.pathways.model import Validity


def first_day(text: str, zone: tzinfo) -> date:
    """The first local day a date or dateTime may mean: `2026-05` is 1 May. Raises ValueError."""
    if "T" in text:
        try:
            return _instant(text).astimezone(zone).date()
        except OverflowError as error:
            raise ValueError(f"{text} has no local day: it is out of the years 1 to 9999, correct the year") from error
    parts = [int(part) for part in text.split("-")]
    return date(*[*parts, 1, 1][:3])


def last_day(text: str, zone: tzinfo) -> date:
    """The last local day a date or dateTime may mean: `2026-05` is 31 May. Raises ValueError."""
    first = first_day(text, zone)
    match text.count("-") if "T" not in text else 2:
        case 0:
            return first.replace(month=12, day=31)
        case 1:
            return first.replace(day=calendar.monthrange(first.year, first.month)[1])
        case _:
            return first


def exact_day(text: str | None, zone: tzinfo) -> date | None:
    """The local day of a dateTime that names one, None for an absent or partial date."""
    if text is None or ("T" not in text and text.count("-") != _DASHES_OF_A_DAY):
        return None
    return first_day(text, zone)


def minutes_between(start: str | None, end: str | None) -> int | None:
    """Whole minutes between two dateTimes, None unless both have a time and are in order."""
    if start is None or end is None or "T" not in start or "T" not in end:
        return None
    seconds = (_instant(end) - _instant(start)).total_seconds()
    return int(seconds // 60) if seconds >= 0 else None


def validity_of(period: Mapping[str, Any], zone: tzinfo) -> Validity:
    """The local days of a Period, both included; no start is the beginning of time."""
    start, end = period.get("start"), period.get("end")
    return Validity(first_day(start, zone) if start else date.min, last_day(end, zone) if end else None)


_DASHES_OF_A_DAY = 2
_LEAP_SECOND = re.compile(r"(T\d\d:\d\d):60")


def _instant(text: str) -> datetime:
    # A leap second (60) has no datetime: it is read as the second before it.
    instant = datetime.fromisoformat(_LEAP_SECOND.sub(r"\1:59", text) if ":60" in text else text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has a time but no offset: write one, as in 2026-05-04T10:00:00+02:00")
    return instant
