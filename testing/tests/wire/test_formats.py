"""What each format writes, reads, and makes of a fault: the plugin's own readers are the judges."""

from hashlib import sha256
from typing import Any

import pytest
from pydantic import Field, ValidationError

from nagorik import AgencyResponse, WireModel
from nagorik_testing import Codec, FormFormat, JsonFormat, MultipartFormat, SoapFormat, XmlFormat
from nagorik_toolkit.formats.plain import FormReader
from nagorik_toolkit.formats.soap import Soap, SoapVersion, fault_of
from nagorik_toolkit.formats.xml import XmlModel, XmlReader, attr, element

SPACE = "urn:example:office"
DOCUMENT: dict[str, Any] = {"@kind": "shop", "number": "P-12", "state": "গৃহীত ৫", "open": True}


class XmlAnswer(XmlModel, tag="answer", nsmap={"": SPACE}):
    kind: str = attr()
    number: str = element()
    state: str = element()
    open: bool = element()


class FormAnswer(WireModel):
    kind: str = Field(alias="@kind")
    number: str
    state: str
    open: bool


class JsonReader:
    def read(self, answer: AgencyResponse) -> FormAnswer:
        return FormAnswer.model_validate_json(answer.body)


FORMATS: dict[str, tuple[Any, Any]] = {
    "json": (JsonFormat(), JsonReader()),
    "xml": (XmlFormat(namespace=SPACE), XmlReader(XmlAnswer)),
    "soap-1.1": (SoapFormat(namespace=SPACE), Soap().answer(XmlAnswer)),
    "soap-1.2": (SoapFormat(SoapVersion.V1_2, namespace=SPACE), Soap(SoapVersion.V1_2).answer(XmlAnswer)),
    "form": (FormFormat(), FormReader(FormAnswer)),
}


@pytest.fixture(params=FORMATS)
def spoken(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    return FORMATS[request.param]


def read(reader: Any, written: Any, body: bytes) -> Any:
    return reader.read(AgencyResponse(200, [(b"content-type", written.content_type().encode())], body))


def is_readable(reader: Any, written: Any, body: bytes) -> bool:
    try:
        read(reader, written, body)
    except ValueError:
        return False
    return True


def test_plugins_reader_reads_what_is_written(spoken):
    written, reader = spoken
    answer = read(reader, written, written.write(DOCUMENT))
    assert (answer.kind, answer.number, answer.state, answer.open) == ("shop", "P-12", "গৃহীত ৫", True)


def test_what_is_written_is_read_again_as_a_request(spoken):
    written, _ = spoken
    content = written.read(written.write(DOCUMENT), written.content_type())
    assert (content["number"], content["state"]) == ("P-12", "গৃহীত ৫")


def test_word_is_found_and_replaced_by_its_place(spoken):
    written, reader = spoken
    body = written.write(DOCUMENT)
    place = next(place for place, text in written.places(body) if text == "P-12")
    assert read(reader, written, written.altered(body, (), {place: "UNHEARD-OF"})).number == "UNHEARD-OF"


def test_added_field_is_ignored_and_a_removed_or_renamed_one_is_missed(spoken):
    written, reader = spoken
    body = written.write(DOCUMENT)
    assert read(reader, written, written.altered(body, (), {"unannounced": {"nested": [1, 2]}})).number == "P-12"
    with pytest.raises(ValidationError):
        read(reader, written, written.altered(body, ("number",), {}))
    with pytest.raises(ValidationError):
        read(reader, written, written.altered(body, (), {}, {"number": "fileNumber"}))


def test_value_of_another_type_does_not_fit(spoken):
    written, reader = spoken
    with pytest.raises(ValidationError):
        read(reader, written, written.altered(written.write(DOCUMENT), (), {"open": "perhaps"}))


@pytest.mark.parametrize("how", ["null", "no-fields", "nulls", "in-list", "double-encoded"])
def test_other_shape_is_no_answer_or_leaves_every_byte(spoken, how):
    written, reader = spoken
    body = written.write(DOCUMENT)
    reshaped = written.reshaped(body, how)
    if reshaped == body:
        assert (written.name, how) in {("a form", "null"), ("a form", "in-list")}
    else:
        assert not is_readable(reader, written, reshaped)


def test_bangla_digits_change_texts_and_nothing_else(spoken):
    written, reader = spoken
    answer = read(reader, written, written.reshaped(written.write(DOCUMENT), "bangla-digits"))
    assert (answer.number, answer.kind) == ("P-১২", "shop")


def test_only_json_has_types_that_can_become_text(spoken):
    written, _ = spoken
    body = written.write(DOCUMENT)
    assert (written.reshaped(body, "numbers-as-text") == body) == (written.name != "JSON")


def test_spoiled_and_badly_encoded_answers_cannot_be_read(spoken):
    written, reader = spoken
    body = written.write(DOCUMENT)
    for broken in (written.spoiled(body), written.with_broken_text(body)):
        assert not is_readable(reader, written, broken)


def test_only_a_form_can_be_cut_short_unnoticed(spoken):
    written, reader = spoken
    body = written.write({**DOCUMENT, "state": "x" * 400})
    assert not (written.has_end and is_readable(reader, written, body[: len(body) * 2 // 3]))


def test_file_is_of_no_format(spoken):
    written, _ = spoken
    if written.name == "a form":
        return
    with pytest.raises(ValueError, match=r"^(the answer is no XML|Expecting value.*)$"):
        written.altered(b"%PDF-1.7\n", (), {"unannounced": "1"})


@pytest.mark.parametrize("version", SoapVersion)
@pytest.mark.parametrize(("document", "code"), [({"code": "AlreadyLicensed"}, "AlreadyLicensed"), ({}, None)])
def test_error_in_soap_is_a_fault(version, document, code):
    body = SoapFormat(version, namespace=SPACE).write(document, error=True)
    fault = fault_of(AgencyResponse(500, [], body))
    assert fault is not None
    assert fault.code == (code or ("Client" if version is SoapVersion.V1_1 else "Sender"))
    assert len(fault.detail) == 1


def test_xml_is_read_whatever_its_prefixes_and_with_its_lists():
    request = (
        b'<p:filing xmlns:p="urn:x" ref="R-1"><p:item><p:n>1</p:n></p:item><p:item><p:n>2</p:n></p:item>'
        b"<p:note/></p:filing>"
    )
    assert XmlFormat().read(request, "text/xml") == {"@ref": "R-1", "item": [{"n": "1"}, {"n": "2"}], "note": ""}


def test_change_leaves_prefixes_and_other_namespaces_alone():
    answer = b'<a:r xmlns:a="urn:a" xmlns:b="urn:b"><b:one>1</b:one><b:one>2</b:one></a:r>'
    changed = XmlFormat().altered(answer, (), {"one.1": "3", "two": "4"})
    assert b"<b:two>4</b:two><b:one>1</b:one><b:one>3</b:one></a:r>" in changed


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE a [<!ENTITY e "e">]><a>&e;</a>',
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><a>&e;</a>',
    ],
)
def test_entities_of_a_request_are_refused(hostile):
    with pytest.raises(ValueError, match="the request is no XML"):
        XmlFormat().read(hostile, "application/xml")


BOUNDARY = "limit"


def multipart(*parts: tuple[str, bytes]) -> tuple[bytes, str]:
    body = b"".join(b"--limit\r\n" + head.encode() + b"\r\n\r\n" + held + b"\r\n" for head, held in parts)
    return body + b"--limit--\r\n", "multipart/form-data; boundary=limit"


def test_parts_are_texts_documents_and_files_to_the_byte():
    every_byte = bytes(range(256)) * 3 + b"\r\n--limi\r\n"
    body, label = multipart(
        ('Content-Disposition: form-data; name="remark"', "জরুরি".encode()),
        ('Content-Disposition: form-data; name="form"\r\nContent-Type: application/xml', b"<f><a>1</a></f>"),
        (
            'Content-Disposition: form-data; name="deed"; filename="deed.pdf"\r\nContent-Type: application/pdf',
            every_byte,
        ),
    )
    codec = Codec(JsonFormat(), requests=[MultipartFormat(XmlFormat())])
    assert codec.read(body, label) == {"remark": "জরুরি", "form": {"a": "1"}}
    (deed,) = codec.files(body, label)
    assert (deed.name, deed.media_type) == ("deed", "application/pdf")
    assert sha256(deed.content).digest() == sha256(every_byte).digest()


def test_part_may_be_called_in_any_script():
    body, label = multipart(('Content-Disposition: form-data; name="দলিল"; filename="দলিল.pdf"', b"%PDF-"))
    (file,) = MultipartFormat().files(body, label)
    assert (file.name, file.content) == ("দলিল", b"%PDF-")


def test_paper_without_a_files_name_is_no_file():
    body, label = multipart(
        ('Content-Disposition: form-data; name="deed"\r\nContent-Type: application/pdf', b"%PDF-")
    )
    assert MultipartFormat().files(body, label) == ()
    assert MultipartFormat().read(body, label) == {}


def test_request_in_another_format_is_refused_by_what_is_expected():
    codec = Codec(JsonFormat(), requests=[MultipartFormat(), FormFormat()])
    with pytest.raises(ValueError, match="multipart or a form is expected"):
        codec.read(b"{}", "application/json")
