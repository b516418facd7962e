"""The background's part of `Prefer: respond-async`: the request carried out as if it came over HTTP."""

import base64

import orjson
from starlette.types import Message

from cordee.api.asynchronous_request import Interrupted, result_of, scope_of
from cordee.api.fhir import FhirApplication
from cordee.api.metrics import Metrics
from cordee.settings import Settings
from cordee.store.jobs import Json, RunningJob

_REPEATABLE = ("GET", "HEAD", "PUT", "DELETE")  # RFC 9110 9.2.2


async def answer_request(running: RunningJob, settings: Settings) -> Json:
    """What the request is answered. Raises `Interrupted` for the second attempt of one that can't be repeated."""
    job = running.job
    scope = scope_of(job)
    is_search = job.request["path"].endswith("/_search")
    if job.attempts > 1 and scope["method"] not in _REPEATABLE and not is_search:
        raise Interrupted(
            "The server ended while it carried this request out: it may or may not have been done. "
            "Look at what is stored, then ask again, with a condition if it creates."
        )
    application = FhirApplication(settings, Metrics())
    application.database = running.database
    begun: list[Message] = []
    pieces: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": job.payload or b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            begun.append(message)
        else:
            pieces.append(message.get("body", b""))

    await application(scope, receive, send)
    headers = dict(begun[0]["headers"])
    body = b"".join(pieces)
    media_type = headers.get(b"content-type", b"").decode()
    if body and not media_type.startswith("application/fhir+json"):
        binary = {"resourceType": "Binary", "contentType": media_type, "data": base64.b64encode(body).decode()}
        body = orjson.dumps(binary)
    return result_of(begun[0]["status"], headers, body)
