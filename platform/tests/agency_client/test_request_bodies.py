"""What a request sends: JSON, form fields, XML, parts with documents from the host's store, or any other bytes."""

import email.parser
import email.policy
import hashlib

import httpx
import pytest

from nagorik import AgencyUnavailable, OutcomeUnknown, PluginFault
from nagorik.http import Body, FormPart
from nagorik.model.application import DocumentReference
from nagorik.operations import Idempotency
from nagorik_toolkit.formats.xml import XmlModel, attr, element

NATIVE, REFERENCE = Idempotency.NATIVE, Idempotency.CLIENT_REFERENCE


class Filing(XmlModel, tag="filing", nsmap={"": "urn:demo"}):
    reference: str = attr(name="ref")
    name: str = element()
    remark: str | None = element(default=None)


class Receipt(XmlModel, tag="receipt"):
    number: int = element()


class Store:
    """Documents by their ids, in chunks; what they were when they were taken in, and what they are now."""

    def __init__(self, chunk: int = 65_536) -> None:
        self.contents: dict[str, bytes] = {}
        self.chunk = chunk
        self.opened = 0

    def keep(self, name: str, content: bytes) -> DocumentReference:
        self.contents[name] = content
        return DocumentReference(
            id=name,
            kind="deed",
            media_type="application/pdf",
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
        )

    async def open(self, document: DocumentReference):
        self.opened += 1
        content = self.contents[document.id]
        for start in range(0, len(content), self.chunk):
            yield content[start : start + self.chunk]


def form_of(request):
    """The parts of a multipart request, as Python's own parser reads them."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    return list(email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.content).iter_parts())


async def test_parts_are_sent_as_form_data_with_the_documents_bytes(world):
    store = Store(chunk=3)
    deed = store.keep("one", b"%PDF-1.7 \r\n--boundary\x00\xff")
    world.agency.will(lambda request: _read(request, world.filed()))
    http = world.bind(REFERENCE, open_document=store.open)
    await http.write(
        "file",
        "POST",
        "/filings",
        expect=world.Filed,
        parts=[
            FormPart("form", Filing(reference="A", name="ক খ")),
            FormPart("note", 'said "so"'),
            FormPart("deed", deed, filename='dé"ed.pdf'),
        ],
    )
    request = world.agency.requests[0]
    assert int(request.headers["content-length"]) == len(request.content)
    form, note, paper = form_of(request)
    assert form.get_content_type() == "application/xml"
    assert "ক খ" in form.get_payload(decode=True).decode()
    assert note.get_payload(decode=True) == b'said "so"'
    assert note.get("content-type") is None
    assert paper.get_payload(decode=True) == store.contents["one"]
    assert paper.get_content_type() == "application/pdf"
    assert 'filename="dé%22ed.pdf"'.encode() in request.content


async def _read(request, response):
    await request.aread()
    return response


class Breaking(Store):
    """A store that gives a document once, and fails in the middle of it from then on."""

    def __init__(self, error: Exception) -> None:
        super().__init__(chunk=1000)
        self.error = error

    async def open(self, document: DocumentReference):
        first = self.opened == 0
        given = 0
        async for chunk in super().open(document):
            if not first and given >= document.bytes // 2:
                raise self.error
            given += len(chunk)
            yield chunk


@pytest.mark.parametrize("kind", [NATIVE, REFERENCE])
async def test_a_store_that_fails_while_a_write_is_sent_leaves_it_unknown(world, kind):
    store = Breaking(httpx.ConnectError("the store's"))
    deed = store.keep("one", b"x" * 300_000)

    async def read(request):
        await request.aread()
        return world.filed()

    world.agency.will(read)
    http = world.bind(kind, open_document=store.open)
    with pytest.raises(OutcomeUnknown) as raised:
        await http.write("file", "POST", "/f", expect=world.Filed, parts=[FormPart("deed", deed)])
    assert raised.value.because == "document-unreadable"
    assert store.opened == 2


async def test_without_a_store_nothing_is_sent(world):
    deed = Store().keep("one", b"content")
    with pytest.raises(AgencyUnavailable):
        await world.bind(REFERENCE).write("file", "POST", "/f", expect=world.Filed, parts=[FormPart("deed", deed)])


async def test_xml_is_sent_and_read(world):
    world.agency.will(httpx.Response(201, content=b"<receipt><number>7</number><more/></receipt>"))
    filing = Filing(reference="A<&", name="রহিম")
    receipt = await world.bind(REFERENCE).write("file", "POST", "/filings", expect=Receipt, xml=filing)
    assert receipt.number == 7
    request = world.agency.requests[0]
    assert request.headers["content-type"] == "application/xml; charset=utf-8"
    assert request.headers["accept"] == "application/xml, text/xml"
    assert request.content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<filing xmlns="urn:demo"')
    assert b"remark" not in request.content


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"headers": {"X-A": "1", "x-a": "2"}}, "header-not-allowed"),
        ({"body": Body(b"", "a/b", {"content-type": "c/d"})}, "header-not-allowed"),
        ({"headers": {"Expect": "100-continue"}}, "header-not-allowed"),
        ({"json": {}, "form": {}}, "several-bodies"),
        ({"json": 0, "body": Body(b"", "a/b")}, "several-bodies"),
        ({"body": Body(b"", "text/plain\r\nX: y")}, "header-not-allowed"),
        ({"body": Body(b"", "text/plain", {"Host": "x"})}, "header-not-allowed"),
    ],
)
async def test_a_body_that_cannot_be_sent_is_the_plugins_fault(world, options, fault):
    with pytest.raises(PluginFault) as raised:
        await world.bind(REFERENCE).write("file", "POST", "/f", expect=world.Filed, **options)
    assert raised.value.fault == fault
    assert world.agency.requests == []


@pytest.mark.parametrize(
    ("step", "method", "path", "fault"),
    [
        ("a step", "POST", "/f", "step-not-a-code"),
        ("file", "put", "/f", "method-not-allowed"),
        ("file", "POST / HTTP/1.1\r\nX: y", "/f", "method-not-allowed"),
        ("file", None, "/f", "method-not-allowed"),
        ("file", "POST", "/f?x", "path-not-allowed"),
    ],
)
async def test_what_is_no_request_is_the_plugins_fault(world, step, method, path, fault):
    with pytest.raises(PluginFault) as raised:
        await world.bind().read(step, method, path, expect=world.Filed)
    assert raised.value.fault == fault
    assert world.agency.requests == []
