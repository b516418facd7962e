"""What is no HTTP request, told as everything else is: by an OperationOutcome."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from cordee.api.media_types import Format
from cordee.api.response import outcome_text
from cordee.fhir.outcome import Issue

_SENTENCE = (
    "This can't be read as an HTTP request: a header or the framing of the body is malformed, the method is not one of "
    "HTTP, or the address is over 64 kB (POST long searches to _search)."
)
_OUTCOME = outcome_text(Issue("error", "structure", _SENTENCE))
_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"content-type: " + Format.JSON.value.encode() + b"; fhirVersion=4.0; charset=utf-8\r\n"
    b"content-length: " + str(len(_OUTCOME)).encode() + b"\r\n"
    b"connection: close\r\n\r\n" + _OUTCOME
)


class FhirHttpProtocol(HttpToolsProtocol):
    """Uvicorn's protocol; such requests never reach an application, so only here can they be answered."""

    def send_400_response(self, msg: str) -> None:
        """Answers and closes; `msg`, Uvicorn's own sentence, is left out."""
        self.transport.write(_ANSWER)
        self.transport.close()
