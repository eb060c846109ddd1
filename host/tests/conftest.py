"""Databases for the host's tests."""

from host_databases import (
    database,
    database_url,
    keyring,
    new_postgresql,
    new_ready_postgresql,
    postgresql_server,
    postgresql_template,
    postgresql_url,
    ready_file,
    ready_postgresql,
    ready_url,
    sqlite_template,
    vault,
)

__all__ = [
    "database",
    "database_url",
    "keyring",
    "new_postgresql",
    "new_ready_postgresql",
    "postgresql_server",
    "postgresql_template",
    "postgresql_url",
    "ready_file",
    "ready_postgresql",
    "ready_url",
    "sqlite_template",
    "vault",
]
