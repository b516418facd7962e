"""The schema's history, applied by Alembic at every start."""
