"""Starts Cordée for the time of a run, on a free port, with a database of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.population import SetupError
from bench.processes import Named

_READY_SECONDS = 120
_END_SECONDS = 30


@dataclass(frozen=True, slots=True)
class RunningServer:
    """The base of a server that answers, and the processes to watch."""

    base: str
    processes: tuple[Named, ...]


@contextmanager
def cordee(
    data_dir: Path | None, workers: int, environment: Mapping[str, str] | None = None
) -> Iterator[RunningServer]:
    """A Cordée of its own; its data is removed at the end unless a directory was named.

    `environment` are settings beside those of this process.

    Raises SetupError when it does not answer, with the end of what it wrote.
    """
    command = Path(sys.executable).parent / "cordee"
    if not command.exists():
        raise SetupError(f"{command} is not there: run `make install`, or give --base to measure another server")
    own = Path(tempfile.mkdtemp(prefix="cordee-bench-"))
    place = data_dir or own / "data"
    port = free_port()
    log_path = own / "server.log"
    arguments = [
        str(command),
        "serve",
        "--port",
        str(port),
        "--data-dir",
        str(place),
        "--workers",
        str(workers),
    ]
    with log_path.open("wb") as log:
        server = subprocess.Popen(arguments, stdout=log, stderr=log, env={**os.environ, **(environment or {})})
    try:
        await_ready(server, f"http://127.0.0.1:{port}/readyz", log_path)
        named = [Named("server", server.pid), *(Named("postgresql", pid) for pid in _postmasters(place))]
        yield RunningServer(f"http://127.0.0.1:{port}/fhir", tuple(named))
    finally:
        _end(server, place)
        shutil.rmtree(own, ignore_errors=True)


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def await_ready(server: "subprocess.Popen[bytes]", url: str, log_path: Path | None = None) -> None:
    """Waits until a URL of a server just started answers.

    Raises SetupError when the server ends or is not ready in two minutes, with the end of what it wrote.
    """
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    written = f"; it wrote:\n{log_path.read_text(errors='replace')[-2000:]}" if log_path is not None else ""
    state = "still starts" if server.poll() is None else f"ended with code {server.returncode}"
    raise SetupError(f"the server {state} and {url} does not answer{written}")


def _postmasters(place: Path) -> list[int]:
    # The embedded PostgreSQL may be detached from the server that started it, so it is found by its data.
    return [int(path.read_text().split("\n", 1)[0]) for path in place.rglob("postmaster.pid")]


def _end(server: "subprocess.Popen[bytes]", place: Path) -> None:
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        print(f"the server did not end {_END_SECONDS} s after SIGTERM: it is killed", file=sys.stderr)
        server.kill()
        server.wait()
    for pid in _postmasters(place):
        if psutil.pid_exists(pid):
            os.kill(pid, signal.SIGINT)  # PostgreSQL's fast shutdown
            try:
                psutil.Process(pid).wait(_END_SECONDS)
            except (psutil.NoSuchProcess, psutil.TimeoutExpired):
                continue
