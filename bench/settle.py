"""How long `$settle` takes over HTTP: `python -m bench.settle` loads plans into a server of its own, and asks for each.

One client, one request at a time: what is measured is how long somebody waits.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import orjson

from bench.billing_population import BILLED_UNTIL, dossiers, shared_resources
from bench.server import cordee


def main(arguments: Sequence[str] | None = None) -> int:
    """Loads, measures, prints; the exit code is 1 when the median is over the limit."""
    parser = argparse.ArgumentParser(prog="python -m bench.settle", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--plans", type=int, default=1000, help="care plans in the store")
    parser.add_argument("--requests", type=int, default=500, help="requests measured, after a tenth as many")
    parser.add_argument("--limit", type=float, default=20.0, help="milliseconds the median may take")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="cordee-settle-") as folder:
        data_dir = Path(folder) / "data"
        with cordee(data_dir, 1) as server, httpx.Client(base_url=f"{server.base}/", timeout=60) as client:
            _load(data_dir, options.plans)
            _measure(client, options.plans, options.requests // 10)
            taken = sorted(_measure(client, options.plans, options.requests))
    median, slow = statistics.median(taken), taken[len(taken) * 95 // 100]
    print(f"$settle of one plan of {options.plans}: median {median:.1f} ms, 95 % within {slow:.1f} ms")
    return 0 if median <= options.limit else 1


def _load(data_dir: Path, plans: int) -> None:
    """Through `cordee load`, which also counts values for PostgreSQL's plans."""
    file = data_dir.parent / "plans.ndjson"
    with file.open("wb") as written:
        for resource in (*shared_resources(), *dossiers(range(plans))):
            written.write(orjson.dumps(resource) + b"\n")
    command = Path(sys.executable).with_name("cordee")
    subprocess.run([command, "load", file, "--data-dir", data_dir], check=True, stdout=subprocess.DEVNULL)


def _measure(client: httpx.Client, plans: int, requests: int) -> list[float]:
    """Milliseconds of each request; every answer must have a forfait that is due."""
    taken = []
    for number in range(requests):
        address = f"CarePlan/{number * 7919 % plans:08d}/$settle?as-of={BILLED_UNTIL}"
        begun = time.perf_counter()
        answer = client.get(address)
        taken.append((time.perf_counter() - begun) * 1000)
        if '"name":"due","valueBoolean":true' not in answer.text:
            raise SystemExit(f"{address}: no forfait is due: {answer.text[:300]}")
    return taken


if __name__ == "__main__":
    raise SystemExit(main())
