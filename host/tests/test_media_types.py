"""Content says what a file is, and whether it is what its sender calls it."""

import pytest

from nagorik_host.media_types import UNKNOWN, contradicts, detect_media_type
from nagorik_testing.fixtures.documents import specimen_pdf, specimen_picture

EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + b"\0" * 200
XML = b'<?xml version="1.0"?><licence/>'
HTML = b"<!DOCTYPE html><html>"
PDF = specimen_pdf("DEED")


@pytest.mark.parametrize(
    ("beginning", "media_type"),
    [
        (PDF, "application/pdf"),
        (b"\xef\xbb\xbf\r\n%PDF-1.7", "application/pdf"),
        (specimen_picture("a"), "image/png"),
        (b"\xff\xd8\xff\xfe\x00\x40" + b"made by a ply scanner" * 3, "image/jpeg"),
        (b"II*\x00" + b"\0" * 50, "image/tiff"),
        (b"\xef\xbb\xbf" + XML, "application/xml"),
        (HTML, "text/html"),
        (EXE, UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_content_says_what_a_document_is(beginning, media_type):
    assert detect_media_type(beginning) == media_type


@pytest.mark.parametrize(
    ("media_type", "beginning", "is_other"),
    [
        ("application/pdf", PDF, False),
        ("text/xml", b"\xef\xbb\xbf" + XML, False),
        ("application/xml", '<?xml version="1.0"?><a/>'.encode("utf-16"), False),
        ("application/vnd.bd.licence+xml", XML, False),
        ("text/plain", b"words", False),
        ("application/pdf", HTML, True),
        ("application/pdf", EXE, True),
        ("image/png", PDF, True),
        ("application/xml", HTML, True),
        ("text/xml", b"words", True),
        ("text/plain", specimen_picture("a"), True),
    ],
)
def test_content_contradicts_what_is_something_else(media_type, beginning, is_other):
    assert contradicts(media_type, beginning) == is_other
