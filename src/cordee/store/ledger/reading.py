"""The ledgers read in order, a batch at a time, and the balances summed by PostgreSQL."""

from collections.abc import AsyncIterator, Iterable
from datetime import date

import asyncpg
import msgspec

from cordee.ledger.balances import Balance, Holding, in_order
from cordee.ledger.chain import ChainedEntry, Head, genesis
from cordee.ledger.model import Account, Event, InvalidEntry, LedgerEntry, LedgerLine
from cordee.store.connection import Connection, Connections

BATCH = 1000

# One look-up of lines an entry, by the key: entries are read in the order of theirs, whatever the statistics say.
ENTRY_COLUMNS = """
  e.structure, e.number, e.recorded_at, e.booked_on, e.event, e.key, e.label, e.claim, e.evidence, e.hash,
  (SELECT json_agg(l)::text FROM (
     SELECT o.account, o.payee, o.liable, o.debit, o.credit FROM ledger_line o
     WHERE o.tenant = e.tenant AND o.structure = e.structure AND o.number = e.number ORDER BY o.line) AS l) AS lines"""
"""What `chained_entry` reads; `e` is a row of ledger_entry."""

_BY_KEYS = f"""
SELECT {ENTRY_COLUMNS} FROM unnest($2::text[], $3::text[]) AS wanted(structure, key)
JOIN ledger_entry e ON e.tenant = $1 AND e.structure = wanted.structure AND e.key = wanted.key"""

# From one structure to the next by the key: a ledger has a million entries, a tenant some structures.
_STRUCTURES = """
WITH RECURSIVE found AS (
  (SELECT structure FROM ledger_entry WHERE tenant = $1 ORDER BY structure LIMIT 1)
  UNION ALL
  SELECT (SELECT e.structure FROM ledger_entry e WHERE e.tenant = $1 AND e.structure > found.structure
          ORDER BY e.structure LIMIT 1)
  FROM found WHERE found.structure IS NOT NULL)
SELECT structure FROM found WHERE structure IS NOT NULL
UNION
SELECT structure FROM ledger_head WHERE tenant = $1 AND number > 0
ORDER BY structure"""

_BY_NUMBER = f"""
SELECT {ENTRY_COLUMNS} FROM ledger_entry e WHERE e.tenant = $1 AND e.structure = $2 AND e.number = $3"""

_BALANCES = """
SELECT l.account, l.payee, l.liable, sum(l.debit)::bigint, sum(l.credit)::bigint
FROM ledger_line l
JOIN ledger_entry e ON e.tenant = l.tenant AND e.structure = l.structure AND e.number = l.number
WHERE l.tenant = $1 AND l.structure = $2 AND ($3::date IS NULL OR e.booked_on <= $3)
GROUP BY l.account, l.payee, l.liable"""

_lines = msgspec.json.Decoder(tuple[LedgerLine, ...])


class LedgerReader:
    """The ledgers of one tenant, to be read."""

    def __init__(self, connections: Connections, tenant: int) -> None:
        self._connections = connections
        self._tenant = tenant

    async def structures(self) -> list[str]:
        """Those that have a ledger, as references, in order; also one whose head was lost."""
        async with self._connections.searches() as connection:
            rows = await connection.fetch(_STRUCTURES, self._tenant)
        return [row[0] for row in rows]

    async def head(self, structure: str) -> Head:
        """The end of a structure's chain; of one without entries, its genesis."""
        async with self._connections.rows() as connection:
            row = await connection.fetchrow(
                "SELECT structure, number, hash FROM ledger_head WHERE tenant = $1 AND structure = $2",
                self._tenant,
                structure,
            )
        return genesis(structure) if row is None else Head(*row)

    async def entries(
        self,
        structure: str,
        *,
        first: date | None = None,
        last: date | None = None,
        claim: str | None = None,
        payee: str | None = None,
        after: int = 0,
    ) -> AsyncIterator[ChainedEntry]:
        """A structure's entries in the order of their numbers, a batch of them in memory at a time.

        Kept to those booked from day `first` to day `last`, about a Claim, with a line of a payee, numbered above
        `after`. Raises `InvalidEntry` for one that is no longer as it was booked.
        """
        conditions = ["e.tenant = $1", "e.structure = $2", "e.number > $3"]
        arguments: list[object] = [self._tenant, structure]
        for condition, value in (
            ("e.booked_on >= {}", first),
            ("e.booked_on <= {}", last),
            ("e.claim = {}", claim),
            (
                "e.number IN (SELECT p.number FROM ledger_line p"
                " WHERE p.tenant = $1 AND p.structure = $2 AND p.payee = {})",
                payee,
            ),
        ):
            if value is not None:
                arguments.append(value)
                conditions.append(condition.format(f"${len(arguments) + 1}"))
        where = " AND ".join(conditions)
        sql = f"SELECT {ENTRY_COLUMNS} FROM ledger_entry e WHERE {where} ORDER BY e.number LIMIT {BATCH}"
        while True:
            async with self._connections.searches() as connection:
                rows = await connection.fetch(sql, *arguments[:2], after, *arguments[2:])
            for row in rows:
                yield chained_entry(row)
            if len(rows) < BATCH:
                return
            after = rows[-1]["number"]

    async def entry(self, structure: str, number: int) -> ChainedEntry | None:
        """One entry by its number; raises `InvalidEntry`."""
        async with self._connections.rows() as connection:
            row = await connection.fetchrow(_BY_NUMBER, self._tenant, structure, number)
        return None if row is None else chained_entry(row)

    async def find(self, structure: str, keys: Iterable[str]) -> dict[str, ChainedEntry]:
        """The entries that have those keys, by key."""
        async with self._connections.rows() as connection:
            found = await find_by_keys(connection, self._tenant, {(structure, key) for key in keys})
        return {key: chained for (_, key), chained in found.items()}

    async def balances(self, structure: str, on: date | None = None) -> list[Balance]:
        """The balance of each account, payee and liable at the end of day `on`, of all days when None."""
        async with self._connections.searches() as connection:
            rows = await connection.fetch(_BALANCES, self._tenant, structure, on)
        return in_order(
            Balance(Holding(Account(account), payee, liable), debit, credit)
            for account, payee, liable, debit, credit in rows
        )


async def find_by_keys(
    connection: Connection, tenant: int, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], ChainedEntry]:
    """The entries that have those (structure, key)."""
    keys = sorted(wanted)
    rows = await connection.fetch(_BY_KEYS, tenant, [key[0] for key in keys], [key[1] for key in keys])
    return {(row["structure"], row["key"]): chained_entry(row) for row in rows}


def chained_entry(row: asyncpg.Record) -> ChainedEntry:
    """An entry from a row of `ENTRY_COLUMNS`; raises `InvalidEntry` when it could not have been booked so."""
    structure, number, recorded_at, booked_on, event, key, label, claim, evidence, digest, lines = row
    try:
        read = _lines.decode(lines or "[]")
        entry = LedgerEntry(structure, booked_on, Event(event), key, label, claim, tuple(evidence.split()), read)
    except ValueError as error:
        raise InvalidEntry(f"it could not have been booked so: {error}") from error
    return ChainedEntry(number, recorded_at, entry, digest)
