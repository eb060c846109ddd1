"""Documents that look like documents and are nobody's."""

import random
import struct
import zlib
from typing import Final

_SIDE: Final = 8
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:-/")


def specimen_pdf(*lines: str) -> bytes:
    """One page that says SPECIMEN and ``lines`` (in plain Latin letters), a whole PDF with its cross-references.

    Raises:
        ValueError: A line holds anything else.
    """
    if any(sign not in _PLAIN for line in lines for sign in line):
        raise ValueError("a specimen's lines are plain Latin letters, digits and .,:-/")
    shown = " ".join(f"({line}) ' " for line in ("SPECIMEN", *lines)).encode()
    text = b"BT /F1 14 Tf 18 TL 36 260 Td " + shown + b"ET"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 298]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    written, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    written_end = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return bytes(
        written + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, written_end)
    )


def specimen_picture(alias: str) -> bytes:
    """A small grey pattern as PNG, the same for the same alias and no face at all."""
    chance = random.Random(alias)  # noqa: S311 - a pattern, not a secret
    rows = b"".join(b"\0" + chance.randbytes(_SIDE) for _ in range(_SIDE))
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
