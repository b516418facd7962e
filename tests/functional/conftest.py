"""A real server process for the session, and a client on a tenant of its own for each test."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import httpx
import pytest
from demo.bundles import bundles

CORDEE = Path(sys.executable).with_name("cordee")
ALLOWED_ORIGIN = "https://app.example.org"


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(base: str, process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    """Returns once /readyz says 200; fails when the process ends first, or when it takes longer."""
    deadline = time.monotonic() + seconds
    with httpx.Client(base_url=base) as client:
        while time.monotonic() < deadline:
            with contextlib.suppress(subprocess.TimeoutExpired):
                pytest.fail(f"the server ended with {process.wait(timeout=0.2)}")
            try:
                if client.get("/readyz", timeout=5).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                continue
    pytest.fail(f"the server was not ready within {seconds} s")


@dataclass(frozen=True)
class Server:
    """A running `cordee serve`: its address and the file of its log, beside which are `data`, and `in` for imports."""

    url: str
    log: Path


@contextmanager
def serving(dsn: str, log: Path, **settings: str) -> Iterator[Server]:
    """`cordee serve` on the database at `dsn` until the end of the block; `settings` are environment variables.

    It leaves jobs to the server of the session, which has the files of those that were asked of it.
    """
    port = free_port()
    own = {
        "CORDEE_DATABASE_URL": dsn,
        "CORDEE_DATA_DIR": str(log.parent / "data"),
        "CORDEE_BACKGROUND": "false",
    }
    with log.open("wb") as written:
        process = subprocess.Popen(
            [CORDEE, "serve", "--port", str(port)],
            env=os.environ | own | settings,
            stderr=written,
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield Server(f"http://127.0.0.1:{port}", log)
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def server(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of the session."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "in").mkdir()
    settings = {
        "CORDEE_CORS_ORIGINS": f'["{ALLOWED_ORIGIN}"]',
        "CORDEE_BACKGROUND": "true",
        "CORDEE_IMPORT_FOLDER": str(folder / "in"),
        "CORDEE_IMPORT_HOSTS": '["files.example.org"]',
    }
    with serving(dsn, folder / "log", **settings) as running:
        yield running


@pytest.fixture(scope="session")
def server_url(server: Server) -> str:
    """Its address."""
    return server.url


@pytest.fixture
def base_url(server_url: str, tenant_name: str) -> str:
    """The FHIR base of a tenant that no other test sees."""
    return f"{server_url}/t/{tenant_name}/fhir"


@pytest.fixture
def client(base_url: str) -> Iterator[httpx.Client]:
    """An HTTP client on that base."""
    with httpx.Client(base_url=base_url + "/", headers={"Content-Type": "application/fhir+json"}, timeout=30) as made:
        yield made


@pytest.fixture
def practice(client: httpx.Client) -> httpx.Client:
    """The client, on a tenant that holds the demo's structure and its first six patients."""
    for _, resources in islice(bundles(), 7):
        entries = [
            {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in resources
        ]
        client.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries}).raise_for_status()
    return client
