"""Run by Alembic: brings the tables of the host, or of an extension, to another revision on an open connection."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    version_table=context.config.attributes["version_table"],
    # SQLite cannot alter a table in place; Alembic copies it.
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
