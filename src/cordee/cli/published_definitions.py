"""What the program defines, published before a server answers: parcours, operations, search parameters, profiles."""

import asyncio

from cordee.api.artefacts import publish_artefacts
from cordee.pathways.publication import publish_shipped
from cordee.pathways.shipped import shipped_pathways
from cordee.store.connection import DEFAULT_TENANT, Database
from cordee.store.repository import Repository
from cordee.store.tenants import list_tenants


def publish_definitions(dsn: str) -> None:
    """Publishes them in the default tenant, and anew in those that have them; what is the same already is only read.

    `cordee tenant create` publishes them in a new tenant: to look for hundreds of tenants here would hold the start.
    """

    async def run() -> None:
        database = Database(dsn, connections=1)
        await database.open()
        try:
            for tenant in await list_tenants(database):
                repository = Repository(database, await database.tenant(tenant.name))
                if tenant.name == DEFAULT_TENANT or await _has_definitions(repository):
                    await publish_definitions_in(repository)
        finally:
            await database.close()

    asyncio.run(run())


async def _has_definitions(repository: Repository) -> bool:
    return bool(await repository.read_many([("PlanDefinition", next(iter(shipped_pathways())))]))


async def publish_definitions_in(repository: Repository) -> None:
    """Publishes them in one tenant."""
    await publish_artefacts(repository)
    await publish_shipped(repository)
