"""The ledger of each structure: double entry, append only, hash chained. Pure: what it is, not where it is kept."""
