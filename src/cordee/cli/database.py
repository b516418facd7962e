"""The database of a command: the server that the settings name, or the embedded one, brought to the present schema."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg

from cordee.cli.failures import CommandError
from cordee.settings import Settings
from cordee.store.connection import Database
from cordee.store.embedded import EmbeddedPostgres
from cordee.store.migrate import migrate

Result = TypeVar("Result")


@contextmanager
def ready_database(settings: Settings) -> Iterator[str]:
    """The DSN of a database that runs and has the present schema, until the end of the block.

    Raises `CommandError`, `EmbeddedPostgresError`, `UnusableDatabase` or `Unavailable`.
    """
    if settings.database_url is not None:
        _prepare(settings.database_url)
        yield settings.database_url
        return
    embedded = EmbeddedPostgres(settings.data_dir)
    try:
        dsn = embedded.start()
        asyncio.run(migrate(dsn))
        yield dsn
    finally:
        embedded.stop()


def run_with_database(settings: Settings, work: Callable[[Database], Awaitable[Result]]) -> Result:
    """What `work` gives, done with a connection to the database of the settings."""

    async def run(dsn: str) -> Result:
        database = Database(dsn, connections=1)
        await database.open()
        try:
            return await work(database)
        finally:
            await database.close()

    with ready_database(settings) as dsn:
        return asyncio.run(run(dsn))


def _prepare(url: str) -> None:
    if not url.startswith(("postgresql://", "postgres://")):
        # The address itself may hold a password: it is not repeated.
        raise CommandError(
            "CORDEE_DATABASE_URL must begin with postgresql://, as in postgresql://user:password@host:5432/database.",
            exit_code=2,
        )
    try:
        asyncio.run(migrate(url))
    except (asyncpg.InterfaceError, ValueError) as error:
        raise CommandError(f"CORDEE_DATABASE_URL can't be used: {error}", exit_code=2) from None
