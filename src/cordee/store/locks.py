"""Locks on things that are no rows: a condition, a forfait about to be billed."""

from collections.abc import Iterable

from cordee.store.connection import Connection


async def lock_until_commit(connection: Connection, keys: Iterable[int]) -> None:
    """Takes several locks, named by 64-bit numbers, until the transaction ends.

    Always in one order: two transactions can't wait for each other.
    """
    await connection.execute(
        "SELECT pg_advisory_xact_lock(key) FROM (SELECT unnest($1::bigint[]) AS key ORDER BY 1) AS ordered",
        sorted(set(keys)),
    )
