"""Each kind of request measured on one server, which holds a region of one size."""

import os
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bench import measure
from bench.bundle import transaction
from bench.care import RESOURCES_PER_RECORD, patient_number, record
from bench.connection import Client, Target
from bench.directory import directory, directory_entries
from bench.figures import Figures
from bench.processes import Watch, used
from bench.search.mix import ORDER, Kind, Region, fixed
from bench.search.paging import page_link
from bench.workloads import Request, Session, searchset_answered

_PATIENCE_SECONDS = 120.0
_FAR_PAGE = 1_000
_PAGED = (("pages", "Encounter?_count=20"), ("pages-sorted", "Encounter?_sort=-date&_count=20"))
_BUNDLES, _BUNDLE_SEED = 20, 7


@dataclass(frozen=True, slots=True)
class Measured:
    """A kind of request at a size, with a number of workers and as many clients.

    `processor_ms` is the time that a request took of processors, the server's and PostgreSQL's: what else runs on the
    machine changes it little, and the times of `figures` much.
    """

    kind: str
    resources: int
    workers: int
    figures: Figures
    first_error: str | None
    processor_ms: float
    load_average: float


@dataclass(frozen=True, slots=True)
class Bench:
    """A server that answers, what it holds, and how long each kind is measured."""

    target: Target
    watch: Watch
    region: Region
    resources: int
    workers: int
    seconds: float

    async def measure_all(self, kinds: Sequence[Kind]) -> AsyncIterator[tuple[Kind | None, Measured]]:
        """Those kinds, the first and a far page of a type, and transactions, for which the kind is None."""
        for kind in kinds:
            yield kind, await self._measure(kind.name, partial(self._requests, kind))
        for name, path in _PAGED:
            for number in (1, _FAR_PAGE):
                link, reached = await page_link(self.target, path, number)
                page = Kind(f"{name}-{reached}", ORDER, fixed(link))
                yield page, await self._measure(page.name, partial(self._requests, page))
        yield None, await self._measure("transaction-100", self._transactions)

    async def _measure(self, name: str, session: Callable[[random.Random], Session]) -> Measured:
        draws = [random.Random(f"{self.region.seed} {name} {rank}") for rank in range(self.workers)]
        users = [measure.User(Client(self.target), session(draw)) for draw in draws]
        await measure.run(users, self.seconds / 4, _PATIENCE_SECONDS)
        before = self.watch.processor_seconds()
        figures, error = await measure.run(users, self.seconds, _PATIENCE_SECONDS)
        spent = sum(used(before, self.watch.processor_seconds()).values())
        for user in users:
            user.client.close()
        answered = max(1, figures.requests + figures.errors)
        return Measured(name, self.resources, self.workers, figures, error, 1000 * spent / answered, os.getloadavg()[0])

    def _requests(self, kind: Kind, draw: random.Random) -> Session:
        while True:
            path = kind.query(self.region, draw)
            yield Request(self.target.get(path), check=searchset_answered if "?" in path else None)

    def _transactions(self, draw: random.Random) -> Session:
        """Each a record of 100 resources."""
        entries = directory_entries(_BUNDLE_SEED)
        structures = directory([f"{resource['resourceType']}/{url[-36:]}" for url, resource in entries])
        numbers = [patient_number(_BUNDLE_SEED, number) for number in range(_BUNDLES)]
        bodies = [transaction(record(_BUNDLE_SEED, number, structures)) for number in numbers]
        while True:
            yield Request(self.target.post("", draw.choice(bodies)), resources=RESOURCES_PER_RECORD)
