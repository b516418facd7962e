"""The ledger at scale: `python -m bench.ledger` fills a database of its own with a real chain, and verifies it.

An entry is the submission of a forfait: one receivable of the AMO, and five quote-parts of five professionals.
"""

import argparse
import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import psutil
import uvloop

from cordee.ledger.chain import ChainedEntry, Head, follow, genesis
from cordee.ledger.model import Account, Event, LedgerEntry, LedgerLine
from cordee.store.connection import Database
from cordee.store.embedded import EmbeddedPostgres
from cordee.store.migrate import migrate
from cordee.store.repository import Repository

FIRST_DAY = date(2026, 1, 1)
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 20_000
PROFESSIONALS = 200
SYSTEM = "urn:oid:1.2.250.1.71.4.2.1"


def entry(structure: str, number: int) -> LedgerEntry:
    """The submission of a forfait of 225.20 to 225.69 EUR, split among five of the structure's professionals."""
    total = 22_520 + number % 50
    parts = [total // 5 + (1 if rank < total % 5 else 0) for rank in range(5)]
    lines = [LedgerLine(Account.AMO_RECEIVABLE, debit=total)]
    for rank, part in enumerate(parts):
        lines.append(LedgerLine(Account.PAYABLE, f"{SYSTEM}|8{(number * 7 + rank) % PROFESSIONALS:010}", credit=part))
    return LedgerEntry(
        structure,
        FIRST_DAY + timedelta(days=number % 365),
        Event.SUBMISSION,
        f"submission:Claim/{number:08}",
        f"Forfait transmis, séquence {number}",
        f"Claim/{number:08}",
        (f"Claim/{number:08}/_history/2",),
        tuple(lines),
    )


def chain(structure: str, count: int) -> Iterator[ChainedEntry]:
    """`count` entries in the structure's chain."""
    head = genesis(structure)
    for number in range(1, count + 1):
        chained = follow(head, entry(structure, number), MOMENT + timedelta(seconds=number))
        head = Head(structure, number, chained.hash)
        yield chained


async def fill(dsn: str, structure: str, count: int) -> None:
    """By COPY, triggers off: the chain is right, and appending is measured apart."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET session_replication_role = replica")
    entries, lines, last = [], [], None
    for chained in chain(structure, count):
        e, n = chained.entry, chained.number
        about = (1, structure, n, chained.recorded_at, e.booked_on, e.event, e.key, e.label, e.claim)
        entries.append((*about, " ".join(e.evidence), len(e.lines), chained.hash))
        lines += [
            (1, structure, n, i, line.account, line.payee, line.liable, line.debit, line.credit)
            for i, line in enumerate(e.lines, start=1)
        ]
        last = chained
        if len(entries) == BATCH or n == count:
            await connection.copy_records_to_table("ledger_entry", records=entries)
            await connection.copy_records_to_table("ledger_line", records=lines)
            entries, lines = [], []
    if last is not None:
        await connection.execute("INSERT INTO ledger_head VALUES (1, $1, $2, $3)", structure, last.number, last.hash)
    await connection.execute("VACUUM ANALYZE ledger_entry, ledger_line")
    await connection.close()


async def appended(repository: Repository, structure: str, count: int, a_unit: int) -> float:
    """Entries a second through units of work, triggers and all."""
    made = [entry(structure, number) for number in range(1, count + 1)]
    begun = time.perf_counter()
    for start in range(0, count, a_unit):
        async with repository.unit() as unit:
            await unit.append(made[start : start + a_unit])
    return count / (time.perf_counter() - begun)


def filled(dsn: str, count: int) -> None:
    """Fills in another process, so that the memory measured is that of verifying."""
    begun = time.perf_counter()
    filling = multiprocessing.get_context("spawn").Process(target=_fill, args=(dsn, count))
    filling.start()
    filling.join()
    if filling.exitcode:
        raise SystemExit(f"filling ended with {filling.exitcode}")
    print(f"filled {count:,} entries, {6 * count:,} lines by COPY in {time.perf_counter() - begun:.1f} s")


def _fill(dsn: str, count: int) -> None:
    asyncio.run(fill(dsn, "Organization/large", count))


async def measure(dsn: str) -> int:
    """Verifies, sums, appends; prints the figures. 1 when the chain is found wrong."""
    database = Database(dsn)
    await database.open()
    repository = Repository(database, 1)
    process = psutil.Process()
    before = highest = process.memory_info().rss

    def look(_entries: int) -> None:
        nonlocal highest
        highest = max(highest, process.memory_info().rss)

    begun, cpu = time.perf_counter(), time.process_time()
    verified = await repository.verify_ledger("Organization/large", look)
    spent, cpu = time.perf_counter() - begun, time.process_time() - cpu
    print(
        f"verified {verified.end.number:,} entries, {verified.lines:,} lines in {spent:.1f} s"
        f" ({cpu:.1f} s of CPU of ours); memory {before / 1e6:.0f} MB before, {highest / 1e6:.0f} MB at most;"
        f" {verified.fault or 'no fault'}"
    )
    for on in (None, FIRST_DAY + timedelta(days=180)):
        begun = time.perf_counter()
        found = await repository.ledger.balances("Organization/large", on)
        spent = time.perf_counter() - begun
        print(f"balances {'of all days' if on is None else f'on {on}'}: {len(found)} in {spent:.2f} s")
    for a_unit in (1, 100):
        rate = await appended(repository, f"Organization/by-{a_unit}", 2000, a_unit)
        print(f"appended, {a_unit} a unit: {rate:,.0f} entries/s")
    await database.close()
    return 1 if verified.fault else 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cordee-ledger-") as folder:
        server = EmbeddedPostgres(Path(folder))
        dsn = server.start()
        try:
            asyncio.run(migrate(dsn))
            filled(dsn, options.entries)
            return uvloop.run(measure(dsn))
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
