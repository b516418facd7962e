"""The values that a search looks for, one class a parameter type, parsed from the text of the query.

What each means is said on its class, in terms of the values that `search_values` takes out of resources; the
in-memory matcher (`matching`) and the SQL compiler of the store both follow these sentences.

A value keeps its `literal` where the text says more than the numbers do (precision), so that the canonical
query of a search is the query it came from.

Source: R4 search.html, sections of the data types, #prefix and #escaping.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal

from cordee.fhir.temporal import approximately, date_range
from cordee.fhir.text_normalization import normalize_text
from cordee.fhir.url_hierarchy import levels
from cordee.fhir.words import Wanted, parse_wanted

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")

# What a refused value is told to look like.
EXAMPLES: Mapping[str, str] = {
    "number": "0.8 or gt0.8",
    "date": "2024-03-31, ge2024-03 or lt2024-03-31T10:00:00+02:00",
    "string": "Martin",
    "token": "final or http://loinc.org|8480-6",
    "reference": "Patient/123",
    "quantity": "gt5.4|http://unitsofmeasure.org|mg",
    "uri": "http://hl7.org/fhir/StructureDefinition/Patient",
    "composite": "8480-6$gt140",
}


@dataclass(frozen=True, slots=True)
class TokenSearch:
    """`code` (`any_system`), `system|code`, `|code` (neither system nor `any_system`) or `system|` (no code).

    The system is compared exactly. The code is compared exactly with a token marked `exact` (identifiers),
    and without regard to case (`str.casefold`) with the others. `|code` matches tokens without a system.
    """

    system: str | None
    code: str | None
    any_system: bool


@dataclass(frozen=True, slots=True)
class DateSearch:
    """A prefix and the UTC range [low, high) of the date. Against a resource's range [rl, rh):

    | eq | low <= rl and rh <= high | ne | not eq              | ap | rl < high and rh > low |
    | gt | rh > high                | lt | rl < low            | sa | rl >= high             |
    | ge | rh > high or rl >= low   | le | rl < low or rh <= high | eb | rh <= low           |

    For `ap` the range is already widened (`temporal.approximately`).
    """

    prefix: str
    low: datetime
    high: datetime
    literal: str


@dataclass(frozen=True, slots=True)
class NumberSearch:
    """A prefix, the exact `value`, and the range that its precision implies.

    Against a resource's range [rl, rh], both ends included, None being open:

    | eq | low <= rl and rh < high | ne | not eq      | ap | rl <= high and rh >= low |
    | gt | rh > value              | lt | rl < value  | sa | rl > value               |
    | ge | rh >= value             | le | rl <= value | eb | rh < value               |

    For `ap` the range is ten per cent of the value on each side, and never less than its precision.
    """

    prefix: str
    low: Decimal
    high: Decimal
    value: Decimal
    literal: str


@dataclass(frozen=True, slots=True)
class QuantitySearch:
    """A number, compared as `NumberSearch` says, and a unit.

    `system` and `code`: a unit of UCUM that can be converted (`units`) is compared in base units with the
    quantities of the same dimension, and with no others; of another unit, both must equal the quantity's.
    `code` alone must equal its code or its unit text. Neither: any unit.
    """

    number: NumberSearch
    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class ReferenceSearch:
    """One of `id`, `url` and `identifier` is set.

    `id`: a resource of this server, whose type is one of `types`, or any when that is empty. `url`: the
    reference as written (another server's address, a canonical, with or without its version, or a
    `urn:uuid:`). `identifier`: the Identifier inside the reference, compared as a token.
    """

    types: tuple[str, ...]
    id: str | None = None
    url: str | None = None
    identifier: TokenSearch | None = None


@dataclass(frozen=True, slots=True)
class StringSearch:
    """Without modifier: the normalised value starts with `normalized`. `:contains`: it contains it. `:exact`:
    the value equals `literal`, case and accents included. `normalize_text` normalises both sides.
    """

    normalized: str
    literal: str


@dataclass(frozen=True, slots=True)
class WordSearch:
    """What the words of a resource must be; `words` says what that means."""

    wanted: Wanted
    literal: str


@dataclass(frozen=True, slots=True)
class OfTypeSearch:
    """An identifier of the kind (`system`, `code`) whose value is `value`, exactly."""

    system: str
    code: str
    value: str


@dataclass(frozen=True, slots=True)
class UriSearch:
    """The value equals `uri`, every character counting. `:below`: `uri` is one of the value's levels
    (`url_hierarchy.levels`). `:above`: the value, without a slash at its end, is one of `uri`'s.
    """

    uri: str


@dataclass(frozen=True, slots=True)
class CompositeSearch:
    """One value for each component, in order; one combination in the resource must match them all."""

    components: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class MissingSearch:
    """`:missing=true`: the resource gives no value; `:missing=false`: at least one."""

    missing: bool


@dataclass(frozen=True, slots=True)
class IdSearch:
    """The resource's own id (`_id`), exactly."""

    id: str


Value = (
    TokenSearch
    | DateSearch
    | NumberSearch
    | QuantitySearch
    | ReferenceSearch
    | StringSearch
    | WordSearch
    | OfTypeSearch
    | UriSearch
    | CompositeSearch
    | MissingSearch
    | IdSearch
)

_ESCAPED = re.compile(r"\\([,|$\\])")
_TO_ESCAPE = re.compile(r"[,|$\\]")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:(?P<exponent>[eE][+-]?[0-9]{1,3}))?")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_LOCAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?P<version>/_history/.*)?")
_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]*:.+")
_LONGEST_NUMBER = 64
_LONG_FRACTION = re.compile(r"\.[0-9]{10}")
_EXACT = Context(prec=1200)


def split_unescaped(text: str, separator: str, *, most: int | None = None) -> list[str]:
    r"""The parts of `text` between separators that no `\` escapes; escapes are left in.

    At most `most` parts: the last then holds the rest.
    """
    if "\\" not in text:
        return text.split(separator, -1 if most is None else most - 1)
    parts: list[str] = []
    start = position = 0
    while position < len(text) and len(parts) + 1 != most:
        if text[position] == "\\":
            position += 1
        elif text[position] == separator:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    parts.append(text[start:])
    return parts


def unescape(text: str) -> str:
    r"""`text` with `\,` `\|` `\$` `\\` replaced by what they stand for; another `\` is left as it is."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def escape(text: str) -> str:
    """`text` written so that no character of it separates values."""
    return _TO_ESCAPE.sub(r"\\\g<0>", text)


def parse_token(text: str) -> TokenSearch:
    """Raises ValueError when `text` is not a token value."""
    parts = [unescape(part) for part in split_unescaped(text, "|")]
    if len(parts) == 1 and parts[0]:
        return TokenSearch(None, parts[0], any_system=True)
    if len(parts) == 2 and any(parts):
        return TokenSearch(parts[0] or None, parts[1] or None, any_system=False)
    raise ValueError("expected code, system|code, |code or system|")


def parse_of_type(text: str) -> OfTypeSearch:
    """Raises ValueError when `text` is not the system and code of a kind of identifier, and a value."""
    parts = [unescape(part) for part in split_unescaped(text, "|")]
    if len(parts) != 3 or not all(parts):
        raise ValueError("expected system|code|value, the first two being those of the kind of identifier")
    return OfTypeSearch(*parts)


def parse_concept(text: str) -> TokenSearch:
    """Raises ValueError when `text` is not a system and a code, without which nothing is above or below another."""
    found = parse_token(text)
    if found.system is None or found.code is None:
        raise ValueError("expected system|code")
    return found


def parse_value_set(text: str) -> UriSearch:
    """Raises ValueError when `text` is neither a canonical URL nor ValueSet/id."""
    uri = unescape(text)
    if not _ABSOLUTE.fullmatch(uri) and not re.fullmatch(r"ValueSet/[A-Za-z0-9\-.]{1,64}", uri):
        raise ValueError("expected the canonical URL of a value set, or ValueSet/id")
    return UriSearch(uri)


def parse_uri(text: str, modifier: str | None) -> UriSearch:
    """Raises ValueError for a URN under `:above` or `:below`, where only a URL has levels."""
    uri = unescape(text)
    if modifier in ("above", "below") and not levels(uri):
        raise ValueError("expected a URL, such as http://a.example/b: a URN is neither above nor below another")
    return UriSearch(uri)


def parse_date(text: str) -> DateSearch:
    """Raises ValueError when `text` is not a date with or without a prefix."""
    prefix, literal = _prefix(text)
    if _LONG_FRACTION.search(literal):
        raise ValueError("a fraction of a second has 9 digits at most")
    try:
        exact = date_range(literal)
    except ValueError as problem:
        hint = " (a + in an address is written %2B)" if " " in literal else ""
        raise ValueError(f"expected a date after an optional prefix {'|'.join(PREFIXES)}: {problem}{hint}") from None
    reach = approximately(exact) if prefix == "ap" else exact
    return DateSearch(prefix, reach.low, reach.high, literal)


def parse_number(text: str) -> NumberSearch:
    """Raises ValueError when `text` is not a number with or without a prefix.

    `100` reaches from 99.5 to 100.5, `1e2` from 95 to 105 (R4 search.html#number). R4's figures for `1e2`
    are those of two significant digits, so a single digit with an exponent is read as two.
    """
    prefix, literal = _prefix(text)
    found = _NUMBER.fullmatch(literal)
    if found is None or len(literal) > _LONGEST_NUMBER:
        raise ValueError(f"expected a number after an optional prefix {'|'.join(PREFIXES)}")
    value = Decimal(literal)
    _, digits, exponent = value.as_tuple()
    last_digit = int(exponent) - (1 if found["exponent"] and len(digits) == 1 else 0)
    reach = Decimal(5).scaleb(last_digit - 1, _EXACT)
    if prefix == "ap":
        reach = max(reach, _EXACT.divide(abs(value), Decimal(10)))
    return NumberSearch(prefix, _EXACT.subtract(value, reach), _EXACT.add(value, reach), value, literal)


def parse_quantity(text: str) -> QuantitySearch:
    """Raises ValueError when `text` is not a quantity: number, number|system|code or number||code."""
    number, *unit = [unescape(part) for part in split_unescaped(text, "|")]
    if not unit:
        return QuantitySearch(parse_number(number), None, None)
    if len(unit) != 2 or not unit[1]:
        raise ValueError("expected number, number|system|code or number||code")
    return QuantitySearch(parse_number(number), unit[0] or None, unit[1])


def parse_string(text: str, modifier: str | None) -> StringSearch:
    """Raises ValueError when nothing is left to look for once punctuation is dropped."""
    literal = unescape(text)
    normalized = normalize_text(literal)
    if not normalized and modifier != "exact":
        raise ValueError("expected at least one letter or digit (only :exact sees punctuation)")
    return StringSearch(normalized, literal)


def parse_words(text: str) -> WordSearch:
    """Raises ValueError when `text` is not words to look for."""
    literal = unescape(text)
    return WordSearch(parse_wanted(literal), literal)


def parse_references(
    text: str,
    modifier: str | None,
    *,
    targets: Sequence[str],
    resource_types: Sequence[str],
    base_url: str | None,
) -> tuple[ReferenceSearch, ...]:
    """The references that `text` stands for; `modifier` is `identifier`, a resource type or None.

    `targets` are the types that a bare id may be of (empty: any). An absolute address under `base_url` (this
    server's) is the local reference and the URL as written: canonicals are kept as they were written. Raises
    ValueError when `text` is not a reference.
    """
    if modifier == "identifier":
        return (ReferenceSearch((), identifier=parse_token(text)),)
    target = unescape(text)
    here = None if base_url is None else base_url.rstrip("/") + "/"
    if here is None or not target.startswith(here):
        return (_reference(target, modifier, targets, resource_types),)
    as_written = ReferenceSearch((), url=target)
    if "|" in target:  # a canonical with its version, which is no local reference
        return (as_written,)
    return _reference(target.removeprefix(here), modifier, targets, resource_types), as_written


def _reference(
    target: str, modifier: str | None, targets: Sequence[str], resource_types: Sequence[str]
) -> ReferenceSearch:
    if _ID.fullmatch(target):
        return ReferenceSearch((modifier,) if modifier else tuple(targets), id=target)
    local = _LOCAL.fullmatch(target)
    if local is not None:
        if local["version"]:
            raise ValueError("expected a reference without version: leave out /_history/…")
        if local["type"] not in resource_types:
            raise ValueError(f"expected type/id, and R4 has no resource type {local['type']}")
        if modifier and local["type"] != modifier:
            raise ValueError(f"expected a {modifier}, as the modifier says")
        return ReferenceSearch((local["type"],), id=local["id"])
    if _ABSOLUTE.fullmatch(target):
        return ReferenceSearch((), url=target)
    raise ValueError("expected type/id, an id, or an absolute URL")


def parse_id(text: str) -> IdSearch:
    """Raises ValueError when `text` is not a resource id."""
    if _ID.fullmatch(text) is None:
        raise ValueError("expected an id: 1 to 64 letters, digits, - or .")
    return IdSearch(text)


def format_value(value: Value) -> str:
    """The canonical text of `value`, escaped; parsed again it gives an equal value."""
    match value:
        case TokenSearch(system, code, any_system):
            text = escape(code or "")
            return text if any_system else f"{escape(system or '')}|{text}"
        case DateSearch(prefix=prefix, literal=literal) | NumberSearch(prefix=prefix, literal=literal):
            return literal if prefix == "eq" else prefix + literal
        case QuantitySearch(number, system, code):
            text = format_value(number)
            return text if code is None else f"{text}|{escape(system or '')}|{escape(code)}"
        case ReferenceSearch(types, id=id_, url=url, identifier=identifier):
            if identifier is not None:
                return format_value(identifier)
            if id_ is not None:
                return f"{types[0]}/{id_}" if len(types) == 1 else id_
            return escape(url or "")
        case StringSearch(literal=literal) | WordSearch(literal=literal):
            return escape(literal)
        case OfTypeSearch():
            return "|".join(map(escape, (value.system, value.code, value.value)))
        case UriSearch(uri):
            return escape(uri)
        case CompositeSearch(components):
            return "$".join(map(format_value, components))
        case MissingSearch(missing):
            return "true" if missing else "false"
        case IdSearch(id_):
            return id_


def _prefix(text: str) -> tuple[str, str]:
    return (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)
