"""Explanations, reasons and missing things put into French and English sentences."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from cordee.claims.explanation import Explanation, Value
from cordee.claims.gates import Missing
from cordee.claims.phrases import PHRASES
from cordee.pathways.model import Label
from cordee.pathways.money import in_english, in_french, percent_text

Language = Literal["fr", "en"]

_UNITS: dict[str, dict[str, tuple[str, str]]] = {
    "fr": {
        "points": ("point", "points"),
        "acts": ("acte", "actes"),
        "heads": ("participant", "participants"),
        "minutes": ("minute", "minutes"),
        "days": ("jour", "jours"),
        "years": ("an", "ans"),
    },
    "en": {
        "points": ("point", "points"),
        "acts": ("act", "acts"),
        "heads": ("participant", "participants"),
        "minutes": ("minute", "minutes"),
        "days": ("day", "days"),
        "years": ("year", "years"),
    },
}


def sentence(rule: str, inputs: Iterable[tuple[str, Value]], language: Language) -> str:
    """The sentence of one rule. Raises KeyError for a rule or input without a phrase."""
    phrase = PHRASES[rule]
    template = phrase.fr if language == "fr" else phrase.en
    return template.format_map({name: _shown(name, value, language) for name, value in inputs})


def lines(explanation: Explanation, language: Language) -> tuple[tuple[int, str], ...]:
    """The whole tree as (depth, sentence), each reason under what it explains."""
    return tuple(_lines(explanation, language, 0))


def reason(explanation: Explanation, language: Language) -> str:
    """The reasons of an explanation as one line, without its own sentence unless it has no reason."""
    return "; ".join(in_full(child, language) for child in explanation.because) or in_full(explanation, language)


def in_full(explanation: Explanation, language: Language) -> str:
    """The tree as one line: its sentence, and in brackets what it rests on; a step says only what it did."""
    if explanation.rule.startswith("step."):
        return reason(explanation, language)
    text = said(explanation, language)
    if not explanation.because:
        return text
    return f"{text} ({', '.join(in_full(child, language) for child in explanation.because)})"


def missing_sentence(missing: Missing, language: Language) -> str:
    """What is missing, with the last day to do it."""
    text = sentence(f"missing.{missing.code}", missing.inputs, language)
    if missing.until is None:
        return text
    return text + sentence("missing.until", (("until", missing.until),), language)


def _lines(explanation: Explanation, language: Language, depth: int) -> Iterable[tuple[int, str]]:
    yield depth, said(explanation, language)
    for child in explanation.because:
        yield from _lines(child, language, depth + 1)


def said(explanation: Explanation, language: Language) -> str:
    """The sentence of one explanation, without what it rests on."""
    inputs = explanation.inputs
    if explanation.cents is not None:
        inputs = (*inputs, ("result_cents", explanation.cents))
    return sentence(explanation.rule, inputs, language)


def _shown(name: str, value: Value, language: Language) -> str:
    match value:
        case Label():
            return value.fr if language == "fr" else value.en
        case date():
            return f"{value:%d/%m/%Y}" if language == "fr" else value.isoformat()
        case int():
            return _number(name.rpartition("_")[2], value, language)
    return value


def _number(unit: str, value: int, language: Language) -> str:
    if unit == "cents":
        return in_french(value) if language == "fr" else in_english(value)
    if unit == "share":
        return percent_text(value, "," if language == "fr" else ".")
    if unit not in _UNITS[language]:
        return str(value)
    one, many = _UNITS[language][unit]
    plural = value > 1 if language == "fr" else value != 1
    return f"{value} {many if plural else one}"
