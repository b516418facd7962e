"""A billing run over many plans: pages of them are handed to processes, since judging is computation.

Each page is one transaction. A run that is killed leaves whole pages billed; the next run finds their Claims and goes
on. Memory holds a few pages, whatever the number of plans.
"""

import asyncio
import gc
from collections import deque
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from cordee.claims.billing import BillingOrder, Outcome, bill_page
from cordee.claims.billing_outcome import without_detail
from cordee.claims.fhir_evidence import Resource
from cordee.claims.judgement import Contracts, executed_conventions
from cordee.claims.records import plan_pages
from cordee.pathways.publication import TenantPathways, tenant_pathways
from cordee.store.connection import Database
from cordee.store.repository import Repository

_PAGES_WAITING = 2
"""For each process: the page it works on, and the next."""


async def run_billing(
    repository: Repository, order: BillingOrder, known: TenantPathways, *, dsn: str, processes: int
) -> AsyncIterator[Outcome]:
    """Carries out an order in `processes` of its own, that reach the database by `dsn`; outcomes come page by page.

    They leave out settlements. A single page of plans is billed in this process. Raises KeyError when the tenant has no
    such pathway, `BrokenProcessPool` when a process was killed: what it had committed stays.
    """
    contracts, faults = await executed_conventions(repository, known.pathways[order.pathway], known.pathways)
    for fault in faults:
        yield fault
    pages = plan_pages(repository, order.pathway, order.structure, order.plans_a_page, with_errors=True)
    first: list[Resource] = await anext(pages, [])
    second = await anext(pages, None)
    if second is None:
        for outcome in await bill_page(repository, first, order, known, contracts):
            yield outcome
        return
    work = _Work(dsn, repository.tenant, order)
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (work,)) as pool:
        loop = asyncio.get_running_loop()
        waiting: deque[asyncio.Future[list[Outcome]]] = deque()
        try:
            async for page in _chained((first, second), pages):
                waiting.append(loop.run_in_executor(pool, _bill, page))
                if len(waiting) > processes * _PAGES_WAITING:
                    for outcome in await waiting.popleft():
                        yield outcome
            while waiting:
                for outcome in await waiting.popleft():
                    yield outcome
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


async def _chained(
    begun: Iterable[list[Resource]], pages: AsyncIterator[list[Resource]]
) -> AsyncIterator[list[Resource]]:
    for page in begun:
        yield page
    async for page in pages:
        yield page


@dataclass(frozen=True, slots=True)
class _Work:
    """What a process needs to know to bill pages."""

    dsn: str
    tenant: int
    order: BillingOrder


class _Billing:
    """One process's connection to the database, and what it read once."""

    def __init__(self, work: _Work) -> None:
        self._work = work
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._open())
        # Parsed resources have no cycles: looking for them while a page is worked on takes a fifth of the time.
        gc.disable()
        gc.collect()
        gc.freeze()

    async def _open(self) -> None:
        self._database = Database(self._work.dsn, connections=1)
        await self._database.open()
        self._repository = Repository(self._database, self._work.tenant)
        self._known: TenantPathways = await tenant_pathways(self._repository)
        pathway = self._known.pathways[self._work.order.pathway]
        self._contracts: Contracts
        self._contracts, _ = await executed_conventions(self._repository, pathway, self._known.pathways)

    def bill(self, plans: list[Resource]) -> list[Outcome]:
        """Bills one page."""
        page = bill_page(self._repository, plans, self._work.order, self._known, self._contracts)
        outcomes = [without_detail(outcome) for outcome in self._loop.run_until_complete(page)]
        gc.collect()
        return outcomes


_billing: _Billing | None = None


def _begin(work: _Work) -> None:
    """What a process does once."""
    global _billing  # noqa: PLW0603 - a process of the pool has nowhere else to keep its connection
    _billing = _Billing(work)


def _bill(plans: list[Resource]) -> list[Outcome]:
    if _billing is None:
        raise RuntimeError("a process of the pool was not started by its initialiser")
    return _billing.bill(plans)
