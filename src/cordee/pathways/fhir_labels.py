"""Labels, codes, durations and periods of a pathway as FHIR writes them."""

from typing import Any

from cordee.pathways.durations import Duration
from cordee.pathways.model import Label, Validity

UCUM = "http://unitsofmeasure.org"

_TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"


def translated(element: str, label: Label) -> dict[str, Any]:
    """A text element in French, with its English translation beside it."""
    content = [{"url": "lang", "valueCode": "en"}, {"url": "content", "valueString": label.en}]
    return {element: label.fr, f"_{element}": {"extension": [{"url": _TRANSLATION, "extension": content}]}}


def concept(system: str, code: str, label: Label | None = None) -> dict[str, Any]:
    """A CodeableConcept of one coding."""
    coding = {"system": system, "code": code} | (translated("display", label) if label else {})
    return {"coding": [coding]}


def quantity(number: int, unit: str, code: str) -> dict[str, Any]:
    """A Quantity in a UCUM unit."""
    return {"value": number, "unit": unit, "system": UCUM, "code": code}


def duration_quantity(duration: Duration) -> dict[str, Any] | None:
    """A Duration in months or in days; None when it has both, which one unit can't say."""
    if duration.months and duration.days:
        return None
    if duration.months:
        return quantity(duration.months, "mois", "mo")
    return quantity(duration.days, "jours", "d")


def period(validity: Validity) -> dict[str, str]:
    """A Period, both days included."""
    found = {"start": validity.first.isoformat()}
    if validity.last is not None:
        found["end"] = validity.last.isoformat()
    return found
