"""Money as integer cents of euro; text and `Decimal` only at the edges, never a float."""

import re
from decimal import Decimal
from functools import lru_cache

NO_BREAK_SPACE = "\u00a0"

_KEPT = 16_384
"""Amounts whose text is kept: the same few come again in every claim of a run."""

_AMOUNT = re.compile(r"(?P<euros>\d{1,12})(?:[.,](?P<cents>\d{2}))? (?P<currency>[A-Z]{3}|€)", re.ASCII)
_PERCENT = re.compile(r"(?P<whole>\d{1,3})(?:[.,](?P<part>\d{1,2}))? ?%", re.ASCII)


def cents_of(text: str) -> int:
    """The cents of an amount written `1126.00 EUR`, `1126 EUR` or `1126,00 €`.

    Raises ValueError with the fix: another currency, one or more than two decimals, no currency.
    """
    found = _AMOUNT.fullmatch(text.strip().replace(NO_BREAK_SPACE, " "))
    if found is None:
        raise ValueError(f"{text!r} is not an amount: write euros, two decimals and the currency, as in 1126.00 EUR")
    if found["currency"] not in {"EUR", "€"}:
        raise ValueError(f"{text!r} is in {found['currency']}: amounts are in EUR, as in 1126.00 EUR")
    return int(found["euros"]) * 100 + int(found["cents"] or 0)


def basis_points_of(text: str) -> int:
    """The basis points (hundredths of one per cent) of a percentage written `15 %` or `12.5 %`.

    Raises ValueError with the fix: no sign, over 100 %, more than two decimals.
    """
    found = _PERCENT.fullmatch(text.strip().replace(NO_BREAK_SPACE, " "))
    if found is None:
        raise ValueError(f"{text!r} is not a percentage: write at most two decimals and the sign, as in 12.5 %")
    points = int(found["whole"]) * 100 + int((found["part"] or "0").ljust(2, "0"))
    if points > 10_000:
        raise ValueError(f"{text!r} is over 100 %")
    return points


@lru_cache(_KEPT)
def euros(cents: int) -> Decimal:
    """Cents as euros with exactly two decimals, the form FHIR `Money.value` is written in."""
    return Decimal(cents).scaleb(-2)


@lru_cache(_KEPT)
def in_french(cents: int) -> str:
    """`1 126,00 €`, with no-break spaces."""
    return f"{euros(cents):,.2f}".translate({ord(","): NO_BREAK_SPACE, ord("."): ","}) + f"{NO_BREAK_SPACE}€"


@lru_cache(_KEPT)
def in_english(cents: int) -> str:
    """`€1,126.00`."""
    return f"€{euros(cents):,.2f}" if cents >= 0 else f"-€{euros(-cents):,.2f}"


@lru_cache(_KEPT)
def percent_text(basis_points: int, decimal_mark: str = ".") -> str:
    """Basis points as a percentage without useless zeros: 1500 is `15 %`, 1250 is `12.5 %`."""
    text = f"{Decimal(basis_points).scaleb(-2):f}".rstrip("0").rstrip(".") if basis_points else "0"
    return text.replace(".", decimal_mark) + f"{NO_BREAK_SPACE}%"
