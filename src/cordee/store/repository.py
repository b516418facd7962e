"""What a door may do with the resources of one tenant: the interactions of R4 http.html, one method each."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import uuid4

from cordee.fhir.body import Incoming
from cordee.fhir.bundle import BundleEntry
from cordee.fhir.outcome import Conflict, PreconditionFailed
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
    is_same_content,
    next_change,
    now,
    stored,
)
from cordee.store.conditions import match_one
from cordee.store.connection import Connection, Database
from cordee.store.transaction import run_transaction
from cordee.store.write import Change, apply

_ATTEMPTS = 20
"""How often a write without If-Match is tried again when another writer comes first."""


class Repository:
    """The resources of one tenant."""

    def __init__(self, database: Database, tenant: int) -> None:
        self._database = database
        self.tenant = tenant

    async def read(self, resource_type: str, resource_id: str) -> StoredVersion:
        """The current version; raises `NotFound` or `Gone`."""
        async with self._database.rows() as connection:
            return await reads.read(connection, self.tenant, resource_type, resource_id)

    async def vread(self, resource_type: str, resource_id: str, version: int) -> StoredVersion:
        """One version; raises `NotFound` or `Gone`."""
        async with self._database.rows() as connection:
            return await reads.vread(connection, self.tenant, resource_type, resource_id, version)

    async def read_many(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], StoredVersion]:
        """The current versions, deleted or not, of those (type, id) that exist."""
        async with self._database.rows() as connection:
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
        async with self._database.searches() as connection:
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
        async with self._database.searches() as connection:
            return await searches.search(connection, self.tenant, wanted, count=count, position=position)

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
        for _ in range(_ATTEMPTS):
            async with self._database.rows() as connection:
                current = await reads.find_current(connection, self.tenant, resource_type, resource_id)
                check_precondition(current, precondition, f"{resource_type}/{resource_id}")
                if current is not None and is_same_content(current, incoming):
                    return Written("unchanged", current)
                change = await self._change(connection, current, resource_type, resource_id, "PUT", incoming)
                if await apply(connection, self.tenant, [change]):
                    return Written("updated" if change.replaces else "created", stored(change))
        raise Conflict(f"Other writers kept changing {resource_type}/{resource_id}; read it and try again.")

    async def conditional_update(
        self, condition: Search, incoming: Incoming, precondition: Precondition = ANY
    ) -> Written:
        """Updates the one match, or creates when nothing matches (R4 http.html#cond-update)."""
        async with self._database.transaction() as connection:
            found = await match_one(connection, self.tenant, condition)
            if found is not None and incoming.id not in (None, found.id):
                raise PreconditionFailed(
                    f"The condition matches {found.resource_type}/{found.id}, but the body's id is {incoming.id}."
                )
            if found is None and incoming.id is None:
                check_precondition(None, precondition, condition.resource_type)
                return await self._insert(connection, incoming)
            key = (condition.resource_type, found.id if found else str(incoming.id))
            held = await reads.find_several(connection, self.tenant, [key], lock=True)
            current = held.get(key)
            if found is None and current is not None and not current.deleted:
                raise Conflict(f"{key[0]}/{key[1]} exists, and does not match the condition.")
            check_precondition(current, precondition, "/".join(key))
            if current is not None and is_same_content(current, incoming):
                return Written("unchanged", current)
            change = await self._change(connection, current, *key, "PUT", incoming)
            if not await apply(connection, self.tenant, [change]):
                raise Conflict(f"Another writer created {key[0]}/{key[1]} first; try again.")
            return Written("updated" if change.replaces else "created", stored(change))

    async def delete(self, resource_type: str, resource_id: str, precondition: Precondition = ANY) -> Written:
        """Deletes; deleting what isn't there is no error (R4 http.html#delete). History stays."""
        for _ in range(_ATTEMPTS):
            async with self._database.rows() as connection:
                current = await reads.find_current(connection, self.tenant, resource_type, resource_id)
                if current is None or current.deleted:
                    return Written("absent", None)
                check_precondition(current, precondition, f"{resource_type}/{resource_id}")
                change = await self._change(connection, current, resource_type, resource_id, "DELETE", None)
                if await apply(connection, self.tenant, [change]):
                    return Written("deleted", stored(change))
        raise Conflict(f"Other writers kept changing {resource_type}/{resource_id}; read it and try again.")

    async def conditional_delete(self, condition: Search, precondition: Precondition = ANY) -> Written:
        """Deletes the one match; several raise `PreconditionFailed` (R4 http.html#3.1.0.7.1)."""
        async with self._database.transaction() as connection:
            found = await match_one(connection, self.tenant, condition)
        if found is None:
            return Written("absent", None)
        return await self.delete(found.resource_type, found.id, precondition)

    async def transaction(
        self,
        entries: Sequence[BundleEntry],
        preconditions: Callable[[BundleEntry], Precondition],
        parse_criteria: Callable[[str, str], Search],
    ) -> dict[int, Written]:
        """The writing entries of a transaction Bundle, all or nothing; see `transaction.run_transaction`."""
        return await run_transaction(self._database, self.tenant, entries, preconditions, parse_criteria)

    async def _insert(self, connection: Connection, incoming: Incoming) -> Written:
        change = await self._change(connection, None, incoming.resource_type, str(uuid4()), "POST", incoming)
        await apply(connection, self.tenant, [change])
        return Written("created", stored(change))

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
