"""PostgreSQL's statistics on the tables of the index, which the plans of searches depend on."""

from cordee.store.connection import Database
from cordee.store.schema import date_value, number_value, resource, resource_history, string_value

_ANALYZE = "ANALYZE " + ", ".join(t.name for t in (resource, resource_history, date_value, number_value, string_value))


async def refresh_statistics(database: Database) -> None:
    """Counts values now, instead of when autovacuum comes round; for the end of a load. Takes about a second.

    Without statistics PostgreSQL believes that a tenant has a handful of resources, and reads them all for each search.
    """
    async with database.rows() as connection:
        await connection.execute(_ANALYZE)
