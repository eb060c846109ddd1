"""The host's database: applications, their journals, and all that is known of agencies and messages."""

from nagorik_host.store.database import (
    Database,
    DatabaseInvalid,
    DatabaseUnavailable,
    Transaction,
    Unit,
    open_database,
)

__all__ = ["Database", "DatabaseInvalid", "DatabaseUnavailable", "Transaction", "Unit", "open_database"]
