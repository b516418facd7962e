"""What the program defines, published before a server answers: parcours, operations, search parameters, profiles."""

import asyncio

from cordee.api.artefacts import publish_artefacts
from cordee.pathways.publication import publish_shipped
from cordee.store.connection import Database
from cordee.store.repository import Repository
from cordee.store.tenants import list_tenants


def publish_definitions(dsn: str) -> None:
    """Publishes them in every tenant; what is published already is read, and nothing is written."""

    async def run() -> None:
        database = Database(dsn, connections=1)
        await database.open()
        try:
            for tenant in await list_tenants(database):
                await publish_definitions_in(Repository(database, await database.tenant(tenant.name)))
        finally:
            await database.close()

    asyncio.run(run())


async def publish_definitions_in(repository: Repository) -> None:
    """Publishes them in one tenant."""
    await publish_artefacts(repository)
    await publish_shipped(repository)
