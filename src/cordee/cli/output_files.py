"""Files that a command writes: whole or not at all, readable by nobody else."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which takes its name only at the end of the block; an error leaves what was there before.

    Its folder must exist. Only its owner can read it (mode 0600).
    """
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as written:
            yield written
            written.flush()
            os.fsync(written.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file at once; see `whole_file`."""
    with whole_file(path) as written:
        written.write(content)
