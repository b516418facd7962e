"""What the client can do: its requests against a route that answers at once, always the same 3 kB."""

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from bench.bundle import encode
from bench.care import Subject, new_claim
from bench.directory import Structure
from bench.processes import Named
from bench.server import RunningServer, await_ready, free_port
from bench.workloads import Context, Request, Session, Workload

CEILING_CLIENTS = (1, 8, 32)

_STRUCTURE = Structure("Organization/1", tuple(f"PractitionerRole/{i}" for i in range(5)), "Organization/2")
_SUBJECT = Subject("Patient/1", "Coverage/1", "Condition/1", _STRUCTURE, _STRUCTURE.professionals)
_BODY = encode(new_claim(1, 1, "0000000001", _SUBJECT, ["Encounter/1", "Encounter/2", "Encounter/3"]))


async def _answer(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(_BODY, media_type="application/fhir+json")


application = Starlette(routes=[Route("/fhir/Claim/1", _answer), Route("/fhir/Claim", _answer, methods=["POST"])])


def ceiling_workload() -> Workload:
    """A read and a create of 3 kB in turn."""

    def session(shared: Context, _draw: random.Random, _owned: list[str]) -> Session:
        while True:
            yield Request(shared.target.get("Claim/1"))
            yield Request(shared.target.post("Claim", _BODY))

    return Workload("ceiling", "a read and a create in turn, answered at once", session)


@contextmanager
def do_nothing_server() -> Iterator[RunningServer]:
    """Uvicorn with two Starlette routes, in another process."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.ceiling:application", "--port", str(port)]
    server = subprocess.Popen([*command, "--no-access-log", "--log-level", "error"])
    try:
        await_ready(server, f"http://127.0.0.1:{port}/fhir/Claim/1")
        yield RunningServer(f"http://127.0.0.1:{port}/fhir", (Named("uvicorn", server.pid),))
    finally:
        server.terminate()
        server.wait()
