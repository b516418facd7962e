"""The folders of jobs: what came with a request, what is made for the client; for the service's account alone."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

_RECEIVING = ".receiving"
"""What marks a folder whose job is not asked for yet; touched as long as something arrives."""
_SECONDS_UNTIL_ABANDONED = 3_600


class ReceivingFolder:
    """A folder for a job to come. `id` is that of the job."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name

    def still_receiving(self) -> None:
        """To be called each time something has arrived, lest the folder be taken for one that was left behind."""
        (self.path / _RECEIVING).touch(mode=0o600)


@contextmanager
def receiving(parent: Path) -> Iterator[ReceivingFolder]:
    """A folder to fill before its job is asked for, within the block; removed when the block raises."""
    folder = ReceivingFolder(job_folder(parent / str(uuid4())))
    folder.still_receiving()
    try:
        yield folder
        (folder.path / _RECEIVING).unlink()
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise


def job_folder(path: Path) -> Path:
    """The folder, made; nobody else on the machine may look inside."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def open_private(path: Path, *, kept: int = 0) -> IO[bytes]:
    """A file to be written that nobody else on the machine may read: new, or as it is up to `kept` bytes."""
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb")
    file.truncate(kept)
    file.seek(kept)
    return file


def found_folders(parent: Path) -> dict[str, Path]:
    """The folders by name, those left out in which something arrives."""
    if not parent.is_dir():
        return {}
    return {path.name: path for path in parent.iterdir() if not _is_receiving(path)}


def _is_receiving(folder: Path) -> bool:
    try:
        touched = (folder / _RECEIVING).stat().st_mtime
    except OSError:
        return False
    return time.time() - touched < _SECONDS_UNTIL_ABANDONED
