"""The values of a return file, as caisses and spreadsheets write them: amounts, days, codes.

Each reader raises ValueError with what is wrong and what to write instead.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import TypeVar

_EURO = re.compile(r" ?(?:€|EUR)$", re.IGNORECASE)
_PLAIN = re.compile(r"(?P<euros>\d{1,12})(?:[.,](?P<cents>\d{1,2}))?", re.ASCII)
_GROUPED = re.compile(r"(?P<euros>\d{1,3}(?: \d{3}){1,3})(?:[.,](?P<cents>\d{1,2}))?", re.ASCII)
_ISO_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_FRENCH_DAY = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)

_Kind = TypeVar("_Kind", bound=str)


def read_amount(text: str) -> int:
    """The cents of `1126.00`, `1126,5` or `1 126,00 €`; the decimal mark is a point or a comma."""
    number = _EURO.sub("", text)
    found = _PLAIN.fullmatch(number) or _GROUPED.fullmatch(number)
    if found is not None:
        return int(found["euros"].replace(" ", "")) * 100 + int((found["cents"] or "0").ljust(2, "0"))
    if number.startswith(("-", "(", "\u2212")):
        raise ValueError(f"{text!r} est négatif ; le type de la ligne dit le sens, le montant est positif")
    if re.fullmatch(r"[\d ]+[.,]\d{3,}", number):
        raise ValueError(f"{text!r} a plus de deux décimales ; écrire des euros et des centimes, comme 1126,00")
    if re.search(r"[A-Za-z$£]", number) and not re.search(r"\dE[+-]?\d", number, re.IGNORECASE):
        raise ValueError(f"{text!r} n'est pas en euros, seule monnaie acceptée ; écrire par exemple 1126,00")
    raise ValueError(f"{text!r} n'est pas un montant ; écrire par exemple 1126,00")


def read_day(text: str) -> date:
    """The day of `2026-09-30`, or of `30/09/2026` as a French spreadsheet saves it."""
    if iso := _ISO_DAY.fullmatch(text):
        year, month, day = map(int, iso.groups())
    elif french := _FRENCH_DAY.fullmatch(text):
        day, month, year = map(int, french.groups())
    else:
        raise ValueError(f"{text!r} n'est pas un jour ; écrire 2026-09-30 ou 30/09/2026")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"{text!r} n'est pas un jour du calendrier") from None


def read_currency(text: str) -> None:
    """Raises unless it is the euro."""
    if text.upper() not in {"EUR", "€"}:
        raise ValueError(f"{text!r} : seul l'euro est accepté ; écrire EUR")


def read_party(text: str) -> str:
    """An identifier, `system|value`."""
    system, bar, value = text.partition("|")
    if not (bar and system and value):
        raise ValueError(f"{text!r} n'est pas un identifiant ; écrire système|valeur, comme dans le bordereau")
    return text


def read_code(text: str, words: Mapping[_Kind, str]) -> _Kind:
    """The code that a word stands for, whatever its case; the code itself is accepted too."""
    for code, word in words.items():
        if text.casefold() in {word.casefold(), code.casefold()}:
            return code
    raise ValueError(f"{text!r} est inconnu ; écrire {', '.join(words.values())}")
