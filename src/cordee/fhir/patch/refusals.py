"""Why a patch is not carried out."""

from cordee.fhir.outcome import FhirError


class InvalidPatch(FhirError):
    """The patch itself can't be understood (400)."""

    code = "structure"


class PatchNotApplicable(FhirError):
    """The patch is understood, and does not fit the resource as it stands (422)."""

    status = 422
    code = "processing"
