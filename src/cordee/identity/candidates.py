"""The searches that find who could be somebody: few, each by an index, none by going through all patients."""

from collections.abc import Iterable
from dataclasses import dataclass

from cordee.fhir.query import Criterion, Search
from cordee.fhir.query_values import DateSearch, StringSearch, TokenSearch
from cordee.fhir.temporal import date_range
from cordee.identity.comparison import is_conventional
from cordee.identity.traits import Identity
from cordee.pathways.model import Label

MOST_FOUND = 100
"""Candidates that one search may bring."""

MOST_WORDS = 20
"""Names, or first names, that one search looks for."""

SHORTEST_PART = 3
"""Of a compound name: «de» alone finds everybody."""

_MONTH, _DAY = 7, 10


@dataclass(frozen=True, slots=True)
class Lookup:
    """One search. Where it finds more than `MOST_FOUND`, the `narrower` ones are asked in its place."""

    by: Label
    wanted: Search
    narrower: tuple[Search, ...] = ()


def lookups(identity: Identity) -> tuple[Lookup, ...]:
    """The searches for the records that could be `identity`, in the order of what they are worth."""
    names, given = _names(identity), _given(identity)
    made = []
    if numbers := sorted(identity.ins | identity.identifiers):
        made.append(Lookup(Label("les identifiants", "the identifiers"), _patients(_identifiers(numbers))))
    if days := _days(identity.birth_date):
        narrower = tuple(_patients(one, days) for one in (names, given) if one is not None)
        made.append(Lookup(Label("la date de naissance", "the birth date"), _patients(days), narrower))
    about = _about(identity.birth_date)
    if names and about and (not days or is_conventional(identity.birth_date)):
        narrower = (_patients(names, given, about),) if given else ()
        by = Label("le nom et l'année de naissance", "the name and the year of birth")
        made.append(Lookup(by, _patients(names, about), narrower))
    if names and given:
        narrower = (_patients(names, given, about),) if about else ()
        made.append(
            Lookup(Label("le nom et le prénom", "the name and the first name"), _patients(names, given), narrower)
        )
    return tuple(made)


def _patients(*criteria: Criterion) -> Search:
    return Search("Patient", criteria)


def _identifiers(numbers: Iterable[tuple[str, str]]) -> Criterion:
    return Criterion("identifier", None, tuple(TokenSearch(system, value, False) for system, value in numbers))


def _names(identity: Identity) -> Criterion | None:
    """The names as they are, and each part of those that are compound."""
    whole = sorted(identity.names)
    parts = [part for name in whole for part in name.split() if len(part) >= SHORTEST_PART]
    return _texts("family", [*whole, *parts])


def _given(identity: Identity) -> Criterion | None:
    return _texts("given", [*identity.birth_given, *sorted(identity.used_given)])


def _texts(code: str, texts: list[str]) -> Criterion | None:
    values = tuple(StringSearch(text, text) for text in list(dict.fromkeys(texts))[:MOST_WORDS])
    return Criterion(code, None, values) if values else None


def _days(birth_date: str) -> Criterion | None:
    """The day, and the one that is written with day and month in each other's place; None unless the day is known."""
    if len(birth_date) < _DAY:
        return None
    days = dict.fromkeys([birth_date, f"{birth_date[:4]}-{birth_date[8:]}-{birth_date[5:7]}"])
    return Criterion("birthdate", None, tuple(_on(day) for day in days if day == birth_date or day[5:7] <= "12"))


def _about(birth_date: str) -> Criterion | None:
    """The month where that is all that is known, else the year."""
    if not birth_date:
        return None
    return Criterion("birthdate", None, (_on(birth_date[: 7 if len(birth_date) == _MONTH else 4]),))


def _on(written: str) -> DateSearch:
    days = date_range(written)
    return DateSearch("eq", days.low, days.high, written)
