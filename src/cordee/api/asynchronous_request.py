"""`Prefer: respond-async`: a request put aside as a job, and the answer that is fetched later (R4 async.html).

R4 leaves the form of the answer open; this is R5's (async-bundle.html): a batch-response whose one entry is what the
request would have been answered.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from cordee.api.operations.table import OPERATIONS_BY_SHAPE
from cordee.api.request import FhirRequest
from cordee.api.response import FhirResponse
from cordee.fhir import bundle_text
from cordee.fhir.bundle_text import ResponseEntry
from cordee.fhir.outcome import FhirError
from cordee.store.jobs import Job, JobQueue, Json

KIND = "request"

_LONG = frozenset(
    {
        "bundle",
        "search",
        "posted-search",
        "search-system",
        "posted-search-system",
        "search-compartment",
        "history-system",
        "history-type",
        "history-instance",
        "conditional-delete",
    }
)
_HEADERS = (
    b"host",
    b"content-type",
    b"if-match",
    b"if-none-match",
    b"if-none-exist",
    b"if-modified-since",
    b"prefer",
    b"x-request-id",
)


class Interrupted(FhirError):
    """The server ended while it carried out a request that can't be carried out twice (503)."""

    status = 503
    code = "incomplete"


def may_be_put_aside(interaction: str, shape: str) -> bool:
    """Whether it can take long: searches, histories, bundles and operations. Others are answered at once.

    The client's wish is a preference (RFC 7240); an operation that is a job anyway makes one of its own.
    """
    operation = OPERATIONS_BY_SHAPE.get(shape)
    return interaction in _LONG or (operation is not None and not operation.is_job)


async def put_aside(request: FhirRequest, jobs: JobQueue, most_bytes: int) -> Job:
    """Leaves the request to the background; raises `TooLarge` or `MalformedBody` for its body.

    What is wrong with it otherwise is told by the job's answer.
    """
    body = await request.body(most_bytes)
    headers = {name.decode(): value.decode("latin-1") for name, value in request.headers.items() if name in _HEADERS}
    asked = {
        "method": request.method,
        "path": request.full_path,
        "query": request.query_string.decode("latin-1"),
        "headers": headers,
        "scheme": request.scheme,
    }
    return await jobs.ask(KIND, asked, body or None)


def scope_of(job: Job) -> dict[str, Any]:
    """The ASGI scope of the request that was put aside, the wish to be answered later left out."""
    asked: Mapping[str, Any] = job.request
    headers = dict(asked["headers"])
    preferences = [part.strip() for part in headers.pop("prefer", "").split(",")]
    headers["prefer"] = ", ".join(part for part in preferences if part.lower() != "respond-async")
    headers["accept"] = "application/fhir+json"
    return {
        "type": "http",
        "method": asked["method"],
        "path": asked["path"],
        "query_string": asked["query"].encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        "scheme": asked["scheme"],
    }


def result_of(status: int, headers: Mapping[bytes, bytes], resource: bytes) -> Json:
    """A job's result: what the request was answered."""
    kept = {"location": b"location", "etag": b"etag", "lastModified": b"last-modified"}
    told = {name: headers[header].decode() for name, header in kept.items() if header in headers}
    return {"status": status, "headers": told, "resource": resource.decode() or None}


def rendered(job: Job, _request: FhirRequest) -> FhirResponse:
    """The Bundle of one entry."""
    status, headers, resource = job.result["status"], job.result["headers"], job.result["resource"]
    text = None if resource is None else resource.encode()
    is_refusal = status >= HTTPStatus.BAD_REQUEST
    entry = ResponseEntry(
        f"{status} {HTTPStatus(status).phrase}",
        headers.get("location"),
        headers.get("etag"),
        None,
        None if is_refusal else text,
        text if is_refusal else None,
    )
    return FhirResponse(200, bundle_text.responses("batch", [entry]))
