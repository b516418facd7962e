"""What may be read of the resources of one tenant."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import TypeVar

from cordee.fhir.gathering import Gathering, Part
from cordee.fhir.outcome import InvalidSearch
from cordee.fhir.query import Search
from cordee.fhir.search_parameters import SHIPPED, SearchParameters
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.temporal import DateRange
from cordee.store import history as histories
from cordee.store import read as reads
from cordee.store import search as searches
from cordee.store import search_explanation
from cordee.store.connection import Connections
from cordee.store.document_parts import document_parts
from cordee.store.everyone import everyone
from cordee.store.gathered_page import GatheredPage
from cordee.store.gathering import gather
from cordee.store.integrity import Integrity, require_integrity
from cordee.store.last_observations import last_observations
from cordee.store.ledger import LedgerReader
from cordee.store.observation_statistics import Measured, observation_statistics
from cordee.store.referring import find_referring
from cordee.store.search_parameters import Added, added_parameters, kept_parameters, present_edition
from cordee.store.subscriptions.reading import SubscriptionReader
from cordee.store.tenant_policies import TenantPolicies, policies_of
from cordee.store.tenant_profiles import TenantValidator, tenant_validator
from cordee.store.terminology.concepts import ConceptReader

Parsed = TypeVar("Parsed")


class Reader:
    """The resources of one tenant, to be read."""

    def __init__(self, connections: Connections, tenant: int) -> None:
        self._connections = connections
        self.tenant = tenant

    @property
    def ledger(self) -> LedgerReader:
        """The ledgers of the tenant's structures."""
        return LedgerReader(self._connections, self.tenant)

    @property
    def concepts(self) -> ConceptReader:
        """The concepts of the tenant's code systems, and its canonical resources."""
        return ConceptReader(self._connections, self.tenant)

    @property
    def subscriptions(self) -> SubscriptionReader:
        """Where the tenant's subscriptions stand."""
        return SubscriptionReader(self._connections, self.tenant)

    async def read(self, resource_type: str, resource_id: str) -> StoredVersion:
        """The current version; raises `NotFound` or `Gone`."""
        async with self._connections.rows() as connection:
            return await reads.read(connection, self.tenant, resource_type, resource_id)

    async def vread(self, resource_type: str, resource_id: str, version: int) -> StoredVersion:
        """One version; raises `NotFound` or `Gone`."""
        async with self._connections.rows() as connection:
            return await reads.vread(connection, self.tenant, resource_type, resource_id, version)

    async def read_many(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], StoredVersion]:
        """The current versions, deleted or not, of those (type, id) that exist."""
        async with self._connections.rows() as connection:
            return await reads.find_several(connection, self.tenant, keys)

    async def read_versions(self, wanted: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str, int], StoredVersion]:
        """Those versions, current or not, deletions included, of the (type, id, version) that exist."""
        async with self._connections.rows() as connection:
            return await reads.find_versions(connection, self.tenant, wanted)

    async def history(
        self,
        *,
        count: int,
        resource_type: str | None = None,
        resource_id: str | None = None,
        since: datetime | None = None,
        at: DateRange | None = None,
        after: histories.HistoryPosition | None = None,
    ) -> histories.HistoryPage:
        """A page of versions, newest first; raises `NotFound` for an id that never was."""
        async with self._connections.searches() as connection:
            return await histories.history(
                connection,
                self.tenant,
                count=count,
                resource_type=resource_type,
                resource_id=resource_id,
                since=since,
                at=at,
                after=after,
            )

    async def search_parameters(self) -> SearchParameters:
        """What the tenant's resources are found by now."""
        async with self._connections.rows() as connection:
            return (await present_edition(connection, self.tenant)).parameters

    async def added_search_parameters(self) -> list[Added]:
        """Those that the tenant added or dropped, with their state, by id."""
        async with self._connections.rows() as connection:
            return await added_parameters(connection, self.tenant)

    async def parsed(self, parse: Callable[[SearchParameters], Parsed]) -> Parsed:
        """What `parse` makes of the tenant's search parameters.

        They are read again where the tenant has any of its own, or where `parse` refuses what is shipped: a query that
        needs none of them costs no look-up.
        """
        if kept_parameters(self.tenant) is SHIPPED:
            with suppress(InvalidSearch):
                return parse(SHIPPED)
        return parse(await self.search_parameters())

    async def search(self, *wanted: Search, count: int, position: str | None = None) -> searches.SearchPage:
        """A page of matches, of one search or of one a type; raises `InvalidSearch`."""
        async with self._connections.searches() as connection:
            return await searches.search(connection, self.tenant, *wanted, count=count, position=position)

    async def gather(
        self, gathering: Gathering, part: Part, *, count: int | None, position: str | None, base_url: str
    ) -> GatheredPage:
        """A page of what belongs to a resource; raises `NotFound`, `Gone`, `InvalidSearch`."""
        async with self._connections.searches() as connection:
            return await gather(
                connection, self.tenant, gathering, part, count=count, position=position, base_url=base_url
            )

    async def last_observations(
        self, wanted: Search, *, most: int, count: int, position: str | None
    ) -> searches.SearchPage:
        """A page of the most recent Observations of each code, `most` of each; raises `InvalidSearch`."""
        async with self._connections.searches() as connection:
            return await last_observations(connection, self.tenant, wanted, most=most, count=count, position=position)

    async def observation_statistics(
        self, asked: Iterable[tuple[str | None, str, Search]], *, sources: int
    ) -> Measured:
        """The statistics of each (system, code) in what its search finds; raises `InvalidSearch`, `Unprocessable`."""
        async with self._connections.searches() as connection:
            return await observation_statistics(connection, self.tenant, asked, sources=sources)

    async def everyone(self, part: Part, *, count: int | None, position: str | None) -> GatheredPage:
        """A page of the records of all the patients; raises `InvalidSearch`."""
        async with self._connections.searches() as connection:
            return await everyone(connection, self.tenant, part, count=count, position=position)

    async def document_parts(self, composition: StoredVersion, base_url: str) -> list[StoredVersion]:
        """What a Composition's document holds besides it; raises `Unprocessable`, `InvalidSearch`."""
        async with self._connections.rows() as connection:
            return await document_parts(connection, self.tenant, composition, base_url)

    async def explain(
        self, *wanted: Search, count: int, position: str | None = None
    ) -> list[search_explanation.ExplainedStatement]:
        """How the page that `search` would give is found; raises `InvalidSearch`."""
        async with self._connections.searches() as connection:
            return await search_explanation.explain(connection, self.tenant, *wanted, count=count, position=position)

    async def referring(
        self, resource_type: str, code: str, targets: Iterable[tuple[str, str]], *, limit: int | None = None
    ) -> list[StoredVersion]:
        """The resources of a type whose reference parameter `code` names any of many `targets` (type, id).

        All of them, or the oldest `limit`.
        """
        async with self._connections.searches() as connection:
            return await find_referring(connection, self.tenant, resource_type, code, targets, limit=limit)

    async def all_of_type(self, resource_type: str, *, count: int, after: int = 0) -> list[StoredVersion]:
        """The next `count` resources of a type whose row comes after `after` (a `StoredVersion.rid`), oldest first.

        For going through all of them: each page costs what it holds, where a search's costs what matches.
        """
        async with self._connections.rows() as connection:
            return await reads.all_of_type(connection, self.tenant, resource_type, count=count, after=after)

    async def policies(self) -> TenantPolicies:
        """What the tenant says of writes, as this process knows it."""
        return await policies_of(self._connections, self.tenant)

    async def require_integrity(self, integrity: Integrity, versions: Sequence[StoredVersion]) -> None:
        """Judges versions as if they had just been written; raises `DanglingReference` or `ReferredTo`."""
        if integrity.is_held:
            async with self._connections.searches() as connection:
                await require_integrity(connection, self.tenant, integrity, versions)

    @asynccontextmanager
    async def profiles(self) -> AsyncIterator[TenantValidator]:
        """What judges resources by the profiles and the terminology that the tenant has stored."""
        async with self._connections.rows() as connection:
            yield await tenant_validator(connection, self.tenant, self._connections)
