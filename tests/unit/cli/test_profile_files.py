"""The files of a package: those of its folder `package`, whatever else an archive holds."""

import io
import tarfile
from pathlib import Path

import pytest

from cordee.cli.failures import CommandError
from cordee.cli.profile_files import package_members


def test_only_the_folder_package_of_an_archive_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name in ("package/a.json", "package/example/b.json", "package/c.txt", "../package/d.json", "e.json"):
            info = tarfile.TarInfo(name)
            info.size = 2
            archive.addfile(info, io.BytesIO(b"{}"))
    assert list(package_members(path)) == [(f"{path}:package/a.json", b"{}")]


def test_a_folder_gives_its_own_json_files(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_bytes(b"{}")
    (tmp_path / "c.txt").write_bytes(b"x")
    assert list(package_members(tmp_path)) == [(f"{tmp_path}/b.json", b"{}")]


@pytest.mark.parametrize("content", [b"not an archive", b"", b"\x1f\x8b\x08\x00"])
def test_what_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.tgz"
    path.write_bytes(content)
    with pytest.raises(CommandError, match="can't be read as a package"):
        list(package_members(path))
