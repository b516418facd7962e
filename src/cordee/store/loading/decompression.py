"""Plain bytes from gzip, bzip2 or plain ones, a block at a time, known by how the content begins."""

import bz2
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol

_GZIP = b"\x1f\x8b"
_BZIP2 = b"BZh"
_MAGIC_LENGTH = 4
_LARGEST_BLOCK = 1 << 20
"""Of plain bytes given at once, so that a small file that inflates without end fills no memory."""


class DamagedData(Exception):
    """Compressed data that is cut short or isn't what it says; the message says which."""


async def plain_blocks(blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The content of `blocks`, decompressed where it is compressed. Raises `DamagedData`."""
    beginning = b""
    async for block in blocks:
        beginning += block
        if len(beginning) >= _MAGIC_LENGTH:
            break
    inflater = _inflater(beginning)
    if inflater is None:
        yield beginning
        async for block in blocks:
            yield block
        return
    for plain in inflater.feed(beginning):
        yield plain
    async for block in blocks:
        for plain in inflater.feed(block):
            yield plain
    inflater.check_end()


def _inflater(beginning: bytes) -> "_Inflater | None":
    if beginning.startswith(_GZIP):
        return _Inflater("gzip", _GzipMember)
    if beginning.startswith(_BZIP2) and beginning[3:4].isdigit():
        return _Inflater("bzip2", bz2.BZ2Decompressor)
    return None


class _Member(Protocol):
    """One stream of compressed data; several may follow each other, as `cat a.gz b.gz` makes them."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _GzipMember:
    """zlib's decompressor, which hands back the input that it had no room to read, made to keep it as bz2's does."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._inflate.decompress(self._inflate.unconsumed_tail + data, max_length)


class _Inflater:
    def __init__(self, kind: str, open_member: Callable[[], _Member]) -> None:
        self._kind = kind
        self._open_member = open_member
        self._member: _Member | None = open_member()

    def feed(self, block: bytes) -> Iterator[bytes]:
        """The plain bytes that `block` completes."""
        try:
            while block:
                if self._member is None:
                    block = block.lstrip(b"\0")  # some tools pad the end with them
                    if not block:
                        return
                    self._member = self._open_member()
                member = self._member
                plain = member.decompress(block, _LARGEST_BLOCK)
                while len(plain) == _LARGEST_BLOCK and not member.eof:
                    yield plain
                    plain = member.decompress(b"", _LARGEST_BLOCK)
                if plain:
                    yield plain
                block = b""
                if member.eof:
                    self._member, block = None, member.unused_data
        except (zlib.error, OSError):
            raise DamagedData(f"The {self._kind} data is damaged.") from None

    def check_end(self) -> None:
        """Raises `DamagedData` unless the data ended where a stream ends."""
        if self._member is not None:
            raise DamagedData(f"The {self._kind} data is cut short: the file is not whole.")
