"""Reading what an agency sent: within a size, out of its compression, out of its character set."""

import zlib
from collections.abc import AsyncIterable
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS


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
