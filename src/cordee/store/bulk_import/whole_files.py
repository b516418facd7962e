"""A file that is stored whole or not at all, by the process that is given it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from cordee.store.bulk_import.pieces import Piece, cut
from cordee.store.bulk_import.sources import ImportPolicy, blocks, open_source
from cordee.store.bulk_import.storing import PieceOutcome, Place, Rules, store_whole
from cordee.store.connection import Database
from cordee.store.loading.decompression import plain_blocks
from cordee.store.loading.processes import is_stopping


@dataclass(frozen=True, slots=True)
class Source:
    """A file of an import, by what a process needs to open it."""

    url: str
    number: int
    rules: Rules
    job_folder: Path


async def store_file(database: Database, place: Place, source: Source, policy: ImportPolicy) -> PieceOutcome:
    """Stores a file whole or not at all; see `storing.store_whole`. Raises `UnusableSource` too."""
    with open_source(source.url, source.number, source.job_folder, policy) as file:

        def pieces() -> AsyncIterator[Piece]:
            file.seek(0)
            return cut(plain_blocks(blocks(file)), policy.longest_line)

        return await store_whole(database, place, pieces, source.rules, is_stopping)
