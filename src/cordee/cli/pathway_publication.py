"""The parcours that travel with the program, published before a server answers."""

import asyncio

from cordee.pathways.publication import publish_shipped_everywhere
from cordee.store.connection import Database


def publish_shipped_pathways(dsn: str) -> None:
    """Publishes them in every tenant; what is published already is read, and nothing is written."""

    async def run() -> None:
        database = Database(dsn, connections=1)
        await database.open()
        try:
            await publish_shipped_everywhere(database)
        finally:
            await database.close()

    asyncio.run(run())
