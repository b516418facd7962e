"""What a failure of the server leaves: a line in the log that says where, and an outcome that names that line."""

import structlog

from cordee.fhir.outcome import Issue
from cordee.store.failures import raised_at

_log = structlog.get_logger("cordee.api")


def log_failure(error: Exception, interaction: str, request_id: str) -> None:
    """Where it happened, not what it said: a message can hold personal data."""
    _log.error(
        "request failed",
        request_id=request_id,
        interaction=interaction,
        error=type(error).__name__,
        at=raised_at(error),
    )


def failure_issue(request_id: str) -> Issue:
    """What the client is told (500)."""
    return Issue("fatal", "exception", f"The server failed on this request; its log says where, under {request_id}.")
