"""A ``multipart/form-data`` body (RFC 7578) whose documents are streamed from the host's store.

httpx writes such bodies, too, but reads its files without awaiting, so that a sealed document would have to be in
memory as a whole.
"""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final
from uuid import uuid4

from nagorik.errors import AgencyUnavailable, Layer, NagorikError
from nagorik.http import Body, FormPart
from nagorik.model.application import DocumentReference
from nagorik_platform.agency_client.retry_table import Failure

OpenDocument = Callable[[DocumentReference], AsyncIterator[bytes]]

_QUOTED: Final = {ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A"}
"""What is escaped within a quoted name, as browsers do (WHATWG, multipart/form-data encoding algorithm)."""


class DocumentChanged(Exception):
    """A document in the host's store is not what the application was taken in with."""


class MultipartBody:
    """The parts of a request, written anew for each attempt and always the same.

    Attributes:
        size: Its length in bytes.
        content_type: The value of its ``Content-Type`` header.
    """

    def __init__(self, parts: Sequence[FormPart], open_document: OpenDocument) -> None:
        """Make a body; documents are opened when it is sent.

        Raises:
            TypeError: A part's content is nothing that can be sent.
            ValueError: A media type holds what no header may.
        """
        self._open = open_document
        boundary = f"nagorik-{uuid4().hex}"
        self._pieces: list[bytes | DocumentReference] = []
        for part in parts:
            content, media_type = _content(part)
            lines = [f'Content-Disposition: form-data; name="{part.name.translate(_QUOTED)}"']
            if part.filename is not None:
                lines[0] += f'; filename="{part.filename.translate(_QUOTED)}"'
            if media_type is not None:
                if not media_type.isascii() or not media_type.isprintable():
                    raise ValueError("a media type is printable ASCII")
                lines.append(f"Content-Type: {media_type}")
            self._pieces += ["\r\n".join((f"--{boundary}", *lines, "", "")).encode(), content, b"\r\n"]
        self._pieces.append(f"--{boundary}--\r\n".encode())
        self.size = sum(len(piece) if isinstance(piece, bytes) else piece.bytes for piece in self._pieces)
        self.content_type = f"multipart/form-data; boundary={boundary}"

    async def check(self) -> None:
        """See that each document can be read and is what its reference says, before anything of it is sent.

        Raises:
            AgencyUnavailable: One cannot, or is not; the application is kept.
        """
        try:
            for piece in self._pieces:
                if isinstance(piece, DocumentReference):
                    async for _ in self._document(piece):
                        pass
        except NagorikError:
            raise
        except Exception:  # noqa: BLE001 - a host's store may raise anything, with a path in its text
            error = AgencyUnavailable(because=Failure.BODY.value, layer=Layer.CORE)
        else:
            return
        raise error

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body from its beginning, piece by piece.

        Raises:
            DocumentChanged: A document is no longer what its reference says; its last bytes are held back.
        """
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
            else:
                async for chunk in self._document(piece):
                    yield chunk

    async def _document(self, reference: DocumentReference) -> AsyncIterator[bytes]:
        digest, size, held = hashlib.sha256(), 0, b""
        async for chunk in self._open(reference):
            if held:
                yield held
            digest.update(chunk)
            size += len(chunk)
            held = bytes(chunk)  # a store may read into one buffer again and again
            if size > reference.bytes:
                break
        if size != reference.bytes or digest.hexdigest() != reference.sha256:
            raise DocumentChanged
        if held:
            yield held


def _content(part: FormPart) -> tuple[bytes | DocumentReference, str | None]:
    """What a part holds, and of which type it is."""
    content = part.content
    if isinstance(content, DocumentReference):
        return content, part.content_type or content.media_type
    if isinstance(content, bytes | str):
        return content if isinstance(content, bytes) else content.encode(), part.content_type
    body = to_body(content)
    return body.content, part.content_type or body.content_type


def to_body(value: object) -> Body:
    """A body, or what can be one.

    Raises:
        TypeError: It is neither, or its content may change between two attempts.
    """
    made = value if isinstance(value, Body) else value.to_body() if hasattr(value, "to_body") else None
    if not isinstance(made, Body) or not isinstance(made.content, bytes):
        raise TypeError("neither a body nor what has one")
    return made
