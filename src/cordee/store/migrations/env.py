"""Alembic's entry: runs the versions on the connection that `cordee.store.migrate` hands over."""

from alembic import context

from cordee.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
