"""The patient's Consents to a parcours into the day it was given, and the day it was withdrawn (R. 4012-1 CSP).

A Consent is to a parcours when its `category` names the pathway, in the project's system, and its `scope` is privacy or
treatment. It holds from `dateTime` (or the start of `provision.period`) to the end of `provision.period`; one that is
`inactive` to that end, else to the day it was last changed.
"""

from collections.abc import Iterable
from datetime import date, timedelta, tzinfo

from cordee.claims.canonical import PATHWAY_SYSTEM
from cordee.claims.evidence import ConsentGiven, Exit
from cordee.claims.fhir_dates import first_day, last_day
from cordee.claims.fhir_evidence import EvidenceError, Resource, codes_of, local_reference, reading, reference_of
from cordee.pathways.model import Validity

_SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"
_OF_CARE = frozenset({"patient-privacy", "treatment"})
_GIVEN = frozenset({"active", "inactive"})
_ONE_DAY = timedelta(days=1)


def consent_to(
    pathway: str, patient: str, consents: Iterable[Resource], start: date, zone: tzinfo
) -> tuple[ConsentGiven | None, tuple[Exit, ...]]:
    """The consent that holds for a plan begun on `start`, and the exit that its withdrawal is.

    Consents without a day between them are one; what ended before `start` is another parcours'. Raises EvidenceError
    for a withdrawal without a day.
    """
    held = sorted(
        ((_held(consent, zone), reference_of(consent)) for consent in consents if _is_to(consent, pathway, patient)),
        key=lambda entry: (entry[0].first, entry[1]),
    )
    given: ConsentGiven | None = None
    last: date | None = None
    for validity, reference in held:
        if validity.last is not None and validity.last < start:
            continue
        if given is None:
            given, last = ConsentGiven(validity.first, reference), validity.last
        elif last is not None and validity.first <= last + _ONE_DAY:
            last = None if validity.last is None else max(last, validity.last)
    return given, () if last is None else (Exit(last, "consent_withdrawn"),)


def _is_to(consent: Resource, pathway: str, patient: str) -> bool:
    scopes = codes_of([consent.get("scope", {})])
    return (
        consent.get("status") in _GIVEN
        and local_reference(consent.get("patient")) == patient
        and any(code.system == _SCOPES and code.code in _OF_CARE for code in scopes)
        and any((c.system, c.code) == (PATHWAY_SYSTEM, pathway) for c in codes_of(consent.get("category", ())))
        and consent.get("provision", {}).get("type", "permit") == "permit"
    )


def _held(consent: Resource, zone: tzinfo) -> Validity:
    reference = reference_of(consent)
    period = consent.get("provision", {}).get("period", {})
    with reading(reference):
        begun = period.get("start") or consent.get("dateTime")
        if begun is None:
            raise EvidenceError(f"{reference}: write in dateTime the day the consent was given")
        # Of a partial date, the last day: nothing counts that may have come before the consent.
        first = last_day(begun, zone)
        end = period.get("end")
        if end is None and consent["status"] == "inactive":
            end = consent.get("meta", {}).get("lastUpdated")
            if end is None:
                raise EvidenceError(f"{reference}: write in provision.period.end the last day of a consent withdrawn")
        return Validity(first, None if end is None else max(first, first_day(end, zone)))
