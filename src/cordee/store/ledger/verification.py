"""Every ledger recomputed from its beginning: hashes, balances, totals, numbers; the first fault is named."""

from collections.abc import Callable
from dataclasses import dataclass

from cordee.ledger.balances import Balance, Totals
from cordee.ledger.chain import Fault, Head, end_fault, fault_after, genesis
from cordee.ledger.model import InvalidEntry
from cordee.store.connection import Connection, Connections, Held
from cordee.store.ledger.reading import ENTRY_COLUMNS, LedgerReader, chained_entry

_BATCH = 1000
_PART = f"""
SELECT {ENTRY_COLUMNS} FROM ledger_entry e
WHERE e.tenant = $1 AND e.structure = $2 AND e.number > $3 ORDER BY e.number LIMIT {_BATCH}"""
_LINES_WITHOUT_ENTRY = """
SELECT min(l.number) FROM ledger_line l WHERE l.tenant = $1 AND l.structure = $2 AND NOT EXISTS (
  SELECT FROM ledger_entry e WHERE e.tenant = l.tenant AND e.structure = l.structure AND e.number = l.number)"""


@dataclass(frozen=True, slots=True)
class VerifiedLedger:
    """What verifying a structure's ledger found.

    `end` is the last entry that is as it was booked; `lines` and `balances` are those of the entries up to there.
    """

    end: Head
    lines: int
    balances: tuple[Balance, ...]
    fault: Fault | None


async def verify_ledger(
    connections: Connections, tenant: int, structure: str, progress: Callable[[int], None]
) -> VerifiedLedger:
    """Recomputes a structure's ledger from its genesis, in one snapshot, a batch of entries in memory at a time.

    Checked: each entry is balanced, follows the one before, and has the hash of its content; the chain ends at its
    head; no line is without an entry; the balances that PostgreSQL sums are those of the entries read.
    """
    async with (
        connections.searches() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await _verify(connection, tenant, structure, progress)


async def _verify(
    connection: Connection, tenant: int, structure: str, progress: Callable[[int], None]
) -> VerifiedLedger:
    end, totals = genesis(structure), Totals()
    while rows := await connection.fetch(_PART, tenant, structure, end.number):
        for row in rows:
            try:
                chained = chained_entry(row)
            except InvalidEntry as error:
                return _found(end, totals, Fault(structure, row["number"], str(error)))
            fault = fault_after(end, chained)
            if fault is not None:
                return _found(end, totals, fault)
            end = Head(structure, chained.number, chained.hash)
            totals.add(chained.entry)
        progress(len(rows))
    reader = LedgerReader(Held(connection), tenant)
    fault = end_fault(end, await reader.head(structure))
    if fault is None:
        stray = await connection.fetchval(_LINES_WITHOUT_ENTRY, tenant, structure)
        if stray is not None:
            fault = Fault(structure, stray, "there are lines of it, and no entry")
    if fault is None and await reader.balances(structure) != totals.balances():
        fault = Fault(
            structure, None, "the balances that the database sums are not those of the entries read one by one"
        )
    return _found(end, totals, fault)


def _found(end: Head, totals: Totals, fault: Fault | None) -> VerifiedLedger:
    return VerifiedLedger(end, totals.lines, tuple(totals.balances()), fault)
