"""The migrations make, from nothing, exactly the tables that the program names; several processes may run them."""

import asyncio
import sys
import uuid
from pathlib import Path

import asyncpg
import orjson
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import create_async_engine

from cordee.fhir.body import accept
from cordee.fhir.outcome import Unavailable
from cordee.fhir.query import parse_search
from cordee.fhir.units import UCUM
from cordee.store.connection import Database
from cordee.store.migrate import UnusableDatabase, migrate
from cordee.store.reindexing import reindex
from cordee.store.repository import Repository
from cordee.store.schema import metadata
from cordee.store.statistics import refresh_statistics
from cordee.store.upgrade import alembic_configuration

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture
async def empty(postgres):
    """Makes databases without anything in them, dropped at the end."""
    address = postgres.start()
    names = []
    administrator = await asyncpg.connect(address)

    async def make(options=""):
        names.append(f"empty_{uuid.uuid4().hex[:12]}")
        await administrator.execute(f"CREATE DATABASE {names[-1]} {options}")
        return address.replace("/postgres?", f"/{names[-1]}?")

    yield make
    for name in names:
        await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await administrator.close()


async def inspected(dsn, look):
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


def differences(connection):
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return compare_metadata(context, metadata)


async def test_migrations_from_nothing_make_what_the_schema_says(empty):
    dsn = await empty()
    await migrate(dsn)
    assert await inspected(dsn, differences) == []


async def test_a_schema_that_differs_is_noticed(empty):
    dsn = await empty()
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute("DROP INDEX date_value_by_low; ALTER TABLE tenant ADD COLUMN more text")
    await connection.close()
    assert {found[0] for found in await inspected(dsn, differences)} == {"add_index", "remove_column"}


async def test_indexes_on_expressions_and_their_kinds_are_those_of_the_schema(empty):
    """Alembic compares neither: the definitions of a database made from the schema itself are compared."""

    async def definitions(dsn):
        connection = await asyncpg.connect(dsn)
        try:
            rows = await connection.fetch(
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
            sequences = await connection.fetch("SELECT sequencename, increment_by FROM pg_sequences")
        finally:
            await connection.close()
        return sorted(row[0] for row in rows), sorted(tuple(row) for row in sequences)

    migrated, made = await empty(), await empty()
    await migrate(migrated)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(made))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    assert await definitions(migrated) == await definitions(made)


async def test_a_database_of_the_first_version_is_upgraded_and_keeps_what_it_holds(empty):
    dsn = await empty()

    def first_version(connection):
        command.upgrade(alembic_configuration(connection), "0001")
        connection.commit()

    await inspected(dsn, first_version)
    connection = await asyncpg.connect(dsn)
    old = '{"resourceType":"Basic","id":"a","code":{"text":"Old"}}'
    insert = "INSERT INTO resource VALUES (1, 'Basic', 'a', 1, 1, 1, 1, now(), false, 'PUT', 0, '{}', $1)"
    await connection.execute(insert, old)
    await migrate(dsn)
    assert await inspected(dsn, differences) == []
    assert tuple(await connection.fetchrow("SELECT body, sealed FROM resource")) == (old, False)
    assert await connection.fetchval("SELECT value FROM string_value") == "old"
    await connection.close()


async def test_migrating_twice_changes_nothing(empty):
    dsn = await empty()
    await migrate(dsn)
    tables = await inspected(dsn, lambda connection: inspect(connection).get_table_names())
    await migrate(dsn)
    assert await inspected(dsn, lambda connection: inspect(connection).get_table_names()) == tables
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT count(*) FROM tenant") == 1
    await connection.close()


async def test_processes_that_start_together_take_turns(empty):
    dsn = await empty()
    program = "import asyncio, sys; from cordee.store.migrate import migrate; asyncio.run(migrate(sys.argv[1]))"
    started = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, dsn, stderr=asyncio.subprocess.PIPE)
        for _ in range(2)
    ]
    said = [(await process.communicate())[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    assert await inspected(dsn, differences) == []


async def test_a_database_that_is_not_in_utf8_is_refused(empty):
    dsn = await empty("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(UnusableDatabase, match="UTF-8"):
        await migrate(dsn)


async def test_a_database_that_cannot_be_reached_is_said_so():
    with pytest.raises(Unavailable, match="can't be reached"):
        await migrate("postgresql://postgres@127.0.0.1:1/postgres")


async def test_statistics_are_there_when_asked_for(empty):
    dsn = await empty()
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute("INSERT INTO date_value SELECT 1, i, 5, i, i + 1 FROM generate_series(1, 100) AS i")
    database = Database(dsn)
    await database.open()
    await refresh_statistics(database)
    await database.close()
    assert await connection.fetchval("SELECT reltuples FROM pg_class WHERE relname = 'date_value'") == 100
    await connection.close()


async def test_what_was_stored_before_a_search_parameter_is_found_by_it_even_when_sealed(empty):
    dsn = await empty()
    await migrate(dsn)
    database = Database(dsn)
    await database.open()
    repository = Repository(database, await database.tenant("default"))
    claim = orjson.loads((EXAMPLES / "Claim-forfait.json").read_bytes())
    async with repository.unit() as unit:
        await unit.put("Claim", claim["id"], accept(orjson.dumps(claim)), sealed=True)
    connection = await asyncpg.connect(dsn)
    whole = await index_of(connection)
    body = await connection.fetchval("SELECT body FROM resource")
    # As an older program would have left it.
    await connection.execute("UPDATE resource SET terms = '{}'; DELETE FROM number_value; DELETE FROM date_value")
    wanted = parse_search("Claim", [("pathway", "pcr-obesite-complexe-adulte"), ("total", "gt1")])
    assert not (await repository.search(wanted, count=10)).matches

    def again(opened):
        changed = reindex(opened, ["Claim", "Encounter"])
        opened.commit()
        return changed

    assert await inspected(dsn, again) == 1
    assert await inspected(dsn, again) == 0
    assert [found.id for found in (await repository.search(wanted, count=10)).matches] == [claim["id"]]
    assert await index_of(connection) == whole
    assert await connection.fetchval("SELECT body FROM resource") == body
    for change in ("UPDATE resource SET body = '{}'", "UPDATE resource SET sealed = false", "DELETE FROM resource"):
        with pytest.raises(asyncpg.PostgresError, match="sealed"):
            await connection.execute(change)
    await connection.close()
    await database.close()


async def test_quantities_stored_before_they_were_converted_are_found_in_other_units(empty):
    dsn = await empty()
    await migrate(dsn)
    database = Database(dsn)
    await database.open()
    repository = Repository(database, await database.tenant("default"))
    own = {
        "resourceType": "SearchParameter",
        "id": "own",
        "url": "http://a.example/own",
        "name": "A",
        "description": "d",
    }
    own |= {
        "status": "active",
        "code": "own",
        "base": ["Observation"],
        "type": "date",
        "expression": "Observation.issued",
    }
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "a"}}
    observation["issued"] = "2024-01-01T00:00:00Z"
    for resource in (own, *({**observation, "id": unit, "valueQuantity": {"value": 5.4, "system": UCUM, "code": unit}}
                            for unit in ("mg", "m")), {**observation, "id": "no"}):  # fmt: skip
        await repository.update(resource["resourceType"], resource["id"], accept(orjson.dumps(resource)))
    connection = await asyncpg.connect(dsn)
    whole = await index_of(connection)
    await connection.execute("DELETE FROM number_value")

    def again(opened):
        changed = reindex(opened, ["Observation"], beyond_terms=True, holding=UCUM)
        opened.commit()
        return changed

    assert await inspected(dsn, again) == 2
    wanted = parse_search("Observation", [("value-quantity", f"0.0054|{UCUM}|g")])
    assert [found.id for found in (await repository.search(wanted, count=10)).matches] == ["mg"]
    assert await index_of(connection) == whole
    await connection.close()
    await database.close()


async def index_of(connection):
    tables = ("SELECT sorted.term FROM resource, unnest(terms) AS sorted(term)", "SELECT * FROM date_value",
              "SELECT * FROM number_value", "SELECT * FROM string_value")  # fmt: skip
    return [sorted(tuple(map(str, row)) for row in await connection.fetch(table)) for table in tables]
