"""From JSON values of a FHIR type to search values, for each type of search parameter (R4 search.html).

A converter takes all the nodes that a route ends on at once. A value that can't be read (a date that is
none, a quantity without number) is left out: an index has nothing to say about it, and structure is checked
elsewhere.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache, partial
from itertools import chain
from typing import Any

from cordee.fhir.definitions import load_definitions
from cordee.fhir.literal_references import read_reference
from cordee.fhir.search_value_types import (
    NumberRange,
    QuantityValue,
    ReferenceValue,
    SearchValue,
    StringValue,
    Token,
    TokenText,
    UriValue,
)
from cordee.fhir.temporal import DateRange, date_range, period_range

CURRENCY_SYSTEM = "urn:iso:std:iso:4217"
"""The system of Money.currency (R4 datatypes.html#Money)."""

Converter = Callable[[list[Any]], list[SearchValue]]

_NAME_TEXTS = ("text", "family")
_NAME_LISTS = ("given", "prefix", "suffix")
_ADDRESS_TEXTS = ("text", "city", "district", "state", "postalCode", "country")
_QUANTITIES = ("Quantity", "Age", "Count", "Distance", "Duration")
_INTEGERS = ("integer", "positiveInt", "unsignedInt")
_TEXTS = ("canonical", "code", "id", "markdown", "oid", "string", "uri", "url", "uuid")


@lru_cache(maxsize=4096)
def converter(
    parameter_type: str, fhir_type: str, value_set: str | None = None, base_url: str | None = None
) -> Converter | None:
    """How a parameter of a type reads values of a FHIR type; None where R4 gives it no meaning.

    `value_set` is the element's required one, which tells the system of a code; `base_url` this server's
    FHIR base, under which an absolute reference is local.
    """
    if fhir_type == "Extension":
        return partial(_extensions, parameter_type, base_url)
    if parameter_type == "reference":
        make = {"Reference": _references, "Resource": _resources}.get(fhir_type)
        if make is None and fhir_type in ("canonical", "uri", "url"):
            make = _canonical_references
        return partial(make, base_url) if make else None
    if parameter_type == "token" and fhir_type == "code":
        return partial(_codes, _systems(value_set)) if value_set else _text_tokens
    return _CONVERTERS[parameter_type].get(fhir_type)


# Token


def _codings(nodes: list[Any]) -> list[SearchValue]:
    found: list[SearchValue] = []
    for node in nodes:
        system, code = node.get("system"), node.get("code")
        if system or code:
            found.append(Token(system, code))
        if display := node.get("display"):
            found.append(TokenText(display))
    return found


def _concepts(nodes: list[Any]) -> list[SearchValue]:
    texts = [TokenText(text) for node in nodes if (text := node.get("text"))]
    return _codings([coding for node in nodes for coding in node.get("coding", ())]) + texts


def _identifiers(nodes: list[Any]) -> list[SearchValue]:
    found: list[SearchValue] = [token for node in nodes if (token := _identifier(node))]
    return found + [TokenText(text) for node in nodes if (text := node.get("type", {}).get("text"))]


def _identifier(node: Mapping[str, Any]) -> Token | None:
    system, value = node.get("system"), node.get("value")
    types = tuple((c.get("system"), c["code"]) for c in node.get("type", {}).get("coding", ()) if c.get("code"))
    return Token(system, value, exact=True, types=types) if system or value else None


def _contact_points(nodes: list[Any]) -> list[SearchValue]:
    # R4's table gives a ContactPoint no system: `telecom=0102030405`, and `phone` or `email` to tell them
    # apart.
    return [Token(None, value) for node in nodes if (value := node.get("value"))]


def _booleans(nodes: list[Any]) -> list[SearchValue]:
    return [Token(None, "true" if node else "false") for node in nodes]


def _integer_tokens(nodes: list[Any]) -> list[SearchValue]:
    # R4 has no token that is a whole number; French guides do (the priority of an Appointment).
    return [Token(None, str(node)) for node in nodes]


def _text_tokens(nodes: list[Any]) -> list[SearchValue]:
    return [Token(None, node) for node in nodes if node]


def _codes(systems: Mapping[str, str], nodes: list[Any]) -> list[SearchValue]:
    return [Token(systems.get(node), node) for node in nodes if node]


@lru_cache(maxsize=1024)
def _systems(value_set: str) -> Mapping[str, str]:
    systems: dict[str, str] = {}
    ambiguous = set()
    for system, code in load_definitions().value_sets.get(value_set, ()):
        if systems.setdefault(code, system) != system:
            ambiguous.add(code)
    return {code: system for code, system in systems.items() if code not in ambiguous}


# String


def _texts(nodes: list[Any]) -> list[SearchValue]:
    return [StringValue(node) for node in nodes if node]


def _names(nodes: list[Any]) -> list[SearchValue]:
    texts: list[str] = []
    for node in nodes:
        texts += [text for part in _NAME_TEXTS if (text := node.get(part))]
        for part in _NAME_LISTS:
            texts += [text for text in node.get(part, ()) if text]
        family, given = node.get("family"), " ".join(filter(None, node.get("given", ())))
        if family and given:
            # People look for a person by the whole name, in either order.
            texts += [f"{given} {family}", f"{family} {given}"]
    return [StringValue(text) for text in dict.fromkeys(texts)]


def _addresses(nodes: list[Any]) -> list[SearchValue]:
    texts: list[str] = []
    for node in nodes:
        texts += [text for part in _ADDRESS_TEXTS if (text := node.get(part))]
        texts += [text for text in node.get("line", ()) if text]
    return [StringValue(text) for text in dict.fromkeys(texts)]


# Reference and URI


def _references(base_url: str | None, nodes: list[Any]) -> list[SearchValue]:
    found: list[SearchValue] = []
    for node in nodes:
        text, identifier = node.get("reference"), node.get("identifier")
        token = _identifier(identifier) if identifier else None
        literal = read_reference(text, base_url) if text else None
        if literal is not None:
            type_ = literal.type or _stated_type(node)
            found.append(ReferenceValue(type_, literal.id, literal.url, token, literal.version))
        elif token is not None:
            found.append(ReferenceValue(type=_stated_type(node), identifier=token))
    return found


def _stated_type(node: Mapping[str, Any]) -> str | None:
    stated: str | None = node.get("type")
    return stated.rpartition("/")[2] if stated else None


def _canonical_references(base_url: str | None, nodes: list[Any]) -> list[SearchValue]:
    found: list[SearchValue] = []
    for text in nodes:
        literal = read_reference(text, base_url)
        if literal is None:
            continue
        if literal.url is None:
            found.append(ReferenceValue(literal.type, literal.id, version=literal.version))
            continue
        found.append(ReferenceValue(literal.type, url=literal.url))
        bare, bar, _ = literal.url.partition("|")
        if bar:
            found.append(ReferenceValue(literal.type, url=bare))
    return found


def _resources(_base_url: str | None, nodes: list[Any]) -> list[SearchValue]:
    return [
        ReferenceValue(node["resourceType"], node["id"]) for node in nodes if "resourceType" in node and "id" in node
    ]


def _uris(nodes: list[Any]) -> list[SearchValue]:
    return [UriValue(node) for node in nodes if node]


def _canonicals(nodes: list[Any]) -> list[SearchValue]:
    return [UriValue(uri) for text in nodes if text for uri in dict.fromkeys((text, text.partition("|")[0]))]


# Date


def _dates(nodes: list[Any]) -> list[SearchValue]:
    found: list[SearchValue] = []
    for node in nodes:
        try:
            found.append(date_range(node))
        except ValueError:
            continue
    return found


def _periods(nodes: list[Any]) -> list[SearchValue]:
    return [period for node in nodes if (period := _period(node))]


def _period(node: Mapping[str, Any]) -> DateRange | None:
    start, end = node.get("start"), node.get("end")
    if not start and not end:
        return None
    try:
        return period_range(start, end)
    except ValueError:
        return None


def _timings(nodes: list[Any]) -> list[SearchValue]:
    found: list[SearchValue] = []
    for node in nodes:
        ranges: list[Any] = _dates([event for event in node.get("event", ()) if event])
        bounds = node.get("repeat", {}).get("boundsPeriod")
        if bounds and (period := _period(bounds)):
            ranges.append(period)
        if ranges:
            # Only the outer limits of a schedule count (R4 search.html#date).
            found.append(DateRange(min(r.low for r in ranges), max(r.high for r in ranges)))
    return found


# Number and quantity


def _decimal(value: Any) -> Decimal | None:
    # The shortest text that gives the same float is the one that was written, up to trailing zeros.
    if isinstance(value, float):
        value = Decimal(repr(value))
    elif isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value if isinstance(value, Decimal) and value.is_finite() else None


def _numbers(nodes: list[Any]) -> list[SearchValue]:
    return [NumberRange(number, number) for node in nodes if (number := _decimal(node)) is not None]


def _number_ranges(nodes: list[Any]) -> list[SearchValue]:
    return [NumberRange(q.low, q.high) for node in nodes if (q := _range(node))]


def _quantities(nodes: list[Any]) -> list[SearchValue]:
    found: list[SearchValue] = []
    for node in nodes:
        number = _decimal(node.get("value"))
        if number is None:
            continue
        comparator = node.get("comparator", "")
        low = None if comparator.startswith("<") else number
        high = None if comparator.startswith(">") else number
        found.append(QuantityValue(low, high, node.get("system"), node.get("code"), node.get("unit")))
    return found


def _moneys(nodes: list[Any]) -> list[SearchValue]:
    found: list[SearchValue] = []
    for node in nodes:
        number, currency = _decimal(node.get("value")), node.get("currency")
        if number is not None:
            found.append(QuantityValue(number, number, CURRENCY_SYSTEM if currency else None, currency, None))
    return found


def _ranges(nodes: list[Any]) -> list[SearchValue]:
    return [quantity for node in nodes if (quantity := _range(node))]


def _range(node: Mapping[str, Any]) -> QuantityValue | None:
    low, high = node.get("low", {}), node.get("high", {})
    first, last = _decimal(low.get("value")), _decimal(high.get("value"))
    if first is None and last is None:
        return None
    if first is not None and last is not None and first > last:  # given the wrong way round, as a Period may be
        first, last = last, first
    unit = low if low.get("code") or low.get("unit") else high
    return QuantityValue(first, last, unit.get("system"), unit.get("code"), unit.get("unit"))


# Extensions: their values, since R4's expressions end on the extension itself.


def _extensions(parameter_type: str, base_url: str | None, nodes: list[Any]) -> list[SearchValue]:
    values = [(key, value) for node in nodes for key, value in node.items() if key.startswith("value")]
    return list(chain.from_iterable(_extension_value(parameter_type, base_url, *pair) for pair in values))


def _extension_value(parameter_type: str, base_url: str | None, key: str, value: Any) -> list[SearchValue]:
    name = key.removeprefix("value")
    fhir_type = name if name in load_definitions().structures else name[:1].lower() + name[1:]
    convert = converter(parameter_type, fhir_type, None, base_url)
    return convert([value]) if convert else []


_CONVERTERS: Mapping[str, Mapping[str, Converter]] = {
    "token": {
        "Coding": _codings,
        "CodeableConcept": _concepts,
        "Identifier": _identifiers,
        "ContactPoint": _contact_points,
        "boolean": _booleans,
        **dict.fromkeys(_INTEGERS, _integer_tokens),
        **dict.fromkeys(_TEXTS, _text_tokens),
    },
    "string": {"HumanName": _names, "Address": _addresses, **dict.fromkeys(_TEXTS, _texts)},
    "uri": {"canonical": _canonicals, **dict.fromkeys(("uri", "url", "oid", "uuid"), _uris)},
    "date": {
        "Period": _periods,
        "Timing": _timings,
        **dict.fromkeys(("date", "dateTime", "instant"), _dates),
    },
    "number": {
        "Range": _number_ranges,
        **dict.fromkeys(("decimal", *_INTEGERS), _numbers),
    },
    "quantity": {"Money": _moneys, "Range": _ranges, **dict.fromkeys(_QUANTITIES, _quantities)},
    "special": {},
}
