"""Content says what a file is, and whether it is what its sender calls it."""

import pytest

from nagorik_host.media_types import UNKNOWN, contradicts, detect_media_type
from nagorik_testing.fixtures.documents import specimen_pdf, specimen_picture

EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff" + b"\0" * 200


@pytest.mark.parametrize(
    ("beginning", "media_type"),
    [
        (specimen_pdf("DEED"), "application/pdf"),
        (specimen_picture("a"), "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "image/jpeg"),
        (b"\xff\xd8\xff\xe1\x00\x10Exif\x00", "image/jpeg"),
        (b"II*\x00" + b"\0" * 50, "image/tiff"),
        (b'<?xml version="1.0"?><licence/>', "application/xml"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><licence/>', "application/xml"),
        (b"<!DOCTYPE html><html>", "text/html"),
        (EXE, UNKNOWN),
        (b"\xef\xbb\xbf%PDF-1.7", "application/pdf"),
        (b"\r\n%PDF-1.7", "application/pdf"),
        (b"\xff\xd8\xff\xfe\x00\x40" + b"made by a ply scanner" * 3, "image/jpeg"),
        (b"plain words", UNKNOWN),
        (b"", UNKNOWN),
    ],
)
def test_content_says_what_a_paper_is(beginning, media_type):
    assert detect_media_type(beginning) == media_type


XML = b'<?xml version="1.0"?><licence/>'
HTML = b"<!DOCTYPE html><html>"


@pytest.mark.parametrize(
    ("media_type", "beginning"),
    [
        ("application/pdf", specimen_pdf("OK")),
        ("image/png", specimen_picture("a")),
        ("application/xml", XML),
        ("text/xml", b"\xef\xbb\xbf" + XML),
        ("application/xml", b"\n<licence/>"),
        ("application/xml", '<?xml version="1.0"?><a/>'.encode("utf-16")),
        ("application/vnd.bd.licence+xml", XML),
        ("text/plain", b"words"),
        ("text/html", HTML),
    ],
)
def test_what_is_as_it_is_called_is_not_contradicted(media_type, beginning):
    assert not contradicts(media_type, beginning)


@pytest.mark.parametrize(
    ("media_type", "beginning"),
    [
        ("application/pdf", HTML),
        ("application/pdf", EXE),
        ("application/pdf", b"words"),
        ("image/png", specimen_pdf("OK")),
        ("application/xml", HTML),
        ("application/xml", specimen_pdf("OK")),
        ("text/xml", b"words"),
        ("text/plain", specimen_picture("a")),
    ],
)
def test_what_is_something_else_is_told(media_type, beginning):
    assert contradicts(media_type, beginning)
