"""Databases for campaigns."""

from host_databases import database_url, keyring, new_postgresql, postgresql_server, postgresql_url

__all__ = ["database_url", "keyring", "new_postgresql", "postgresql_server", "postgresql_url"]
