"""A unit of work: all of it is stored, or nothing; of several at once, each sees what the other did."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from cordee.fhir.body import Incoming, accept
from cordee.fhir.outcome import NotFound, PreconditionFailed, Sealed
from cordee.fhir.query import parse_search
from cordee.store.changes import Written
from cordee.store.repository import Repository
from cordee.store.unit_of_work import Met, Put

ALL = parse_search("Basic", [("_summary", "count")])


def basic(said: str = "x", **members: Any) -> Incoming:
    return accept(json.dumps({"resourceType": "Basic", "code": {"text": said}, **members}).encode())


def said(written: Written | Met) -> str:
    assert written.version is not None
    text: str = json.loads(written.version.body)["code"]["text"]
    return text


async def count(repository: Repository) -> int | None:
    return (await repository.search(ALL, count=0)).total


async def test_reads_of_a_unit_see_its_writes_and_nobody_else_does_before_the_end(repository: Repository) -> None:
    async with repository.unit() as unit:
        created = await unit.create(basic())
        await unit.put("Basic", "b", basic())
        assert (await unit.search(ALL, count=0)).total == 2
        assert (await unit.read("Basic", "b")).version == 1
        assert await count(repository) == 0
    assert created.version is not None
    assert await repository.read("Basic", created.version.id) == created.version
    assert await count(repository) == 2


async def test_what_is_raised_inside_undoes_all_of_it(repository: Repository) -> None:
    with pytest.raises(ZeroDivisionError):
        async with repository.unit() as unit:
            await unit.create(basic())
            await unit.put_many([Put("b", basic()), Put("c", basic(), sealed=True)])
            raise ZeroDivisionError
    assert await count(repository) == 0


async def test_a_connection_that_is_cut_leaves_nothing(repository: Repository, dsn: str) -> None:
    administrator = await asyncpg.connect(dsn)
    with pytest.raises(Exception, match="can't be reached"):
        async with repository.unit() as unit:
            await unit.put("Basic", "b", basic())
            await unit.lock(["the only lock of this number"])
            backend = await administrator.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE '%advisory%'"
            )
            await administrator.execute("SELECT pg_terminate_backend($1, 5000)", backend)
            await unit.put("Basic", "c", basic())
    await administrator.close()
    assert await count(repository) == 0


@pytest.mark.parametrize("expected", [0, 1])
async def test_a_put_is_refused_where_something_else_than_it_expects_stands(
    repository: Repository, expected: int
) -> None:
    for text in ("1", "2"):
        await repository.update("Basic", "a", basic(text))
    async with repository.unit() as unit:
        with pytest.raises(PreconditionFailed, match="Basic/a"):
            await unit.put("Basic", "a", basic("3"), expected=expected)
    assert (await repository.read("Basic", "a")).version == 2


@pytest.mark.parametrize("expected", [2, None])
async def test_a_put_makes_the_version_after_the_one_it_expects(repository: Repository, expected: int | None) -> None:
    for text in ("1", "2"):
        await repository.update("Basic", "a", basic(text))
    async with repository.unit() as unit:
        assert (await unit.put("Basic", "a", basic("3"), expected=expected)).effect == "updated"
    assert (await repository.read("Basic", "a")).version == 3


async def test_of_many_each_is_written_or_tells_what_it_met(repository: Repository) -> None:
    await repository.update("Basic", "old", basic("old"))
    await repository.update("Basic", "gone", basic("gone"))
    await repository.delete("Basic", "gone")
    async with repository.unit() as unit:
        done = await unit.put_many(
            [
                Put("new", basic("new"), expected=0),
                Put("old", basic("newer"), expected=0),
                Put("absent", basic("absent"), expected=3),
                Put("old2", basic("old2"), sealed=True),
                Put("gone", basic("back"), expected=0),
            ]
        )
    assert [type(one) for one in done] == [Written, Met, Met, Written, Written]
    assert [said(done[index]) for index in (0, 1, 3, 4)] == ["new", "old", "old2", "back"]
    assert done[2].version is None
    assert await count(repository) == 4


async def test_one_that_is_sealed_keeps_all_of_the_many_from_being_stored(repository: Repository) -> None:
    async with repository.unit() as unit:
        await unit.put("Basic", "sealed", basic(), sealed=True)
    async with repository.unit() as unit:
        with pytest.raises(Sealed, match="Basic/sealed"):
            await unit.put_many([Put("a", basic()), Put("sealed", basic("other"))])
        await unit.put("Basic", "b", basic())
    assert await count(repository) == 2
    with pytest.raises(NotFound):
        await repository.read("Basic", "a")


async def test_a_resource_given_twice_or_under_another_type_is_a_fault_of_the_caller(repository: Repository) -> None:
    async with repository.unit() as unit:
        with pytest.raises(ValueError, match="twice"):
            await unit.put_many([Put("a", basic()), Put("a", basic())])
        with pytest.raises(ValueError, match="Patient/a"):
            await unit.put("Patient", "a", basic())


async def test_of_units_that_create_the_same_ids_one_creates_and_the_others_meet_it(repository: Repository) -> None:
    async def run(number: int) -> list[Written | Met]:
        async with repository.unit() as unit:
            puts = [Put(f"{n}", basic(f"by {number}"), expected=0) for n in range(30)]
            return await unit.put_many(puts[:: 1 if number % 2 else -1])

    runs = await asyncio.gather(*(run(number) for number in range(8)))
    written = [[isinstance(one, Written) for one in done] for done in runs]
    assert sorted(map(all, written)) == [False] * 7 + [True]
    assert sum(map(any, written)) == 1
    assert len({said(one) for done in runs for one in done}) == 1
    assert await count(repository) == 30


async def test_of_units_that_put_the_same_ids_over_anything_each_makes_a_version(repository: Repository) -> None:
    async def run(number: int) -> None:
        async with repository.unit() as unit:
            await unit.put_many([Put(f"{n}", basic(f"by {number}")) for n in range(10)])

    await asyncio.gather(*(run(number) for number in range(8)))
    found = await repository.read_many([("Basic", f"{n}") for n in range(10)])
    assert {version.version for version in found.values()} == {8}
    assert len({version.body.partition('"code"')[2] for version in found.values()}) == 1


async def test_going_through_a_type_gives_each_of_its_resources_once_in_the_order_they_were_first_written(
    repository: Repository,
) -> None:
    async with repository.unit() as unit:
        await unit.put_many([Put(f"{n}", basic("first")) for n in range(10)])
        await unit.put_many([Put("other", accept(b'{"resourceType": "Patient"}'))])
    await repository.delete("Basic", "4")
    async with repository.unit() as unit:
        await unit.put_many([Put("2", basic("second"))])

    found, after = [], 0
    while page := await repository.all_of_type("Basic", count=4, after=after):
        found.append([version.id for version in page])
        after = page[-1].rid
    assert found == [["0", "1", "2", "3"], ["5", "6", "7", "8"], ["9"]]


async def test_units_that_lock_the_same_take_turns_whatever_the_order_they_name_it_in(repository: Repository) -> None:
    """Each reads, then writes one more: without the lock two would read the same."""

    async def run(number: int) -> None:
        async with repository.unit() as unit:
            await unit.lock(["a", "b"][:: 1 if number % 2 else -1])
            current = (await unit.read_many([("Basic", "a")])).get(("Basic", "a"))
            value = 0 if current is None else int(json.loads(current.body)["code"]["text"])
            await unit.put("Basic", "a", basic(f"{value + 1}"))

    await asyncio.gather(*(run(number) for number in range(10)))
    assert json.loads((await repository.read("Basic", "a")).body)["code"]["text"] == "10"


async def test_locks_of_one_tenant_are_not_those_of_another(repository: Repository, database, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    other = await connection.fetchval("INSERT INTO tenant (name) VALUES ($1) RETURNING tenant", f"u{repository.tenant}")
    await connection.close()
    async with repository.unit() as unit, Repository(database, other).unit() as unit_of_other:
        await unit.lock(["a"])
        await asyncio.wait_for(unit_of_other.lock(["a"]), 10)


async def test_versions_are_read_in_one_go_whether_current_replaced_or_deleted(repository: Repository) -> None:
    for text in ("1", "2", "3"):
        await repository.update("Basic", "a", basic(text))
    await repository.update("Basic", "b", basic("only"))
    await repository.delete("Basic", "b")
    wanted = [
        ("Basic", "a", 1),
        ("Basic", "a", 3),
        ("Basic", "b", 1),
        ("Basic", "b", 2),
        ("Basic", "a", 9),
        ("Basic", "z", 1),
    ]
    async with repository.unit() as unit:
        found = await unit.read_versions(wanted)
    assert set(found) == set(wanted[:4])
    assert found == await repository.read_versions(wanted)
    assert found["Basic", "a", 1] == await repository.vread("Basic", "a", 1)
    assert found["Basic", "a", 3] == await repository.read("Basic", "a")
    assert (found["Basic", "b", 1].deleted, found["Basic", "b", 2].deleted) == (False, True)
    assert await repository.read_versions([]) == {}
