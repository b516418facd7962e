"""The tenants: coordinating structures or regions whose resources never meet."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cordee.store.connection import Connection, Database

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class InvalidTenantName(Exception):
    """The name can't stand in an address."""


class TenantExists(Exception):
    """There is a tenant of that name."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant; `created` is UTC."""

    name: str
    created: datetime


async def create_tenant(database: Database, name: str) -> None:
    """Makes a tenant; raises `InvalidTenantName` or `TenantExists`."""
    if not _NAME.fullmatch(name):
        raise InvalidTenantName(
            f"«{name}» can't be a tenant's name: lower-case letters, digits and hyphens (not at either end), at most "
            "63 characters; for example cpts-nord."
        )
    async with database.rows() as connection:
        created = await connection.fetchval(
            "INSERT INTO tenant (name) VALUES ($1) ON CONFLICT (name) DO NOTHING RETURNING tenant", name
        )
    if created is None:
        raise TenantExists(f"There is a tenant {name} already.")


async def list_tenants(database: Database) -> list[Tenant]:
    """All tenants, by name."""
    async with database.rows() as connection:
        rows = await connection.fetch("SELECT name, created FROM tenant ORDER BY name")
    return [Tenant(row["name"], row["created"].astimezone(UTC)) for row in rows]


async def tenant_names(connection: Connection, tenants: Sequence[int]) -> list[str]:
    """The names of tenants that exist, in the order of their numbers."""
    rows = await connection.fetch("SELECT name FROM tenant WHERE tenant = ANY($1) ORDER BY tenant", tenants)
    return [row[0] for row in rows]
