"""A file of NDJSON cut into pieces, always at the same lines, so that those that are stored can be told by number."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from cordee.store.loading import CHUNK_BYTES, peek
from cordee.store.loading.decompression import DamagedData

PIECE_LINES = 1_000
PIECE_BYTES = CHUNK_BYTES
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Piece:
    """Neighbouring lines of a file, with their numbers from 1; empty ones are left out."""

    number: int
    lines: tuple[tuple[int, bytes], ...]
    too_long: tuple[int, ...] = ()
    """The numbers of lines that are too long to be read."""
    damage: str | None = None
    """Why nothing can be read after this piece."""

    def keys(self) -> frozenset[tuple[str | None, str]]:
        """The (type, id) of the resources that say which they are."""
        documents = (peek(text) for _, text in self.lines)
        return frozenset((one.resource_type, one.id) for one in documents if one.id is not None)


async def cut(blocks: AsyncIterator[bytes], longest_line: int) -> AsyncIterator[Piece]:
    """The pieces of a file, in order; at most one line of `longest_line` bytes beyond `PIECE_BYTES` is in memory.

    What is after damage is lost, and so is the line in which it stands: the last piece tells.
    """
    cutting = _Cutting(longest_line)
    damage = None
    try:
        async for block in blocks:
            for piece in cutting.feed(block):
                yield piece
    except DamagedData as error:
        damage = str(error)
    last = cutting.end(damage)
    if last.lines or last.too_long or last.damage:
        yield last


class _Cutting:
    def __init__(self, longest_line: int) -> None:
        self._longest = longest_line
        self._pieces = 0
        self._line = 1
        self._begun: list[bytes] = []
        """What is there of the line that has not ended yet."""
        self._begun_size = 0
        self._lines: list[tuple[int, bytes]] = []
        self._too_long: list[int] = []
        self._size = 0

    def feed(self, block: bytes) -> "list[Piece]":
        """The pieces that a block completes."""
        whole: list[Piece] = []
        ended = block.split(b"\n")
        for part in ended[:-1]:
            self._extend(part)
            self._end_line()
            if len(self._lines) + len(self._too_long) >= PIECE_LINES or self._size >= PIECE_BYTES:
                whole.append(self._piece())
        self._extend(ended[-1])
        return whole

    def end(self, damage: str | None) -> Piece:
        """The last piece; of a damaged file, without the line that is cut."""
        if damage is None:
            self._end_line()
        return self._piece(damage)

    def _extend(self, part: bytes) -> None:
        self._begun_size += len(part)
        if self._begun_size <= self._longest:
            self._begun.append(part)
        else:
            self._begun.clear()

    def _end_line(self) -> None:
        if self._begun_size > self._longest:
            self._too_long.append(self._line)
        else:
            text = b"".join(self._begun).strip()
            if self._line == 1:
                text = text.removeprefix(_BOM)
            if text:
                self._lines.append((self._line, text))
                self._size += len(text)
        self._begun.clear()
        self._begun_size = 0
        self._line += 1

    def _piece(self, damage: str | None = None) -> Piece:
        piece = Piece(self._pieces, tuple(self._lines), tuple(self._too_long), damage)
        self._pieces += 1
        self._lines, self._too_long, self._size = [], [], 0
        return piece
