"""Documents that come in from a browser: streamed into the host's sealed store, never in memory as a whole."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from nagorik import DocumentReference, InputRejected
from nagorik.manifest import PublicService
from nagorik_host.media_types import BEGINNING, detect_media_type
from nagorik_host.store.documents import FolderDocumentStore, pieces_of
from nagorik_platform.documents import document_problem
from nagorik_portal.errors import PortalError


class DocumentNotHeld(PortalError, LookupError):
    """The application has no such document."""

    code, status = "no-such-document", 404


async def take_document(
    store: FolderDocumentStore, service: PublicService, kind: str, pieces: AsyncIterator[bytes]
) -> DocumentReference:
    """Keep a document for a service; its type is detected by its content.

    Raises:
        InputRejected: It is empty, too large, or of a kind or type that the service does not take; nothing is kept.
    """
    beginning, loop = b"", asyncio.get_running_loop()
    async for piece in pieces:
        beginning += piece
        if len(beginning) >= BEGINNING:
            break
    media_type = detect_media_type(beginning[:BEGINNING])

    def refuse(size: int) -> None:
        if (problem := document_problem(service, kind, media_type, size, 0)) is not None:
            raise InputRejected([problem])

    def come() -> Iterator[bytes]:
        size = 0
        piece: bytes | None = beginning
        while piece is not None:
            size += len(piece)
            refuse(size)
            yield piece
            # The store reads in a thread of its own; what comes next is awaited on the loop.
            piece = asyncio.run_coroutine_threadsafe(_next(pieces), loop).result()

    refuse(len(beginning))
    return await store.take(kind, media_type, pieces_of(come()))


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    return await anext(pieces, None)
