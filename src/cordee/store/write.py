"""The one write path: every version of every resource, from whatever door, is written by `apply`.

A change names the version it replaces. The statement writes a version only where the stored one is still that one, so
two writers can't both succeed, and all that belongs to a version (body, history, index, notice to subscriptions) comes
with it or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cordee.fhir.body import Incoming
from cordee.fhir.search_parameters import SearchParameters
from cordee.store.connection import Connection
from cordee.store.index_values import NO_ROWS, IndexRows, index_rows, reference_hash
from cordee.store.search_parameters import edition_of, present_edition


@dataclass(frozen=True, slots=True)
class Change:
    """One version to write. `incoming` None is a deletion; `replaces` 0 is the first version."""

    resource_type: str
    id: str
    rid: int
    replaces: int
    method: str
    """The HTTP verb that history tells (POST, PUT, DELETE)."""
    incoming: Incoming | None
    moment: datetime
    """UTC, to the millisecond."""
    sealed: bool = False
    """Whether this version is final; see `Sealed`."""
    text: str = field(init=False)
    """The body stored; empty for a deletion."""

    def __post_init__(self) -> None:
        text = "" if self.incoming is None else self.incoming.stored_text(self.id, self.version, self.moment)
        object.__setattr__(self, "text", text)

    @property
    def version(self) -> int:
        """The number of the version written."""
        return self.replaces + 1

    @property
    def key(self) -> tuple[str, str]:
        """(type, id)"""
        return self.resource_type, self.id


EDITION = "(SELECT search_edition FROM tenant WHERE tenant = $1) = $26"
"""Nothing is written that is indexed by other search parameters than the tenant has; see `search_parameters`."""

_INCOMING = (
    """
WITH txn AS MATERIALIZED (SELECT nextval('transaction_number') AS txn),
written AS (
  INSERT INTO resource AS r (tenant, resource_type, id, rid, version, txn, created_txn, last_updated, deleted, method,
                             self_term, terms, body, sealed)
  SELECT $1::int, i.resource_type, i.id, i.rid, i.version, txn.txn, txn.txn, i.last_updated, i.deleted, i.method,
         i.self_term, i.terms::bigint[], i.body, i.sealed
  FROM unnest($2::text[], $3::text[], $4::bigint[], $5::int[], $6::timestamptz[], $7::bool[], $8::text[],
              $9::bigint[], $10::text[], $11::text[], $25::bool[])
       AS i(resource_type, id, rid, version, last_updated, deleted, method, self_term, terms, body, sealed), txn
  WHERE """
    + EDITION
    + """
  ON CONFLICT (tenant, resource_type, id) {on_conflict}
  RETURNING r.resource_type, r.id, r.rid, r.version, octet_length(r.body) AS bytes),
noticed AS (  -- after the row's lock: of two versions of a resource, the later has the higher number
  INSERT INTO change_event (tenant, resource_type, id, version, bytes)
  SELECT $1, w.resource_type, w.id, w.version, w.bytes
  FROM written w JOIN subscribed_type t ON t.resource_type = w.resource_type AND t.tenant IN ($1, 0)),
dates AS (
  INSERT INTO date_value (tenant, rid, key, low, high)
  SELECT $1, d.rid, d.key, d.low, d.high
  FROM unnest($12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[]) AS d(rid, key, low, high)
  JOIN written w ON w.rid = d.rid),
numbers AS (
  INSERT INTO number_value (tenant, rid, key, low, high, units)
  SELECT $1, n.rid, n.key, n.low, n.high, n.units::bigint[]
  FROM unnest($16::bigint[], $17::bigint[], $18::numeric[], $19::numeric[], $20::text[])
       AS n(rid, key, low, high, units)
  JOIN written w ON w.rid = n.rid),
strings AS (
  INSERT INTO string_value (tenant, rid, key, value, grams)
  SELECT $1, s.rid, s.key, s.value, s.grams::bigint[]
  FROM unnest($21::bigint[], $22::bigint[], $23::text[], $24::text[]) AS s(rid, key, value, grams)
  JOIN written w ON w.rid = s.rid)
"""
)
_DONE = "SELECT resource_type, id FROM written"
_WORDS = """,
words AS (
  INSERT INTO word_value (tenant, rid, words)
  SELECT $1, v.rid, v.words::tsvector FROM unnest($27::bigint[], $28::text[]) AS v(rid, words)
  JOIN written w ON w.rid = v.rid)
"""
_OLD_WORDS = """,
old_words AS (DELETE FROM word_value v USING written w WHERE w.version > 1 AND v.tenant = $1 AND v.rid = w.rid)
"""

_CREATE = _INCOMING.format(on_conflict="DO NOTHING")

_REPLACE = (
    _INCOMING.format(
        on_conflict="""DO UPDATE
  SET version = excluded.version, txn = excluded.txn, last_updated = excluded.last_updated,
      deleted = excluded.deleted, method = excluded.method, terms = excluded.terms, body = excluded.body,
      sealed = excluded.sealed
  WHERE r.version = excluded.version - 1 AND r.xmin = (
    -- What the statement removes from the index is what its snapshot shows: nobody may have indexed the row since.
    SELECT o.xmin FROM resource o
    WHERE o.tenant = excluded.tenant AND o.resource_type = excluded.resource_type AND o.id = excluded.id)"""
    )
    + """,
archived AS (  -- the statement's snapshot still shows the version that is being replaced
  INSERT INTO resource_history (tenant, resource_type, rid, id, version, txn, last_updated, deleted, method, body)
  SELECT o.tenant, o.resource_type, o.rid, o.id, o.version, o.txn, o.last_updated, o.deleted, o.method, o.body
  FROM resource o JOIN written w ON o.tenant = $1 AND o.resource_type = w.resource_type AND o.id = w.id),
old_dates AS (DELETE FROM date_value d USING written w WHERE w.version > 1 AND d.tenant = $1 AND d.rid = w.rid),
old_numbers AS (DELETE FROM number_value n USING written w WHERE w.version > 1 AND n.tenant = $1 AND n.rid = w.rid),
old_strings AS (DELETE FROM string_value s USING written w WHERE w.version > 1 AND s.tenant = $1 AND s.rid = w.rid)
"""
)
CREATE, REPLACE = _CREATE + _DONE, _REPLACE + _DONE
CREATE_WITH_WORDS, REPLACE_WITH_WORDS = _CREATE + _WORDS + _DONE, _REPLACE + _WORDS + _OLD_WORDS + _DONE
"""Where the tenant keeps no words, nothing is paid for them."""


async def apply(connection: Connection, tenant: int, changes: Sequence[Change]) -> frozenset[tuple[str, str]]:
    """Writes the changes in one statement; returns the (type, id) of those that were written.

    One that is missing from the answer met another writer: nothing of it is stored. No two changes may be of the same
    resource. Where the tenant's search parameters are not those that this process knows, it reads them and writes by
    those. Inside a transaction, the caller holds the rows' locks, in the order of (type, id), beforehand.
    """
    ordered = sorted(changes, key=lambda change: change.key)
    is_new = all(change.replaces == 0 for change in ordered)
    known = await edition_of(connection, tenant)
    while True:
        indexed = _indexed(tenant, ordered, known.parameters)
        columns = [*_columns(ordered, indexed), known.number]
        sql = CREATE if is_new else REPLACE
        if known.parameters.keeps_words:
            sql = CREATE_WITH_WORDS if is_new else REPLACE_WITH_WORDS
            worded = [(rid, rows.words) for rid, rows in indexed if rows.words]
            columns += [[rid for rid, _ in worded], [words for _, words in worded]]
        rows = await connection.fetch(sql, tenant, *columns)
        if rows or (present := await present_edition(connection, tenant)).number == known.number:
            return frozenset((row[0], row[1]) for row in rows)
        known = present


def _indexed(tenant: int, changes: Sequence[Change], parameters: SearchParameters) -> list[tuple[int, IndexRows]]:
    return [
        (c.rid, NO_ROWS if c.incoming is None else index_rows(tenant, c.incoming.resource, parameters)) for c in changes
    ]


def _columns(changes: Sequence[Change], indexed: Sequence[tuple[int, IndexRows]]) -> list[object]:
    """The statement's parameters $2 to $25: a list a column."""
    dates = [(rid, *row) for rid, rows in indexed for row in rows.dates]
    numbers = [(rid, *row) for rid, rows in indexed for row in rows.numbers]
    strings = [(rid, *row) for rid, rows in indexed for row in rows.strings]
    return [
        [c.resource_type for c in changes],
        [c.id for c in changes],
        [c.rid for c in changes],
        [c.version for c in changes],
        [c.moment for c in changes],
        [c.incoming is None for c in changes],
        [c.method for c in changes],
        [reference_hash(c.resource_type, c.id) for c in changes],
        [_array(rows.terms) for _, rows in indexed],
        [c.text for c in changes],
        [d[0] for d in dates],
        [d[1] for d in dates],
        [d[2] for d in dates],
        [d[3] for d in dates],
        [n[0] for n in numbers],
        [n[1] for n in numbers],
        [n[2] for n in numbers],
        [n[3] for n in numbers],
        [_array(n[4]) for n in numbers],
        [s[0] for s in strings],
        [s[1] for s in strings],
        [s[2] for s in strings],
        [_array(s[3]) for s in strings],
        [c.sealed for c in changes],
    ]


def _array(values: Sequence[int]) -> str:
    """A bigint array as text: unnest can't give rows arrays of different lengths."""
    return "{" + ",".join(map(str, values)) + "}"
