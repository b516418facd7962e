"""What a failure of the server leaves: a line in the log that says where, and an outcome that names that line."""

import structlog

from cordee.fhir.outcome import Issue

_log = structlog.get_logger("cordee.api")


def log_failure(error: Exception, interaction: str, request_id: str) -> None:
    """Where it happened, not what it said: a message can hold personal data."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    _log.error(
        "request failed",
        request_id=request_id,
        interaction=interaction,
        error=type(error).__name__,
        at=" < ".join(reversed(places)),
    )


def failure_issue(request_id: str) -> Issue:
    """What the client is told (500)."""
    return Issue("fatal", "exception", f"The server failed on this request; its log says where, under {request_id}.")
