"""Documents and other evidence: references that travel, bytes that do not."""

from collections.abc import AsyncIterator
from typing import Annotated, Protocol

from pydantic import Field, StringConstraints

from nagorik.privacy import OPERATIONAL, PERSONAL, Model

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class DocumentReference(Model):
    """Points at a document in the host's store."""

    id: Annotated[str, PERSONAL]
    """The store's own handle."""
    kind: Annotated[str, OPERATIONAL]
    """What it proves or is: one of the kinds that a service's manifest lists, such as ``holding-tax-receipt``."""
    media_type: str
    """RFC 6838 media type, as detected by the host."""
    bytes: int = Field(ge=0)
    """Size in bytes."""
    sha256: Annotated[Sha256, PERSONAL]
    """Hash of the content, lower-case hexadecimal."""


class DocumentStore(Protocol):
    """The host's documents, as a plugin reaches them through its call's context."""

    def open(self, document: DocumentReference) -> AsyncIterator[bytes]:
        """Stream a document's content in chunks."""
        ...

    async def put(self, kind: str, media_type: str, content: bytes) -> DocumentReference:
        """Keep a document that an agency handed out, and return its reference."""
        ...
