"""Where each subscription stands (the table `subscription`), and its status in the Subscription resource itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cordee.fhir.body import accept
from cordee.fhir.outcome import FhirError, PreconditionFailed
from cordee.fhir.patch.resource_text import resource_from_text, text_of
from cordee.fhir.stored_version import StoredVersion
from cordee.store.carrying_out import carry_out
from cordee.store.changes import Intent, Precondition, Written
from cordee.store.connection import Connection, Database
from cordee.store.read import find_current

Status = Literal["requested", "active", "error", "off"]

_COLUMNS = "tenant, id, version, status, resource_type, events, delivered, attempts, next_attempt, error, notified"

_TAKE_UP = """
INSERT INTO subscription AS s (tenant, id, version, status, resource_type, error)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant, id) DO UPDATE
SET version = excluded.version, status = excluded.status, error = excluded.error, attempts = 0, next_attempt = NULL,
    resource_type = excluded.resource_type,
    delivered = CASE WHEN excluded.status = 'off' THEN s.events ELSE s.delivered END"""

_SUBSCRIBED = """
INSERT INTO subscribed_type (tenant, resource_type)
SELECT DISTINCT tenant, resource_type FROM subscription WHERE tenant = $1 AND resource_type IS NOT NULL
ON CONFLICT DO NOTHING"""

_UNSUBSCRIBED = """
DELETE FROM subscribed_type t WHERE t.tenant = $1 AND NOT EXISTS (
  SELECT FROM subscription s WHERE s.tenant = $1 AND s.resource_type = t.resource_type)"""


@dataclass(frozen=True, slots=True)
class SubscriptionStanding:
    """What became of a Subscription.

    `version` is that of the resource taken up; `resource_type` the type whose changes are noticed for it, None for
    none. Events up to number `events` are recorded, up to `delivered` delivered. `attempts` were made to deliver the
    next one, the last told `error`; another is due at `next_attempt`. `notified` is when something was last sent.
    """

    tenant: int
    id: str
    version: int
    status: Status
    resource_type: str | None
    events: int = 0
    delivered: int = 0
    attempts: int = 0
    next_attempt: datetime | None = None
    error: str | None = None
    notified: datetime | None = None


async def all_standings(connection: Connection) -> list[SubscriptionStanding]:
    """Those of every tenant."""
    return [SubscriptionStanding(*row) for row in await connection.fetch(f"SELECT {_COLUMNS} FROM subscription")]


async def standings_of(connection: Connection, tenant: int, ids: Sequence[str] | None) -> list[SubscriptionStanding]:
    """Those of some subscriptions of a tenant, or of all for None, by id."""
    sql = f"SELECT {_COLUMNS} FROM subscription WHERE tenant = $1 AND ($2::text[] IS NULL OR id = ANY($2)) ORDER BY id"
    return [SubscriptionStanding(*row) for row in await connection.fetch(sql, tenant, ids)]


async def take_up(
    connection: Connection,
    tenant: int,
    subscription: StoredVersion,
    status: Status,
    resource_type: str | None,
    error: str | None = None,
) -> None:
    """Follows a Subscription that was written: from now on changes of `resource_type` are noticed, or no more.

    Turned off, what was not delivered never will be.
    """
    given = (tenant, subscription.id, subscription.version, status, resource_type, error)
    await connection.execute(_TAKE_UP, *given)
    await _notice_subscribed_types(connection, tenant)


async def see_version(connection: Connection, tenant: int, subscription: StoredVersion) -> None:
    """Notes a version of a Subscription that changes nothing of what is sent, where, and why."""
    sql = "UPDATE subscription SET version = $3 WHERE tenant = $1 AND id = $2"
    await connection.execute(sql, tenant, subscription.id, subscription.version)


async def forget(connection: Connection, tenant: int, subscription_id: str) -> None:
    """Drops what there is of a Subscription that was deleted, its events too."""
    await connection.execute("DELETE FROM subscription WHERE tenant = $1 AND id = $2", tenant, subscription_id)
    sql = "DELETE FROM subscription_event WHERE tenant = $1 AND subscription = $2"
    await connection.execute(sql, tenant, subscription_id)
    await _notice_subscribed_types(connection, tenant)


async def _notice_subscribed_types(connection: Connection, tenant: int) -> None:
    await connection.execute(_SUBSCRIBED, tenant)
    await connection.execute(_UNSUBSCRIBED, tenant)


async def set_status(
    database: Database, standing: SubscriptionStanding, status: Status, error: str | None
) -> int | None:
    """Writes a status, and the error that led to it, into the Subscription, and where it stands; its new version.

    None when the Subscription is no longer at the version taken up: then nothing is written, and the newer version will
    be taken up.
    """
    tenant = standing.tenant
    async with database.transaction() as connection:
        current = await find_current(connection, tenant, "Subscription", standing.id)
        if current is None or current.deleted or current.version != standing.version:
            return None
        expected = Precondition(frozenset({standing.version}))
        incoming = accept(_with_status(current.body, status, error), "Subscription")
        intent = Intent("Subscription", standing.id, "PUT", incoming, expected)
        (written,) = await carry_out(connection, database, tenant, [intent])
        if isinstance(written, PreconditionFailed) or written is None:
            return None
        if isinstance(written, FhirError):
            raise written
        version = _version(written)
        sql = """UPDATE subscription SET version = $3, status = $4, error = $5, attempts = 0, next_attempt = NULL
                 WHERE tenant = $1 AND id = $2"""
        await connection.execute(sql, tenant, standing.id, version, status, error)
        return version


def _with_status(body: str, status: Status, error: str | None) -> bytes:
    resource = resource_from_text(body)
    resource["status"] = status
    if error is None:
        resource.pop("error", None)
        resource.pop("_error", None)
    else:
        resource["error"] = error
    return text_of(resource)


def _version(written: Written) -> int:
    if written.version is None:
        raise TypeError("an update leaves a version")
    return written.version.version
