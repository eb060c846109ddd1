"""What a database does by itself beside what the host has it do: nothing.

A trigger or a rule can drop or change what the host writes, and a view or a policy can hide what it reads.
"""

from typing import Final

from nagorik_host.store.audit.findings import AuditFinding
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import shown

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
    """The triggers, rules, views and policies that no host has made."""
    is_server = transaction.connection.dialect.name == "postgresql"
    found = transaction.connection.exec_driver_sql(_ON_POSTGRESQL if is_server else _ON_SQLITE)
    return [AuditFinding("foreign-program", f"database/{kind}", shown(name)) for kind, name in found]
