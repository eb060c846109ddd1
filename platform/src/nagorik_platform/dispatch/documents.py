"""The host's documents as a call sees them, and what stands in where a host keeps none."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from typing import Final

from nagorik.errors import AgencyUnavailable, Layer, NagorikError, SettingsRejected
from nagorik.model.application import DocumentReference, DocumentStore
from nagorik_platform.documents import DOCUMENT_UNREADABLE, OwnedDocuments

FROM_AN_AGENCY: Final = "agency"
"""The owner of what a call has kept: no application hands it in."""


class CallDocuments:
    """The host's store as one call sees it, which remembers what the call has kept there.

    Attributes:
        kept: The ids of what was kept.
        unreadable: What was read and could not be, or is not what its reference says; the first of them.
    """

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self.kept: set[str] = set()
        self.unreadable: DocumentReference | None = None

    async def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """As the host's, and held against size and hash as it goes by.

        Raises:
            AgencyUnavailable: ``document-unreadable``: it cannot be read, or is not what it was.
        """
        digest, size = hashlib.sha256(), 0
        pieces = aiter(self._store.open(document))
        while True:
            try:
                piece = await anext(pieces, None)
            except NagorikError:
                raise
            except Exception:  # noqa: BLE001 - a host's store may raise anything, with a path in its text
                break
            if piece is None:
                if (size, digest.hexdigest()) == (document.bytes, document.sha256):
                    return
                break
            digest.update(piece)
            size += len(piece)
            if size > document.bytes:
                break
            yield piece
        self.unreadable = self.unreadable or document
        raise AgencyUnavailable(because=DOCUMENT_UNREADABLE, layer=Layer.CORE)

    async def put(self, kind: str, media_type: str, content: bytes | Iterable[bytes]) -> DocumentReference:
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
        content: bytes | Iterable[bytes],  # noqa: ARG002
    ) -> DocumentReference:
        """Nothing can be kept."""
        raise SettingsRejected(["documents"], plugin=self._plugin)
