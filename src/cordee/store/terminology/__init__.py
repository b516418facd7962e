"""Code systems, value sets and concept maps in PostgreSQL: found by their canonical address, concepts one a row."""
