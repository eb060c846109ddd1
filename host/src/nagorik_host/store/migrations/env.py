"""Run by Alembic: brings the database behind an open connection to another revision."""

from alembic import context

import nagorik_host.store.partial_indexes  # noqa: F401 - completes the tables
from nagorik_host.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a table in place; Alembic copies it.
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
