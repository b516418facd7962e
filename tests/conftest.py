"""What tests share: the corpus, one embedded PostgreSQL for the session, a tenant of its own for each test."""

import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from cordee.store.connection import Database
from cordee.store.embedded import EmbeddedPostgres
from cordee.store.migrate import migrate
from cordee.store.repository import Repository

REPOSITORY_ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real files; tests that read it are skipped where it is absent."""
    folder = Path(os.environ.get("CORDEE_CORPUS", REPOSITORY_ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip(f"the corpus is not at {folder}; set CORDEE_CORPUS")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server for the whole session, its files thrown away at the end."""
    # The system's temporary folder: pytest's own paths are too long for a socket.
    with tempfile.TemporaryDirectory(prefix="cordee-test-") as folder:
        server = EmbeddedPostgres(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
async def dsn(postgres: EmbeddedPostgres) -> str:
    """The address of a database that has the present schema."""
    address = postgres.start()
    await migrate(address)
    return address


@pytest.fixture(scope="module")
async def own_dsn(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database of the module's own with the present schema: of what one process at a time does, it has its own."""
    name = f"own_{uuid.uuid4().hex[:12]}"
    address = postgres.start()
    administrator = await asyncpg.connect(address)
    await administrator.execute(f"CREATE DATABASE {name}")
    own = address.replace("/postgres?", f"/{name}?")
    await migrate(own)
    yield own
    await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await administrator.close()


@pytest.fixture(scope="session")
async def database(dsn: str) -> AsyncIterator[Database]:
    """The pools of a process."""
    opened = Database(dsn, connections=10)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def tenant_name(dsn: str) -> str:
    """A tenant that no other test sees."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("INSERT INTO tenant (name) VALUES ($1)", name)
    finally:
        await connection.close()
    return name


@pytest.fixture
async def repository(database: Database, tenant_name: str) -> Repository:
    """The resources of that tenant."""
    return Repository(database, await database.tenant(tenant_name))
