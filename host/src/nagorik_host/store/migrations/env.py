"""Run by Alembic: brings the database behind an open connection to another revision."""

from alembic import context

from nagorik_host.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter a table in place; Alembic copies it.
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
