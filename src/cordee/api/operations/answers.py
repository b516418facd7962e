"""The Parameters that an operation answers, and the files (R4 parameters.html, operations.html#response)."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from cordee.api.response import FhirResponse
from cordee.claims import canonical
from cordee.claims.fhir_claim import claim_text
from cordee.pathways.model import Label, Validity
from cordee.pathways.money import euros

Part = dict[str, Any]


def parameters(entries: Iterable[Part]) -> FhirResponse:
    """The answer of an operation that gives several things."""
    return FhirResponse(200, claim_text({"resourceType": "Parameters", "parameter": list(entries)}))


def text(name: str, value: str) -> Part:
    """A text."""
    return {"name": name, "valueString": value}


def sentence(name: str, said: Label) -> Part:
    """A French sentence that carries its English."""
    return {"name": name, **in_both_languages(said)}


def in_both_languages(said: Label) -> Part:
    """The members of a string that is a French sentence with its English (HL7's translation extension)."""
    parts = [{"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": said.en}]
    extension = {"extension": [{"url": canonical.TRANSLATION, "extension": parts}]}
    return {"valueString": said.fr, "_valueString": extension}


def code(name: str, value: str) -> Part:
    """A code."""
    return {"name": name, "valueCode": value}


def flag(name: str, value: bool) -> Part:
    """A boolean."""
    return {"name": name, "valueBoolean": value}


def number(name: str, value: int) -> Part:
    """A whole number."""
    return {"name": name, "valueInteger": value}


def day(name: str, value: date) -> Part:
    """A day."""
    return {"name": name, "valueDate": value.isoformat()}


def reference(name: str, named: str, display: str | None = None) -> Part:
    """A reference to a resource of this server."""
    return {"name": name, "valueReference": {"reference": named} | ({"display": display} if display else {})}


def payee(name: str, named: str | None, display: str, identifier: str) -> Part:
    """Who is paid: a resource if there is one, always their business identifier (`system|value`) if they have one."""
    system, _, value = identifier.partition("|")
    found: Part = {"reference": named} if named is not None else {}
    if value:
        found["identifier"] = {"system": system, "value": value}
    return {"name": name, "valueReference": found | {"display": display}}


def period(days: Validity) -> Part:
    """A Period of days."""
    end = {"end": days.last.isoformat()} if days.last is not None else {}
    return {"start": days.first.isoformat()} | end


def money(name: str, cents: int) -> Part:
    """An amount."""
    return {"name": name, "valueMoney": {"value": euros(cents), "currency": "EUR"}}


def group(name: str, parts: Iterable[Part | None]) -> Part:
    """A parameter with parts; those that are None are left out."""
    return {"name": name, "part": [part for part in parts if part is not None]}
