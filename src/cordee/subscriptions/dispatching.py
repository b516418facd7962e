"""What was written, in order, becomes events of the subscriptions about it; Subscriptions written are taken up.

One process does this, under a lock. A change leaves the table in the transaction that records what it is an event of,
so each is recorded once, whatever happens.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import structlog

from cordee.fhir.outcome import FhirError, InvalidResource
from cordee.fhir.query_tree import Criterion, Search
from cordee.fhir.query_values import IdSearch
from cordee.fhir.stored_version import StoredVersion
from cordee.fhir.subscriptions.events import Change, beyond, by_itself, holds_by_itself, occurs
from cordee.fhir.subscriptions.reading import read_subscription
from cordee.fhir.subscriptions.subscription import Subscription, WebSocket
from cordee.store import read as reads
from cordee.store.connection import Connection, Database
from cordee.store.reader import Reader
from cordee.store.search import find_matching
from cordee.store.subscriptions.changes import WrittenVersion, drop_changes, next_changes
from cordee.store.subscriptions.queue import Recorded, record
from cordee.store.subscriptions.sockets import tell_sockets
from cordee.store.subscriptions.standing import (
    Status,
    SubscriptionStanding,
    all_standings,
    forget,
    see_version,
    standings_of,
    take_up,
)
from cordee.store.tenants import tenant_names
from cordee.subscriptions.registered import Key, Registered, Registry, fhir_base
from cordee.terminology.search_codes import with_codes

_log = structlog.get_logger("cordee.subscriptions")

_MOST_CHANGES = 200
_MOST_BYTES = 16_000_000
"""Of the bodies that are looked at together."""


class Dispatcher:
    """Carries changes into the queues of the subscriptions of a registry.

    `followed` is called with each subscription that was taken up anew, or let go of.
    """

    def __init__(
        self, database: Database, registry: Registry, own_url: str, followed: Callable[[Key], Awaitable[None]]
    ) -> None:
        self._database = database
        self._registry = registry
        self._own_url = own_url
        self._followed = followed

    async def load(self) -> None:
        """Takes up what was taken up before by another process."""
        async with self._database.rows() as connection:
            standings = await all_standings(connection)
        for standing in standings:
            if standing.status != "off":
                await self._hold(standing)

    async def dispatch(self, tenant: int) -> None:
        """Dispatches the first changes of a tenant: some of resources, or one Subscription written."""
        async with self._database.rows() as connection:
            changes = await next_changes(connection, tenant, most=_MOST_CHANGES, most_bytes=_MOST_BYTES)
        first = next((i for i, change in enumerate(changes) if change.resource_type == "Subscription"), len(changes))
        if first == 0 and changes:
            await self._follow(tenant, changes[0])
        elif changes:
            await self._record(tenant, changes[:first])

    async def _record(self, tenant: int, changes: Sequence[WrittenVersion]) -> None:
        versions = await self._versions(tenant, changes)
        recorded: list[Recorded] = []
        told: set[Key] = set()
        for written in changes:
            current = versions.get((written.resource_type, written.id, written.version))
            if current is None:
                continue
            previous = versions.get((written.resource_type, written.id, written.version - 1))
            change = Change(_parsed(previous), _parsed(current))
            for registered in self._registry.about(tenant, written.resource_type):
                if await self._is_event(registered, change):
                    told.add(registered.key)
                    about = (current.resource_type, current.id, current.version, current.last_updated)
                    recorded.append(Recorded(registered.standing.id, *about))
        last: dict[str, int] = {}
        async with self._database.transaction() as connection:
            if recorded:
                last = await record(connection, tenant, recorded)
                await self._tell_sockets(connection, told)
            await drop_changes(connection, tenant, [change.number for change in changes])
        for id_, number in last.items():
            held = self._registry.get((tenant, id_))
            if held is not None:
                held.events = number
                held.news.set()

    async def _versions(
        self, tenant: int, changes: Sequence[WrittenVersion]
    ) -> dict[tuple[str, str, int], StoredVersion]:
        wanted = set()
        for change in changes:
            about = [one.subscription for one in self._registry.about(tenant, change.resource_type)]
            if about:
                wanted.add((change.resource_type, change.id, change.version))
            if any(subscription is not None and subscription.topic is not None for subscription in about):
                wanted.add((change.resource_type, change.id, change.version - 1))
        return await Reader(self._database, tenant).read_versions(wanted)

    async def _tell_sockets(self, connection: Connection, keys: Iterable[Key]) -> None:
        found = [self._registry.get(key) for key in keys]
        if any(one is not None and _is_of_sockets(one) for one in found):
            await tell_sockets(connection)

    async def _is_event(self, registered: Registered, change: Change) -> bool:
        """Whether to tell the subscription. What can't be judged is told: its receiver can look."""
        subscription = registered.subscription
        if subscription is None or (subscription.end is not None and subscription.end <= datetime.now(UTC)):
            return False
        resource = change.resource
        if resource is None or (subscription.topic is None and change.current is None):
            return False
        try:
            if subscription.topic is not None and not occurs(subscription.topic, change):
                return False
            for search in subscription.searches:
                if not await self._meets(registered.standing.tenant, search, change):
                    return False
        except Exception as problem:  # nothing that one change holds may keep the others waiting
            _log.warning(
                "criteria could not be judged", subscription=registered.standing.id, error=type(problem).__name__
            )
        return True

    async def _meets(self, tenant: int, search: Search, change: Change) -> bool:
        """Criteria about the resource itself are judged on the version written, the others as the store stands now."""
        resource = change.resource
        if resource is None:
            return False
        search = await with_codes(Reader(self._database, tenant), search)
        if not holds_by_itself(by_itself(search), resource):
            return False
        others = beyond(search)
        if not others:
            return True
        if change.current is None:
            return False
        this = Criterion("_id", None, (IdSearch(str(resource["id"])),))
        async with self._database.searches() as connection:
            wanted = Search(search.resource_type, (this, *others))
            return bool(await find_matching(connection, tenant, wanted, limit=1))

    async def _follow(self, tenant: int, change: WrittenVersion) -> None:
        async with self._database.transaction() as connection:
            await drop_changes(connection, tenant, [change.number])
            before = await standings_of(connection, tenant, [change.id])
            if before and before[0].version >= change.version:
                return  # written by this server, or seen already
            current = await reads.find_current(connection, tenant, "Subscription", change.id)
            if current is None:
                return
            if current.deleted:
                await forget(connection, tenant, change.id)
            elif await self._takes_up_anew(connection, tenant, current, before):
                await tell_sockets(connection)
            else:
                await see_version(connection, tenant, current)
            after = await standings_of(connection, tenant, [change.id])
        self._registry.remove((tenant, change.id))
        for standing in after:
            if standing.status != "off":
                await self._hold(standing)
        await self._followed((tenant, change.id))

    async def _takes_up_anew(
        self, connection: Connection, tenant: int, current: StoredVersion, before: Sequence[SubscriptionStanding]
    ) -> bool:
        """False when what is written changes nothing for a subscription that is active."""
        resource = orjson.loads(current.body)
        status: Status = resource["status"]
        held = self._registry.get((tenant, current.id))
        resource_type, error = None, None
        match status:
            case "off":
                pass
            case "error":
                resource_type = before[0].resource_type if before else None
                error = resource.get("error")
            case _:
                try:
                    known = await Reader(self._database, tenant).search_parameters()
                    subscription = read_subscription(resource, known, base_url=await self._base_url(tenant))
                except InvalidResource as refusal:
                    status, error = "requested", str(refusal)
                else:
                    resource_type = subscription.resource_type
                    if (
                        status == "active"
                        and held is not None
                        and held.standing.status == "active"
                        and held.subscription == subscription
                    ):
                        return False
                    status = "requested"
        await take_up(connection, tenant, current, status, resource_type, error)
        return True

    async def _hold(self, standing: SubscriptionStanding) -> None:
        reader = Reader(self._database, standing.tenant)
        base_url = await self._base_url(standing.tenant)
        subscription = None
        try:
            body = (await reader.read("Subscription", standing.id)).body
            known = await reader.search_parameters()
            subscription = read_subscription(orjson.loads(body), known, base_url=base_url)
        except FhirError as problem:
            standing = replace(standing, error=standing.error or str(problem))
        self._registry.put(Registered(base_url, standing, subscription, standing.events))

    async def _base_url(self, tenant: int) -> str:
        async with self._database.rows() as connection:
            (name,) = await tenant_names(connection, [tenant])
        return fhir_base(self._own_url, name)


def _is_of_sockets(registered: Registered) -> bool:
    subscription: Subscription | None = registered.subscription
    return subscription is not None and isinstance(subscription.channel, WebSocket)


def _parsed(version: StoredVersion | None) -> dict[str, object] | None:
    if version is None or version.deleted:
        return None
    parsed: dict[str, object] = orjson.loads(version.body)
    return parsed
