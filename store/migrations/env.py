"""Alembic's entry: runs the migrations on the connection that `store.migrate` hands over."""

from alembic import context

import store.tables  # noqa: F401 # defines what metadata knows
from store.tables.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    include_object=lambda _thing, name, kind, _reflected, _to: kind != "table" or name in metadata.tables,
)
with context.begin_transaction():
    context.run_migrations()
