"""Quantities in base units, so that 5.4 mg is found as 0.0054 g: both what is stored and what is asked for.

Only what is in a unit of UCUM, by its system and code, is converted (`units`).
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from cordee.fhir.query_values import NumberSearch, QuantitySearch
from cordee.fhir.search_value_types import QuantityValue
from cordee.fhir.units import UCUM, Dimension, Unit, find_unit

_MOST_DIGITS_REMEMBERED = 30


@dataclass(frozen=True, slots=True)
class ConvertedSearch:
    """The number looked for, with the range that its precision implies, in base units."""

    number: NumberSearch
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class ConvertedValue:
    """A value in base units; None is an open end."""

    low: Decimal | None
    high: Decimal | None
    dimension: Dimension


def converted_search(search: QuantitySearch) -> ConvertedSearch | None:
    """What is looked for in base units; None where it is compared in the very unit it is written in."""
    unit = _unit(search.system, search.code)
    if unit is None:
        return None
    number = search.number
    low, high, value = unit.convert(number.low), unit.convert(number.high), unit.convert(number.value)
    if low is None or high is None or value is None:
        return None
    return ConvertedSearch(replace(number, low=low, high=high, value=value), unit.dimension)


def converted_value(value: QuantityValue) -> ConvertedValue | None:
    """A value in base units; None where it can't be converted."""
    if value.system != UCUM:
        return None
    return _remembered_value(value) if _is_short(value) else _value(value)


def _is_short(value: QuantityValue) -> bool:
    """Whether it takes little memory to remember."""
    return all(end is None or len(end.as_tuple().digits) <= _MOST_DIGITS_REMEMBERED for end in (value.low, value.high))


def _value(value: QuantityValue) -> ConvertedValue | None:
    unit = _unit(value.system, value.code)
    if unit is None:
        return None
    ends = [None if end is None else unit.convert(end) for end in (value.low, value.high)]
    if (ends[0] is None) is not (value.low is None) or (ends[1] is None) is not (value.high is None):
        return None
    return ConvertedValue(ends[0], ends[1], unit.dimension)


# One measurement is indexed under several parameters, and the same numbers come again; exact conversion is slow.
_remembered_value = lru_cache(maxsize=8_192)(_value)


def _unit(system: str | None, code: str | None) -> Unit | None:
    return find_unit(code) if system == UCUM and code is not None else None
