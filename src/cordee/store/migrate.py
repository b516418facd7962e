"""Brings a database to the present schema; processes that start together take turns."""

import asyncio
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from cordee.fhir.outcome import Unavailable

_LOCK = 0x436F7264_65650001
_OLDEST_SERVER = 150_000
_PATIENCE_SECONDS = 300


class UnusableDatabase(Exception):
    """The server can't hold Cordée's data; the message says why."""


async def migrate(dsn: str) -> None:
    """Runs the missing migrations under an advisory lock.

    Raises `UnusableDatabase` for a server older than PostgreSQL 15 or not in UTF-8, `Unavailable` when it can't be
    reached. A server that is still recovering from a crash is waited for.
    """
    await _wait_until_ready(dsn)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))
    try:
        async with engine.connect() as connection:
            version = int(await connection.scalar(text("SHOW server_version_num")) or 0)
            _check_server(version, str(await connection.scalar(text("SHOW server_encoding"))))
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.commit()
            try:
                await connection.run_sync(_upgrade)
                await connection.commit()
            finally:
                await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
                await connection.commit()
    finally:
        await engine.dispose()


def alembic_configuration(connection: Connection) -> Config:
    """Alembic's settings for our migrations on an open connection."""
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    configuration.set_main_option("path_separator", "os")
    configuration.attributes["connection"] = connection
    return configuration


def _upgrade(connection: Connection) -> None:
    command.upgrade(alembic_configuration(connection), "head")


async def _wait_until_ready(dsn: str) -> None:
    """PostgreSQL refuses connections while it replays its log; the wait doubles, up to five seconds."""
    waited, pause = 0.0, 0.1
    while True:
        try:
            connection = await asyncpg.connect(dsn)
        except asyncpg.CannotConnectNowError as error:
            if waited > _PATIENCE_SECONDS:
                raise Unavailable("The database is still starting after five minutes; see its log.") from error
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, 5.0)
        except (OSError, asyncpg.PostgresError) as error:
            raise Unavailable(f"The database can't be reached: {error}") from error
        else:
            await connection.close()
            return


def _check_server(version: int, encoding: str) -> None:
    if version < _OLDEST_SERVER:
        raise UnusableDatabase(f"PostgreSQL 15 or later is needed; this server is {version // 10_000}.")
    if encoding != "UTF8":
        raise UnusableDatabase(f"The database must be in UTF-8; this one is in {encoding}.")
