"""Answers: status, headers and body, sent in two ASGI messages."""

import base64
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from starlette.types import Send

from cordee.api.media_types import NDJSON, Format
from cordee.api.representation import written
from cordee.fhir.bundle_text import etag
from cordee.fhir.graphql.refusals import GraphqlRefusal, errors
from cordee.fhir.outcome import FhirError, Issue, operation_outcome
from cordee.fhir.stored_version import StoredVersion

_CONTENT_TYPES = {
    format_: (b"content-type", f"{format_.value}; fhirVersion=4.0; charset=utf-8".encode()) for format_ in Format
}
_RETRY_AFTER_SECONDS = b"5"
_SMALLEST_COMPRESSED = 1024
_COMPRESSION_LEVEL = 4
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class File:
    """What is answered and is no FHIR resource, piece by piece; with a name, as a file to keep."""

    name: str | None
    media_type: str
    pieces: Iterator[bytes]

    def as_binary(self) -> bytes:
        """The whole as a Binary resource, for the entry of a Bundle."""
        data = base64.b64encode(b"".join(self.pieces)).decode()
        return orjson.dumps({"resourceType": "Binary", "contentType": self.media_type, "data": data})


@dataclass(slots=True)
class FhirResponse:
    """A status and a FHIR resource's text, a file, or nothing.

    `version` is the stored version that it is about (ETag and Last-Modified tell it), `location` where it is.
    """

    status: int
    body: bytes = b""
    version: StoredVersion | None = None
    location: str | None = None
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    file: File | None = None
    format: Format = Format.JSON
    """What `body` is written in."""

    async def write_as(self, format_: Format, *, indented: bool) -> None:
        """Writes the body as the client wants it; raises `NotAcceptable` (406) when the format can't hold it."""
        if self.body:
            self.body = await written(self.body, format_, indented=indented)
        self.format = format_

    async def send(self, send: Send, *, head: bool, compressed: bool) -> None:
        """Sends it; for HEAD, the headers of the GET without its body."""
        if self.file is not None:
            await self._send_file(self.file, send, head=head, compressed=compressed)
            return
        body, headers = self.body, self.headers
        if compressed and len(body) >= _SMALLEST_COMPRESSED:
            body = gzip.compress(body, _COMPRESSION_LEVEL, mtime=0)
            headers.append((b"content-encoding", b"gzip"))
        if body:
            headers.append((b"vary", b"accept, accept-encoding"))
        headers += self._of_version()
        if self.location is not None:
            headers.append((b"location", self.location.encode()))
        if self.status not in (204, 304):
            headers.append((b"content-length", str(len(body)).encode()))
        if body:
            headers.append(_CONTENT_TYPES[self.format])
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if head else body})

    def _of_version(self) -> list[tuple[bytes, bytes]]:
        if self.version is None:
            return []
        return [
            (b"etag", etag(self.version.version).encode()),
            (b"last-modified", _http_date(self.version.last_updated)),
        ]

    async def _send_file(self, file: File, send: Send, *, head: bool, compressed: bool) -> None:
        headers = [*self.headers, *self._of_version(), (b"content-type", file.media_type.encode())]
        if file.name is not None:
            headers.append((b"content-disposition", f'attachment; filename="{file.name}"'.encode()))
        pieces = file.pieces
        if file.media_type in NDJSON:
            headers.append((b"vary", b"accept-encoding"))
            if compressed:
                headers.append((b"content-encoding", b"gzip"))
                pieces = _compressed(pieces)
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        if not head:
            for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _compressed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packing = zlib.compressobj(_COMPRESSION_LEVEL, wbits=31)
    for piece in pieces:
        if packed := packing.compress(piece):
            yield packed
    yield packing.flush()


def _http_date(moment: datetime) -> bytes:
    """A UTC moment as RFC 9110 5.6.7 writes it; on every read, where email.utils takes four times as long."""
    day = f"{_DAYS[moment.weekday()]}, {moment.day:02d} {_MONTHS[moment.month - 1]} {moment.year}"
    return f"{day} {moment.hour:02d}:{moment.minute:02d}:{moment.second:02d} GMT".encode()


def accepted(job_id: str, base_url: str) -> FhirResponse:
    """The answer to a request that became a job: 202, and where to ask what became of it."""
    return FhirResponse(202, headers=[(b"content-location", f"{base_url}/_job/{job_id}".encode())])


def refusal(error: FhirError) -> FhirResponse:
    """The OperationOutcome of an error, under its status; GraphQL's errors in their own form."""
    if isinstance(error, GraphqlRefusal):
        return FhirResponse(error.status, file=File(None, "application/json", iter((orjson.dumps(errors(error)),))))
    headers = [(b"retry-after", _RETRY_AFTER_SECONDS)] if error.status == 503 else []
    return FhirResponse(error.status, outcome_text(*error.issues), headers=headers)


def outcome_text(*issues: Issue) -> bytes:
    """An OperationOutcome's text; «All OK» without issues."""
    return orjson.dumps(operation_outcome(issues))
