"""The database of a command: the server that the settings name, or the embedded one, brought to the present schema."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from cordee.settings import Settings
from cordee.store.embedded import EmbeddedPostgres
from cordee.store.migrate import migrate


@contextmanager
def ready_database(settings: Settings) -> Iterator[str]:
    """The DSN of a database that runs and has the present schema, until the end of the block.

    Raises `EmbeddedPostgresError`, `UnusableDatabase` or `Unavailable`.
    """
    if settings.database_url is not None:
        asyncio.run(migrate(settings.database_url))
        yield settings.database_url
        return
    embedded = EmbeddedPostgres(settings.data_dir)
    try:
        dsn = embedded.start()
        asyncio.run(migrate(dsn))
        yield dsn
    finally:
        embedded.stop()
