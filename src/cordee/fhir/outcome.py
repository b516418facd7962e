"""Problems, and the OperationOutcome that tells them (R4 operationoutcome.html)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem: `code` is of the required value set issue-type, `path` a FHIRPath such as `Patient.name[0].use`."""

    severity: Severity
    code: str
    diagnostics: str
    path: str | None = None


class FhirError(Exception):
    """A refusal with its HTTP status and its issues; every door turns it into an OperationOutcome or a message."""

    status = 400
    code = "invalid"

    def __init__(self, diagnostics: str, *, path: str | None = None, issues: Sequence[Issue] = ()) -> None:
        super().__init__(diagnostics)
        self.issues: tuple[Issue, ...] = tuple(issues) or (Issue("error", self.code, diagnostics, path),)

    def with_issues(self, issues: Sequence[Issue]) -> "FhirError":
        """The same refusal, told by other issues: of a part, as the whole that it is in tells it."""
        return type(self)(str(self), issues=issues)


class MalformedBody(FhirError):
    """The body is not JSON, or not a FHIR resource at all (400)."""

    code = "structure"


class InvalidSearch(FhirError):
    """The search can't be understood or isn't supported (400)."""


class InvalidResource(FhirError):
    """The body breaks the rules of the standard; carries every problem found.

    400 when it can't be read as the resource it says it is (an unknown element, an object for a string), 422 when it
    can and its content is refused (R4 http.html#create).
    """

    status = 422
    code = "invariant"

    def __init__(self, diagnostics: str, *, path: str | None = None, issues: Sequence[Issue] = ()) -> None:
        super().__init__(diagnostics, path=path, issues=issues)
        if any(issue.code == "structure" for issue in self.issues):
            self.status = 400


class NotFound(FhirError):
    """Nothing was ever stored there (404)."""

    status = 404
    code = "not-found"


class UnknownResourceType(FhirError):
    """R4 has no such resource type (404)."""

    status = 404
    code = "not-supported"


class Gone(FhirError):
    """What was there has been deleted (410)."""

    status = 410
    code = "deleted"


class MethodNotAllowed(FhirError):
    """The address exists, the method does not apply to it (405)."""

    status = 405
    code = "not-supported"


class NotAcceptable(FhirError):
    """The format asked for is not served (406)."""

    status = 406
    code = "not-supported"


class UnsupportedMediaType(FhirError):
    """The body's format is not read (415)."""

    status = 415
    code = "not-supported"


class Conflict(FhirError):
    """Another writer came first, or two parts of one transaction touch the same resource (409)."""

    status = 409
    code = "conflict"


class Sealed(FhirError):
    """The resource is final: it is corrected by a new one, never edited or deleted (409)."""

    status = 409
    code = "business-rule"


class PreconditionFailed(FhirError):
    """If-Match names another version, or a condition matches several resources (412)."""

    status = 412
    code = "conflict"


class Unprocessable(FhirError):
    """The request is understood, and what is stored does not allow it; the message names what to mend (422)."""

    status = 422
    code = "processing"


class TooLarge(FhirError):
    """The body is over the limit (413)."""

    status = 413
    code = "too-long"


class Unavailable(FhirError):
    """The database can't be reached now (503); trying again later may do."""

    status = 503
    code = "transient"


def operation_outcome(issues: Sequence[Issue]) -> dict[str, Any]:
    """The OperationOutcome of `issues`; without any, the information that all is well (R4 operationoutcome.html)."""
    if not issues:
        issues = (Issue("information", "informational", "All OK"),)
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": i.severity, "code": i.code, "diagnostics": i.diagnostics}
            | ({"expression": [i.path]} if i.path else {})
            for i in issues
        ],
    }
