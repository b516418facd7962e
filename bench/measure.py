"""Runs the sessions of a workload for a time, and takes its figures."""

import asyncio
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.connection import NO_ANSWER, Client, Response
from bench.figures import Figures, figures
from bench.population import excerpt
from bench.workloads import Request, Session

_HOPELESS_ERRORS = 50


@dataclass(slots=True)
class Tally:
    """Counts of one run in progress, shared by its clients."""

    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    resources: int = 0
    errors: int = 0
    first_error: str | None = None

    @property
    def hopeless(self) -> bool:
        """Nothing but errors came: going on would only repeat them."""
        return self.errors >= _HOPELESS_ERRORS and not self.latencies


class User:
    """One client and its session, which goes on from the warm-up to the measure."""

    def __init__(self, client: Client, session: Session) -> None:
        self.client = client
        self._session = session
        self._request = next(session)

    async def run(self, seconds: float, tally: Tally) -> None:
        """Sends requests one after the other, until the time is over and the last is answered."""
        clock = time.perf_counter
        request = self._request
        sent = clock()
        deadline = sent + seconds
        while sent < deadline and not tally.hopeless:
            response = await self.client.exchange(request.payload)
            answered = clock()
            fault = _fault(request, response)
            if fault is None:
                tally.latencies.append(answered - sent)
                tally.resources += request.resources
            else:
                tally.errors += 1
                tally.first_error = tally.first_error or fault
            request = self._session.send(response)
            sent = clock()
        self._request = request


async def run(users: Sequence[User], seconds: float, patience: float) -> tuple[Figures, str | None]:
    """Figures of all the users together, and the first error if any.

    Requests begun in time are awaited, and the time counted goes to the last answer. Those that take
    `patience` seconds more than the time of the run are ended, and count as errors.
    """
    tally = Tally()

    def give_up() -> None:
        for user in users:
            user.client.close()

    watch = asyncio.get_running_loop().call_later(seconds + patience, give_up)
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for user in users:
            group.create_task(user.run(seconds, tally))
    elapsed = time.perf_counter() - started
    watch.cancel()
    return figures(tally.latencies, elapsed, errors=tally.errors, resources=tally.resources), tally.first_error


def _fault(request: Request, response: Response) -> str | None:
    if response.status in request.expected:
        what = request.check(response) if request.check is not None else None
        if what is None:
            return None
    elif response.status == NO_ANSWER:
        what = excerpt(response.body)
    else:
        what = f"status {response.status}: {excerpt(response.body)}"
    line = request.payload.partition(b" HTTP/1.1\r\n")[0].decode()
    return f"{line}: {what}"
