"""What a terminology can't answer."""

from cordee.fhir.outcome import FhirError


class UnusableTerminology(FhirError):
    """A CodeSystem, ValueSet or ConceptMap is stored, or given, in a form that can't be used (422)."""

    status = 422
    code = "processing"


class UnknownTerminology(FhirError):
    """A CodeSystem, ValueSet or ConceptMap that is needed is not known here (404)."""

    status = 404
    code = "not-found"


class TooCostly(FhirError):
    """An expansion that is too large to be answered at once (422)."""

    status = 422
    code = "too-costly"
