"""What a tenant may ask of its subscriptions, and do about those that stopped."""

from collections.abc import Sequence
from datetime import datetime

from cordee.fhir.subscriptions.notifications import Event
from cordee.store.connection import Connections, Database
from cordee.store.subscriptions import queue, standing, tokens
from cordee.store.subscriptions.queue import DeadLetter
from cordee.store.subscriptions.standing import SubscriptionStanding


class SubscriptionReader:
    """The subscriptions of one tenant, where they stand and what they were told."""

    def __init__(self, connections: Connections, tenant: int) -> None:
        self._connections = connections
        self._tenant = tenant

    async def standings(self, ids: Sequence[str] | None) -> list[SubscriptionStanding]:
        """Those of the ids given, or of all subscriptions for None, by id; not of what was never taken up."""
        async with self._connections.rows() as connection:
            return await standing.standings_of(connection, self._tenant, ids)

    async def events(self, subscription_id: str, first: int, last: int, *, count: int) -> list[Event]:
        """The first `count` events from one number to another, both included, that are still kept."""
        async with self._connections.rows() as connection:
            return await queue.past_events(connection, self._tenant, subscription_id, first, last, count=count)

    async def dead_letters(self) -> list[DeadLetter]:
        """The events at which subscriptions stopped, the longest standing first."""
        async with self._connections.rows() as connection:
            return await queue.dead_letters(connection, self._tenant)

    async def make_token(self, ids: Sequence[str]) -> tuple[str, datetime]:
        """A token that binds a websocket to those subscriptions, and when it expires (UTC)."""
        async with self._connections.rows() as connection:
            return await tokens.make_token(connection, self._tenant, ids)


class Subscriptions(SubscriptionReader):
    """The same, with what changes them."""

    def __init__(self, database: Database, tenant: int) -> None:
        super().__init__(database, tenant)
        self._database = database

    async def discard(self, subscription_id: str, last: int) -> int:
        """Gives up the events up to number `last` of a subscription in error; how many they were."""
        async with self._database.transaction() as connection:
            return await queue.discard(connection, self._tenant, subscription_id, last)
