"""Whether the tables are those that the host made, the file is whole, and the database does nothing by itself.

Triggers and rules drop what is written; views, policies and damaged indexes hide what is read.
"""

from typing import Any, Final

from nagorik_host import extensions
from nagorik_host.store.audit.findings import AuditFinding
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import metadata, shown

_ON_SQLITE: Final = "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view') ORDER BY type, name"
_ON_POSTGRESQL: Final = """
SELECT 'trigger', CAST(tgname AS text) FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE NOT tgisinternal AND nspname = current_schema()
UNION ALL SELECT 'rule', CAST(rulename AS text) FROM pg_rules WHERE schemaname = current_schema()
UNION ALL SELECT 'view', CAST(viewname AS text) FROM pg_views WHERE schemaname = current_schema()
UNION ALL SELECT 'policy', CAST(policyname AS text) FROM pg_policies WHERE schemaname = current_schema()
ORDER BY 1, 2
"""


def foreign_programs(transaction: Transaction) -> list[AuditFinding]:
    """Find triggers, rules, views and policies: the host makes none."""
    is_server = transaction.connection.dialect.name == "postgresql"
    found = transaction.connection.exec_driver_sql(_ON_POSTGRESQL if is_server else _ON_SQLITE)
    return [AuditFinding("foreign-program", f"database/{kind}", shown(name)) for kind, name in found]


def changed_tables(transaction: Transaction) -> list[AuditFinding]:
    """Find what differs between the tables and what the migrations make them."""
    # Most commands compare no tables.
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    import nagorik_host.store.partial_indexes  # noqa: F401 - completes the tables

    # Alembic takes several, which its annotations do not say.
    tables: Any = [metadata, *(one.metadata for one in extensions.installed())]
    foreign = extensions.left_alone(transaction.connection)

    def is_compared(name: str | None, kind: str, _: object) -> bool:
        """The tables of the queue of hints are made by the queue's own code."""
        return kind != "table" or name is None or not (name.startswith("nagorik_hints") or foreign(name))

    context = MigrationContext.configure(
        transaction.connection, opts={"include_name": is_compared, "compare_server_default": True}
    )
    # Those of one column come in a list of their own.
    differences = (one if isinstance(one, list) else [one] for one in compare_metadata(context, tables))
    found = {_named(one) for several in differences for one in several}
    return [AuditFinding("schema-differs", f"database/{shown(name)}", shown(what)) for name, what in sorted(found)]


def damaged_file(transaction: Transaction) -> list[AuditFinding]:
    """Ask SQLite whether its file is whole, and each index the image of its table; a server has its own tools."""
    if transaction.connection.dialect.name != "sqlite":
        return []
    # What it prints of a damage may quote what stands there.
    found = transaction.connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    return [] if found == "ok" else [AuditFinding("file-damaged", "database/file", "PRAGMA integrity_check")]


def _named(difference: tuple[Any, ...]) -> tuple[str, str]:
    """The table that differs, and what in it, of one of Alembic's differences."""
    kind, subject, *names = difference
    if subject is None:
        return names[0], f"{kind} {getattr(names[1], 'name', names[1])}"
    return getattr(subject, "table", subject).name, f"{kind} {subject.name}"
