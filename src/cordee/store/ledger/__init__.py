"""The ledgers in PostgreSQL: appended to inside a unit of work, read in order, verified."""

from cordee.store.ledger.appending import EntryExists, append
from cordee.store.ledger.reading import LedgerReader

__all__ = ["EntryExists", "LedgerReader", "append"]
