"""What an agency answered, as a plugin's ``answers`` function and the core's own judgement read it."""

from collections.abc import Mapping, Sequence

import pydantic_core
from pydantic import JsonValue

from nagorik.agency_client.content import to_text


class Answer:
    """One answer of the agency, read to its end.

    Attributes:
        status: The HTTP status.
        body: The bytes, after decompression.
    """

    __slots__ = ("_document", "_headers", "_parsed", "body", "raw_headers", "status")

    def __init__(self, status: int, raw_headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.raw_headers = raw_headers
        self.body = body
        self._headers: Mapping[str, str] | None = None
        self._document: JsonValue = None
        self._parsed = False

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by their names in lower case; of a repeated one, the last."""
        if self._headers is None:
            self._headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.raw_headers
            }
        return self._headers

    @property
    def content_type(self) -> str | None:
        """The ``Content-Type`` header as sent."""
        return self.headers.get("content-type")

    @property
    def document(self) -> JsonValue:
        """The body read as JSON, whatever its label says; ``None`` when it is none (or is ``null``)."""
        if not self._parsed:
            self._parsed = True
            try:
                self._document = pydantic_core.from_json(self.text or "")
            except ValueError:
                self._document = None
        return self._document

    @property
    def text(self) -> str | None:
        """The body as text; ``None`` when it is in no character set that it states."""
        return to_text(self.body, self.content_type)

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"
