"""The documents of a file: one JSON document, or one a line (NDJSON), read without ever holding more than one."""

import asyncio
import os
import re
import stat
from collections.abc import AsyncIterator, Callable
from typing import IO

from cordee.cli.load.sources import Source
from cordee.store.loading import peek
from cordee.store.loading.decompression import plain_blocks

LARGEST_DOCUMENT = 1 << 30
_BLOCK = 1 << 18
_BYTES_TO_RECOGNISE = 512
_BOM = b"\xef\xbb\xbf"
_NOT_YET = "is not loaded yet; only FHIR in JSON is"


class Unloadable(Exception):
    """A file that holds nothing that can be loaded; the message says what it is instead."""


async def documents(source: Source, read: Callable[[int], None]) -> AsyncIterator[tuple[int | None, bytes]]:
    """Each document with its line number; None for the only document of a file.

    `read` is called with the number of bytes taken from the file. Raises `Unloadable`, `DamagedData`, or `OSError`;
    what comes before the damage of a NDJSON file is given first.
    """
    blocks = _recognised(plain_blocks(_counted(_blocks(source), read)))
    lines = _lines(blocks)
    first = await anext(lines, None)
    if first is None:
        raise Unloadable("The file is empty.")
    second = await anext(lines, None)
    if second is None:
        yield None, first[1]
        return
    if _is_document(first[1]) or (_is_closed(first[1]) and _is_document(second[1])):
        yield first
        yield second
        async for line in lines:
            yield line
        return
    parts, size = [first[1], second[1]], 0
    async for _, text in lines:
        parts.append(text)
        size += len(text)
        if size > LARGEST_DOCUMENT:
            raise _too_large()
    # The lines' numbers count in the messages about JSON that is not valid, so empty lines before are kept.
    yield None, b"\n" * (first[0] - 1) + b"\n".join(parts)


async def _blocks(source: Source) -> AsyncIterator[bytes]:
    if source.path is None or source.is_stream:
        async for block in _stream(source):
            yield block
        return
    with source.path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
            await asyncio.sleep(0)


async def _stream(source: Source) -> AsyncIterator[bytes]:
    """Standard input or a named pipe, read as it comes; Ctrl-C is heard while nothing comes."""
    with _open_stream(source) as file:
        mode = os.fstat(file.fileno()).st_mode
        if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or file.isatty()):
            while block := file.read(_BLOCK):
                yield block
                await asyncio.sleep(0)
            return
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
        try:
            while block := await reader.read(_BLOCK):
                yield block
        finally:
            transport.close()
            if source.path is None:
                os.set_blocking(0, True)  # a terminal is shared with the shell


def _open_stream(source: Source) -> IO[bytes]:
    if source.path is None:
        return os.fdopen(os.dup(0), "rb", buffering=0)
    return source.path.open("rb", buffering=0)


async def _counted(blocks: AsyncIterator[bytes], read: Callable[[int], None]) -> AsyncIterator[bytes]:
    async for block in blocks:
        read(len(block))
        yield block


async def _recognised(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same blocks, without a byte order mark; raises `Unloadable` when they do not begin as JSON does."""
    beginning = b""
    async for block in blocks:
        beginning += block
        if len(beginning) >= _BYTES_TO_RECOGNISE:
            break
    beginning = beginning.removeprefix(_BOM)
    _require_json(beginning)
    yield beginning
    async for block in blocks:
        yield block


def _require_json(beginning: bytes) -> None:
    text = beginning.lstrip()
    if text.startswith(b"{") or not text:
        return
    for pattern, what in _KINDS:
        if pattern.match(text):
            raise Unloadable(what)
    raise Unloadable("This is neither FHIR in JSON nor anything else that Cordée knows.")


_MAIL = rb"From |[A-Za-z][A-Za-z0-9-]*:[ \t][^\n]*\r?\n([A-Za-z][A-Za-z0-9-]*:|[ \t])"
_KINDS = [
    (re.compile(pattern, re.DOTALL), what)
    for pattern, what in (
        (rb"<.*<?(\w+:)?ClinicalDocument\b", f"A CDA document {_NOT_YET}."),
        (rb"<.*http://hl7\.org/fhir", f"FHIR in XML {_NOT_YET}."),
        (rb"<", f"XML {_NOT_YET}."),
        (rb"PK\x03\x04", f"A ZIP archive (IHE XDM) {_NOT_YET}."),
        (rb"(\x0b)?(MSH|FHS|BHS)\|", f"An HL7 v2 message {_NOT_YET}."),
        (
            rb"(From |[A-Za-z][A-Za-z0-9-]*:[ \t][^\n]*\r?\n([A-Za-z][A-Za-z0-9-]*:|[ \t]))",
            f"A mail message {_NOT_YET}.",
        ),
        (rb"%PDF-", "A PDF can't be loaded by itself; send it as a Binary with a DocumentReference."),
        (rb"\[", "This is a JSON array; FHIR has objects, one a line (NDJSON) or in a Bundle."),
        (rb"\xfd7zXZ|\x28\xb5\x2f\xfd", "The compression is not one that is read; gzip and bzip2 are."),
        (rb"\xff\xfe|\xfe\xff", "The text is in UTF-16; JSON is in UTF-8."),
    )
]


async def _lines(blocks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers."""
    number, size = 1, 0
    parts: list[bytes] = []
    async for block in blocks:
        ended = block.split(b"\n")
        size += len(block)
        if len(ended) == 1:
            parts.append(block)
            if size > LARGEST_DOCUMENT:
                raise _too_large()
            continue
        ended[0] = b"".join([*parts, ended[0]])
        for line in ended[:-1]:
            if line.strip():
                yield number, line
            number += 1
        parts = [ended[-1]]
        size = len(ended[-1])
    last = b"".join(parts)
    if last.strip():
        yield number, last


def _is_document(line: bytes) -> bool:
    return peek(line).resource_type is not None


def _is_closed(line: bytes) -> bool:
    """Whether a line looks like a whole document, though it may not be valid: it does not go on in the next one."""
    return not line.rstrip().endswith((b"{", b"[", b",", b":"))


def _too_large() -> Unloadable:
    return Unloadable(f"One document is larger than {LARGEST_DOCUMENT >> 30} GiB; NDJSON is read a line at a time.")
