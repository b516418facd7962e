"""Queries written from the values of a resource: each must find the resource that gave the value."""

from cordee.fhir.query_values import escape
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
)
from cordee.fhir.temporal import EARLIEST, LATEST
from cordee.fhir.text_normalization import normalize_text
from cordee.fhir.url_hierarchy import levels


def queries_from(code: str, value: SearchValue) -> list[tuple[str, str]]:
    """Names and values of parameters, each of which matches `value`."""
    if isinstance(value, StringValue):
        queries = [(f"{code}:exact", escape(value.text))]
        if normalize_text(value.text):
            end = normalize_text(value.text)[-3:].strip()
            queries += [(code, escape(value.text)), (f"{code}:contains", escape(end))]
        return queries
    if isinstance(value, TokenText):
        return [(f"{code}:text", escape(value.text))] if normalize_text(value.text) else []
    if isinstance(value, Token) and value.code:
        kinds = [kind for kind in value.types if kind[0]]
        texts = ["|".join(map(escape, (*kind, value.code))) for kind in kinds]
        return [*((f"{code}:of-type", text) for text in texts), *_plain(code, value)]
    if isinstance(value, UriValue):
        above = [(f"{code}:below", escape(level)) for level in levels(value.uri)]
        below = [(f"{code}:above", escape(f"{value.uri.rstrip('/')}/x"))] if above else []
        return [*above, *below, *_plain(code, value)]
    if isinstance(value, ReferenceValue) and value.identifier is not None:
        return [(f"{code}:identifier", _token(value.identifier)), *_plain(code, value)]
    return _plain(code, value)


def _plain(code: str, value: SearchValue) -> list[tuple[str, str]]:
    return [(code, text) for text in _texts(value)]


def _texts(value: SearchValue) -> list[str]:
    match value:
        case Token(code=None):
            return [_token(value)]
        case Token():
            return [_token(value), escape(value.code or "")]
        case UriValue(uri):
            return [escape(uri)]
        case ReferenceValue(type_, id_, url):
            if id_:
                return [f"{type_}/{id_}", id_]
            # A conditional reference that nothing resolved is no address, and no query can name it.
            return [escape(url)] if url and ":" in url.partition("?")[0] else []
        case StringValue(text):
            return [escape(text)] if normalize_text(text) else []
        case DateRange(low, high):
            lows = [] if low == EARLIEST else [prefix + low.isoformat() for prefix in ("ap", "ge")]
            highs = [] if high == LATEST else [prefix + high.isoformat() for prefix in ("eb", "lt", "ne")]
            return lows + highs
        case NumberRange(low, high):
            return _numbers(low, high)
        case QuantityValue(low, high, system, code, unit):
            units = [f"|{escape(system)}|{escape(code)}"] if system and code else []
            units += [f"||{escape(name)}" for name in (code, unit) if name]
            return [number + text for number in _numbers(low, high) for text in ("", *units)]
        case CompositeValue(components):
            parts = [_texts(component) for component in components]
            return ["$".join(part[0] for part in parts), "$".join(part[-1] for part in parts)] if all(parts) else []
    raise TypeError(type(value).__name__)


def _token(token: Token) -> str:
    return f"{escape(token.system or '')}|{escape(token.code or '')}"


def _numbers(low, high) -> list[str]:
    texts = [str(low), f"ap{low}"] if low is not None and low == high else []
    if high is not None:
        texts.append(f"ge{high}")
    if low is not None:
        texts.append(f"le{low}")
    return texts
