"""Reading what an agency sent: within a size, out of its compression, out of its character set."""

import codecs
import zlib
from collections.abc import AsyncIterable
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class TooLarge(Exception):
    """The answer is larger than may be read."""


class Undecodable(Exception):
    """The answer is not in the content encoding that it claims."""


async def collect(chunks: AsyncIterable[bytes], limit: int, encoding: str | None) -> bytes:
    """The whole body, at most ``limit`` bytes of it, counted after decompression.

    Only gzip is undone, as nothing else is asked for. It is undone here and not by httpx, which inflates a chunk
    as a whole and so lets sixty kilobytes grow to sixty megabytes before anyone counts.

    Raises:
        TooLarge: As soon as the limit is passed.
        Undecodable: When the compression is another than gzip, or broken.
    """
    if encoding is None or encoding in {"", "identity"}:
        return await _plain(chunks, limit)
    if encoding not in {"gzip", "x-gzip"}:
        raise Undecodable
    return await _gunzip(chunks, limit)


async def _plain(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge
        parts.append(chunk)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _gunzip(chunks: AsyncIterable[bytes], limit: int) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        pending = chunk
        while pending:
            if inflater.eof:  # a further gzip member follows
                inflater = zlib.decompressobj(_GZIP)
            try:
                part = inflater.decompress(pending, limit - size + 1)
            except zlib.error:
                part = None
            if part is None:
                raise Undecodable
            size += len(part)
            if size > limit:
                raise TooLarge
            parts.append(part)
            pending = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    if not inflater.eof:
        raise Undecodable
    return b"".join(parts)


def to_text(body: bytes, content_type: str | None) -> str | None:
    """The body as text without its byte order mark; ``None`` when no stated character set fits.

    A byte order mark is believed first; then UTF-8, which is what JSON is written in and which text of another
    character set practically never is by accident; then the ``charset`` that the content type names.
    """
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return _decode(body[len(mark) :], charset)
    stated = _charset(content_type)
    wide = stated is not None and stated.startswith(("utf-16", "utf-32", "utf_16", "utf_32"))
    text = None if wide else _decode(body, "utf-8")
    if text is None and stated is not None:
        text = _decode(body, stated)
    return text


def _decode(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except (ValueError, LookupError):
        return None


def _charset(content_type: str | None) -> str | None:
    for parameter in (content_type or "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return None
