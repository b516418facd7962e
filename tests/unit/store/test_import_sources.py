"""What an import may read: the folder and the hosts that the operator named, and nothing that leads out of them."""

import os
import stat
from pathlib import Path

import pytest

from cordee.store.bulk_import.order import RECEIVED, RECEIVED_NAME
from cordee.store.bulk_import.sources import ImportPolicy, UnusableSource, open_source
from cordee.store.jobs.folders import open_private


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    (folder / "a b.ndjson").write_bytes(b"{}")
    (folder / "below" / "c.ndjson").write_bytes(b"{}")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "linked").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    return folder


def policy(folder: Path | None = None, *hosts: str) -> ImportPolicy:
    return ImportPolicy(folder, frozenset(hosts), 1_000, 1)


def read(url: str, folder: Path | None) -> bytes:
    with open_source(url, 0, Path("/nonexistent"), policy(folder)) as file:
        return file.read()


def test_files_in_the_folder_are_read(folder: Path) -> None:
    assert read(f"file://{folder}/a%20b.ndjson", folder) == b"{}"
    assert read(f"file://localhost{folder}/below/c.ndjson", folder) == b"{}"


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "%2e%2e/secret",
        "below/../../secret",
        "./a%20b.ndjson",
        "",
        "below//c.ndjson",
        "a%00b",
        "..%2fsecret",
    ],
)
def test_a_path_that_climbs_is_refused_before_it_is_tried(folder: Path, path: str) -> None:
    url = f"file://{folder}/{path}"
    assert policy(folder).refusal(url) is not None
    with pytest.raises(UnusableSource):
        read(url, folder)


@pytest.mark.parametrize("name", ["link", "linked/secret", "pipe", "below", "absent", "a%20b.ndjson/x"])
def test_links_and_what_is_not_a_file_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(UnusableSource):
        read(f"file://{folder}/{name}", folder)


@pytest.mark.parametrize(
    "url",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://example.org/a",
        "http://example.org/a",
        "received:",
        "file://h/a",
        "[",
        "s3://x/y",
    ],
)
def test_what_was_not_allowed_is_refused(folder: Path, url: str) -> None:
    assert policy(folder, "example.org").refusal(url) is not None


def test_only_the_hosts_named_are_fetched_from() -> None:
    allowed = policy(None, "files.example.org", "other.example.org:8443")
    assert allowed.refusal("https://files.example.org/a.ndjson") is None
    assert allowed.refusal("https://other.example.org:8443/a.ndjson") is None
    for refused in (
        "https://evil.example/a",
        "https://files.example.org:1/a",
        "https://files.example.org@evil.example/",
    ):
        assert allowed.refusal(refused) is not None


def test_without_a_folder_no_file_is_read(folder: Path) -> None:
    assert "CORDEE_IMPORT_FOLDER" in str(policy().refusal(f"file://{folder}/a%20b.ndjson"))


def test_what_came_with_the_request_is_in_the_folder_of_the_job(tmp_path: Path) -> None:
    with open_private(tmp_path / RECEIVED_NAME) as file:
        file.write(b"{}")
    assert stat.S_IMODE((tmp_path / RECEIVED_NAME).stat().st_mode) == 0o600
    with open_source(RECEIVED, 0, tmp_path, policy()) as file:
        assert file.read() == b"{}"
