"""Steps of a Claim's life that make no sense as it stands: refused in both languages, with what to do instead."""

from cordee.fhir.outcome import FhirError
from cordee.pathways.model import Label


class ClaimRefused(FhirError):
    """The step is refused and nothing was written (409); `reason` says why, and what to do."""

    status = 409
    code = "business-rule"

    def __init__(self, french: str, english: str, *, path: str | None = None) -> None:
        super().__init__(f"{french} / {english}", path=path)
        self.reason = Label(french, english)
