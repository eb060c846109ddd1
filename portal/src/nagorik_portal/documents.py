"""Documents that come in from a browser: streamed into the host's sealed store, never in memory as a whole."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence

from nagorik import DocumentReference, InputRejected
from nagorik.manifest import PublicService
from nagorik_host.media_types import BEGINNING, UNKNOWN, detect_media_type
from nagorik_host.store.documents import FolderDocumentStore, NoSuchDocument, pieces_of
from nagorik_platform.documents import document_problem, not_their_own
from nagorik_portal.errors import PortalError


class DocumentNotHeld(PortalError, LookupError):
    """The application has no such document."""

    code = "no-such-document"
    status = 404


class DocumentDesk:
    """Takes documents in for services, and gives them out."""

    def __init__(self, store: FolderDocumentStore) -> None:
        """Keep documents in a host's store."""
        self._store = store

    async def take(self, service: PublicService, kind: str, pieces: AsyncIterator[bytes]) -> DocumentReference:
        """Keep a document; its type is detected by its content.

        Raises:
            InputRejected: It is empty, too large, or of a kind or type that the service does not take; nothing is
                kept.
        """
        listed = service.document_kind(kind)
        if listed is None:
            self._refuse(service, kind, "", 0)
        beginning = b""
        async for piece in pieces:
            beginning += piece
            if len(beginning) >= BEGINNING:
                break
        media_type = detect_media_type(beginning[:BEGINNING])
        self._refuse(service, kind, media_type, len(beginning))
        loop = asyncio.get_running_loop()

        def come() -> Iterator[bytes]:
            size = 0
            piece: bytes | None = beginning
            while piece is not None:
                size += len(piece)
                self._refuse(service, kind, media_type, size)
                yield piece
                # The store reads in a thread of its own; what comes next is awaited on the loop.
                piece = asyncio.run_coroutine_threadsafe(_next(pieces), loop).result()

        return await self._store.take(kind, media_type, pieces_of(come()))

    async def describe(self, kind: str, identity: str) -> DocumentReference:
        """The reference to a document that was kept before.

        Raises:
            DocumentNotHeld: It was erased since.
        """
        reference = DocumentReference(id=identity, kind=kind, media_type=UNKNOWN, bytes=0, sha256="0" * 64)
        beginning, digest, size = b"", hashlib.sha256(), 0
        try:
            async for piece in self._store.open(reference):
                beginning = beginning or piece[:BEGINNING]
                digest.update(piece)
                size += len(piece)
        except NoSuchDocument:
            raise DocumentNotHeld from None
        found = {"media_type": detect_media_type(beginning), "bytes": size, "sha256": digest.hexdigest()}
        return reference.model_copy(update=found)

    async def claim(self, documents: Sequence[DocumentReference], owner: str) -> None:
        """Give documents their owner.

        Raises:
            InputRejected: One has another.
        """
        for number, one in enumerate(documents):
            if not await self._store.claim(one.id, owner):
                raise not_their_own(number)

    def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """Stream a document's content."""
        return self._store.open(document)

    def remove(self, documents: Sequence[DocumentReference]) -> None:
        """Erase documents."""
        for one in documents:
            self._store.remove(one.id)

    @staticmethod
    def _refuse(service: PublicService, kind: str, media_type: str, size: int) -> None:
        problem = document_problem(service, kind, media_type, size, 0)
        if problem is not None:
            raise InputRejected([problem])


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)
