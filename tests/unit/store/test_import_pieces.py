"""A file of NDJSON cut into pieces: line numbers, what is skipped, what is too long, what is damaged."""

import gzip
import io
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from cordee.store.bulk_import.pieces import PIECE_BYTES, PIECE_LINES, Piece, cut
from cordee.store.bulk_import.sources import blocks
from cordee.store.loading.decompression import plain_blocks

PATIENT = b'{"resourceType":"Patient","id":"%d"}'


async def pieces(content: bytes, longest: int = 1_000_000) -> list[Piece]:
    return [piece async for piece in cut(plain_blocks(blocks(io.BytesIO(content))), longest)]


async def lines(content: bytes, longest: int = 1_000_000) -> list[tuple[int, bytes]]:
    return [line for piece in await pieces(content, longest) for line in piece.lines]


async def test_lines_are_counted_from_one_the_empty_ones_too() -> None:
    assert await lines(b"\n{}\r\n \r\n[]") == [(2, b"{}"), (4, b"[]")]


async def test_a_byte_order_mark_is_no_part_of_the_first_line() -> None:
    assert await lines(b"\xef\xbb\xbf{}\n{}\n") == [(1, b"{}"), (2, b"{}")]


async def test_a_file_of_nothing_has_no_piece() -> None:
    assert await pieces(b"") == []
    assert await pieces(b"\n\r\n\n") == []


async def test_a_piece_holds_so_many_lines() -> None:
    found = await pieces(b"{}\n" * (PIECE_LINES + 1))
    assert [(piece.number, len(piece.lines)) for piece in found] == [(0, PIECE_LINES), (1, 1)]
    assert found[1].lines == ((PIECE_LINES + 1, b"{}"),)


async def test_a_piece_of_long_lines_holds_fewer() -> None:
    long = b"x" * (PIECE_BYTES // 2 + 1)
    found = await pieces(b"\n".join([long] * 5), longest=PIECE_BYTES)
    assert [len(piece.lines) for piece in found] == [2, 2, 1]


async def test_a_line_that_is_too_long_is_passed_over_and_named() -> None:
    (piece,) = await pieces(b"{}\n" + b"x" * 2_000_000 + b"\n[]\n", longest=1_999_999)
    assert piece.lines == ((1, b"{}"), (3, b"[]"))
    assert piece.too_long == (2,)
    assert await lines(b"x" * 2_000_000, longest=2_000_000) == [(1, b"x" * 2_000_000)]


async def test_what_stands_before_damage_is_read_and_the_line_that_is_cut_is_not() -> None:
    whole = gzip.compress(b"".join(b'{"n":%d,"x":"%b"}\n' % (n, str(n**99).encode()) for n in range(5_000)))
    found = await pieces(whole[: len(whole) // 2])
    read = [line for piece in found for line in piece.lines]
    assert 0 < len(read) < 5_000
    assert all(text.endswith(b"}") for _, text in read)
    assert [bool(piece.damage) for piece in found] == [False] * (len(found) - 1) + [True]


async def test_a_piece_knows_which_resources_say_who_they_are() -> None:
    (piece,) = await pieces(b"\n".join([PATIENT % 1, PATIENT % 1, b'{"resourceType":"Patient"}', b"nonsense"]))
    assert piece.keys() == {("Patient", "1")}


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line), max_size=60), st.integers(1, 50))
async def test_however_the_bytes_arrive_the_lines_are_the_same(given_lines: list[bytes], size: int) -> None:
    content = b"\n".join(given_lines)

    async def arriving() -> AsyncIterator[bytes]:
        for start in range(0, len(content), size):
            yield content[start : start + size]

    found = [line async for piece in cut(arriving(), 30) for line in piece.lines]
    kept = [(number, text.strip()) for number, text in enumerate(given_lines, 1) if len(text) <= 30 and text.strip()]
    if kept and kept[0][0] == 1 and kept[0][1].startswith(b"\xef\xbb\xbf"):
        return
    assert found == kept
