"""Units of UCUM: read as its grammar has it, converted exactly; ucumvert reads them too."""

import csv
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ucumvert import PintUcumRegistry, get_ucum_parser, parse_ucum

from cordee.fhir.converted_quantities import converted_search, converted_value
from cordee.fhir.query_values import parse_quantity
from cordee.fhir.search_value_types import QuantityValue
from cordee.fhir.units import UCUM, find_unit

PARSER = get_ucum_parser()
REGISTRY = PintUcumRegistry()
BASES = {"m", "s", "g", "rad", "K", "C", "cd"}
NOT_UCUM = {"Torr"}


def examples():
    with (files("ucumvert") / "vendor" / "ucum_examples.tsv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    return [row[1] for row in rows[1:] if len(row) > 1]


def same(one, other):
    (value, code), (second, other_code) = one, other
    first, last = find_unit(code), find_unit(other_code)
    return first.dimension == last.dimension and first.convert(Decimal(value)) == last.convert(Decimal(second))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("5.4", "mg"), ("0.0054", "g")), (("37", "Cel"), ("98.6", "[degF]")), (("0", "Cel"), ("273.15", "K")),
        (("1", "/min"), ("60", "/h")), (("1", "N"), ("1", "kg.m/s2")), (("1", "N"), ("1", "kg.m.s-2")),
        (("120", "mm[Hg]"), ("15.99864", "kPa")), (("5", "mmol/L"), ("5", "mol/m3")),
        (("1", "[lb_av]"), ("453.59237", "g")),
        (("4.5", "10*12/L"), ("4.5", "10*6/uL")), (("1", "10*3"), ("1", "10^3")), (("3", "{rbc}/uL"), ("3", "/uL")),
        (("100", "%"), ("1", "1")), (("1", "k[IU]/L"), ("1", "[IU]/mL")), (("1", "[in_i]"), ("2.54", "cm")),
        (("1", "a"), ("365.25", "d")), (("1", "dar"), ("0.1", "ar")), (("2", "g/(8.h){shift}"), ("0.25", "g/h")),
    ],
)  # fmt: skip
def test_the_same_quantity_is_the_same_in_any_unit(one, other):
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("mg", "m"), ("[IU]", "[arb'U]"), ("[pH]", "mol/L"), ("Cel", "[pH]"), ("B[V]", "V"), ("[IU]", "1"), ("m", "m2")],
)
def test_what_measures_something_else_is_not_comparable(one, other):
    assert find_unit(one).dimension != find_unit(other).dimension


@pytest.mark.parametrize(
    "code",
    ["", "mG!", "kk", "m g", "Celsius", "mCel", "Cel/m", "Cel2", "m..s", "m/", "(m", "m)", "0", "10*999", "m99",
     "{", ".".join(["10*40"] * 12), "(" * 90, "é", "\N{MICRO SIGN}g", "mg\n"],
)  # fmt: skip
def test_what_is_no_unit_or_cannot_be_converted_is_none(code):
    assert find_unit(code) is None


def test_every_example_of_ucum_is_read_unless_it_is_special():
    codes = examples()
    assert len(codes) > 200
    assert {code for code in codes if find_unit(code) is None} == NOT_UCUM


PARTS = [*"mskgLu./()2-{}*[]", "mol", "[IU]", "10*", "{a}", "da", "%", "mm[Hg]"]


@given(st.lists(st.sampled_from(PARTS), max_size=6).map("".join))
def test_what_is_read_is_what_ucumvert_reads(code):
    if "22" in code or "2-2" in code:
        return  # ucumvert takes exponents of any size, and raises numbers to them, which the grammar of UCUM doesn't
    try:
        parse_ucum(code, PARSER)
    except Exception:  # lark's, of several kinds
        assert find_unit(code) is None
    else:
        assert find_unit(code) is not None


def test_factors_are_those_that_pint_computes():
    compared = 0
    for code in examples():
        unit = find_unit(code)
        if (
            unit is None
            or unit.offset
            or {name for name, _ in unit.dimension} - BASES
            or "{" in code
            or "[LPF]" in code
        ):
            continue
        theirs = REGISTRY.from_ucum(code)
        if "substance" in str(theirs.dimensionality):
            continue  # a mole is a number to UCUM, and a base unit to pint
        base = REGISTRY.from_ucum(".".join(f"{name}{exponent}" for name, exponent in unit.dimension) or "m/m")
        ratio = float((theirs / base).to_base_units().magnitude)
        # pint takes measured constants, such as the weight of mercury, a little differently than UCUM does.
        assert float(unit.factor) == pytest.approx(ratio, rel=1e-2), code
        compared += 1
    assert compared > 200


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9),
       st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9),
       st.sampled_from(["[degF]", "/min", "mg", "[lb_av]", "deg", "mo", "mm[Hg]"]))  # fmt: skip
def test_conversion_keeps_the_order_of_numbers(one, other, code):
    unit = find_unit(code)
    assert (one < other) == (unit.convert(one) < unit.convert(other))
    assert Fraction(unit.convert(Decimal(0))) == unit.offset or unit.offset.denominator % 3 == 0


@pytest.mark.parametrize("number", ["1e999", "1e-999"])
def test_a_number_too_large_or_too_small_is_compared_in_its_own_unit(number):
    assert converted_search(parse_quantity(f"{number}|{UCUM}|mg")) is None
    assert converted_value(QuantityValue(Decimal(number), None, UCUM, "mg", None)) is None


def test_only_the_system_of_ucum_is_converted():
    assert converted_search(parse_quantity("1|http://a.example|mg")) is None
    assert converted_search(parse_quantity("1||mg")) is None
    assert converted_search(parse_quantity(f"1|{UCUM}|nonsense")) is None
