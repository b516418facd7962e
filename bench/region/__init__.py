"""A region of fictitious coordinated care, as large as is asked for, as NDJSON files by type."""
