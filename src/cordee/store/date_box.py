"""Where the dates that a search looks for can begin and end: bounds that an index can use.

Most tests of a date look at one end of its range, which tells an index little: half of all sessions begin before any
given day. But nearly every date is a day or less, so its end tells where it began. Those dates are indexed apart from
the long ones (`index_values.LONGEST_SHORT`), and are looked for by where they begin, from both sides.

A date beside a code has no index that holds both, unless the date too is a term: so each date also says which months it
touches, and a search of a year or less asks for its months first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cordee.fhir.temporal import EARLIEST, LATEST
from cordee.store.index_values import FIRST, LAST, LONGEST_SHORT, MONTHLESS, month_forms

MOST_MONTHS = 13

DateTest = tuple[str, int, int]
"""A prefix of R4 search.html#prefix, and the searched range [low, high) in microseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Box:
    """Bounds, both included, of where a range begins and of where it ends, in microseconds since 1970."""

    first_low: int = FIRST
    last_low: int = LAST
    first_high: int = FIRST
    last_high: int = LAST

    def arguments(self) -> list[int]:
        """Bounds of the beginnings of short ranges, then of the beginnings and of the ends of long ones."""
        short, _ = self.beginnings()
        return [*short, self.first_low, self.last_low, self.first_high, self.last_high]

    def beginnings(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Bounds of where short ranges begin, and of where long ones do."""
        first = max(self.first_low, self.first_high - LONGEST_SHORT)
        return (first, min(self.last_low, self.last_high)), (self.first_low, self.last_low)

    def ends(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Bounds of where short ranges end, and of where long ones do."""
        last = min(self.last_high, self.last_low + LONGEST_SHORT)
        return (max(self.first_high, self.first_low), last), (self.first_high, self.last_high)

    def month_forms(self) -> tuple[str, ...] | None:
        """The forms of which each range inside of the box has one at least; None when they would be too many."""
        # Each test lets pass what ends after its first instant that counts and begins before the last.
        first, last = max(self.first_low, self.first_high), min(self.last_low, self.last_high)
        if first == FIRST or last == LAST:
            return None
        months = month_forms(first, max(last, first + 1), most=MOST_MONTHS)
        return None if months == (MONTHLESS,) else (*months, MONTHLESS)


def box(criteria: Sequence[Sequence[DateTest]]) -> Box:
    """The smallest box around the ranges that pass, for each criterion, one of its tests."""
    whole = Box()
    for tests in criteria:
        boxes = [_of(*test) for test in tests]
        whole = Box(
            max(whole.first_low, min(b.first_low for b in boxes)),
            min(whole.last_low, max(b.last_low for b in boxes)),
            max(whole.first_high, min(b.first_high for b in boxes)),
            min(whole.last_high, max(b.last_high for b in boxes)),
        )
    return whole


def instants(prefix: str, low: datetime, high: datetime) -> tuple[datetime, datetime]:
    """The instants, kept to the millisecond, that a test lets pass (for `ne`, does not): from the first to the second.

    Such an instant stands for its whole millisecond (`fhir.query_values.DateSearch` with rh = rl + 1 ms).
    """
    low_millisecond, high_millisecond = _floor(low), _floor(high)
    match prefix:
        case "gt":
            return high_millisecond, LATEST
        case "lt":
            return EARLIEST, low
        case "ge":
            return min(low, high_millisecond), LATEST
        case "le":
            return EARLIEST, max(low, high_millisecond)
        case "sa":
            return high, LATEST
        case "eb":
            return EARLIEST, low_millisecond
        case "ap":
            return low_millisecond, high
    return low, high_millisecond


def _floor(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _of(prefix: str, low: int, high: int) -> Box:
    """What `fhir.query_values.DateSearch` says of each prefix, less exactly: a range is never turned round."""
    match prefix:
        case "gt":
            return Box(first_high=high)
        case "lt":
            return Box(last_low=low)
        case "ge":
            return Box(first_high=low)
        case "le":
            return Box(last_low=high)
        case "sa":
            return Box(first_low=high, first_high=high)
        case "eb":
            return Box(last_low=low, last_high=low)
        case "ap":
            return Box(last_low=high, first_high=low)
        case "ne":
            return Box()
    return Box(low, high, low, high)
