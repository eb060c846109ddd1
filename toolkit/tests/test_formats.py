"""Answers in XML that no agency would write, and pages that pass for XML."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from nagorik import AgencyResponse, Money
from nagorik_toolkit import DhakaSecond, TakaAmount
from nagorik_toolkit.formats import xml
from nagorik_toolkit.formats.soap import Soap, SoapVersion, fault_of
from nagorik_toolkit.formats.xml import XmlModel, XmlReader, element


class Entry(XmlModel, tag="i"):
    number: int = element(tag="x")


class Ledger(XmlModel, tag="m"):
    entries: tuple[Entry, ...] = ()
    numbers: tuple[int, ...] = element(tag="a", default=())


class Order(XmlModel, tag="m"):
    number: str = element(tag="n")
    remark: str | None = element(tag="r", default=None)
    lines: tuple[str, ...] = element(tag="l", default=())
    entries: tuple[Entry, ...] = ()


@pytest.mark.parametrize(
    "added", ["<z/>{}", "{}<z/>", "{}<z><n>8</n><l>q</l></z>"], ids=["before each", "behind each", "with parts"]
)
def test_what_an_agency_adds_is_ignored_wherever_it_stands(added):
    known = ("<n>7</n>", "<r>x</r>", "<l>a</l>", "<l>b</l>", "<l>c</l>", "<i><x>1</x></i>", "<i><x>2</x></i>")
    document = "".join(added.format(one) for one in known)
    order = XmlReader(Order).read(answer(f"<m>{document}</m>".encode()))
    assert (order.number, order.remark, order.lines) == ("7", "x", ("a", "b", "c"))
    assert [entry.number for entry in order.entries] == [1, 2]
    without = XmlReader(Order).read(answer(b"<m><z/><n>7</n><z/><l>a</l><z/><l>b</l></m>"))
    assert (without.remark, without.lines) == (None, ("a", "b"))
    with pytest.raises(ValidationError):
        XmlReader(Order).read(answer(b"<m><z/><l>a</l></m>"))


def spaces(count: int) -> bytes:
    return b" ".join(b'xmlns:a%x="u%x"' % (number, number) for number in range(count))


def answer(content: bytes, content_type: str = "application/xml") -> AgencyResponse:
    return AgencyResponse(200, [(b"Content-Type", content_type.encode())], content)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"<m>" + b"<b/>" * 200_000 + b"</m>", id="many elements"),
        pytest.param(b"<m>" + b"<i/>" * 200_000 + b"</m>", id="many empty items"),
        pytest.param(b"<m>" + b"<a>x</a>" * 200_000 + b"</m>", id="many wrong numbers"),
        pytest.param(b"<m " + b" ".join(b'a%x=""' % n for n in range(60_000)) + b"/>", id="many attributes"),
        pytest.param(b"<m>" + b'<b c="" d="" e=""/>' * 5_001 + b"</m>", id="both together"),
        pytest.param(
            b"<m xmlns:q='" + b"a" * 1_000_000 + b"'>" + b"<q:b/>" * 10_000 + b"</m>", id="a long namespace"
        ),
        pytest.param(b"<m xmlns='" + b"a" * 40_000 + b"'>" + b"<b/>" * 10_000 + b"</m>", id="a default namespace"),
        pytest.param(
            b"<m xmlns:q='" + b"a" * 900_000 + b"' q:a='' q:b='' q:c='' q:d='' q:e=''/>", id="in attributes"
        ),
        pytest.param(
            b"<m " + spaces(30_000) + b" " + b" ".join(b'a%x:x=""' % n for n in range(30_000)) + b"/>",
            id="namespaced attributes",
        ),
    ],
)
@pytest.mark.parametrize("envelope", [False, True])
def test_a_document_with_more_in_it_than_is_mapped_is_refused_before(document, envelope, monkeypatch):
    monkeypatch.setattr(Ledger, "from_xml_tree", None)
    reader = XmlReader(Ledger)
    if envelope:
        reader = Soap().answer(Ledger)
        document = b'<s:Envelope xmlns:s="%b"><s:Body>%b</s:Body></s:Envelope>' % (
            SoapVersion.V1_1.value.encode(),
            document,
        )
    with pytest.raises(ValueError, match="more in it"):
        reader.read(answer(document))


def test_a_document_within_the_bounds_is_mapped():
    document = b"<m>" + b"<i><x>7</x></i>" * ((xml.MOST_NODES - 1) // 2) + b"</m>"
    assert len(XmlReader(Ledger).read(answer(document)).entries) == (xml.MOST_NODES - 1) // 2


@pytest.mark.parametrize("item", [b"<i/>", b"<i><x>y</x></i>"])
def test_items_that_are_wrong_by_the_hundred_are_not_mapped_to_the_end(item, monkeypatch):
    seen = []
    validate = Entry.__pydantic_validator__.validate_python

    class Counting:
        def validate_python(self, *values, **options):
            seen.append(1)
            return validate(*values, **options)

    monkeypatch.setattr(Entry, "__pydantic_validator__", Counting())
    with pytest.raises(ValidationError) as raised:
        XmlReader(Ledger).read(answer(b"<m>" + item * 6_000 + b"</m>"))
    assert [problem["type"] for problem in raised.value.errors()] == ["too_many_problems"]
    assert len(seen) == 201


@pytest.mark.parametrize(
    "page",
    [
        b"<html><body/></html>",
        b'<h:html xmlns:h="http://www.w3.org/1999/xhtml"/>',
        b"<BODY><h1>Forbidden</h1></BODY>",
        b"<h1>Bad Request (Invalid Hostname)</h1>",
        b"<center><h1>403</h1></center>",
        b"<div class='error'>blocked</div>",
        b"<p>Access denied</p>",
        b"<title>403</title>",
        b"<pre>denied</pre>",
    ],
)
def test_a_page_that_is_well_formed_is_not_the_agencys_word(page):
    assert not XmlReader(Ledger).recognises(answer(page))


@pytest.mark.parametrize("label", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"])
def test_what_is_labelled_as_a_page_is_one(label):
    assert not XmlReader(Ledger).recognises(answer(b"<problem>E02</problem>", label))
    assert XmlReader(Ledger).recognises(answer(b"<problem>E02</problem>", "text/xml"))


class Bill(XmlModel, tag="bill"):
    due: TakaAmount = element()
    since: DhakaSecond = element()


def test_help_of_a_document_tells_of_nothing_that_its_libraries_bring():
    told = dir(Order)
    assert "to_body" in told
    assert not [name for name in told if name.startswith("model_") or "pydantic" in name or "to_xml" in name]


def test_amount_and_time_are_read_in_xml_as_anywhere_else():
    document = "<bill><due>১,২০০.৫০</due><since>২০২৬-১১-২৬ ১৫:০৪:০৫</since></bill>"
    bill = XmlReader(Bill).read(answer(document.encode()))
    assert (bill.due, bill.since) == (Money.taka("1200.50"), datetime(2026, 11, 26, 9, 4, 5, tzinfo=UTC))
    assert b"<due>1200.50</due>" in bill.to_body().content
    with pytest.raises(ValidationError):
        XmlReader(Bill).read(answer(document.replace("১,২০০", "free").encode()))


ORDER, FAULT = "<m><n>7</n></m>", "<s:Fault><faultcode>s:Client</faultcode></s:Fault>"


@pytest.mark.parametrize(
    "bodies",
    [[FAULT + ORDER], [ORDER + FAULT], [ORDER + ORDER], [FAULT, ORDER], [ORDER, FAULT], [ORDER, ORDER], []],
    ids=lambda bodies: "|".join(bodies).replace(ORDER, "order ").replace(FAULT, "fault "),
)
def test_envelope_that_says_two_things_is_neither_an_answer_nor_a_fault(bodies):
    """An application would be filed, or refused, by what happened to stand first."""
    inner = "".join(f"<s:Body>{body}</s:Body>" for body in bodies)
    response = answer(f'<s:Envelope xmlns:s="{SoapVersion.V1_1.value}">{inner}</s:Envelope>'.encode())
    assert fault_of(response) is None
    assert not Soap().answer(Order).recognises(response)
    with pytest.raises(ValueError, match="one element"):
        Soap().answer(Order).read(response)
