"""What a file is, by how it begins, whatever its name or its sender says."""

from typing import Final

UNKNOWN: Final = "application/octet-stream"

_BEGINNING: Final = 4_096
"""Bytes by which it is told what a file is."""
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_ALWAYS_TOLD: Final = frozenset({"application/pdf", "image/jpeg", "image/png", "image/tiff", "image/webp"})
"""Types that every file of theirs begins with a mark of."""
_PICTURE: Final = "image/"


def detect_media_type(beginning: bytes) -> str:
    """What begins so; ``UNKNOWN`` where that cannot be told."""
    from puremagic import PureError, from_string

    if beginning.startswith(_BYTE_ORDER_MARK + b"<"):
        beginning = beginning.removeprefix(_BYTE_ORDER_MARK)
    try:
        return from_string(beginning[:_BEGINNING], mime=True) or UNKNOWN
    except (PureError, ValueError):  # nothing that it knows; nothing at all
        return UNKNOWN


def contradicts(media_type: str, beginning: bytes) -> bool:
    """Whether what begins so is something else than ``media_type``, as far as that can be told."""
    found = detect_media_type(beginning)
    if media_type in _ALWAYS_TOLD or found in _ALWAYS_TOLD:
        return found != media_type
    if media_type.endswith(("/xml", "+xml")):
        text = beginning.removeprefix(_BYTE_ORDER_MARK).lstrip()
        # In UTF-16 it begins with a mark of the order of its bytes.
        return found == "text/html" or not text.startswith((b"<", b"\xff\xfe", b"\xfe\xff"))
    return media_type.startswith(_PICTURE) and not found.startswith(_PICTURE)
