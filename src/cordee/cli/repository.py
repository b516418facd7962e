"""The resources of one tenant, for a command."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from cordee.cli.configuration import read_settings
from cordee.cli.database import ready_database
from cordee.store.connection import Database
from cordee.store.repository import Repository

_Result = TypeVar("_Result")


def with_repository(
    data_dir: Path | None,
    tenant: str,
    work: Callable[[Repository], Awaitable[_Result]],
    *,
    statement_timeout_seconds: int = 60,
) -> _Result:
    """What `work` gives on the tenant's resources, in the database that the settings name.

    Raises `NotFound` when there is no such tenant, and what `ready_database` raises.
    """

    async def run(dsn: str) -> _Result:
        database = Database(dsn, statement_timeout_seconds=statement_timeout_seconds)
        await database.open()
        try:
            return await work(Repository(database, await database.tenant(tenant)))
        finally:
            await database.close()

    with ready_database(read_settings(data_dir=data_dir)) as dsn:
        return asyncio.run(run(dsn))
