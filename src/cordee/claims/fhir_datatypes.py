"""The R4 datatypes the project's resources are written with; amounts are Decimals with two decimals."""

from typing import Any

from cordee.claims import canonical
from cordee.pathways.model import Label
from cordee.pathways.money import euros

Element = dict[str, Any]


def coded(system: str, code: str, display: str | None = None) -> Element:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code}
    if display:
        coding["display"] = display
    return {"coding": [coding]}


def money(cents: int) -> Element:
    """Money in euros."""
    return {"value": euros(cents), "currency": "EUR"}


def identifier(text: str) -> Element:
    """An Identifier written `system|value`."""
    system, _, value = text.partition("|")
    return {"system": system, "value": value}


def named(text: str, name: str) -> Element:
    """A Reference by business identifier, `system|value`."""
    return {"identifier": identifier(text), "display": name}


def translated(words: Label) -> tuple[str, Element]:
    """A French text, and the element that carries its English (HL7's translation extension)."""
    parts = [{"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": words.en}]
    return words.fr, {"extension": [{"url": canonical.TRANSLATION, "extension": parts}]}


def said(words: Label) -> Element:
    """A `valueString` in both languages."""
    french, english = translated(words)
    return {"valueString": french, "_valueString": english}


def insurer_share_extensions(amo: int, amc: int) -> list[Element]:
    """The AMO's and the AMC's part of an amount in cents, each once."""
    return [
        {
            "url": canonical.INSURER_SHARE,
            "extension": [{"url": "insurer", "valueCode": insurer}, {"url": "amount", "valueMoney": money(cents)}],
        }
        for insurer, cents in (("amo", amo), ("amc", amc))
    ]
