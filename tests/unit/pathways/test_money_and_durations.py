from datetime import date
from decimal import Decimal

import pytest

from cordee.pathways.durations import Duration, duration_of
from cordee.pathways.money import basis_points_of, cents_of, euros, in_english, in_french, percent_text


@pytest.mark.parametrize("text", ["1126.00 EUR", "1126 EUR", "1126,00 €", "1126,00\u00a0€"])
def test_an_amount_is_read_as_cents(text: str) -> None:
    assert cents_of(text) == 112_600


@pytest.mark.parametrize("text", ["1126.00", "1 126.00 EUR", "-1.00 EUR", "1.5 EUR", "1.00 GBP", "1e3 EUR", "١ EUR"])
def test_a_doubtful_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="EUR"):
        cents_of(text)


@pytest.mark.parametrize(("text", "points"), [("15 %", 1_500), ("12.5 %", 1_250), ("0,05%", 5), ("100 %", 10_000)])
def test_a_percentage_is_read_as_basis_points(text: str, points: int) -> None:
    assert basis_points_of(text) == points


def test_cents_are_shown_with_two_decimals() -> None:
    assert str(euros(22_520)) == "225.20"
    assert euros(0) == Decimal("0.00")
    assert in_french(112_600) == "1\u00a0126,00\u00a0€"
    assert (in_english(112_600), in_english(-5)) == ("€1,126.00", "-€0.05")
    assert [percent_text(points) for points in (1_500, 1_250, 5, 0, 10_000)] == [
        f"{text}\u00a0%" for text in ("15", "12.5", "0.05", "0", "100")
    ]


@pytest.mark.parametrize(
    ("text", "duration"),
    [("P1M", Duration(1, 0)), ("P2Y", Duration(24, 0)), ("P6W", Duration(0, 42)), ("P1M10D", Duration(1, 10))],
)
def test_a_duration_is_read_in_months_and_days(text: str, duration: Duration) -> None:
    assert duration_of(text) == duration
    assert duration_of(str(duration)) == duration


@pytest.mark.parametrize("text", ["", "P", "1M", "P1H", "PT1H", "P0D", "P-1M"])
def test_a_doubtful_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|no time"):
        duration_of(text)


def test_a_month_too_short_gives_its_last_day() -> None:
    assert Duration(1, 0).after(date(2027, 1, 31)) == date(2027, 2, 28)
    assert Duration(13, 1).after(date(2026, 12, 31)) == date(2028, 2, 1)
