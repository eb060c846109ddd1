"""A host with the portal in it."""

from host_databases import (
    database,
    keyring,
    new_ready_postgresql,
    postgresql_server,
    postgresql_template,
    ready_file,
    ready_postgresql,
    ready_url,
    sqlite_template,
    vault,
)
from host_site import applied, nagorik, place, ready, world, world_at
from portal_site import site

__all__ = [
    "applied",
    "database",
    "keyring",
    "nagorik",
    "new_ready_postgresql",
    "place",
    "postgresql_server",
    "postgresql_template",
    "ready",
    "ready_file",
    "ready_postgresql",
    "ready_url",
    "site",
    "sqlite_template",
    "vault",
    "world",
    "world_at",
]
