"""The primitive types: formats and ranges (R4 datatypes.html#primitive), and what to say of a wrong value."""

import binascii
import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from types import MappingProxyType
from typing import Any, Final

from cordee.fhir.validation.narrative import narrative_problem
from cordee.fhir.validation.problems import Code, Problem, kind_of, quoted

MAX_STRING: Final = 1024 * 1024
MAX_INTEGER: Final = 2**31 - 1
MIN_INTEGER: Final = -(2**31)
MONTHS_OF_31_DAYS: Final = frozenset({"01", "03", "05", "07", "08", "10", "12"})

_YEAR = r"(?!0000)[0-9]{4}"
_MONTH = r"(?:0[1-9]|1[0-2])"
_DAY = r"(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_OFFSET = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

DATE: Final = re.compile(rf"{_YEAR}(?:-{_MONTH}(?:-{_DAY})?)?")
DATE_TIME: Final = re.compile(rf"{_YEAR}(?:-{_MONTH}(?:-{_DAY}(?:T{_TIME}{_OFFSET})?)?)?")
INSTANT: Final = re.compile(rf"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_OFFSET}")
LOCAL_DATE_TIME: Final = re.compile(rf"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}")
TIME: Final = re.compile(_TIME)
ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# Blanks are those of XML, as in the schema of the standard: a no-break space is none.
CODE: Final = re.compile(r"[^\x00- \ud800-\udfff]+(?:[\t\n\r ][^\x00- \ud800-\udfff]+)*")
URI: Final = re.compile(r"[^\x00- \ud800-\udfff]+")
OID: Final = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+")
UUID: Final = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Lone surrogates are no Unicode text and can't be stored as UTF-8.
FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive type: `json_type` is string, number or boolean; `accepts` judges a value of any JSON kind.

    `match`, when there is one, accepts the same strings, but for the days that don't exist when it is
    `dated`. `expected` completes the sentence «… is expected».
    """

    name: str
    json_type: str
    accepts: Callable[[Any], bool]
    expected: str
    match: Callable[[str], object] | None = None
    dated: bool = False


def is_text(value: Any) -> bool:
    """A string of 1 to 1,048,576 characters, with no control character but tab, CR and LF."""
    return (
        type(value) is str and 0 < len(value) <= MAX_STRING and (value.isprintable() or FORBIDDEN.search(value) is None)
    )


def real_day(text: str) -> bool:
    """False if `text`, already a well-formed date or dateTime, names a day its month doesn't have."""
    if len(text) < 10 or text[8:10] < "29" or text[5:7] in MONTHS_OF_31_DAYS:
        return True
    return int(text[8:10]) <= monthrange(int(text[:4]), int(text[5:7]))[1]


def _is_base64(value: Any) -> bool:
    if type(value) is not str or not value:
        return False
    try:
        # Blanks are allowed between groups; joining without them also leaves only ASCII to decode.
        return bool(binascii.a2b_base64("".join(value.split()), strict_mode=True))
    except ValueError:
        return False


def _integer_between(low: int, high: int) -> Callable[[Any], bool]:
    def accepts(value: Any) -> bool:
        return type(value) is int and low <= value <= high

    return accepts


def _is_decimal(value: Any) -> bool:
    kind = type(value)
    return kind is int or (kind is float and isfinite(value)) or (kind is Decimal and value.is_finite())


def _is_boolean(value: Any) -> bool:
    return value is True or value is False


def _is_xhtml(value: Any) -> bool:
    return type(value) is str and narrative_problem(value) is None


def _pattern(name: str, pattern: re.Pattern[str], expected: str) -> Primitive:
    match = pattern.fullmatch
    return Primitive(name, "string", lambda v: type(v) is str and match(v) is not None, expected, match)


def _dated(name: str, pattern: re.Pattern[str], expected: str) -> Primitive:
    match = pattern.fullmatch

    def accepts(value: Any) -> bool:
        return type(value) is str and match(value) is not None and real_day(value)

    return Primitive(name, "string", accepts, expected, match, dated=True)


_DATE_EXAMPLES = "such as 2026, 2026-03 or 2026-03-31"
_INSTANT_EXAMPLE = "such as 2026-03-31T09:30:00+02:00"

PRIMITIVES: Final[Mapping[str, Primitive]] = MappingProxyType(
    {
        p.name: p
        for p in (
            Primitive("string", "string", is_text, "a string that isn't empty"),
            Primitive("markdown", "string", is_text, "a markdown text that isn't empty"),
            Primitive("boolean", "boolean", _is_boolean, "true or false"),
            Primitive("integer", "number", _integer_between(MIN_INTEGER, MAX_INTEGER), "a whole number of 32 bits"),
            Primitive(
                "unsignedInt",
                "number",
                _integer_between(0, MAX_INTEGER),
                "a whole number from 0 to 2147483647",
            ),
            Primitive(
                "positiveInt",
                "number",
                _integer_between(1, MAX_INTEGER),
                "a whole number from 1 to 2147483647",
            ),
            Primitive("decimal", "number", _is_decimal, "a number"),
            _dated("date", DATE, f"a date {_DATE_EXAMPLES}"),
            _dated(
                "dateTime",
                DATE_TIME,
                f"a dateTime {_DATE_EXAMPLES}, or with a time and its offset {_INSTANT_EXAMPLE}",
            ),
            _dated("instant", INSTANT, f"an instant with its offset {_INSTANT_EXAMPLE}"),
            _pattern("time", TIME, "a time such as 09:30:00, without offset"),
            _pattern("id", ID, "an id of 1 to 64 letters, digits, '-' and '.'"),
            _pattern("code", CODE, "a code without blanks at its ends or doubled inside"),
            _pattern("uri", URI, "a URI without blanks"),
            _pattern("url", URI, "a URL without blanks"),
            _pattern("canonical", URI, "a canonical URL without blanks"),
            _pattern("oid", OID, "an OID such as urn:oid:1.2.250.1.213"),
            _pattern("uuid", UUID, "a UUID such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520, in lower case"),
            Primitive("base64Binary", "string", _is_base64, "a base64 text"),
            Primitive("xhtml", "string", _is_xhtml, "a <div> element of XHTML"),
        )
    }
)


def refusal(primitive: Primitive, value: Any) -> Problem:
    """Why `value`, which `primitive` doesn't accept, isn't one, and what is expected."""
    code, text = _reason(primitive, value)
    return Problem("", code, text)


def _reason(primitive: Primitive, value: Any) -> tuple[Code, str]:
    expected = primitive.expected
    if value is None:
        return "structure", "null is not a value: leave the element out"
    if isinstance(value, list):
        return "structure", f"an array stands where one value is expected: {expected}"
    if isinstance(value, dict):
        return "structure", f"an object stands where a primitive value is expected: {expected}"
    if primitive.json_type != _json_type(value):
        return "value", f"{kind_of(value)} stands where {expected} is expected"
    if isinstance(value, str):
        return _reason_text(primitive, value)
    return "value", f"{quoted(value)} is not valid: {expected} is expected"


def _reason_text(primitive: Primitive, value: str) -> tuple[Code, str]:
    if not value:
        return "value", "an empty string is not a value: leave the element out"
    if primitive.name == "xhtml":
        return "invalid", narrative_problem(value) or primitive.expected
    if found := FORBIDDEN.search(value):
        return "value", f"the character U+{ord(found[0]):04X} at position {found.start() + 1} is not allowed"
    if len(value) > MAX_STRING and primitive.accepts is is_text:
        return "too-long", f"the text has {len(value):,} characters, the limit is {MAX_STRING:,}"
    if primitive.name == "base64Binary":
        return (
            "value",
            "the text is not base64 (alphabet A-Z a-z 0-9 + / and = at the end, in groups of four)",
        )
    if primitive.dated and LOCAL_DATE_TIME.fullmatch(value):
        return "value", f"{quoted(value)} has no offset: end it with Z, or with one such as +02:00"
    if primitive.dated and primitive.match is not None and primitive.match(value):
        return "value", f"{quoted(value)} names a day that doesn't exist"
    return "value", f"{quoted(value)} is not valid: {primitive.expected} is expected"


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"
