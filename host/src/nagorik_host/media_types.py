"""What a file is, by how it begins, whatever its name or its sender says."""

from types import MappingProxyType
from typing import Final

UNKNOWN: Final = "application/octet-stream"

BEGINNING: Final = 4_096
"""Bytes that show what a file is."""
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_ALWAYS_TOLD: Final = frozenset({"application/pdf", "image/jpeg", "image/png", "image/tiff", "image/webp"})
"""Types that every file of theirs begins with a mark of."""
_PICTURE: Final = "image/"
_MARKS: Final = MappingProxyType(
    {
        b"\xff\xd8\xff": "image/jpeg",
        b"\x89PNG\r\n\x1a\n": "image/png",
        b"II*\x00": "image/tiff",
        b"MM\x00*": "image/tiff",
    }
)


def detect_media_type(beginning: bytes) -> str:
    """What begins so; ``UNKNOWN`` where that cannot be told."""
    from puremagic import PureError, from_string

    marked = _marked(beginning)
    if marked is not None:
        return marked
    if beginning.startswith(_BYTE_ORDER_MARK + b"<"):
        beginning = beginning.removeprefix(_BYTE_ORDER_MARK)
    try:
        return from_string(beginning[:BEGINNING], mime=True) or UNKNOWN
    except (PureError, ValueError):  # nothing that it knows; nothing at all
        return UNKNOWN


def _marked(beginning: bytes) -> str | None:
    """One of the types that papers have, by its own mark: a comment in a picture may hold any other's."""
    if beginning.lstrip().startswith(b"%PDF-"):
        return "application/pdf"
    if beginning.startswith(b"RIFF") and beginning[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for mark, media_type in _MARKS.items() if beginning.startswith(mark)), None)


def contradicts(media_type: str, beginning: bytes) -> bool:
    """Whether what begins so is something else than ``media_type``, as far as that can be told."""
    found, media_type = detect_media_type(beginning), media_type.lower()
    if media_type in _ALWAYS_TOLD or found in _ALWAYS_TOLD:
        return found != media_type
    if media_type.endswith(("/xml", "+xml")):
        text = beginning.removeprefix(_BYTE_ORDER_MARK).lstrip()
        # In UTF-16 it begins with a mark of the order of its bytes.
        return found == "text/html" or not text.startswith((b"<", b"\xff\xfe", b"\xfe\xff"))
    is_page = found == "text/html" and not media_type.startswith("text/")
    return is_page or (media_type.startswith(_PICTURE) and not found.startswith(_PICTURE))
