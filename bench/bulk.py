"""`$import` and `$export` of a region: `python -m bench.bulk` fills a server of its own over HTTP, then exports it.

Prints resources a second, and the processor time of each: on a machine that others use, that is what can be compared.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

from bench.region.files import patients_for, write_region
from bench.server import RunningServer, cordee

_SECONDS_BETWEEN_LOOKS = 0.5
_ASYNC = {"Prefer": "respond-async"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the bench."""
    parser = argparse.ArgumentParser(prog="python -m bench.bulk", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--resources", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2, help="processes that an import computes in")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="cordee-bench-") as own:
        folder = Path(own) / "region"
        counts = write_region(folder, options.seed, patients_for(options.resources))
        os.environ["CORDEE_IMPORT_FOLDER"] = str(folder)
        os.environ["CORDEE_IMPORT_PROCESSES"] = str(options.processes)
        parts = [
            {"name": "input", "part": [{"name": "url", "valueUri": f"file://{folder}/{name}.ndjson"}]}
            for name in counts
        ]
        order = {"resourceType": "Parameters", "parameter": parts}
        with cordee(Path(own) / "data", 1) as server, httpx.Client(base_url=f"{server.base}/", timeout=60) as client:
            for title in ("$import of what is new", "$import of what is there"):
                with _told(title, sum(counts.values()), server):
                    _completed(client, client.post("$import", json=order))
            for address in ("$export", "Patient/$export", "$export?_typeFilter=Observation?status=final"):
                with _told(address, None, server) as told:
                    manifest = _completed(client, client.get(address, headers=_ASYNC))
                    told.append(sum(file["count"] for file in manifest["output"]))
    return 0


def _completed(client: httpx.Client, kicked: httpx.Response) -> dict[str, Any]:
    where = kicked.raise_for_status().headers["content-location"]
    while (answer := client.get(where)).status_code == httpx.codes.ACCEPTED:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    manifest: dict[str, Any] = answer.raise_for_status().json()
    if manifest["error"]:
        raise SystemExit(f"something was refused: {manifest['error']}")
    return manifest


@contextmanager
def _told(title: str, resources: int | None, server: RunningServer) -> Iterator[list[int]]:
    """Prints what a job did with so many resources, or with as many as are put into the list."""
    told: list[int] = []
    before, begun = _processor_seconds(server), time.perf_counter()
    yield told
    seconds = time.perf_counter() - begun
    used = _processor_seconds(server) - before
    count = resources or told[0]
    print(
        f"{title}: {count:,} resources, {count / seconds:,.0f}/s; {used / count * 1e6:,.0f} µs of processor each, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def _processor_seconds(server: RunningServer) -> float:
    """Of the server, of PostgreSQL, and of all the processes they started, those that have ended with them."""
    total = 0.0
    for named in server.processes:
        parent = psutil.Process(named.pid)
        for process in (parent, *parent.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total


if __name__ == "__main__":
    raise SystemExit(main())
