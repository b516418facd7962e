"""Where the files of an import may be: in a folder or on hosts that the operator named, nowhere else."""

import os
import shutil
import stat
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit

from cordee.fhir.outcome import FhirError
from cordee.store.bulk_import.order import RECEIVED, RECEIVED_NAME
from cordee.store.jobs.folders import open_private

_BLOCK = 1 << 19
_FETCHED = "fetched-{}"
_SECONDS_WITHOUT_AN_ANSWER = 60


class UnusableSource(FhirError):
    """A file that may not be read, or can't be (422)."""

    status = 422
    code = "not-found"


@dataclass(frozen=True, slots=True)
class ImportPolicy:
    """What an import may read. `folder` None: no `file:` addresses; `hosts` are those of `https:` addresses."""

    folder: Path | None
    hosts: frozenset[str]
    longest_line: int
    """Bytes."""
    processes: int

    def refusal(self, url: str) -> str | None:
        """Why an address may not be read, None when it may; said before a job is made of it."""
        try:
            parts = urlsplit(url)
            host = parts.netloc.lower()
        except ValueError:
            return f"«{url}» is not an address"
        if parts.scheme == "https":
            if host in self.hosts:
                return None
            known = ", ".join(sorted(self.hosts)) or "none"
            return f"nothing is fetched from «{host}»: CORDEE_IMPORT_HOSTS names {known}"
        if parts.scheme != "file":
            return f"«{parts.scheme}:» is not read; https: and file: are"
        if self.folder is None:
            return "no file is read: CORDEE_IMPORT_FOLDER names no folder; POST the file itself"
        if host not in ("", "localhost") or _inside(self.folder, url) is None:
            return "only files in the folder that CORDEE_IMPORT_FOLDER names are read"
        return None


def _inside(folder: Path, url: str) -> tuple[str, ...] | None:
    """The parts of a file's path below `folder`; None when it is not below it."""
    path = unquote(urlsplit(url).path)
    root = f"{folder.absolute()}/".replace("//", "/")
    parts = path.removeprefix(root).split("/") if path.startswith(root) else [""]
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        return None
    return tuple(parts)


def open_source(url: str, number: int, job_folder: Path, policy: ImportPolicy) -> IO[bytes]:
    """The file of an import's input, opened; what is fetched is kept in the job's folder and fetched once.

    Raises `UnusableSource`.
    """
    reason = None if url == RECEIVED else policy.refusal(url)
    if reason is not None:
        raise UnusableSource(f"{reason}.")
    try:
        if url == RECEIVED:
            return (job_folder / RECEIVED_NAME).open("rb")
        if url.startswith("https:"):
            return _fetched(url, job_folder / _FETCHED.format(number))
        parts = _inside(policy.folder, url) if policy.folder is not None else None
        if policy.folder is None or parts is None:
            raise UnusableSource(f"{url} may not be read.")
        return _open_below(policy.folder, parts)
    except OSError as error:
        raise UnusableSource(f"{url} can't be read: {error.strerror or 'it can not be reached'}.") from None


def _open_below(folder: Path, parts: tuple[str, ...]) -> IO[bytes]:
    """A regular file, no step to which is a symbolic link: nothing leads out of the folder, not even while we look."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        opened = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(0, "it is not a file")
    return os.fdopen(opened, "rb", buffering=0)


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """Where an address leads to is not what the operator allowed."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Refuses."""
        raise UnusableSource(f"{req.full_url} leads elsewhere, which is not followed.")


def _fetched(url: str, place: Path) -> IO[bytes]:
    if not place.exists():
        partial = place.with_suffix(".partial")
        opener = urllib.request.build_opener(_NoRedirection)
        try:
            answer: HTTPResponse = opener.open(url, timeout=_SECONDS_WITHOUT_AN_ANSWER)
            with answer, open_private(partial) as file:
                shutil.copyfileobj(answer, file, _BLOCK)
                if answer.length:
                    raise UnusableSource(f"{url} was cut short.")
        except HTTPError as error:
            raise UnusableSource(f"{url} answers {error.code}.") from None
        except URLError as error:
            reason = error.reason if isinstance(error.reason, str) else type(error.reason).__name__
            raise UnusableSource(f"{url} can't be reached: {reason}.") from None
        partial.rename(place)
    return place.open("rb")


def forget_sources(job_folder: Path) -> None:
    """Removes what was received and fetched for a job, once it is imported."""
    for path in (job_folder / RECEIVED_NAME, *job_folder.glob(_FETCHED.format("*"))):
        path.unlink(missing_ok=True)


async def blocks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """The file's content, from where it stands."""
    while block := file.read(_BLOCK):
        yield block
