"""A document store that forgets everything when the process ends."""

from collections.abc import AsyncIterator
from hashlib import sha256

from nagorik.model.document import DocumentReference

CHUNK = 65_536


class MemoryDocuments:
    """Keeps documents in memory, for tests and demonstrations; implements the core's ``DocumentStore``."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    async def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """Stream a document's content in chunks of 64 KiB.

        Raises:
            KeyError: There is no such document here.
        """
        content = self._contents[document.id]
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]

    async def put(self, kind: str, media_type: str, content: bytes) -> DocumentReference:
        """Keep a document under the hash of its content."""
        digest = sha256(content).hexdigest()
        self._contents[digest] = content
        return DocumentReference(id=digest, kind=kind, media_type=media_type, bytes=len(content), sha256=digest)
