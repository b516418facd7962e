"""Jobs at the HTTP door: where one stands, what it gave, its files; and how to cancel it (R4 async.html)."""

import re
from collections.abc import Callable, Iterator, Mapping
from email.utils import format_datetime
from pathlib import Path

from cordee.api.addresses import Address
from cordee.api.asynchronous_request import KIND as REQUEST
from cordee.api.asynchronous_request import rendered as rendered_answer
from cordee.api.operations.exporting import rendered as rendered_export
from cordee.api.operations.importing import rendered as rendered_import
from cordee.api.request import FhirRequest
from cordee.api.response import FhirResponse, File
from cordee.fhir.outcome import NotFound
from cordee.settings import Settings
from cordee.store.bulk_export import KIND as EXPORT
from cordee.store.bulk_import import KIND as IMPORT
from cordee.store.jobs import Job
from cordee.store.repository import Repository

RENDERINGS: Mapping[str, Callable[[Job, FhirRequest], FhirResponse]] = {
    REQUEST: rendered_answer,
    IMPORT: rendered_import,
    EXPORT: rendered_export,
}
"""By kind of job, what is answered once it is completed."""

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,127}")
_SECONDS_BETWEEN_POLLS = b"1"
_PIECE_BYTES = 256 * 1024


class JobStatus:
    """What is asked of the jobs of one tenant."""

    def __init__(self, settings: Settings, request: FhirRequest, repository: Repository) -> None:
        self._settings = settings
        self._request = request
        self._jobs = repository.jobs

    async def status(self, address: Address) -> FhirResponse:
        """202 while it is under way, then what it gave; the outcome that it failed with, under its status.

        Raises `NotFound` for one that never was, was cancelled, or has expired.
        """
        job = await self._jobs.find(address.id)
        if not job.has_ended:
            progress = job.progress.encode("ascii", "replace")[:100]  # as the standard wants it
            return FhirResponse(202, headers=[(b"x-progress", progress), (b"retry-after", _SECONDS_BETWEEN_POLLS)])
        if job.fault is not None:
            return FhirResponse(job.fault.status, job.fault.outcome.encode())
        response = RENDERINGS[job.kind](job, self._request)
        if job.expires is not None:
            response.headers.append((b"expires", format_datetime(job.expires, usegmt=True).encode()))
        return response

    async def cancel(self, address: Address) -> FhirResponse:
        """Ends it, and forgets what it made; raises `NotFound`."""
        await self._jobs.find(address.id)
        await self._jobs.cancel(address.id)
        return FhirResponse(202)

    async def file(self, address: Address) -> FhirResponse:
        """A file that a completed job gave: those that its result names under `files`, with their media types.

        Raises `NotFound`.
        """
        job = await self._jobs.find(address.id)
        given = job.result.get("files", {}) if job.state == "completed" and isinstance(job.result, dict) else {}
        path = self._settings.data_dir / "jobs" / job.id / address.member
        if address.member not in given or not _FILE_NAME.fullmatch(address.member) or not path.is_file():
            raise NotFound(f"The job has no file «{address.member}».")
        return FhirResponse(200, file=File(address.member, given[address.member], _pieces(path)))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
