"""Databases and simulated agencies for the host's tests."""

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
from host_world import new_world, world

__all__ = [
    "database",
    "database_url",
    "keyring",
    "new_postgresql",
    "new_ready_postgresql",
    "new_world",
    "postgresql_server",
    "postgresql_template",
    "postgresql_url",
    "ready_file",
    "ready_postgresql",
    "ready_url",
    "sqlite_template",
    "vault",
    "world",
]
