"""A file is written whole or not at all, for its owner only."""

import stat
from pathlib import Path

import pytest

from cordee.cli.output_files import whole_file, write_whole


def test_a_file_takes_its_name_at_the_end_and_is_its_owners(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    with whole_file(path) as written:
        written.write(b"half")
        assert not path.exists()
    assert path.read_bytes() == b"half"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_error_leaves_what_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "b.csv"
    write_whole(path, b"before")
    with pytest.raises(RuntimeError), whole_file(path) as written:
        written.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "nowhere" / "b.csv", b"x")
