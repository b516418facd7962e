"""PostgreSQL: the one write path, history, search, bundles. Knows nothing of the field, nor of HTTP."""
