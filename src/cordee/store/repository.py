"""What a door may do with the resources of one tenant: the interactions of R4 http.html, one method each."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from cordee.fhir.body import Incoming
from cordee.fhir.bundle import BundleEntry
from cordee.fhir.outcome import Conflict, FhirError
from cordee.fhir.query import Search
from cordee.fhir.stored_version import StoredVersion
from cordee.store import history as histories
from cordee.store import read as reads
from cordee.store import search as searches
from cordee.store.changes import (
    ANY,
    Precondition,
    Written,
    check_precondition,
    effect_of,
    is_same_content,
    next_change,
    now,
    stored,
)
from cordee.store.conditions import match_one
from cordee.store.connection import Connection, Database
from cordee.store.referring import find_referring
from cordee.store.transaction import run_transaction
from cordee.store.write import Change, apply

_ATTEMPTS = 20
"""How often a write is begun again when, each time, another writer came in between."""

Attempt = Callable[[Connection, StoredVersion | None], Awaitable[Written | None]]
"""A write on top of the version given; None when another writer came first."""


class Connections(Protocol):
    """Where a `Reader` gets its connections: the pools of a `Database`, or the one of a transaction."""

    def rows(self) -> AbstractAsyncContextManager[Connection]:
        """For reads by key."""

    def searches(self) -> AbstractAsyncContextManager[Connection]:
        """For searches and histories."""


class _Held:
    """A connection that somebody else holds."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def rows(self) -> AsyncIterator[Connection]:
        yield self._connection

    searches = rows


class Reader:
    """The resources of one tenant, to be read."""

    def __init__(self, connections: Connections, tenant: int) -> None:
        self._connections = connections
        self.tenant = tenant

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

    async def history(
        self,
        *,
        count: int,
        resource_type: str | None = None,
        resource_id: str | None = None,
        since: datetime | None = None,
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
                after=after,
            )

    async def search(self, wanted: Search, *, count: int, position: str | None = None) -> searches.SearchPage:
        """A page of matches; raises `InvalidSearch`."""
        async with self._connections.searches() as connection:
            return await searches.search(connection, self.tenant, wanted, count=count, position=position)

    async def referring(self, resource_type: str, code: str, targets: Iterable[tuple[str, str]]) -> list[StoredVersion]:
        """All the resources of a type whose reference parameter `code` names any of many `targets` (type, id)."""
        async with self._connections.searches() as connection:
            return await find_referring(connection, self.tenant, resource_type, code, targets)


class Repository(Reader):
    """The resources of one tenant, to be read and written."""

    def __init__(self, database: Database, tenant: int) -> None:
        super().__init__(database, tenant)
        self._database = database

    async def create(self, incoming: Incoming, if_none_exist: Search | None = None) -> Written:
        """Stores under an id of ours. With a condition, only if nothing matches: one match is answered instead,
        several raise `PreconditionFailed` (R4 http.html#ccreate).
        """
        if if_none_exist is None:
            async with self._database.rows() as connection:
                return await self._insert(connection, incoming)
        async with self._database.transaction() as connection:
            found = await match_one(connection, self.tenant, if_none_exist)
            if found is not None:
                return Written("unchanged", found)
            return await self._insert(connection, incoming)

    async def update(
        self, resource_type: str, resource_id: str, incoming: Incoming, precondition: Precondition = ANY
    ) -> Written:
        """Stores the next version, or the first one under the client's id (R4 http.html#upsert).

        Content equal to what is stored writes nothing. Raises `PreconditionFailed`.
        """

        async def attempt(connection: Connection, current: StoredVersion | None) -> Written | None:
            check_precondition(current, precondition, f"{resource_type}/{resource_id}")
            if current is not None and is_same_content(current, incoming):
                return Written("unchanged", current)
            return await self._write(connection, current, resource_type, resource_id, "PUT", incoming)

        return await self._persist(resource_type, resource_id, attempt)

    async def conditional_update(
        self, condition: Search, incoming: Incoming, precondition: Precondition = ANY
    ) -> Written:
        """Updates the one match, or creates when nothing matches (R4 http.html#cond-update).

        Raises `FhirError` (400) when the body's id is not that of the match.
        """

        async def attempt(connection: Connection, found: StoredVersion | None) -> Written | None:
            if found is not None and incoming.id not in (None, found.id):
                raise FhirError(
                    f"The condition matches {found.resource_type}/{found.id}, but the body's id is {incoming.id}.",
                    path=f"{condition.resource_type}.id",
                )
            if found is None and incoming.id is None:
                check_precondition(None, precondition, condition.resource_type)
                return await self._insert(connection, incoming)
            key = (condition.resource_type, found.id if found else str(incoming.id))
            held = await reads.find_several(connection, self.tenant, [key], lock=True)
            current = held.get(key)
            if found is None and current is not None and not current.deleted:
                raise Conflict(f"{key[0]}/{key[1]} exists, and does not match the condition.")
            if found is not None and (current is None or current.version != found.version):
                return None  # changed since it was found: it may not match any more
            check_precondition(current, precondition, "/".join(key))
            if current is not None and is_same_content(current, incoming):
                return Written("unchanged", current)
            return await self._write(connection, current, *key, "PUT", incoming)

        return await self._persist_matched(condition, attempt)

    async def delete(self, resource_type: str, resource_id: str, precondition: Precondition = ANY) -> Written:
        """Deletes; deleting what isn't there is no error (R4 http.html#delete). History stays."""

        async def attempt(connection: Connection, current: StoredVersion | None) -> Written | None:
            if current is None or current.deleted:
                return Written("absent", None)
            check_precondition(current, precondition, f"{resource_type}/{resource_id}")
            return await self._write(connection, current, resource_type, resource_id, "DELETE", None)

        return await self._persist(resource_type, resource_id, attempt)

    async def conditional_delete(self, condition: Search, precondition: Precondition = ANY) -> Written:
        """Deletes the one match; several raise `PreconditionFailed` (R4 http.html#3.1.0.7.1)."""

        async def attempt(connection: Connection, found: StoredVersion | None) -> Written | None:
            if found is None:
                return Written("absent", None)
            check_precondition(found, precondition, f"{found.resource_type}/{found.id}")
            return await self._write(connection, found, found.resource_type, found.id, "DELETE", None)

        return await self._persist_matched(condition, attempt)

    async def transaction(
        self,
        entries: Sequence[BundleEntry],
        preconditions: Callable[[BundleEntry], Precondition],
        parse_criteria: Callable[[str, str], Search],
        read: Callable[[Reader, BundleEntry], Awaitable[None]] | None = None,
    ) -> dict[int, Written]:
        """The writing entries of a transaction Bundle, all or nothing; see `transaction.run_transaction`.

        `read` is called for each reading entry once the others are written, with what sees them, before they are
        committed; what it raises undoes them.
        """

        async def read_within(connection: Connection, entry: BundleEntry) -> None:
            if read is not None:
                await read(Reader(_Held(connection), self.tenant), entry)

        return await run_transaction(self._database, self.tenant, entries, preconditions, parse_criteria, read_within)

    async def _persist(self, resource_type: str, resource_id: str, attempt: Attempt) -> Written:
        """Writes without a lock first, which is quicker; met by another writer, waits its turn for the row."""
        async with self._database.rows() as connection:
            current = await reads.find_current(connection, self.tenant, resource_type, resource_id)
            written = await attempt(connection, current)
        if written is not None:
            return written
        key = (resource_type, resource_id)
        for _ in range(_ATTEMPTS):
            async with self._database.transaction() as connection:
                held = await reads.find_several(connection, self.tenant, [key], lock=True)
                written = await attempt(connection, held.get(key))
            if written is not None:
                return written
        raise Conflict(f"Other writers kept changing {resource_type}/{resource_id}; read it and try again.")

    async def _persist_matched(self, condition: Search, attempt: Attempt) -> Written:
        for _ in range(_ATTEMPTS):
            async with self._database.transaction() as connection:
                written = await attempt(connection, await match_one(connection, self.tenant, condition))
            if written is not None:
                return written
        raise Conflict(f"Other writers kept changing the {condition.resource_type} that matches; try again.")

    async def _insert(self, connection: Connection, incoming: Incoming) -> Written:
        change = await self._change(connection, None, incoming.resource_type, str(uuid4()), "POST", incoming)
        await apply(connection, self.tenant, [change])
        return Written("created", stored(change))

    async def _write(
        self,
        connection: Connection,
        current: StoredVersion | None,
        resource_type: str,
        resource_id: str,
        method: str,
        incoming: Incoming | None,
    ) -> Written | None:
        """The version that follows `current`; None when another writer came first."""
        change = await self._change(connection, current, resource_type, resource_id, method, incoming)
        if not await apply(connection, self.tenant, [change]):
            return None
        return Written(effect_of(change, current), stored(change))

    async def _change(
        self,
        connection: Connection,
        current: StoredVersion | None,
        resource_type: str,
        resource_id: str,
        method: str,
        incoming: Incoming | None,
    ) -> Change:
        rid = current.rid if current else (await self._database.next_rids(connection, 1))[0]
        return next_change(current, rid, resource_type, resource_id, method, incoming, now())
