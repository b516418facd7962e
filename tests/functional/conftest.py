"""A real server process for the session, and a client on a tenant of its own for each test."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

CORDEE = Path(sys.executable).with_name("cordee")


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(base: str, process: "subprocess.Popen[bytes]") -> None:
    """Returns once /readyz says 200; fails when the process ends first, or after a minute."""
    deadline = time.monotonic() + 60
    with httpx.Client(base_url=base) as client:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                pytest.fail(f"the server ended with {process.returncode}")
            try:
                if client.get("/readyz", timeout=5).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                continue
    pytest.fail("the server was not ready within a minute")


@pytest.fixture(scope="session")
def server_url(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running `cordee serve`."""
    port = free_port()
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [CORDEE, "serve", "--port", str(port)], env=os.environ | {"CORDEE_DATABASE_URL": dsn}, stderr=written
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def base_url(server_url: str, tenant_name: str) -> str:
    """The FHIR base of a tenant that no other test sees."""
    return f"{server_url}/t/{tenant_name}/fhir"


@pytest.fixture
def client(base_url: str) -> Iterator[httpx.Client]:
    """An HTTP client on that base."""
    with httpx.Client(base_url=base_url + "/", headers={"Content-Type": "application/fhir+json"}, timeout=30) as made:
        yield made
