"""A host with the counter in it, and samples of receipts."""

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
from receipt_samples import browser, make_content, make_line

__all__ = [
    "applied",
    "browser",
    "database",
    "keyring",
    "make_content",
    "make_line",
    "nagorik",
    "new_ready_postgresql",
    "place",
    "postgresql_server",
    "postgresql_template",
    "ready",
    "ready_file",
    "ready_postgresql",
    "ready_url",
    "sqlite_template",
    "vault",
    "world",
    "world_at",
]
