"""One subscription served from its request to its end: activated, its events sent in order, retried, given up."""

import asyncio
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from cordee.fhir.subscriptions.notifications import Event
from cordee.fhir.subscriptions.subscription import WebSocket
from cordee.settings import Settings
from cordee.store.connection import Database
from cordee.store.failures import raised_at
from cordee.store.reader import Reader
from cordee.store.subscriptions import queue
from cordee.store.subscriptions.standing import Status, set_status
from cordee.subscriptions.contents import contents
from cordee.subscriptions.failures import DeliveryFailed
from cordee.subscriptions.registered import Registered
from cordee.subscriptions.sending import Channels

_log = structlog.get_logger("cordee.subscriptions")

_SECONDS_AFTER_A_FAILURE_OF_OURS = 5.0
_MOST_READ = 100


def pause_after(attempts: int, settings: Settings, chance: float) -> timedelta:
    """How long to wait after that many failures: twice as long each time, up to a tenth less by `chance` (0 to 1)."""
    # Beyond 2 ** 40 times the first pause, the longest one has long been reached.
    doubled = settings.subscription_first_retry_seconds * 2.0 ** min(attempts - 1, 40)
    return timedelta(seconds=min(doubled, settings.subscription_longest_retry_seconds) * (1 - chance / 10))


@dataclass(frozen=True, slots=True)
class Courier:
    """Serves one subscription; `run` ends with its cancellation only, when the Subscription is written anew."""

    settings: Settings
    database: Database
    channels: Channels
    registered: Registered
    ahead: list[Event] = field(default_factory=list)
    """The next events that were read."""

    async def run(self) -> None:
        """Serves it. A failure of this server's own is told in the log, and what failed is tried again."""
        while True:
            try:
                await self._next_step()
            except Exception as problem:  # whatever it is, it concerns this subscription alone
                _log.warning(
                    "subscription not served for now",
                    subscription=self.registered.standing.id,
                    error=type(problem).__name__,
                    at=raised_at(problem),
                )
                await asyncio.sleep(_SECONDS_AFTER_A_FAILURE_OF_OURS)

    async def _next_step(self) -> None:
        if self._is_over():
            await self._become("off", None)
        elif self.registered.standing.status == "requested":
            await self._activate()
        elif self.registered.standing.status == "active" and not self._is_of_sockets():
            await self._deliver()
        else:
            await self._wait_for_news(self._end())

    async def _activate(self) -> None:
        if self.registered.subscription is None:
            await self._become("error", self.registered.standing.error or "The Subscription can't be served.")
            return
        await self.registered.noticed.wait()
        try:
            await self.channels.begin(self.registered)
        except DeliveryFailed as failure:
            await self._become("error", str(failure))
        else:
            await self._become("active", None)

    async def _deliver(self) -> None:
        standing = self.registered.standing
        if standing.next_attempt is not None and standing.next_attempt > datetime.now(UTC):
            await asyncio.sleep((standing.next_attempt - datetime.now(UTC)).total_seconds())
            return
        events = await self._next_events()
        if not events:
            await self._idle()
            return
        reader = Reader(self.database, self.registered.standing.tenant)
        told = await contents(reader, events, self.registered.told().content)
        try:
            await self.channels.send(self.registered, "event-notification", told)
        except DeliveryFailed as failure:
            await self._failed(failure)
            return
        async with self.database.rows() as connection:
            await queue.note_delivered(connection, *self.registered.key, told[-1][0].number)
        del self.ahead[: len(told)]
        self._stands(attempts=0, next_attempt=None, error=None, notified=datetime.now(UTC))

    async def _next_events(self) -> list[Event]:
        """Those of the next notification; some more are read with them, which nobody else takes meanwhile."""
        if not self.ahead:
            self.registered.news.clear()
            async with self.database.rows() as connection:
                self.ahead.extend(await queue.waiting_events(connection, *self.registered.key, count=_MOST_READ))
        return self.ahead[: self._most_events()]

    async def _failed(self, failure: DeliveryFailed) -> None:
        standing = self.registered.standing
        attempts = standing.attempts + 1
        _log.warning("notification not delivered", subscription=standing.id, attempts=attempts, tenant=standing.tenant)
        if failure.is_final or attempts >= self.settings.subscription_attempts:
            await self._become("error", str(failure))
            return
        pause = pause_after(attempts, self.settings, random.random())  # noqa: S311 - spreads retries, hides nothing
        due = datetime.now(UTC) + pause
        async with self.database.rows() as connection:
            await queue.note_failed(connection, *self.registered.key, attempts, due, str(failure))
        self._stands(attempts=attempts, next_attempt=due, error=str(failure))

    async def _idle(self) -> None:
        """Until there is news, or a heartbeat is due and sent."""
        subscription, standing = self.registered.subscription, self.registered.standing
        if subscription is None or subscription.topic is None or subscription.heartbeat_seconds is None:
            await self._wait_for_news(self._end())
            return
        due = (standing.notified or datetime.now(UTC)) + timedelta(seconds=subscription.heartbeat_seconds)
        end = self._end()
        if await self._wait_for_news(due if end is None else min(due, end)) or self._is_over():
            return
        self._stands(notified=datetime.now(UTC))
        try:
            await self.channels.send(self.registered, "heartbeat")
        except DeliveryFailed:
            # Its receiver sees that none came; the next event is what counts, and the next heartbeat tells as much.
            _log.info("heartbeat not delivered", subscription=standing.id, tenant=standing.tenant)

    async def _wait_for_news(self, until: datetime | None) -> bool:
        """Whether there is news; false at the instant given."""
        seconds = None if until is None else max(0.0, (until - datetime.now(UTC)).total_seconds())
        try:
            await asyncio.wait_for(self.registered.news.wait(), seconds)
        except TimeoutError:
            return False
        self.registered.news.clear()
        return True

    async def _become(self, status: Status, error: str | None) -> None:
        """Writes a status into the Subscription; met by a client's own version, waits for that to be taken up."""
        version = await set_status(self.database, self.registered.standing, status, error)
        if version is None:
            await asyncio.Event().wait()
            return
        self._stands(version=version, status=status, error=error, attempts=0, next_attempt=None)

    def _stands(self, **changed: Any) -> None:
        self.registered.standing = replace(self.registered.standing, **changed)

    def _most_events(self) -> int:
        subscription = self.registered.subscription
        return 1 if subscription is None or subscription.topic is None else subscription.most_events

    def _is_of_sockets(self) -> bool:
        subscription = self.registered.subscription
        return subscription is None or isinstance(subscription.channel, WebSocket)

    def _end(self) -> datetime | None:
        return None if self.registered.subscription is None else self.registered.subscription.end

    def _is_over(self) -> bool:
        end = self._end()
        return end is not None and end <= datetime.now(UTC)
