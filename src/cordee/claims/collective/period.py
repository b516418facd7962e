"""The period a collective amount is for, as people write it: a year, a quarter, a month."""

import calendar
import re
from dataclasses import dataclass
from datetime import date

from cordee.pathways.durations import Duration
from cordee.pathways.model import Validity

_PERIOD = re.compile(r"(?P<year>\d{4})(?:-(?:Q(?P<quarter>[1-4])|(?P<month>\d{2})))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class BillingPeriod:
    """A calendar year, quarter or month, as `2026`, `2026-Q3` or `2026-07`."""

    code: str
    first: date
    last: date
    length: Duration

    @property
    def days(self) -> Validity:
        """Its days, both ends included."""
        return Validity(self.first, self.last)


def period_of(code: str) -> BillingPeriod:
    """The period written `2026`, `2026-Q3` or `2026-07`. Raises ValueError with the fix."""
    found = _PERIOD.fullmatch(code.strip())
    refusal = f"{code!r} is not a period: write 2026 for a year, 2026-Q3 for a quarter, 2026-07 for a month"
    if found is None or not int(found["year"]):
        raise ValueError(refusal)
    months, month = 12, 1
    if found["quarter"]:
        months, month = 3, int(found["quarter"]) * 3 - 2
    elif found["month"]:
        months, month = 1, int(found["month"])
        if not 1 <= month <= 12:
            raise ValueError(refusal)
    year, end = int(found["year"]), month + months - 1
    last = date(year, end, calendar.monthrange(year, end)[1])
    return BillingPeriod(found[0], date(year, month, 1), last, Duration(months, 0))
