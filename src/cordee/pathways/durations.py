"""Durations in calendar months, weeks and days, as ISO 8601 writes them (`P1M`, `P2Y`, `P6W`, `P10D`)."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

_DURATION = re.compile(r"P(?=\d)(?:(\d{1,2})Y)?(?:(\d{1,3})M)?(?:(\d{1,3})W)?(?:(\d{1,4})D)?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A positive length of time; months are calendar months, applied before days."""

    months: int
    days: int

    def __add__(self, other: "Duration") -> "Duration":
        return Duration(self.months + other.months, self.days + other.days)

    def after(self, start: date) -> date:
        """The day this long after `start`; the day of a month too short is its last (31 January + P1M)."""
        index = start.year * 12 + start.month - 1 + self.months
        year, month = divmod(index, 12)
        day = min(start.day, calendar.monthrange(year, month + 1)[1])
        return date(year, month + 1, day) + timedelta(days=self.days)

    def __str__(self) -> str:
        return (
            "P" + (f"{self.months}M" if self.months else "") + (f"{self.days}D" if self.days or not self.months else "")
        )


NO_TIME = Duration(0, 0)


def duration_of(text: str) -> Duration:
    """The duration written in ISO 8601 with years, months, weeks and days. Raises ValueError with the fix."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a duration: write P1M for a month, P6W for six weeks, P10D for ten days")
    years, months, weeks, days = (int(part or 0) for part in found.groups())
    duration = Duration(years * 12 + months, weeks * 7 + days)
    if duration == NO_TIME:
        raise ValueError(f"{text!r} lasts no time")
    return duration
