"""A ``multipart/form-data`` body (RFC 7578) whose documents are streamed from the host's store.

httpx writes such bodies, too, but reads its files without awaiting, so that a sealed document would have to be in
memory as a whole.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final
from uuid import uuid4

from nagorik.http import Body, FormPart
from nagorik.model.application import DocumentReference

OpenDocument = Callable[[DocumentReference], AsyncIterator[bytes]]
"""Streams a document of the host's; raises ``AgencyUnavailable`` where it is not what its reference says."""

_QUOTED: Final = {ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A"}
"""What is escaped within a quoted name, as browsers do (WHATWG, multipart/form-data encoding algorithm)."""


class MultipartBody:
    """The parts of a request, written anew for each attempt and always the same.

    Attributes:
        size: Its length in bytes.
        content_type: The value of its ``Content-Type`` header.
        is_broken: Whether a document could not be read while the body was sent.
    """

    def __init__(self, parts: Sequence[FormPart], open_document: OpenDocument) -> None:
        """Make a body; raises ``TypeError`` or ``ValueError`` for a part that cannot be sent."""
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
        self.is_broken = False

    async def check(self) -> None:
        """Read each document once, before anything of the request is sent.

        Raises:
            AgencyUnavailable: One cannot be read, or is not what its reference says; the application is kept.
        """
        async for _ in self.chunks():
            pass

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body from its beginning, piece by piece."""
        for piece in self._pieces:
            if isinstance(piece, bytes):
                yield piece
                continue
            try:
                async for chunk in self._open(piece):
                    yield bytes(chunk)
            except Exception:
                self.is_broken = True
                raise


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
    """Make a body of ``value``, or return the one that it is.

    Raises:
        TypeError: It is neither, or its content may change between two attempts.
    """
    made = value if isinstance(value, Body) else value.to_body() if hasattr(value, "to_body") else None
    if not isinstance(made, Body) or not isinstance(made.content, bytes):
        raise TypeError("neither a body nor what has one")
    return made
