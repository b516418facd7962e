"""Alembic, run on a database whose schema is behind; apart, because it is slow to import and seldom needed."""

from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

_LOCK = 0x436F7264_65650001


async def upgrade(dsn: str) -> None:
    """Runs the missing migrations under an advisory lock: processes that start together take turns."""
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))
    try:
        async with engine.connect() as connection:
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
