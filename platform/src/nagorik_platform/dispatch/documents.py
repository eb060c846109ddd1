"""The host's documents as a call sees them, and what stands in where a host keeps none."""

from collections.abc import AsyncIterator
from typing import Final

from nagorik.errors import SettingsRejected
from nagorik.model.application import DocumentReference, DocumentStore
from nagorik_platform.documents import OwnedDocuments

FROM_AN_AGENCY: Final = "agency"
"""The owner of what a call has kept: no application hands it in."""


class CallDocuments:
    """The host's store as one call sees it, which remembers what the call has kept there."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self.kept: set[str] = set()
        """The ids of what was kept."""

    def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """As the host's."""
        return self._store.open(document)

    async def put(self, kind: str, media_type: str, content: bytes) -> DocumentReference:
        """As the host's."""
        made = await self._store.put(kind, media_type, content)
        if isinstance(self._store, OwnedDocuments):
            await self._store.claim(made.id, FROM_AN_AGENCY)
        self.kept.add(made.id)
        return made


class NoDocuments:
    """Stands where a host has no document store: a plugin that needs one cannot serve here."""

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin

    def open(self, document: DocumentReference) -> AsyncIterator[bytes]:  # noqa: ARG002 - the protocol's
        """Nothing can be opened."""
        raise SettingsRejected(["documents"], plugin=self._plugin)

    async def put(
        self,
        kind: str,  # noqa: ARG002 - the protocol's
        media_type: str,  # noqa: ARG002
        content: bytes,  # noqa: ARG002
    ) -> DocumentReference:
        """Nothing can be kept."""
        raise SettingsRejected(["documents"], plugin=self._plugin)
