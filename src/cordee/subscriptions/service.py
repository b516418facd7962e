"""The process that delivers: of all those on one database, one at a time, whichever holds the lock."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from cordee.settings import Settings
from cordee.store.connection import Connection, Database
from cordee.store.failures import raised_at
from cordee.store.index_values import form_hash
from cordee.store.subscriptions.changes import tenants_with_changes, writers_under_way
from cordee.store.subscriptions.queue import expire
from cordee.subscriptions.courier import Courier
from cordee.subscriptions.dispatching import Dispatcher
from cordee.subscriptions.email import Mails
from cordee.subscriptions.registered import Key, Registry
from cordee.subscriptions.rest_hook import RestHooks
from cordee.subscriptions.sending import Channels

_log = structlog.get_logger("cordee.subscriptions")

_LOCK = form_hash("subscriptions are delivered by this process")
_SECONDS_BETWEEN_LOOKS = 0.2
_SECONDS_BETWEEN_TRIES = 2.0
_LOOKS_BETWEEN_CLEANINGS = 5 * 3600


async def deliver(settings: Settings, database: Database, stop: asyncio.Event) -> None:
    """Delivers what is subscribed to, until `stop` is set; waits its turn while another process does.

    A failure, as of a database that can't be reached, is told in the log, and everything is taken up again.
    """
    while not stop.is_set():
        try:
            async with database.alone() as connection:
                if await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                    await _lead(settings, database, connection, stop)
        except Exception as problem:  # told without its message, which can hold data, and begun again
            _log.warning("subscriptions not delivered for now", error=type(problem).__name__, at=raised_at(problem))
        await _pause(stop, _SECONDS_BETWEEN_TRIES)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _lead(settings: Settings, database: Database, connection: Connection, stop: asyncio.Event) -> None:
    async with RestHooks(settings.subscription_endpoints) as hooks:
        couriers = _Couriers(settings, database, Channels(settings, hooks, Mails(settings)))
        dispatcher = Dispatcher(database, couriers.registry, settings.own_url, couriers.follow)
        try:
            await dispatcher.load()
            for registered in couriers.registry:
                await couriers.follow(registered.key)
            looks = 0
            while not stop.is_set():
                # On the connection that holds the lock: when it is lost, so is the right to deliver.
                tenants = await tenants_with_changes(connection)
                for tenant in tenants:
                    await dispatcher.dispatch(tenant)
                await couriers.let_begin(connection)
                if looks % _LOOKS_BETWEEN_CLEANINGS == 0:
                    await expire(connection, timedelta(days=settings.subscription_events_kept_days))
                looks += 1
                if not tenants:
                    await _pause(stop, _SECONDS_BETWEEN_LOOKS)
        finally:
            await couriers.end()


class _Couriers:
    """A task for each subscription, so that none waits for another's receiver."""

    def __init__(self, settings: Settings, database: Database, channels: Channels) -> None:
        self.registry = Registry()
        self._settings = settings
        self._database = database
        self._channels = channels
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    async def follow(self, key: Key) -> None:
        """Serves the subscription of that name as it now stands, or no more."""
        await self._end_task(key)
        registered = self.registry.get(key)
        if registered is not None:
            courier = Courier(self._settings, self._database, self._channels, registered)
            self._tasks[key] = asyncio.create_task(courier.run())

    async def let_begin(self, connection: Connection) -> None:
        """Lets those be activated of whose type no write can go unnoticed any more."""
        beginning = [r for r in self.registry if r.standing.status == "requested" and not r.noticed.is_set()]
        if not beginning:
            return
        writers = await writers_under_way(connection)
        for registered in beginning:
            registered.writers_before = (
                writers if registered.writers_before is None else (registered.writers_before & writers)
            )
            if not registered.writers_before:
                registered.noticed.set()

    async def end(self) -> None:
        """Stops serving; what is under way is sent again by whoever serves next."""
        for key in list(self._tasks):
            await self._end_task(key)

    async def _end_task(self, key: Key) -> None:
        task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
