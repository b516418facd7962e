"""From the paths of the command line to the files to read, in order."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

STANDARD_INPUT = "-"


class NothingToLoad(Exception):
    """A path does not exist, or a folder holds no file; the message names it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a stream (standard input, a named pipe) whose size is not known (0) and that is read once."""

    name: str
    path: Path | None
    size: int
    is_stream: bool


def find_sources(paths: Sequence[str]) -> list[Source]:
    """Each file once. The paths stand in the order given; a folder's files are sorted by their path.

    Folders are read with all that is below them; names that begin with a dot are left out there, and links to folders
    are not followed. Raises `NothingToLoad`.
    """
    sources: dict[str, Source] = {}
    for given in paths:
        if given == STANDARD_INPUT:
            sources[given] = Source("standard input", None, 0, is_stream=True)
            continue
        path = Path(given)
        found = list(_below(path)) if path.is_dir() else [_source(path)]
        if not found:
            raise NothingToLoad(f"There is no file in the folder {given}.")
        for source in found:
            sources.setdefault(os.path.realpath(source.name), source)
    return list(sources.values())


def _below(folder: Path) -> Iterator[Source]:
    files: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files += [Path(parent, name) for name in names if not name.startswith(".")]
    return (_source(path) for path in sorted(files) if path.is_file())


def _source(path: Path) -> Source:
    try:
        status = path.stat()
    except OSError as error:
        raise NothingToLoad(f"{path}: {error.strerror}.") from error
    is_stream = not stat.S_ISREG(status.st_mode)
    return Source(str(path), path, 0 if is_stream else status.st_size, is_stream)
