"""The events of subscriptions, in order: recorded, delivered, waiting, given up (the table `subscription_event`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cordee.fhir.subscriptions.notifications import Event
from cordee.store.connection import Connection

# The rows of the subscriptions are locked before their numbers are taken, in one order.
_RECORD = """
WITH given AS (
  SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::timestamptz[])
    WITH ORDINALITY AS g(subscription, resource_type, id, version, moment, place)),
standing AS MATERIALIZED (
  SELECT s.id, s.events FROM subscription s
  WHERE s.tenant = $1 AND s.id IN (SELECT subscription FROM given) ORDER BY s.id FOR UPDATE),
recorded AS (
  INSERT INTO subscription_event (tenant, subscription, number, resource_type, id, version, moment)
  SELECT $1, g.subscription, s.events + row_number() OVER (PARTITION BY g.subscription ORDER BY g.place),
         g.resource_type, g.id, g.version, g.moment
  FROM given g JOIN standing s ON s.id = g.subscription
  RETURNING subscription, number)
UPDATE subscription s SET events = r.last
FROM (SELECT subscription, max(number) AS last FROM recorded GROUP BY subscription) AS r
WHERE s.tenant = $1 AND s.id = r.subscription
RETURNING s.id, s.events"""

_WAITING = """
SELECT e.number, e.resource_type, e.id, e.version, e.moment
FROM subscription s JOIN subscription_event e
  ON e.tenant = s.tenant AND e.subscription = s.id AND e.number > greatest(s.delivered, $3)
WHERE s.tenant = $1 AND s.id = $2 ORDER BY e.number LIMIT $4"""

_PAST = """
SELECT number, resource_type, id, version, moment FROM subscription_event
WHERE tenant = $1 AND subscription = $2 AND number BETWEEN $3 AND $4 ORDER BY number LIMIT $5"""

# The commit is not waited for: should the machine die within its second, what was delivered is delivered again.
_DELIVERED = """
UPDATE subscription SET delivered = greatest(delivered, $3), attempts = 0, next_attempt = NULL, error = NULL,
                        notified = now()
WHERE tenant = $1 AND id = $2 AND set_config('synchronous_commit', 'off', true) = 'off'"""

_FAILED = """
UPDATE subscription SET attempts = $3, next_attempt = $4, error = $5 WHERE tenant = $1 AND id = $2"""

_DEAD = """
SELECT s.id, e.number, e.resource_type, e.id, e.version, e.recorded, s.error, s.events - s.delivered
FROM subscription s JOIN subscription_event e
  ON e.tenant = s.tenant AND e.subscription = s.id AND e.number = s.delivered + 1
WHERE s.tenant = $1 AND s.status = 'error' ORDER BY e.recorded, s.id"""

_DISCARD = """
WITH past AS (
  UPDATE subscription SET delivered = $3
  WHERE tenant = $1 AND id = $2 AND status = 'error' AND delivered < $3 AND $3 <= events
  RETURNING id)
UPDATE subscription_event e SET discarded = true FROM past
WHERE e.tenant = $1 AND e.subscription = past.id AND e.number <= $3 AND e.number > $4"""

_EXPIRE = """
DELETE FROM subscription_event e USING subscription s
WHERE s.tenant = e.tenant AND s.id = e.subscription AND e.number <= s.delivered AND e.recorded < now() - $1::interval"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event to record of a subscription: the version that it is about, and the instant of that (UTC)."""

    subscription: str
    resource_type: str
    id: str
    version: int
    moment: datetime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The event that a subscription stopped at, and how many wait, it included."""

    subscription: str
    number: int
    resource_type: str
    id: str
    version: int
    recorded: datetime
    error: str | None
    waiting: int


async def record(connection: Connection, tenant: int, recorded: Sequence[Recorded]) -> dict[str, int]:
    """Puts events at the ends of their subscriptions' queues, in order; the last number of each of these.

    One that was deleted meanwhile is left out.
    """
    columns = [
        [r.subscription for r in recorded],
        [r.resource_type for r in recorded],
        [r.id for r in recorded],
        [r.version for r in recorded],
        [r.moment for r in recorded],
    ]
    return {row[0]: row[1] for row in await connection.fetch(_RECORD, tenant, *columns)}


async def waiting_events(
    connection: Connection, tenant: int, subscription_id: str, *, count: int, after: int = 0
) -> list[Event]:
    """The next events that are not delivered, in order, beyond number `after`."""
    return [Event(*row) for row in await connection.fetch(_WAITING, tenant, subscription_id, after, count)]


async def past_events(
    connection: Connection, tenant: int, subscription_id: str, first: int, last: int, *, count: int
) -> list[Event]:
    """The first `count` events from one number to another, both included, that are still kept."""
    return [Event(*row) for row in await connection.fetch(_PAST, tenant, subscription_id, first, last, count)]


async def note_delivered(connection: Connection, tenant: int, subscription_id: str, number: int) -> None:
    """Everything up to `number` was delivered."""
    await connection.execute(_DELIVERED, tenant, subscription_id, number)


async def note_failed(
    connection: Connection, tenant: int, subscription_id: str, attempts: int, next_attempt: datetime, error: str
) -> None:
    """The next event could not be delivered, for the time being."""
    await connection.execute(_FAILED, tenant, subscription_id, attempts, next_attempt, error)


async def dead_letters(connection: Connection, tenant: int) -> list[DeadLetter]:
    """The events at which subscriptions stopped, the longest standing first."""
    return [DeadLetter(*row) for row in await connection.fetch(_DEAD, tenant)]


async def discard(connection: Connection, tenant: int, subscription_id: str, last: int) -> int:
    """Gives up the events up to number `last` of a subscription in error; how many they were."""
    before = await connection.fetchval(
        "SELECT delivered FROM subscription WHERE tenant = $1 AND id = $2 FOR UPDATE", tenant, subscription_id
    )
    done = await connection.execute(_DISCARD, tenant, subscription_id, last, before or 0)
    return int(done.rpartition(" ")[2])


async def expire(connection: Connection, kept: timedelta) -> None:
    """Drops the events that were delivered or discarded, of longer ago than `kept`."""
    await connection.execute(_EXPIRE, kept)
