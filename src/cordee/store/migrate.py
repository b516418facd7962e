"""Brings a database to the present schema; processes that start together take turns."""

import asyncio
from pathlib import Path

import asyncpg

from cordee.fhir.outcome import Unavailable

_OLDEST_SERVER = 150_000
_PATIENCE_SECONDS = 300
_VERSIONS = Path(__file__).parent / "migrations" / "versions"


class UnusableDatabase(Exception):
    """The server can't hold Cordée's data; the message says why."""


async def migrate(dsn: str) -> None:
    """Runs the migrations that are missing, if any.

    Raises `UnusableDatabase` for a server older than PostgreSQL 15 or not in UTF-8, `Unavailable` when it can't be
    reached. A server that is still recovering from a crash is waited for.
    """
    connection = await _connect_when_ready(dsn)
    try:
        version = int(await connection.fetchval("SHOW server_version_num"))
        _check_server(version, str(await connection.fetchval("SHOW server_encoding")))
        is_present = await _schema_version(connection) == newest_version()
    finally:
        await connection.close()
    if not is_present:
        from cordee.store.upgrade import upgrade  # noqa: PLC0415 - Alembic takes a second to import

        await upgrade(dsn)


def newest_version() -> str:
    """The version that the migrations lead to: their files are numbered."""
    return max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*.py"))


async def _schema_version(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
        return None
    version: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
    return version


async def _connect_when_ready(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    """PostgreSQL refuses connections while it replays its log; the wait doubles, up to five seconds."""
    waited, pause = 0.0, 0.1
    while True:
        try:
            return await asyncpg.connect(dsn)
        except asyncpg.CannotConnectNowError as error:
            if waited > _PATIENCE_SECONDS:
                raise Unavailable("The database is still starting after five minutes; see its log.") from error
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, 5.0)
        except (OSError, asyncpg.PostgresError) as error:
            raise Unavailable(f"The database can't be reached: {error}") from error


def _check_server(version: int, encoding: str) -> None:
    if version < _OLDEST_SERVER:
        raise UnusableDatabase(f"PostgreSQL 15 or later is needed; this server is {version // 10_000}.")
    if encoding != "UTF8":
        raise UnusableDatabase(f"The database must be in UTF-8; this one is in {encoding}.")
