"""Entries put at the end of their structures' chains, inside the caller's transaction."""

from collections.abc import Mapping, Sequence

from cordee.fhir.outcome import FhirError
from cordee.ledger.chain import ChainedEntry, Head, follow, genesis
from cordee.ledger.model import LedgerEntry
from cordee.store.changes import now
from cordee.store.connection import Connection
from cordee.store.ledger.reading import find_by_keys


class EntryExists(FhirError):
    """An entry of that key is booked, and says something else (409); trying again changes nothing."""

    status = 409
    code = "duplicate"


_LOCK_HEADS = """
SELECT h.structure, h.number, h.hash FROM ledger_head h
WHERE h.tenant = $1 AND h.structure = ANY($2::text[]) ORDER BY h.structure FOR UPDATE"""

_BEGIN = """
INSERT INTO ledger_head (tenant, structure, number, hash)
SELECT $1::int, b.structure, 0, b.hash FROM unnest($2::text[], $3::bytea[]) AS b(structure, hash) ORDER BY b.structure
ON CONFLICT DO NOTHING"""

_ADVANCE = """
UPDATE ledger_head h SET number = e.number, hash = e.hash
FROM unnest($2::text[], $3::bigint[], $4::bytea[]) AS e(structure, number, hash)
WHERE h.tenant = $1 AND h.structure = e.structure"""

_APPEND = """
WITH entries AS (
  INSERT INTO ledger_entry (tenant, structure, number, recorded_at, booked_on, event, key, label, claim, evidence,
                            lines, hash)
  SELECT $1::int, e.* FROM unnest($2::text[], $3::bigint[], $4::timestamptz[], $5::date[], $6::text[], $7::text[],
                                  $8::text[], $9::text[], $10::text[], $11::int[], $12::bytea[]) AS e)
INSERT INTO ledger_line (tenant, structure, number, line, account, payee, liable, debit, credit)
SELECT $1, l.* FROM unnest($13::text[], $14::bigint[], $15::int[], $16::text[], $17::text[], $18::text[],
                           $19::bigint[], $20::bigint[]) AS l"""


async def append(connection: Connection, tenant: int, entries: Sequence[LedgerEntry]) -> list[int]:
    """Books entries, in order; the number of each in its structure's ledger.

    One whose key is booked already, with the same content, is not booked again: its number is answered. With other
    content, raises `EntryExists`, and nothing is booked. Until the transaction ends, nobody else appends to these
    structures' ledgers: numbers have no gap, and two who book the same meet.
    """
    if not entries:
        return []
    heads = await _locked_heads(connection, tenant, {entry.structure for entry in entries})
    booked = await find_by_keys(connection, tenant, {(entry.structure, entry.key) for entry in entries})
    ends = dict(heads)
    moment = now()
    added: list[ChainedEntry] = []
    numbers: list[int] = []
    for entry in entries:
        known = booked.get((entry.structure, entry.key))
        if known is None:
            known = booked[entry.structure, entry.key] = follow(ends[entry.structure], entry, moment)
            ends[entry.structure] = Head(entry.structure, known.number, known.hash)
            added.append(known)
        elif known.entry != entry:
            raise EntryExists(
                f"Entry {known.number} of the ledger of {entry.structure} has the key {entry.key}, and says something "
                "else: what was booked is corrected by an entry of its own."
            )
        numbers.append(known.number)
    if added:
        await connection.execute(_APPEND, tenant, *_columns(added))
        advanced = [end for structure, end in sorted(ends.items()) if end != heads[structure]]
        await connection.execute(
            _ADVANCE, tenant, [e.structure for e in advanced], [e.number for e in advanced], [e.hash for e in advanced]
        )
    return numbers


async def _locked_heads(connection: Connection, tenant: int, structures: set[str]) -> Mapping[str, Head]:
    names = sorted(structures)
    found = await connection.fetch(_LOCK_HEADS, tenant, names)
    if len(found) < len(names):
        await connection.execute(_BEGIN, tenant, names, [genesis(name).hash for name in names])
        found = await connection.fetch(_LOCK_HEADS, tenant, names)
    return {row["structure"]: Head(*row) for row in found}


def _columns(added: Sequence[ChainedEntry]) -> list[list[object]]:
    """The statement's parameters $2 to $20: a list a column."""
    entries = [chained.entry for chained in added]
    lines = [(c.entry.structure, c.number, n, line) for c in added for n, line in enumerate(c.entry.lines, start=1)]
    return [
        [e.structure for e in entries],
        [c.number for c in added],
        [c.recorded_at for c in added],
        [e.booked_on for e in entries],
        [e.event.value for e in entries],
        [e.key for e in entries],
        [e.label for e in entries],
        [e.claim for e in entries],
        [" ".join(e.evidence) for e in entries],
        [len(e.lines) for e in entries],
        [c.hash for c in added],
        [structure for structure, _, _, _ in lines],
        [number for _, number, _, _ in lines],
        [position for _, _, position, _ in lines],
        [line.account.value for _, _, _, line in lines],
        [line.payee for _, _, _, line in lines],
        [line.liable for _, _, _, line in lines],
        [line.debit for _, _, _, line in lines],
        [line.credit for _, _, _, line in lines],
    ]
