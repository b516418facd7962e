"""The words for a code in the language that is asked for (R4 valueset-operation-expand.html, displayLanguage)."""

from collections.abc import Iterable, Mapping
from typing import Any

from cordee.fhir.text_normalization import normalize_text


def in_language(display: str | None, designations: Iterable[Mapping[str, Any]], languages: str | None) -> str | None:
    """The display in the first language of a list (`fr-FR, en;q=0.5`) that has one, else the one it has."""
    said = [(str(d["language"]).lower(), str(d["value"])) for d in designations if "language" in d]
    for wanted in (languages or "").lower().split(","):
        language = wanted.partition(";")[0].strip()
        found = next((value for tag, value in said if tag == language), None) or next(
            (value for tag, value in said if _primary(tag) == _primary(language)), None
        )
        if found is not None:
            return found
    return display


def is_display(said: str, display: str | None, designations: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a text is one of the displays of a code; case, accents and punctuation don't count."""
    return normalize_text(said) in {
        normalize_text(text) for text in (display, *(d["value"] for d in designations)) if text
    }


def _primary(tag: str) -> str:
    return tag.partition("-")[0]
