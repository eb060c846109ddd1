"""The host's documents as a call sees them."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from typing import Final

from nagorik.errors import AgencyUnavailable, Layer, NagorikError, PluginFault, SettingsRejected
from nagorik.manifest import AnyOffer, PublicService
from nagorik.model.application import DocumentReference, DocumentStore
from nagorik.model.status import FetchedDeliverable
from nagorik.privacy import Model
from nagorik_platform.documents import DOCUMENT_UNREADABLE, DocumentUnreadable, OwnedDocuments

FROM_AN_AGENCY: Final = "agency"
"""The owner of what a call has kept: no application hands it in."""


class CallDocuments:
    """The host's store as one call sees it, which remembers what the call has kept there.

    Attributes:
        kept: The ids of what was kept.
        unreadable: What was read and could not be, or is not what its reference says; the first of them.
    """

    def __init__(self, store: DocumentStore | None, plugin: str) -> None:
        """Use ``store``; without one, a plugin that needs documents cannot serve here."""
        self._host = store
        self._plugin = plugin
        self.kept: set[str] = set()
        self.unreadable: DocumentReference | None = None

    @property
    def _store(self) -> DocumentStore:
        if self._host is None:
            raise SettingsRejected(["documents"], plugin=self._plugin)
        return self._host

    async def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """As the host's, and held against size and hash as it goes by.

        Raises:
            AgencyUnavailable: ``document-unreadable``: it cannot be read, or is not what it was.
        """
        digest, size = hashlib.sha256(), 0
        try:
            async for piece in self._store.open(document):
                digest.update(piece)
                size += len(piece)
                if size > document.bytes:
                    break
                yield piece
        except NagorikError:
            raise
        except Exception:  # noqa: BLE001 - a host's store may raise anything, with a path in its text
            size = -1
        if (size, digest.hexdigest()) != (document.bytes, document.sha256):
            self.unreadable = self.unreadable or document
            raise AgencyUnavailable(because=DOCUMENT_UNREADABLE, layer=Layer.CORE)

    def explain(self, found: Model | NagorikError, offer: AnyOffer | None, request: Model) -> Model | NagorikError:
        """A hook's end; where a document could not be read, that is no fault of the plugin or its agency.

        A deliverable that the call did not keep is the plugin's fault: it may be another citizen's document.
        """
        if self.unreadable is None:
            is_foreign = isinstance(found, FetchedDeliverable) and found.document.id not in self.kept
            is_foreign = is_foreign and self._host is not None
            return PluginFault("deliverable-not-own", plugin=self._plugin) if is_foreign else found
        is_of_document = isinstance(found, AgencyUnavailable) and found.because == DOCUMENT_UNREADABLE
        if not is_of_document and not (isinstance(found, PluginFault) and found.fault == "raised"):
            return found
        handed_in: tuple[DocumentReference, ...] = getattr(request, "documents", ())
        number = next((number for number, one in enumerate(handed_in) if one.id == self.unreadable.id), None)
        return DocumentUnreadable(offer if isinstance(offer, PublicService) else None, self.unreadable.kind, number)

    async def put(self, kind: str, media_type: str, content: bytes | Iterable[bytes]) -> DocumentReference:
        """As the host's."""
        made = await self._store.put(kind, media_type, content)
        if isinstance(self._store, OwnedDocuments):
            await self._store.claim(made.id, FROM_AN_AGENCY)
        self.kept.add(made.id)
        return made
