"""The embedded PostgreSQL: shared by processes, found again, recovered after a crash, silent about data."""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from cordee.store.embedded import EmbeddedPostgres, EmbeddedPostgresError

_USE = (
    "import sys; from pathlib import Path; from cordee.store.embedded import EmbeddedPostgres;"
    "server = EmbeddedPostgres(Path(sys.argv[1])); print(server.start(), flush=True); sys.stdin.readline();"
    "server.stop()"
)


@pytest.fixture
def folder():
    # The system's temporary folder: pytest's own paths are too long for a socket.
    with tempfile.TemporaryDirectory(prefix="cordee-embedded-") as made:
        yield Path(made)


@pytest.fixture
def server(folder):
    started = EmbeddedPostgres(folder / "data")
    yield started
    started.stop()


def postmaster(server):
    """The process of the running server; None when it does not run (it takes its file away as it ends)."""
    file = server.log_file.parent / "postmaster.pid"
    return int(file.read_text().split("\n", 1)[0]) if file.exists() else None


@contextmanager
def other_user(folder):
    """Another process that uses the server until its input ends; gives the process and the DSN that it got."""
    command = [sys.executable, "-c", _USE, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process, process.stdout.readline().strip()


async def run(dsn, *statements):
    connection = await asyncpg.connect(dsn)
    try:
        return [await connection.fetch(statement) for statement in statements]
    finally:
        await connection.close()


async def test_a_second_start_finds_the_server_and_its_data(server):
    dsn = server.start()
    await run(dsn, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)")
    process = postmaster(server)
    assert server.start() == dsn
    assert postmaster(server) == process
    server.stop()
    assert postmaster(server) is None
    assert server.start() == dsn
    assert [row[0] for row in (await run(dsn, "SELECT n FROM kept"))[0]] == [1]


async def test_it_stops_when_its_last_user_leaves(server, folder):
    dsn = server.start()
    process = postmaster(server)
    with other_user(folder / "data") as (_, given):
        assert given == dsn
        server.stop()
        assert postmaster(server) == process
        await run(dsn, "SELECT 1")
    assert postmaster(server) is None


async def test_a_user_that_was_killed_is_not_counted(server, folder):
    server.start()
    with other_user(folder / "data") as (other, _):
        other.kill()
    assert postmaster(server) is not None
    server.stop()
    assert postmaster(server) is None


async def test_what_was_committed_before_a_crash_is_there_after_the_next_start(server):
    dsn = server.start()
    await run(dsn, "CREATE TABLE kept AS SELECT n FROM generate_series(1, 1000) AS n")
    connection = await asyncpg.connect(dsn)
    await connection.execute("BEGIN; INSERT INTO kept VALUES (1001)")
    killed = psutil.Process(postmaster(server))
    killed.kill()
    killed.wait(30)
    connection.terminate()
    assert (await run(server.start(), "SELECT count(*) FROM kept"))[0][0][0] == 1000
    assert postmaster(server) not in (killed.pid, None)


async def test_a_folder_whose_path_is_too_long_for_a_socket_works(folder):
    server = EmbeddedPostgres(folder / ("long-" * 12) / ("longer-" * 12))
    try:
        assert [row[0] for row in (await run(server.start(), "SELECT 1"))[0]] == [1]
    finally:
        server.stop()


def test_a_folder_that_cannot_be_made_is_named(folder):
    (folder / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError, match=r"file/data can't be made: .* Give another with --data-dir"):
        EmbeddedPostgres(folder / "file" / "data").start()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(folder):
    folder.chmod(0o500)
    with pytest.raises(EmbeddedPostgresError, match="can't be"):
        EmbeddedPostgres(folder / "data").start()


async def test_the_log_holds_neither_statements_nor_values(server):
    dsn = server.start()
    await run(dsn, "CREATE TABLE secrets (name text UNIQUE CHECK (length(name) < 40), n int)",
              "INSERT INTO secrets VALUES ('Secretname', 1)")  # fmt: skip
    connection = await asyncpg.connect(dsn)
    for statement, arguments in (
        ("INSERT INTO secrets VALUES ($1, 2)", ["Secretname"]),
        ("INSERT INTO secrets VALUES ($1, 2)", ["Secretname" * 10]),
        ("SELECT n / 0 FROM secrets WHERE name = $1", ["Secretname"]),
        ("SELECT 'Secretname'::int", []),
        ("SELECT Secretname FROM secrets", []),
        ("SELECT $1::text::int", ["Secretname"]),
    ):
        with pytest.raises(asyncpg.PostgresError):
            await connection.fetch(statement, *arguments)
    await connection.execute("SET statement_timeout = 1")
    with pytest.raises(asyncpg.QueryCanceledError):
        await connection.fetch("SELECT pg_sleep(5), $1::text", "Secretname")
    await connection.close()
    server.stop()
    written = server.log_file.read_text()
    assert "shut down" in written
    assert "secretname" not in written.lower()
