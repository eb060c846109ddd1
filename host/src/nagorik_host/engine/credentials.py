"""Which settings a worker has for its agencies, as keyed hashes that tell nobody what they are."""

from collections import Counter
from collections.abc import Iterable
from functools import partial

from nagorik_host.engine.plugins import kept_out_by
from nagorik_host.engine.standings import note_credentials
from nagorik_host.engine.tokens import settings_identity
from nagorik_host.store.database import Database, Transaction
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
        self._versions: Counter[str] = Counter()

    def known(self, plugin: str) -> str | None:
        """The settings of a plugin, as ``settings_identity``, as far as they were asked for."""
        return self._known.get(plugin)

    def version(self, plugin: str) -> int:
        """How often a plugin has got other settings so far."""
        return self._versions[plugin]

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
            self._versions[plugin] += 1

    async def tell(self) -> None:
        """Let the other workers know which settings this one has.

        Raises:
            DatabaseUnavailable: The database is gone; the next heartbeat tells it.
        """
        await self._database.run(self.note)

    def note(self, transaction: Transaction) -> None:
        """As ``tell``, within a transaction. Of a plugin that is kept out here, others may expect nothing."""
        kept_out = {one.plugin for one in kept_out_by(self._platform)}
        told = {plugin: identity for plugin, identity in self._known.items() if plugin not in kept_out}
        note_credentials(transaction, self._worker, told)
