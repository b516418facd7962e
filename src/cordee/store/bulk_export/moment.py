"""The moment that an export is of: whatever is dated before it is stored, so an export `_since` it misses nothing."""

import asyncio
from datetime import datetime, timedelta

from cordee.store.connection import Database

SECONDS_TO_BEGIN = 1.0
"""How long after dating a version a writer without a transaction may be in reaching the database."""
_MOST_SECONDS_WAITED = 30
_SECONDS_BETWEEN_LOOKS = 0.2

_NOW = "SELECT date_trunc('milliseconds', clock_timestamp())"
_OLDEST = """
SELECT min(xact_start) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start <= $1
  AND (backend_xid IS NOT NULL OR application_name = 'cordee')
"""
LISTING = "SET LOCAL application_name = 'cordee export'"
"""Said by an export that lists: its transaction is long, and writes nothing."""


async def settled_moment(database: Database, *, most_seconds: float = _MOST_SECONDS_WAITED) -> datetime:
    """Now, once every transaction that may write a version dated before it has ended.

    When one goes on for long, a moment before it began.
    """
    async with database.rows() as connection:
        moment: datetime = await connection.fetchval(_NOW)
    await asyncio.sleep(SECONDS_TO_BEGIN)
    deadline = asyncio.get_running_loop().time() + most_seconds
    while True:
        async with database.rows() as connection:
            oldest: datetime | None = await connection.fetchval(_OLDEST, moment)
        if oldest is None:
            return moment
        if asyncio.get_running_loop().time() >= deadline:
            before = oldest - timedelta(seconds=SECONDS_TO_BEGIN)
            return before.replace(microsecond=before.microsecond // 1000 * 1000)
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
