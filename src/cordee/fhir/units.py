"""Units of measure (UCUM 2.2, ucum.org): what a code means in base units, exactly.

A code is read by UCUM's grammar into a factor, which is a fraction, and a dimension. Two quantities may be compared
when their dimensions are the same. Temperatures also have an offset. The other special units (pH, logarithms, slopes)
and the arbitrary ones ([IU]) are dimensions of their own, as UCUM has it for the latter: they are comparable with
themselves alone. What stands between braces counts for nothing.

`data/ucum/units.json` is made by `python -m tools.units` from the table that UCUM publishes (ucum-essence.xml). The
UCUM table, codes and definitions are copyright Regenstrief Institute and the UCUM Organization, and come as they are,
without any warranty.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

import orjson

UCUM: Final = "http://unitsofmeasure.org"

Dimension = tuple[tuple[str, int], ...]
"""Base units and their exponents, sorted."""

LONGEST_CODE: Final = 100
MOST_EXPONENT: Final = 40
_LARGEST: Final = 400
"""The exponent of ten beyond which no quantity is converted: whole numbers of millions of digits would be computed."""
_DIGITS: Final = Context(prec=60)
"""What a third becomes. Rounding keeps the order of numbers, and both what is stored and what is asked for go through
it, so that at most two numbers alike in 60 digits are taken for one."""

_SIMPLE = re.compile(
    r"(?P<atom>10[*^]|(?:\[[^\[\]]*\]|[^\s\[\](){}./+\-0-9])+)(?P<exponent>[+-]?[1-9][0-9]*)?|(?P<factor>[1-9][0-9]*)"
)
_ANNOTATION = re.compile(r"\{[!-z|~]*\}")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a code means: `value × factor + offset` in the base units of `dimension`."""

    factor: Fraction
    dimension: Dimension
    offset: Fraction = Fraction(0)

    def convert(self, value: Decimal) -> Decimal | None:
        """The value in base units; None for one too large, or too near to nothing."""
        if value and not -_LARGEST < value.adjusted() < _LARGEST:
            return None
        exact = Fraction(value) * self.factor + self.offset
        return _DIGITS.divide(Decimal(exact.numerator), Decimal(exact.denominator))


@dataclass(frozen=True, slots=True)
class Atom:
    """A unit of UCUM's table; a `special` one stands alone, without prefix nor exponent."""

    unit: Unit
    metric: bool
    special: bool = False


class UnknownUnit(ValueError):
    """A text that is no unit of UCUM, or one that isn't converted; the message says why."""


@dataclass(frozen=True, slots=True)
class UnitTable:
    """The prefixes and the units that codes are made of."""

    prefixes: Mapping[str, Fraction]
    atoms: Mapping[str, Atom]

    def read(self, code: str) -> Unit:
        """The unit of a code; raises `UnknownUnit`."""
        if not code or len(code) > LONGEST_CODE:
            raise UnknownUnit(f"a unit has 1 to {LONGEST_CODE} characters")
        alone = self.atoms.get(code)
        if alone is not None:
            return alone.unit
        return _Reader(self, code).unit()

    def atom(self, name: str) -> Unit:
        """A unit of the table, or one of the metric ones with a prefix; raises `UnknownUnit`."""
        known = self.atoms.get(name)
        if known is not None and not known.special:
            return known.unit
        for prefix, factor in self.prefixes.items():
            if name.startswith(prefix):
                known = self.atoms.get(name[len(prefix) :])
                if known is not None and known.metric and not known.special:
                    return Unit(known.unit.factor * factor, known.unit.dimension)
        raise UnknownUnit(f"{name!r} is not a unit of UCUM that can be part of another")


@lru_cache(maxsize=4096)
def find_unit(code: str) -> Unit | None:
    """The unit of a code; None for a text that is no unit of UCUM, or one that isn't converted."""
    try:
        return unit_table().read(code)
    except UnknownUnit:
        return None


@cache
def unit_table() -> UnitTable:
    """The table of UCUM, read once."""
    data = orjson.loads((files("cordee.fhir") / "data" / "ucum" / "units.json").read_bytes())
    return UnitTable(
        {name: Fraction(value) for name, value in data["prefixes"].items()},
        {
            name: Atom(
                Unit(Fraction(row["factor"]), _dimension(row["dimension"]), Fraction(row.get("offset", 0))),
                row["metric"],
                row.get("special", False),
            )
            for name, row in data["atoms"].items()
        },
    )


def _dimension(exponents: Mapping[str, int]) -> Dimension:
    return tuple(sorted((base, exponent) for base, exponent in exponents.items() if exponent))


def product(one: Unit, other: Unit, exponent: int = 1) -> Unit:
    """`one` times `other` to the power of `exponent`."""
    exponents = dict(one.dimension)
    for base, own in other.dimension:
        exponents[base] = exponents.get(base, 0) + own * exponent
    return Unit(one.factor * other.factor**exponent, _dimension(exponents))


_ONE: Final = Unit(Fraction(1), ())


class _Reader:
    """Recursive descent over one code (ucum.org, section 2.1 and the table of its grammar)."""

    def __init__(self, table: UnitTable, code: str) -> None:
        self._table = table
        self._code = code
        self._next = 0

    def unit(self) -> Unit:
        found = self._main()
        if self._next < len(self._code):
            raise UnknownUnit(f"{self._code[self._next :]!r} is left over")
        if not -_LARGEST < _magnitude(found.factor) < _LARGEST:
            raise UnknownUnit("the unit is too large or too small")
        return found

    def _main(self) -> Unit:
        if self._take("/"):
            return self._term(product(_ONE, self._component(), -1))
        return self._term(self._component())

    def _term(self, first: Unit) -> Unit:
        found = first
        while True:
            if self._take("."):
                found = product(found, self._component())
            elif self._take("/"):
                found = product(found, self._component(), -1)
            else:
                return found

    def _component(self) -> Unit:
        if self._take("("):
            found = self._main()
            if not self._take(")"):
                raise UnknownUnit("a parenthesis is not closed")
        else:
            found = _ONE if self._annotation() else self._simple()
        self._annotation()
        return found

    def _simple(self) -> Unit:
        read = _SIMPLE.match(self._code, self._next)
        if read is None:
            raise UnknownUnit(f"{self._code[self._next :]!r} is not a unit")
        self._next = read.end()
        if read["factor"]:
            return Unit(Fraction(int(read["factor"])), ())
        exponent = int(read["exponent"] or 1)
        if abs(exponent) > MOST_EXPONENT:
            raise UnknownUnit(f"an exponent beyond {MOST_EXPONENT}")
        return product(_ONE, self._table.atom(read["atom"]), exponent)

    def _annotation(self) -> bool:
        read = _ANNOTATION.match(self._code, self._next)
        if read is not None:
            self._next = read.end()
        return read is not None

    def _take(self, sign: str) -> bool:
        if not self._code.startswith(sign, self._next):
            return False
        self._next += 1
        return True


def _magnitude(factor: Fraction) -> int:
    return len(str(factor.numerator)) - len(str(factor.denominator))
