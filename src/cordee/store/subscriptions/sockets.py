"""News for the processes that hold websockets: there is something in the queues they send from."""

from cordee.store.connection import Connection

CHANNEL = "cordee_subscription"
"""What those processes listen to (PostgreSQL's LISTEN)."""


async def tell_sockets(connection: Connection) -> None:
    """Wakes them once the transaction is committed."""
    await connection.execute("SELECT pg_notify($1, '')", CHANNEL)
