"""What was written of the subscribed types and waits to be dispatched (the table `change_event`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from cordee.store.connection import Connection

# Each tenant is found by one look at the index: however much waits, this costs the same.
_TENANTS = """
WITH RECURSIVE waiting AS (
  (SELECT tenant FROM change_event ORDER BY tenant LIMIT 1)
  UNION ALL
  SELECT (SELECT e.tenant FROM change_event e WHERE e.tenant > w.tenant ORDER BY e.tenant LIMIT 1)
  FROM waiting w WHERE w.tenant IS NOT NULL)
SELECT tenant FROM waiting WHERE tenant IS NOT NULL"""

_NEXT = """
SELECT number, resource_type, id, version FROM (
  SELECT *, sum(bytes) OVER (ORDER BY number) AS total, row_number() OVER (ORDER BY number) AS place
  FROM (SELECT * FROM change_event WHERE tenant = $1 ORDER BY number LIMIT $2) AS first) AS counted
WHERE total <= $3 OR place = 1 ORDER BY number"""

# Who writes holds this lock on the table from before its statement looks at `subscribed_type` until it has committed.
_WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND relation = 'resource'::regclass AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()"""


@dataclass(frozen=True, slots=True)
class WrittenVersion:
    """A version that was written; `number` is its place among those that wait."""

    number: int
    resource_type: str
    id: str
    version: int


async def tenants_with_changes(connection: Connection) -> list[int]:
    """The tenants of which something waits."""
    return [row[0] for row in await connection.fetch(_TENANTS)]


async def next_changes(connection: Connection, tenant: int, *, most: int, most_bytes: int) -> list[WrittenVersion]:
    """The first of a tenant's, at most `most`, whose bodies together hold at most `most_bytes`, unless one alone does.

    What commits later with a lower number is not skipped: it is among the first the next time.
    """
    return [WrittenVersion(*row) for row in await connection.fetch(_NEXT, tenant, most, most_bytes)]


async def drop_changes(connection: Connection, tenant: int, numbers: Sequence[int]) -> None:
    """Takes those that are dispatched out of the table."""
    await connection.execute("DELETE FROM change_event WHERE tenant = $1 AND number = ANY($2)", tenant, numbers)


async def writers_under_way(connection: Connection) -> frozenset[str]:
    """The transactions that have written resources, or are about to, and are not ended.

    Once those that there were when a type became subscribed are gone, everything written of it is noticed.
    """
    return frozenset(row[0] for row in await connection.fetch(_WRITERS))
