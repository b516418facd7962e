import bz2
import gzip
from collections.abc import AsyncIterator

import pytest

from cordee.store.loading.decompression import DamagedData, plain_blocks

PLAIN = b"".join(b'{"resourceType":"Patient","id":"%d"}\n' % number for number in range(5_000))


async def in_blocks(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def plain(data: bytes, size: int = 1000) -> bytes:
    return b"".join([block async for block in plain_blocks(in_blocks(data, size))])


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress], ids=["plain", "gzip", "bzip2"])
@pytest.mark.parametrize("size", [1, 7, 1000, 1_000_000])
async def test_content_is_the_same_however_it_is_compressed_and_cut_in_blocks(compress, size: int) -> None:
    data = PLAIN[:4000] if size == 1 else PLAIN
    assert await plain(compress(data), size) == data


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress], ids=["gzip", "bzip2"])
@pytest.mark.parametrize("size", [3, 1_000_000])
async def test_compressed_files_put_end_to_end_are_read_one_after_the_other(compress, size: int) -> None:
    assert await plain(compress(b"one ") + compress(b"two"), size) == b"one two"


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress], ids=["gzip", "bzip2"])
async def test_zeros_after_the_end_are_padding(compress) -> None:
    assert await plain(compress(PLAIN) + b"\0" * 700, 100) == PLAIN


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress], ids=["gzip", "bzip2"])
async def test_data_cut_short_is_refused(compress) -> None:
    with pytest.raises(DamagedData, match="cut short"):
        await plain(compress(PLAIN)[:-9])


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress], ids=["gzip", "bzip2"])
async def test_data_changed_on_the_way_is_refused(compress) -> None:
    data = bytearray(compress(PLAIN))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(DamagedData, match="damaged"):
        await plain(bytes(data))


async def test_what_inflates_without_end_is_given_a_little_at_a_time() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    sizes = [len(block) async for block in plain_blocks(in_blocks(bomb, len(bomb)))]
    assert sum(sizes) == 50_000_000
    assert max(sizes) <= 1 << 20


async def test_an_empty_file_has_no_content() -> None:
    assert await plain(b"") == b""
