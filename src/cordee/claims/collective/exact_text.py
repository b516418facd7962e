"""Exact numbers in words: decimals as such, other ratios as fractions."""

from decimal import Decimal
from fractions import Fraction

from cordee.pathways.model import Label
from cordee.pathways.money import NO_BREAK_SPACE


def decimal_label(number: Fraction) -> Label:
    """A number written exactly: `12,5` and `12.5`, or `2/3` when its decimals never end."""
    text = _decimal_text(number)
    return Label(text.replace(".", ","), text)


def euros_label(euros: Fraction) -> Label:
    """An exact number of euros, with two decimals or as many as it has: `30,00 €` and `€30.00`."""
    text = _decimal_text(euros)
    if "/" not in text:
        whole, _, part = text.partition(".")
        text = f"{whole}.{part.ljust(2, '0')}"
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    return Label(f"{text.replace('.', ',')}{NO_BREAK_SPACE}€", f"{sign}€{digits}")


def _decimal_text(number: Fraction) -> str:
    denominator = number.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator != 1:
        return f"{number.numerator}/{number.denominator}"
    places = 0
    while number.denominator != 1 and 10**places % number.denominator:
        places += 1
    return f"{Decimal(number.numerator * 10**places // number.denominator).scaleb(-places):f}"
