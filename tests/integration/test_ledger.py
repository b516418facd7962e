"""The ledgers in PostgreSQL: booked once, together with what they are about, never changed; any change is named."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from cordee.fhir.body import accept
from cordee.ledger.balances import balances, trial_balance
from cordee.ledger.chain import ChainedEntry, Head, genesis, verify_chain
from cordee.ledger.model import Account, Event, LedgerEntry, LedgerLine
from cordee.store.connection import Database
from cordee.store.ledger import EntryExists
from cordee.store.ledger.verification import VerifiedLedger
from cordee.store.repository import Repository
from cordee.store.verification import Checked, Progress, verify

STRUCTURE = "Organization/structure"
SYSTEM = "urn:oid:1.2.250.1.71.4.2.1"
FIRST = date(2026, 7, 1)


def submission(number: int, structure: str = STRUCTURE) -> LedgerEntry:
    return LedgerEntry(
        structure,
        FIRST + timedelta(days=number),
        Event.SUBMISSION,
        f"submission:Claim/{number}",
        "Forfait transmis\u00a0: «\u00a0séquence\u00a01\u00a0»",
        f"Claim/{number}",
        (f"Claim/{number}/_history/2", f"CarePlan/{number}/_history/1"),
        (
            LedgerLine(Account.AMO_RECEIVABLE, debit=22520 + number),
            LedgerLine(Account.PAYABLE, f"{SYSTEM}|1", credit=20000),
            LedgerLine(Account.PAYABLE, f"{SYSTEM}|{2 + number % 3}", credit=2520),
            *([LedgerLine(Account.STRUCTURE, credit=number)] if number else []),
        ),
    )


def indu(number: int) -> LedgerEntry:
    return LedgerEntry(
        STRUCTURE,
        FIRST + timedelta(days=100 + number),
        Event.INDU,
        f"indu:{number}",
        "Indu",
        None,
        (),
        (
            LedgerLine(Account.RECOVERABLE, f"{SYSTEM}|1", f"{SYSTEM}|2", debit=100),
            LedgerLine(Account.RECOVERY_DUE, None, f"{SYSTEM}|2", credit=100),
        ),
    )


async def book(repository: Repository, *entries: LedgerEntry) -> list[int]:
    async with repository.unit() as unit:
        return await unit.append(entries)


async def read(repository: Repository, **kept_to: Any) -> list[ChainedEntry]:
    return [found async for found in repository.ledger.entries(STRUCTURE, **kept_to)]


@pytest.fixture
async def booked(repository: Repository) -> Repository:
    """Ten submissions and an indu, in three units."""
    await book(repository, *(submission(number) for number in range(4)))
    await book(repository, *(submission(number) for number in range(4, 10)))
    await book(repository, indu(0))
    return repository


@pytest.fixture
async def superuser(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection that no trigger stops."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET session_replication_role = replica")
    yield connection
    await connection.close()


async def test_what_is_booked_is_read_back_in_order_and_chained(booked: Repository) -> None:
    found = await read(booked)
    assert [chained.number for chained in found] == list(range(1, 12))
    assert [chained.entry for chained in found] == [*(submission(number) for number in range(10)), indu(0)]
    head = await booked.ledger.head(STRUCTURE)
    assert verify_chain(STRUCTURE, found, head) is None
    assert await booked.ledger.structures() == [STRUCTURE]


async def test_a_ledger_longer_than_a_batch_is_read_and_verified_whole(repository: Repository) -> None:
    await book(repository, *(submission(number) for number in range(2500)))
    assert [chained.number for chained in await read(repository)] == list(range(1, 2501))
    told: list[int] = []
    verified = await repository.verify_ledger(STRUCTURE, told.append)
    assert (verified.fault, verified.end.number, verified.lines, sum(told)) == (None, 2500, 9999, 2500)


async def test_entries_are_found_by_day_claim_payee_number_and_key(booked: Repository) -> None:
    def numbers(found: list[ChainedEntry]) -> list[int]:
        return [chained.number for chained in found]

    assert numbers(await read(booked, first=FIRST + timedelta(days=8))) == [9, 10, 11]
    assert numbers(await read(booked, first=FIRST, last=FIRST + timedelta(days=1))) == [1, 2]
    assert numbers(await read(booked, claim="Claim/3")) == [4]
    assert numbers(await read(booked, payee=f"{SYSTEM}|3", last=FIRST + timedelta(days=5))) == [2, 5]
    assert numbers(await read(booked, payee=f"{SYSTEM}|1", after=9)) == [10, 11]
    assert list(await booked.ledger.find(STRUCTURE, ["indu:0", "indu:1"])) == ["indu:0"]


@pytest.mark.parametrize("days", [None, -1, 0, 5, 100])
async def test_the_balances_that_postgresql_sums_are_those_of_the_entries(booked: Repository, days: int | None) -> None:
    on = None if days is None else FIRST + timedelta(days=days)
    summed = await booked.ledger.balances(STRUCTURE, on)
    assert summed == balances([chained.entry for chained in await read(booked)], on)
    assert trial_balance(summed) == 0


async def test_the_same_entry_again_is_not_booked_twice(booked: Repository) -> None:
    assert await book(booked, submission(3), submission(10), submission(10)) == [4, 12, 12]
    assert len(await read(booked)) == 12


async def test_the_same_key_with_other_content_is_refused_and_nothing_is_booked(booked: Repository) -> None:
    with pytest.raises(EntryExists, match="Entry 4 of the ledger of Organization/structure") as refused:
        await book(booked, submission(10), replace(submission(3), label="autre"))
    assert refused.value.status == 409
    assert (await booked.ledger.head(STRUCTURE)).number == 11


async def test_structures_and_tenants_have_ledgers_of_their_own(
    booked: Repository, database: Database, dsn: str
) -> None:
    assert await book(booked, submission(0, "Organization/a"), submission(11), submission(0, "Organization/b")) == [
        1,
        12,
        1,
    ]
    connection = await asyncpg.connect(dsn)
    tenant = await connection.fetchval("INSERT INTO tenant (name) VALUES ($1) RETURNING tenant", f"l{booked.tenant}")
    await connection.close()
    other = Repository(database, tenant)
    assert await other.ledger.structures() == []
    assert await other.ledger.head(STRUCTURE) == genesis(STRUCTURE)
    assert await book(other, submission(0)) == [1]


async def test_an_entry_and_its_resource_are_both_stored_or_neither(repository: Repository) -> None:
    basic = accept(json.dumps({"resourceType": "Basic", "code": {"text": "x"}}).encode())
    with pytest.raises(ZeroDivisionError):
        async with repository.unit() as unit:
            await unit.put("Basic", "a", basic, sealed=True)
            assert await unit.append([submission(0)]) == [1]
            assert [chained.number async for chained in unit.ledger.entries(STRUCTURE)] == [1]
            raise ZeroDivisionError
    assert await repository.ledger.head(STRUCTURE) == genesis(STRUCTURE)
    assert await repository.read_many([("Basic", "a")]) == {}
    assert await book(repository, submission(1)) == [1]


async def test_a_writer_that_is_killed_leaves_nothing_and_no_gap(repository: Repository, dsn: str) -> None:
    await book(repository, submission(0))
    administrator = await asyncpg.connect(dsn)
    with pytest.raises(Exception, match="can't be reached"):
        async with repository.unit() as unit:
            await unit.append([submission(1)])
            backend = await administrator.fetchval(
                "SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE '%ledger_head%'"
            )
            await administrator.execute("SELECT pg_terminate_backend($1, 5000)", backend)
            await unit.append([submission(2)])
    await administrator.close()
    assert await book(repository, submission(3)) == [2]
    assert (await repository.verify_ledger(STRUCTURE)).fault is None


async def test_many_who_append_at_once_leave_neither_gap_nor_fork(repository: Repository) -> None:
    numbers = await asyncio.gather(
        *(book(repository, submission(2 * n), submission(2 * n + 1)) for n in range(20)),
        *(book(repository, submission(n)) for n in range(40)),
    )
    assert {number for several in numbers for number in several} == set(range(1, 41))
    verified = await repository.verify_ledger(STRUCTURE)
    assert (verified.fault, verified.end.number) == (None, 40)


async def test_two_who_book_the_same_at_once_book_it_once(repository: Repository) -> None:
    assert await asyncio.gather(*(book(repository, submission(0)) for _ in range(10))) == [[1]] * 10


TABLES = ("ledger_entry", "ledger_line", "ledger_head")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("statement", ["DELETE FROM {} WHERE tenant = -1", "TRUNCATE {}"])
async def test_nothing_can_be_deleted(booked: Repository, dsn: str, table: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    with pytest.raises(asyncpg.PostgresError, match="append only") as refused:
        await connection.execute(statement.format(table))
    await connection.close()
    assert refused.value.sqlstate == "CO001"
    assert (await booked.verify_ledger(STRUCTURE)).fault is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET label = 'x' WHERE tenant = $1",
        "UPDATE ledger_line SET payee = 'x' WHERE tenant = $1",
        "UPDATE ledger_head SET number = 3 WHERE tenant = $1",
        "UPDATE ledger_head SET number = number + 1 WHERE tenant = $1",
        "UPDATE ledger_head SET hash = '' WHERE tenant = $1",
        "INSERT INTO ledger_line VALUES ($1, 'Organization/structure', 1, 9, 'bank', NULL, NULL, 1, 0),"
        " ($1, 'Organization/structure', 1, 10, 'bank', NULL, NULL, 0, 1)",
        "INSERT INTO ledger_line VALUES ($1, 'Organization/structure', 99, 1, 'bank', NULL, NULL, 1, 0)",
    ],
)
async def test_nothing_can_be_changed_or_added_to_an_entry(booked: Repository, dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    with pytest.raises(asyncpg.PostgresError) as refused:
        await connection.execute(statement, booked.tenant)
    await connection.close()
    assert refused.value.sqlstate == "CO001"


def entry_row(tenant: int, number: int, lines: int) -> str:
    return (
        f"INSERT INTO ledger_entry VALUES ({tenant}, 'Organization/structure', {number}, now(), '2026-07-01',"
        f" 'payment', 'key {number}', 'x', NULL, '', {lines}, '')"
    )


@pytest.mark.parametrize(
    ("number", "lines", "amounts", "said"),
    [
        (12, 2, [(100, 0), (0, 99)], "not balanced"),
        (12, 2, [(100, 0)], "not balanced"),
        (12, 3, [(100, 0), (0, 100)], "not balanced"),
        (12, 0, [], "not balanced"),
        (13, 2, [(100, 0), (0, 100)], "leaves a gap"),
    ],
)
async def test_the_database_refuses_what_is_not_balanced_when_it_is_committed(
    booked: Repository, dsn: str, number: int, lines: int, amounts: list[tuple[int, int]], said: str
) -> None:
    connection = await asyncpg.connect(dsn)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(entry_row(booked.tenant, number, lines))
    for position, (debit, credit) in enumerate(amounts):
        await connection.execute(
            f"INSERT INTO ledger_line VALUES ($1, 'Organization/structure', {number}, {position}, 'bank', NULL, NULL,"
            f" {debit}, {credit})",
            booked.tenant,
        )
    with pytest.raises(asyncpg.PostgresError, match=said) as refused:
        await transaction.commit()
    await connection.close()
    assert refused.value.sqlstate == "CO002"


@pytest.mark.parametrize("amounts", ["1, 1", "0, 0", "-1, 0"])
async def test_a_line_is_a_debit_or_a_credit(booked: Repository, dsn: str, amounts: str) -> None:
    connection = await asyncpg.connect(dsn)
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(
            f"INSERT INTO ledger_line VALUES ($1, 'Organization/structure', 12, 1, 'bank', NULL, NULL, {amounts})",
            booked.tenant,
        )
    await connection.close()


@pytest.mark.parametrize(
    ("number", "statement"),
    [
        (5, "UPDATE ledger_entry SET label = 'autre' WHERE number = 5"),
        (5, "UPDATE ledger_entry SET booked_on = booked_on + 1 WHERE number = 5"),
        (5, "UPDATE ledger_entry SET event = 'payment' WHERE number = 5"),
        (5, "UPDATE ledger_entry SET event = 'unknown' WHERE number = 5"),
        (5, "UPDATE ledger_entry SET claim = 'Claim/other' WHERE number = 5"),
        (5, "UPDATE ledger_entry SET evidence = '' WHERE number = 5"),
        (5, "UPDATE ledger_entry SET recorded_at = recorded_at + interval '1 ms' WHERE number = 5"),
        (5, "UPDATE ledger_entry SET hash = sha256('') WHERE number = 5"),
        (5, "UPDATE ledger_line SET debit = debit + 1 WHERE number = 5 AND debit > 0"),
        (5, "UPDATE ledger_line SET debit = 2 * debit, credit = 2 * credit WHERE number = 5"),
        (5, "UPDATE ledger_line SET payee = 'somebody' WHERE number = 5 AND line = 2"),
        (5, "UPDATE ledger_line SET payee = NULL WHERE number = 5 AND line = 2"),
        (5, "UPDATE ledger_line SET account = 'unknown' WHERE number = 5 AND line = 1"),
        (5, "DELETE FROM ledger_line WHERE number = 5"),
        (5, "DELETE FROM ledger_entry WHERE number = 5"),
        (11, "DELETE FROM ledger_entry WHERE number = 11"),
        (
            8,
            "UPDATE ledger_head SET number = 7, hash = e.hash FROM ledger_entry e"
            " WHERE e.tenant = ledger_head.tenant AND e.number = 7",
        ),
        (11, "UPDATE ledger_head SET hash = sha256('')"),
        (1, "DELETE FROM ledger_head"),
        (
            77,
            "INSERT INTO ledger_line SELECT tenant, structure, 77, line, account, payee, liable, debit, credit"
            " FROM ledger_line WHERE number = 11",
        ),
    ],
)
async def test_verifying_names_the_first_entry_that_was_tampered_with(
    booked: Repository, superuser: "asyncpg.Connection[asyncpg.Record]", number: int, statement: str
) -> None:
    where = "AND" if "WHERE" in statement else "WHERE"
    table = "ledger_head." if " FROM ledger_entry e" in statement else ""
    done = await superuser.execute(f"{statement} {where} {table}tenant = {booked.tenant}")
    assert not done.endswith(" 0")
    verified = await booked.verify_ledger(STRUCTURE)
    assert verified.fault is not None
    assert (verified.fault.structure, verified.fault.number) == (STRUCTURE, number)
    assert "séquence" not in verified.fault.message


async def test_what_is_verified_is_the_end_that_others_can_keep(booked: Repository) -> None:
    verified = await booked.verify_ledger(STRUCTURE)
    assert verified.end == await booked.ledger.head(STRUCTURE)
    assert list(verified.balances) == await booked.ledger.balances(STRUCTURE)
    assert isinstance(verified.end, Head)


async def test_checks_run_after_every_ledger_each_with_its_own_result(booked: Repository) -> None:
    await book(booked, submission(0, "Organization/b"))
    asked: list[str | None] = []

    async def check(repository: Repository, structure: str | None, progress: Progress) -> Checked:
        asked.append(structure)
        progress(2)
        return Checked("settlements", 2, f"Claim/1: {repository.tenant}")

    told: list[int] = []
    found = [one async for one in verify(booked, [check, check], progress=told.append)]
    assert [type(one) for one in found] == [VerifiedLedger, VerifiedLedger, Checked, Checked]
    assert sum(told) == 12 + 2 + 2
    alone = [one async for one in verify(booked, [check], structure=STRUCTURE)]
    assert [type(one) for one in alone] == [VerifiedLedger, Checked]
    assert asked == [None, None, STRUCTURE]
