"""What a file is, by how it begins, whatever its name or its sender says."""

from typing import Final

UNKNOWN: Final = "application/octet-stream"
BEGINNING: Final = 4_096
"""Bytes that show what a file is."""
_XML: Final = "application/xml"
_MARKS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"<!doctype html", "text/html"),
    (b"<html", "text/html"),
    (b"<", _XML),
    (b"\xff\xfe<", _XML),
    (b"\xfe\xff\x00<", _XML),
)
_KNOWN: Final = frozenset(media_type for _, media_type in _MARKS)


def detect_media_type(beginning: bytes) -> str:
    """The type of a PDF, JPEG, PNG, TIFF, HTML or XML file; ``UNKNOWN`` for any other."""
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip()
    found = (media_type for mark, media_type in _MARKS if text.startswith(mark) or text.lower().startswith(mark))
    return next(found, UNKNOWN)


def contradicts(media_type: str, beginning: bytes) -> bool:
    """Whether what begins so is something else than ``media_type``, as far as that is known."""
    found = detect_media_type(beginning)
    declared = _XML if media_type.lower().endswith(("/xml", "+xml")) else media_type.lower()
    return found != declared and (found != UNKNOWN or declared in _KNOWN)
