"""Which settings a worker has for its agencies, as keyed hashes that tell nobody what they are."""

from collections.abc import Iterable
from functools import partial

from nagorik_host.engine.standings import note_credentials
from nagorik_host.engine.tokens import settings_identity
from nagorik_host.store.database import Database
from nagorik_host.vault import Vault
from nagorik_platform import Platform


class WorkerCredentials:
    """Knows the settings that one worker has for each agency, and tells the other workers which they are."""

    def __init__(self, database: Database, platform: Platform, *, vault: Vault, worker: str) -> None:
        """Of the worker whose id is ``worker``; nothing is known before somebody asks."""
        self._database = database
        self._platform = platform
        self._vault = vault
        self._worker = worker
        self._known: dict[str, str] = {}
        self._told: dict[str, str] = {}

    def known(self, plugin: str) -> str | None:
        """The settings of a plugin, as ``settings_identity``, as far as they were asked for."""
        return self._known.get(plugin)

    async def identify(self, plugin: str) -> str | None:
        """The settings of a plugin; ``None`` where it has none that can be used. It is imported for that."""
        if plugin not in self._known:
            identity = await self._platform.identify_settings(plugin, partial(settings_identity, self._vault, plugin))
            if identity is None:
                return None
            self._known[plugin] = identity
        return self._known[plugin]

    def forget(self, plugins: Iterable[str]) -> None:
        """These plugins have other settings now."""
        for plugin in plugins:
            self._known.pop(plugin, None)

    async def tell(self) -> None:
        """Let the other workers know, where anything has changed.

        Raises:
            DatabaseUnavailable: The database is gone; the next time tells it.
        """
        known = dict(self._known)
        if known != self._told:
            await self._database.run(partial(note_credentials, worker=self._worker, identities=known))
            self._told = known
