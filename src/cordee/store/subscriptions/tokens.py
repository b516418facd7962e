"""Tokens that bind a websocket to subscriptions: short-lived, kept as digests only."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from cordee.store.connection import Connection

LIFETIME = timedelta(minutes=5)
"""To bind with; a connection that is bound stays so."""


async def make_token(connection: Connection, tenant: int, subscriptions: Sequence[str]) -> tuple[str, datetime]:
    """A token for those subscriptions, and when it expires (UTC)."""
    token, expires = secrets.token_urlsafe(32), datetime.now(UTC) + LIFETIME
    sql = """WITH gone AS (DELETE FROM websocket_token WHERE expires < now())
             INSERT INTO websocket_token (tenant, hash, subscriptions, expires) VALUES ($1, $2, $3, $4)"""
    await connection.execute(sql, tenant, _digest(token), list(subscriptions), expires)
    return token, expires


async def subscriptions_of_token(connection: Connection, tenant: int, token: str) -> list[str] | None:
    """What a token may be bound to; None when there is no such token, or it has expired."""
    sql = "SELECT subscriptions FROM websocket_token WHERE tenant = $1 AND hash = $2 AND expires > now()"
    found: list[str] | None = await connection.fetchval(sql, tenant, _digest(token))
    return found


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
