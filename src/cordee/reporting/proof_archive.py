"""A zip of evidence with a manifest and the SHA-256 of every file, piece by piece; the same files, the same bytes."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"

_READABLE_BY_OWNER = 0o100600 << 16


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A file of the archive: its path in it, and what it is, in a sentence."""

    path: str
    content: bytes
    title: str

    @property
    def digest(self) -> str:
        """Its SHA-256, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def archive(files: Sequence[ProofFile], about: Mapping[str, Any]) -> Iterator[bytes]:
    """The zip of `files`, with `manifest.json` (`about`, and each file) and `SHA256SUMS`, for `sha256sum -c`."""
    manifest = ProofFile(MANIFEST, _manifest(files, about), "What is in this archive")
    listed = (*files, manifest)
    sums = "".join(f"{file.digest}  {file.path}\n" for file in listed).encode()
    written = _Written()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in (*listed, ProofFile(SUMS, sums, "")):
            # ZipInfo's own date is 1980: the same evidence gives the same bytes, whenever it is asked for.
            entry = zipfile.ZipInfo(file.path)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _READABLE_BY_OWNER
            zipped.writestr(entry, file.content)
            yield written.taken()
    yield written.taken()


def _manifest(files: Sequence[ProofFile], about: Mapping[str, Any]) -> bytes:
    listed = [
        {"path": file.path, "title": file.title, "bytes": len(file.content), "sha256": file.digest} for file in files
    ]
    return (json.dumps({**about, "files": listed}, ensure_ascii=False, indent=2) + "\n").encode()


class _Written(io.RawIOBase):
    """Where the zip is written: nothing is kept once taken, so that an archive is never whole in memory twice."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
