from pathlib import Path

import pytest

from cordee.cli.load.sources import NothingToLoad, find_sources


def names(*paths: Path) -> list[str]:
    return [source.name for source in find_sources([str(path) for path in paths])]


def make(folder: Path, *files: str) -> list[str]:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("x")
    return [str(folder / file) for file in files]


def test_a_folder_gives_its_files_and_those_below_sorted_by_path(tmp_path: Path) -> None:
    make(tmp_path, "b.json", "0-hospital.json", "a/z.json", "a/b/c.json")
    expected = ["0-hospital.json", "a/b/c.json", "a/z.json", "b.json"]
    assert names(tmp_path) == [str(tmp_path / name) for name in expected]


def test_paths_stand_in_the_order_given(tmp_path: Path) -> None:
    second, first = make(tmp_path, "a.json", "b.json")
    assert names(Path(first), Path(second)) == [first, second]


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    (only,) = make(tmp_path, "a.json")
    assert names(Path(only), tmp_path, tmp_path / "." / "a.json") == [only]


def test_hidden_files_and_folders_are_left_out_of_folders_but_not_when_named(tmp_path: Path) -> None:
    hidden, *_ = make(tmp_path, ".index.json", ".git/config", "a.json")
    assert names(tmp_path) == [str(tmp_path / "a.json")]
    assert names(Path(hidden)) == [hidden]


def test_a_path_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(NothingToLoad, match=r"absent\.json: No such file"):
        names(tmp_path / "absent.json")


def test_a_folder_without_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToLoad, match="empty"):
        names(tmp_path / "empty")


def test_a_dash_is_standard_input() -> None:
    (source,) = find_sources(["-"])
    assert source.is_stream
    assert source.path is None
