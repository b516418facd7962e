"""`make demo`, run as a user runs it, twice."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.conftest import REPOSITORY_ROOT
from tests.functional.conftest import free_port, wait_until_ready

_BILLED = re.compile(r"(\d+) forfaits facturés")
_AGAIN = re.compile(r"(\d+) forfaits déjà facturés")


class Demo:
    """One run of the demo: what it printed until it served, and its process."""

    def __init__(self, data_dir: Path, log: Path) -> None:
        self.port = free_port()
        self._log = log
        environment = os.environ | {"PORT": str(self.port), "DATA_DIR": str(data_dir)}
        environment.pop("CORDEE_DATABASE_URL", None)
        with log.open("wb") as written:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "demo"], cwd=REPOSITORY_ROOT, env=environment, stdout=written, stderr=written
            )
        wait_until_ready(f"http://127.0.0.1:{self.port}", self._process, seconds=180)

    @property
    def printed(self) -> str:
        return self._log.read_text()

    def interrupt(self) -> int:
        """Ctrl-C; the exit status."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=60)


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cordee-demo-") as folder:
        yield Path(folder)


def test_the_demo_loads_bills_explains_serves_and_does_nothing_twice(data_dir: Path, tmp_path: Path) -> None:
    first = Demo(data_dir, tmp_path / "first")
    try:
        assert _number(_BILLED, first.printed) > 50
        assert "│ total" in first.printed
        assert "n'était pas dans le cercle de soins" in " ".join(first.printed.split())
        addresses = re.findall(r"curl '([^']+)'", first.printed)
        assert len(addresses) > 5
        for address in addresses:
            answer = httpx.get(address, timeout=30)
            assert answer.status_code == httpx.codes.OK, address
            assert answer.json().get("total") != 0, address
        claims = _claims(first.port)
        assert "rejetée en partie" in first.printed
        assert "66 Claims recomputed" in first.printed
    finally:
        status = first.interrupt()
    assert status == 0

    second = Demo(data_dir, tmp_path / "second")
    try:
        assert _number(_BILLED, second.printed) == 0
        assert _number(_AGAIN, second.printed) == len(claims)
        assert _claims(second.port) == claims
        assert "lignes appliquées : 0, déjà lues : 337, à résoudre : 0" in second.printed
        versions = httpx.get(f"http://127.0.0.1:{second.port}/fhir/Patient/patient-01/_history", timeout=30).json()
        assert len(versions["entry"]) == 1
    finally:
        second.interrupt()


def _number(said: re.Pattern[str], text: str) -> int:
    found = said.search(text)
    return int(found[1]) if found else 0


def _claims(port: int) -> list[object]:
    answer = httpx.get(f"http://127.0.0.1:{port}/fhir/Claim?_count=1000", timeout=30)
    return [entry["resource"] for entry in answer.json()["entry"]]
