"""What a door may do with the resources of one tenant: the interactions of R4 http.html, one method each."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import uuid4

from cordee.fhir.body import Incoming, accept, compact_text
from cordee.fhir.bundle import BundleEntry
from cordee.fhir.outcome import Conflict, FhirError, NotFound, PreconditionFailed
from cordee.fhir.query import Search
from cordee.fhir.reference_rewriting import may_refer_conditionally
from cordee.fhir.stored_version import StoredVersion
from cordee.store import read as reads
from cordee.store.carrying_out import carry_out, write_changes
from cordee.store.changes import ANY, Intent, Precondition, Written, check_precondition, decide, now
from cordee.store.conditional_references import ParseCriteria, resolved
from cordee.store.conditions import match_all, match_one
from cordee.store.connection import Connection, Database, Held
from cordee.store.integrity import find_all_referrers, require_integrity
from cordee.store.jobs import JobQueue
from cordee.store.ledger.verification import VerifiedLedger, verify_ledger
from cordee.store.reader import Reader
from cordee.store.subscriptions.reading import Subscriptions
from cordee.store.tenant_policies import TenantPolicies, WritePolicies, set_policies
from cordee.store.transaction import run_transaction
from cordee.store.unit_of_work import UnitOfWork

_ATTEMPTS = 20
"""How often a write is begun again when, each time, another writer came in between."""

Attempt = Callable[[Connection, StoredVersion | None], Awaitable[Written | None]]
"""A write on top of the match given; None when another writer came first."""


MOST_DELETED = 1_000
"""By one condition."""

_NOTHING_REFUSED = WritePolicies()

Patched = Callable[[str], Incoming]
"""What a patch makes of the text of the current version."""


class _Changed(Exception):
    """Another writer changed what was found before it could be locked."""


class Repository(Reader):
    """The resources of one tenant, to be read and written."""

    def __init__(self, database: Database, tenant: int, policies: WritePolicies = _NOTHING_REFUSED) -> None:
        super().__init__(database, tenant)
        self._database = database
        self._integrity = policies.integrity
        self.write_policies = policies

    @property
    def jobs(self) -> JobQueue:
        """What runs in the background for the tenant."""
        return JobQueue(self._database, self.tenant)

    @property
    def subscriptions(self) -> Subscriptions:
        """Where the tenant's subscriptions stand, and what may be done about it."""
        return Subscriptions(self._database, self.tenant)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[UnitOfWork]:
        """Reads and writes that are committed together at the end of the block, or not at all when it raises.

        Met by another writer in a way that only beginning again can mend, raises `Conflict`: nothing is stored, and
        the caller may run its block again. `Unavailable` at the end of the block leaves open whether it was stored.
        """
        async with self._database.transaction() as connection:
            yield UnitOfWork(self._database, connection, self.tenant)

    async def verify_ledger(
        self, structure: str, progress: Callable[[int], None] = lambda _entries: None
    ) -> VerifiedLedger:
        """Recomputes a structure's ledger from its beginning, in one snapshot; names the first fault, if any.

        `progress` is told how many entries were verified since it was last told.
        """
        return await verify_ledger(self._database, self.tenant, structure, progress)

    async def set_policies(self, policies: TenantPolicies) -> None:
        """Changes what the tenant says of writes; other processes follow within `SECONDS_UNTIL_KNOWN`."""
        await set_policies(self._database, self.tenant, policies)

    async def create(self, incoming: Incoming, if_none_exist: Search | None = None) -> Written:
        """Stores under an id of ours. With a condition, only if nothing matches: one match is answered instead,
        several raise `PreconditionFailed` (R4 http.html#ccreate).
        """
        if if_none_exist is None:
            async with self._writing() as connection:
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

        Content equal to what is stored writes nothing. Raises `PreconditionFailed` or `Sealed`.
        """
        key = (resource_type, resource_id)
        return await self._persist(key, lambda _: Intent(*key, "PUT", incoming, precondition))

    async def accept(self, text: bytes, expected_type: str, parse_criteria: ParseCriteria) -> Incoming:
        """A body checked, its conditional references resolved to what is stored now.

        Raises what `cordee.fhir.body.accept` does; `PreconditionFailed` for a reference that matches several, or
        nothing where no reference may dangle.
        """
        incoming = accept(text, expected_type)
        if not may_refer_conditionally(text):
            return incoming
        compact = compact_text(text)
        async with self._database.searches() as connection:
            return await resolved(
                connection,
                self.tenant,
                incoming,
                compact,
                parse_criteria,
                keeps_unmatched=not self._integrity.refuses_dangling,
            )

    async def patch(
        self, resource_type: str, resource_id: str, patched: Patched, precondition: Precondition = ANY
    ) -> Written:
        """Stores what `patched` makes of the current version as the next one (R4 http.html#patch).

        Raises `NotFound`, `Gone`, `PreconditionFailed`, `Sealed`, or what `patched` raises.
        """
        key = (resource_type, resource_id)
        return await self._persist(key, lambda current: _patch_intent(key, current, patched, precondition))

    async def conditional_patch(self, condition: Search, patched: Patched, precondition: Precondition = ANY) -> Written:
        """Patches the one match; none raises `NotFound`, several `PreconditionFailed` (R4 http.html#patch)."""

        async def attempt(connection: Connection, found: StoredVersion | None) -> Written | None:
            if found is None:
                raise NotFound(f"No {condition.resource_type} matches the condition.")
            return await self._write(
                connection, _patch_intent((found.resource_type, found.id), found, patched, precondition), found
            )

        return await self._persist_matched(condition, attempt)

    async def conditional_update(
        self, condition: Search, incoming: Incoming, precondition: Precondition = ANY
    ) -> Written:
        """Updates the one match, or creates when nothing matches (R4 http.html#cond-update).

        Raises `FhirError` (400) when the body's id is not that of the match, `PreconditionFailed` or `Sealed`.
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
            intent = Intent(
                condition.resource_type, found.id if found else str(incoming.id), "PUT", incoming, precondition
            )
            held = await reads.find_several(connection, self.tenant, [intent.key], lock=True)
            current = held.get(intent.key)
            if found is None and current is not None and not current.deleted:
                raise Conflict(f"{'/'.join(intent.key)} exists, and does not match the condition.")
            if found is not None and (current is None or current.version != found.version):
                return None  # changed since it was found: it may not match any more
            return await self._write(connection, intent, current)

        return await self._persist_matched(condition, attempt)

    async def delete(self, resource_type: str, resource_id: str, precondition: Precondition = ANY) -> Written:
        """Deletes; deleting what isn't there is no error (R4 http.html#delete). History stays.

        Raises `PreconditionFailed` or `Sealed`.
        """
        key = (resource_type, resource_id)
        return await self._persist(key, lambda _: Intent(*key, "DELETE", None, precondition))

    async def conditional_delete(self, condition: Search, precondition: Precondition = ANY) -> Written:
        """Deletes the one match; several raise `PreconditionFailed` (R4 http.html#3.1.0.7.1). Raises `Sealed`."""

        async def attempt(connection: Connection, found: StoredVersion | None) -> Written | None:
            if found is None:
                return Written("absent", None)
            intent = Intent(found.resource_type, found.id, "DELETE", None, precondition)
            held = (await reads.find_several(connection, self.tenant, [intent.key], lock=True)).get(intent.key)
            if held is None or held.version != found.version:
                return None  # changed since it was found: it may not match any more
            return await self._write(connection, intent, held)

        return await self._persist_matched(condition, attempt)

    async def conditional_delete_all(self, condition: Search, precondition: Precondition = ANY) -> list[Written]:
        """Deletes every match together, or none (R4 http.html#3.1.0.7.1).

        Raises `PreconditionFailed` for one that is not at the version wanted, `FhirError` (400) for more than
        `MOST_DELETED`, `Sealed`.
        """
        for _ in range(_ATTEMPTS):
            try:
                async with self._database.transaction() as connection:
                    found = await match_all(connection, self.tenant, condition, most=MOST_DELETED)
                    for version in found:
                        check_precondition(version, precondition, f"{version.resource_type}/{version.id}")
                    return await self._delete_found(connection, found)
            except _Changed:
                continue  # changed since it was found: it may not match any more
        raise Conflict(f"Other writers kept changing what matches in {condition.resource_type}; try again.")

    async def _delete_found(self, connection: Connection, found: Sequence[StoredVersion]) -> list[Written]:
        intents = [Intent(v.resource_type, v.id, "DELETE", None, Precondition(frozenset({v.version}))) for v in found]
        done = []
        for result in await carry_out(connection, self._database, self.tenant, intents):
            if result is None or isinstance(result, PreconditionFailed):
                raise _Changed
            if isinstance(result, FhirError):
                raise result
            done.append(result)
        await self._require_integrity(connection, done)
        return done

    async def delete_with_referrers(
        self, resource_type: str, resource_id: str, precondition: Precondition = ANY
    ) -> list[Written]:
        """Deletes a resource, what refers to it, what refers to those, and so on: all together, or nothing.

        The first answered is the resource's own. Raises what `delete` does, and `FhirError` (400) when they are more
        than `MOST_DELETED`.
        """
        for _ in range(_ATTEMPTS):
            try:
                async with self._database.transaction() as connection:
                    current = await reads.find_current(connection, self.tenant, resource_type, resource_id)
                    if current is None or current.deleted:
                        return [Written("absent", None)]
                    check_precondition(current, precondition, f"{resource_type}/{resource_id}")
                    found = await find_all_referrers(connection, self.tenant, current, most=MOST_DELETED)
                    return await self._delete_found(connection, [current, *found])
            except _Changed:
                continue
        raise Conflict(f"Other writers kept changing what refers to {resource_type}/{resource_id}; try again.")

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
                await read(Reader(Held(connection), self.tenant), entry)

        return await run_transaction(
            self._database, self.tenant, entries, preconditions, parse_criteria, read_within, self._integrity
        )

    async def _persist(self, key: tuple[str, str], intent_over: Callable[[StoredVersion | None], Intent]) -> Written:
        """Writes without a lock first, which is quicker; met by another writer, waits its turn for the row.

        What has to be judged before it stands is written under the lock at once (see `require_integrity`).
        """
        if not self._integrity.is_held:
            async with self._database.rows() as connection:
                current = await reads.find_current(connection, self.tenant, *key)
                written = await self._write(connection, intent_over(current), current)
            if written is not None:
                return written
        for _ in range(_ATTEMPTS):
            async with self._database.transaction() as connection:
                current = (await reads.find_several(connection, self.tenant, [key], lock=True)).get(key)
                written = await self._write(connection, intent_over(current), current)
            if written is not None:
                return written
        raise Conflict(f"Other writers kept changing {'/'.join(key)}; read it and try again.")

    async def _persist_matched(self, condition: Search, attempt: Attempt) -> Written:
        for _ in range(_ATTEMPTS):
            async with self._database.transaction() as connection:
                written = await attempt(connection, await match_one(connection, self.tenant, condition))
            if written is not None:
                return written
        raise Conflict(f"Other writers kept changing the {condition.resource_type} that matches; try again.")

    async def _insert(self, connection: Connection, incoming: Incoming) -> Written:
        intent = Intent(incoming.resource_type, str(uuid4()), "POST", incoming)
        written = await self._write(connection, intent, None)
        if written is None:
            raise Conflict(f"{'/'.join(intent.key)} was just created by another writer; try again.")
        return written

    async def _write(self, connection: Connection, intent: Intent, current: StoredVersion | None) -> Written | None:
        """Carries out the intent over `current`; None when another writer came first."""
        rid = current.rid if current else (await self._database.next_rids(connection, 1))[0]
        decided = decide(intent, current, rid, now())
        if isinstance(decided, Written):
            return decided
        known = {} if current is None else {intent.key: current}
        (written,) = await write_changes(connection, self._database, self.tenant, [decided], known)
        if written is not None:
            await self._require_integrity(connection, [written])
        return written

    def _writing(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for one write: it is a transaction of its own, unless it has to be judged before it stands."""
        return self._database.transaction() if self._integrity.is_held else self._database.rows()

    async def _require_integrity(self, connection: Connection, written: Sequence[Written]) -> None:
        if self._integrity.is_held:
            versions = [one.version for one in written if one.version is not None]
            await require_integrity(connection, self.tenant, self._integrity, versions)


def _patch_intent(
    key: tuple[str, str], current: StoredVersion | None, patched: Patched, precondition: Precondition
) -> Intent:
    standing = reads.require_current(current, *key)
    check_precondition(standing, precondition, "/".join(key))
    return Intent(*key, "PATCH", patched(standing.body), precondition)
