"""From the values a resource gives to its search parameters to what the index holds, and from a search to the same.

A *term* is a 64-bit integer for one exact thing one parameter can say: `key ^ hash(form)`. The key stands for tenant,
resource type and parameter; the form for one of the ways the value may be asked for (`code`, `system|code`,
`system|`, `|code`, a reference, a URI, an exact string, «has a value»). Because the two halves are combined by XOR,
SQL can compute the term of a reference to a row it has found (`target.self_term # key`), which is what chains and
_revinclude need. The forms of references are marked in their lowest bits, so that few of a row's terms have to be
looked up to follow one. Ranges (dates, numbers, quantities) and strings have tables of their own, under the same key.

A hash of 64 bits meets another by chance once in 10^19 pairs; BLAKE2 makes it infeasible to do so on purpose cheaply.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from itertools import product
from typing import Any

from cordee.fhir.converted_quantities import ConvertedValue, converted_value
from cordee.fhir.search_parameters import SHIPPED, SearchParameters
from cordee.fhir.search_values import (
    CompositeValue,
    DateRange,
    NumberRange,
    QuantityValue,
    ReferenceValue,
    SearchValue,
    StringValue,
    Token,
    TokenText,
    UriValue,
    extract,
)
from cordee.fhir.temporal import EARLIEST, LATEST, LOCAL_ZONE
from cordee.fhir.text_normalization import normalize_text
from cordee.fhir.units import Dimension
from cordee.fhir.url_hierarchy import levels
from cordee.fhir.words import WORD_PARAMETERS, words_of
from cordee.store.word_index import vector

GRAM_LENGTH = 3
LONGEST_GRAMMED = 2000
"""Characters; a text of a megabyte would take seconds to cut up, and hardly anybody searches inside one."""

PRESENT = "p"
"""The form that says that a parameter has some value, for :missing."""

FIRST, LAST = -(2**63), 2**63 - 1
"""What stands for a range's open ends."""
LONGEST_SHORT = 25 * 3_600 * 1_000_000
"""Microseconds: a day when clocks go back. Longer ranges are indexed under a key of their own; see `date_box`."""

MOST_MONTHS_TOUCHED = 3
MONTHLESS = "m"
"""The form of a date that touches more months than that, has an open end, or ends before it begins."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HOUR = 3_600 * 1_000_000
_LONGEST_REMEMBERED = 128
_REFERENCE = "r"
_OPEN_LOW, _OPEN_HIGH = Decimal("-Infinity"), Decimal("Infinity")


@dataclass(frozen=True, slots=True)
class IndexRows:
    """What the index holds of one resource."""

    terms: tuple[int, ...]
    dates: tuple[tuple[int, int, int], ...]
    """(key, low, high)"""
    numbers: tuple[tuple[int, Decimal, Decimal, tuple[int, ...]], ...]
    """(key, low, high, units)"""
    strings: tuple[tuple[int, str, tuple[int, ...]], ...]
    """(key, normalised text, grams)"""
    words: str = ""
    """The text of a tsvector; empty where no words are kept."""


NO_ROWS = IndexRows((), (), (), ())

REFERENCE_MARK = 0b1111
"""The bits that are set in every reference's form, and in one in sixteen of the others."""


def form_hash(form: str) -> int:
    """The 64-bit signed hash of one form."""
    return _remembered_hash(form) if len(form) <= _LONGEST_REMEMBERED else _hash(form)


def term_hash(form: str) -> int:
    """The half of a term that stands for one of the forms of `term_forms`."""
    return form_hash(form) | REFERENCE_MARK if form[0] == _REFERENCE else form_hash(form)


def _hash(form: str) -> int:
    return int.from_bytes(blake2b(form.encode(), digest_size=8).digest(), "big", signed=True)


_remembered_hash = lru_cache(maxsize=65_536)(_hash)


@lru_cache(maxsize=16_384)
def parameter_key(tenant: int, resource_type: str, code: str) -> int:
    """The half of a term that stands for the parameter."""
    return form_hash(f"{tenant}\x1f{resource_type}\x1f{code}")


def reference_form(resource_type: str, resource_id: str) -> str:
    """The form of a reference to a resource of this server."""
    return f"{_REFERENCE}{resource_type}/{resource_id}"


def reference_hash(resource_type: str, resource_id: str) -> int:
    """The `self_term` of a resource: what a reference to it has beside the key of its parameter."""
    return term_hash(reference_form(resource_type, resource_id))


def token_forms(token: Token) -> tuple[str, ...]:
    """Every way to ask for a token. Exact ones (identifiers) and folded ones (codes) never meet."""
    if token.code is None:
        return (f"S{token.system}",) if token.system else ()
    code, kind = (token.code, "i") if token.exact else (token.code.casefold(), "t")
    of_types = [of_type_form(system, type_, code) for system, type_ in token.types if system]
    if token.system is None:
        return (f"{kind}:{code}", f"{kind}=\x1f{code}", *of_types)
    return (f"{kind}:{code}", f"{kind}={token.system}\x1f{code}", f"S{token.system}", *of_types)


def of_type_form(system: str, code: str, value: str) -> str:
    """The form of an identifier of a kind."""
    return f"o{system}\x1f{code}\x1f{value}"


def index_rows(tenant: int, resource: Mapping[str, Any], parameters: SearchParameters = SHIPPED) -> IndexRows:
    """All that the index must hold of `resource`, without repetition, in a stable order."""
    resource_type = str(resource["resourceType"])
    collected = _Collected()
    for code, values in extract(resource, parameters).items():
        key = parameter_key(tenant, resource_type, code)
        collected.terms.add(key ^ form_hash(PRESENT))
        for number, value in enumerate(values):
            if isinstance(value, CompositeValue):
                collected.add_composite(key, value, number)
                continue
            collected.add(key, value)
            if isinstance(value, DateRange):
                months = month_forms(microseconds(value.low), microseconds(value.high))
                collected.terms.update(key ^ form_hash(form) for form in months)
    vectors = []
    for code in WORD_PARAMETERS:
        if code in parameters.added.get(resource_type, ()) and (words := words_of(resource, code)) is not None:
            key = parameter_key(tenant, resource_type, code)
            collected.terms.add(key ^ form_hash(PRESENT))
            vectors.append(vector(key, words))
    return IndexRows(
        tuple(sorted(collected.terms)),
        tuple(sorted(collected.dates)),
        tuple(sorted(collected.numbers)),
        tuple(sorted(collected.strings)),
        " ".join(vectors),
    )


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 UTC; datetime's own bounds stand for open ends."""
    if moment == EARLIEST:
        return FIRST
    if moment == LATEST:
        return LAST
    return (moment - _EPOCH) // _MICROSECOND


def month_forms(low: int, high: int, most: int = MOST_MONTHS_TOUCHED) -> tuple[str, ...]:
    """Which months of local time [low, high) touches, in microseconds since 1970; `MONTHLESS` for more than `most`."""
    if not FIRST < low < high < LAST:
        return (MONTHLESS,)
    first, last = _month_of_hour(low // _HOUR), _month_of_hour((high - 1) // _HOUR)
    return tuple(f"m{month}" for month in range(first, last + 1)) if last - first < most else (MONTHLESS,)


@lru_cache(maxsize=65_536)
def _month_of_hour(hour: int) -> int:
    at = _EPOCH + timedelta(hours=hour)
    # Offsets can't be had in the first and the last year.
    local = at.astimezone(LOCAL_ZONE) if MINYEAR < at.year < MAXYEAR else at
    return local.year * 12 + local.month


def grams(key: int, text: str) -> tuple[int, ...]:
    """The hashed n-grams of a normalised text; none when it is shorter than one."""
    pieces = {text[i : i + GRAM_LENGTH] for i in range(len(text) - GRAM_LENGTH + 1)}
    return tuple(sorted(key ^ form_hash(piece) for piece in pieces))


def long_text_gram(key: int) -> int:
    """What stands for the n-grams of a text too long to have them all: it is looked at whole by every :contains."""
    return key ^ form_hash("long text")


def unit_hashes(system: str | None, code: str | None, unit: str | None) -> tuple[int, ...]:
    """Each way to name a quantity's unit: system and code, and code or unit without system."""
    ways = {unit_hash(system, code)} if system and code else set()
    return tuple(sorted(ways | {unit_hash(None, name) for name in (code, unit) if name}))


def unit_hash(system: str | None, name: str) -> int:
    """One way to name a unit."""
    return form_hash(f"{system or ''}\x1f{name}")


def dimension_hash(dimension: Dimension) -> int:
    """What quantities that can be converted into each other have in common."""
    return form_hash("dimension " + ".".join(f"{base}{exponent}" for base, exponent in dimension))


class _Collected:
    """Rows under construction; sets, because a resource often says the same thing twice."""

    __slots__ = ("dates", "numbers", "strings", "terms")

    def __init__(self) -> None:
        self.terms: set[int] = set()
        self.dates: set[tuple[int, int, int]] = set()
        self.numbers: set[tuple[int, Decimal, Decimal, tuple[int, ...]]] = set()
        self.strings: set[tuple[int, str, tuple[int, ...]]] = set()

    def add(self, key: int, value: SearchValue) -> None:
        """A value that is not a composite."""
        match value:
            case DateRange():
                low, high = microseconds(value.low), microseconds(value.high)
                self.dates.add((long_key(key) if high - low > LONGEST_SHORT else key, low, high))
            case NumberRange():
                self.numbers.add((key, *_bounds(value), ()))
            case QuantityValue():
                self.numbers.add((key, *_bounds(value), unit_hashes(value.system, value.code, value.unit)))
                if (converted := converted_value(value)) is not None:
                    dimension = (dimension_hash(converted.dimension),)
                    self.numbers.add((converted_key(key), *_bounds(converted), dimension))
            case StringValue():
                text = normalize_text(value.text)
                pieces = grams(key, text) if len(text) <= LONGEST_GRAMMED else (long_text_gram(key),)
                self.strings.add((key, text, pieces))
                self.terms.add(key ^ form_hash(f"x{value.text}"))
            case TokenText():
                self.strings.add((text_key(key), normalize_text(value.text), ()))
            case _:
                self.terms.update(key ^ term_hash(form) for form in term_forms(value))

    def add_composite(self, key: int, value: CompositeValue, number: int) -> None:
        """Forms of the exact components make the key under which the ranges of the others stand."""
        exact = [c for c in value.components if is_exact(c)]
        ranged = [(place, c) for place, c in enumerate(value.components) if not is_exact(c)]
        for forms in product(*(term_forms(c) for c in exact)):
            combined = composite_key(key, forms)
            if not ranged:
                self.terms.add(combined)
            for place, component in ranged:
                if isinstance(component, NumberRange):
                    # Two numbers of one combination are told from those of two by its mark.
                    mark = (form_hash(f"combination {number}"),) if len(ranged) > 1 else ()
                    self.numbers.add((place_key(combined, place), *_bounds(component), mark))
                else:
                    self.add(place_key(combined, place), component)


def long_key(key: int) -> int:
    """The key of a parameter's long dates."""
    return key ^ form_hash("long")


def converted_key(key: int) -> int:
    """The key of a parameter's quantities in base units."""
    return key ^ form_hash("converted")


def text_key(key: int) -> int:
    """The key of the texts that stand beside a parameter's codes."""
    return key ^ form_hash("text")


def place_key(key: int, place: int) -> int:
    """The key of a composite's component that is a range."""
    return key ^ form_hash(f"#{place}")


def composite_key(key: int, forms: Iterable[str]) -> int:
    """The key of one combination of exact components' forms."""
    return key ^ form_hash("c" + "\x1f".join(forms))


def is_exact(value: SearchValue) -> bool:
    """Whether a value is indexed as terms alone."""
    return isinstance(value, Token | ReferenceValue | UriValue)


def term_forms(value: SearchValue) -> tuple[str, ...]:
    """The forms of an exact value."""
    match value:
        case Token():
            return token_forms(value)
        case UriValue():
            return (f"u{value.uri}", *(f"b{level}" for level in levels(value.uri)))
        case ReferenceValue():
            forms = []
            if value.type and value.id:
                forms.append(reference_form(value.type, value.id))
            if value.url:
                forms.append(f"u{value.url}")
            if value.identifier:
                forms.extend(f":{form}" for form in token_forms(value.identifier))
            return tuple(forms)
    return ()


def _bounds(value: NumberRange | QuantityValue | ConvertedValue) -> tuple[Decimal, Decimal]:
    return (
        _OPEN_LOW if value.low is None else value.low,
        _OPEN_HIGH if value.high is None else value.high,
    )
