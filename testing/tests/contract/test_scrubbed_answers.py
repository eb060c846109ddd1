"""What is written down of one answer: nobody, whatever format it is in, and whatever tells of its shape."""

import json
from datetime import date

import httpx
import pytest

from nagorik import Operation
from nagorik.data_files import DataFileInvalid
from nagorik_testing.contract.drift import Drift, compare
from nagorik_testing.contract.recording import Heard, answered, constants_of
from nagorik_testing.simulator.exchanges import (
    Exchange,
    ExchangeRequest,
    ExchangeResponse,
    Provenance,
    dump_exchanges,
    dump_recording,
    load_recording,
)
from nagorik_testing.simulator.scrubbing import Known, Scrubber
from nagorik_testing.wire.codec import JSON, Codec
from nagorik_testing.wire.fields import FormFormat
from nagorik_testing.wire.xml import SoapFormat, XmlFormat

NID = "19909910000000001"
KNOWN = Known({"nid": [NID], "name": ["Synthetic Person", "Synthetic"]})
WORDS = frozenset({"OPEN", "Known", "urn:office", "urn:other-office", "payments"})
XML, SOAP, FORM = Codec(XmlFormat()), Codec(SoapFormat()), Codec(FormFormat())
ENVELOPE = '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">{}</s:Envelope>'
SAID = "<s:Body><r><a>5</a></r></s:Body>"


def exchange(body: bytes | str, codec: Codec = JSON, label: str | None = None) -> Exchange:
    content_type = codec.answers.content_type() if label is None else label
    content = body if isinstance(body, bytes) else body.encode()
    heard = Heard(httpx.Request("GET", "http://agency.test/a"), b"", 200, httpx.Headers(), content)
    return Exchange(
        operation=Operation.STATUS,
        request=ExchangeRequest(method="GET", path="/a"),
        response=ExchangeResponse(
            headers={"content-type": content_type}, body=answered(heard, codec.answers, Scrubber(KNOWN, WORDS))
        ),
        provenance=Provenance.ASSUMED,
        source="a test",
        as_of=date(2026, 11, 24),
    )


def changes(then: bytes | str, now: bytes | str, codec: Codec = JSON, label: str | None = None) -> list[tuple]:
    recorded, seen = exchange(then, codec, label), exchange(now, codec, label)
    found = compare([recorded], [seen], called={Operation.STATUS}, words=WORDS, codec=codec)
    return [(change.drift, change.place, change.was, change.now, change.breaking) for change in found]


@pytest.mark.parametrize(
    ("codec", "body"),
    [
        (XML, f"<answer>{NID}</answer>"),
        (XML, f"<answer>{NID}<a>5</a></answer>"),
        (XML, f"<answer><a>5</a>{NID}</answer>"),
        (XML, f"<answer><q>{NID}<a>5</a>Synthetic Person</q></answer>"),
        (XML, f'<answer xmlns:z="urn:z"><a z:nid="{NID}" nid="{NID}">5</a></answer>'),
        (XML, f'<answer xmlns:z="urn:citizen:{NID}"><z:a>5</z:a></answer>'),
        (XML, f'<answer xmlns:synthetic="urn:z"><synthetic:a b="{NID}"/></answer>'),
        (XML, f"<answer><nid{NID}>5</nid{NID}></answer>"),
        (XML, f"<answer><a.b>{NID}</a.b><q a.b='{NID}'/></answer>"),
        (XML, f"<?who {NID}?><!-- {NID} --><answer><?who {NID}?><!-- Synthetic --><a>5</a></answer>"),
        (XML, f"<answer><a><![CDATA[{NID}]]></a></answer>"),
        (SOAP, ENVELOPE.format(f"<s:Header><nid>{NID}</nid><name>Synthetic Person</name></s:Header>{SAID}")),
        (SOAP, ENVELOPE.format(f"<s:Body><r><a>5</a></r><q>{NID}</q></s:Body>")),
        (SOAP, ENVELOPE.format(f"<s:Body><s:Fault><faultcode>{NID}</faultcode></s:Fault></s:Body>")),
        (SOAP, f"<answer><nid>{NID}</nid></answer>"),
        (FORM, f"nid={NID}&x.{NID}=1&name=Synthetic+Person&a=5"),
        (JSON, json.dumps({NID: NID, f"a.{NID}": 1, "Synthetic": {"a": int(NID)}})),
        (JSON, json.dumps({"nid": NID}).encode("utf-16")),
    ],
)
def test_nobody_is_in_an_answer_whatever_holds_them(codec, body):
    written = exchange(body, codec).response.body
    assert written
    assert NID not in written
    assert "synthetic" not in written.casefold()


@pytest.mark.parametrize("name", ["a123", "somebody@example.test", "a.b", "Somebody", "কেউ"])
def test_field_whose_name_may_be_a_value_keeps_its_value_and_not_its_name(name):
    written = json.loads(exchange(json.dumps({name: "2026-11-24", "a": 1})).response.body)
    assert written.pop("a") == 0
    ((key, value),) = written.items()
    assert key in {"<key-1>", "<field-1>"}
    assert value == "date(YYYY-MM-DD)"


@pytest.mark.parametrize(
    ("document", "kept"),
    [
        ({"people": {"rahima": {"state": "OPEN"}, "karim": {"state": "OPEN"}}}, {"people", "state"}),
        ({"people": {"token-abc": {"paid": True, "by": 1}, "token-xyz": {"paid": True, "by": 2}}}, {"people"}),
    ],
)
def test_object_whose_fields_hold_the_same_is_a_list_by_somebodys_names(document, kept):
    written = exchange(json.dumps(document)).response.body
    names = set(document["people"])
    assert [name for name in names if name in written] == []
    assert [name for name in kept if name not in written] == []
    others = {f"other-{name}": value for name, value in document["people"].items()}
    assert changes(json.dumps(document), json.dumps({"people": others})) == []


@pytest.mark.parametrize(
    "document", [{"bn": {"a": 1}, "Known": {"a": 1}}, {"one": {"a": 1}, "other": {"b": 1}}, {"one": {}, "other": {}}]
)
def test_fields_that_the_plugin_knows_or_that_hold_other_things_keep_their_names(document):
    assert json.loads(exchange(json.dumps(document)).response.body).keys() == document.keys()


def test_names_that_are_others_for_another_applicant_are_hidden_but_for_those_that_the_plugin_knows():
    scrubber = Scrubber(KNOWN, WORDS, frozenset({"rahima", "payments"}))
    assert scrubber.value({"rahima": 1, "payments": 2, "fee": 3}) == {"<key-1>": 0, "payments": 0, "fee": 0}


EMPTY_TEXT = "an empty text"


@pytest.mark.parametrize(
    ("then", "now", "found"),
    [
        ([None, "x y"], ["", "x y"], [(Drift.TYPE, "null", EMPTY_TEXT, True)]),
        (["some words"], ["1234567890"], [(Drift.FORMAT, "text", "digits(10)", False)]),
        (["some words"], ["2026-11-24"], [(Drift.FORMAT, "text", "date(YYYY-MM-DD)", False)]),
        (["2026-11-24"], [""], [(Drift.FORMAT, "date(YYYY-MM-DD)", EMPTY_TEXT, True)]),
        (["some words"], ["1234567890", "other words"], []),
        (["some words"], [""], []),
        ([""], ["some words"], []),
        (["", None], [""], []),
    ],
)
def test_empty_text_is_no_null_and_free_text_is_no_number(then, now, found):
    recorded, seen = (json.dumps({"l": [{"a": value} for value in values]}) for values in (then, now))
    told = [(drift, was, is_now, breaking) for drift, _, was, is_now, breaking in changes(recorded, seen)]
    assert told == found


def test_names_are_hidden_in_the_same_order_whatever_order_they_come_in():
    scrubber = Scrubber(KNOWN, WORDS)
    assert scrubber.names(["Fee", "Status"]) == scrubber.names(["Status", "Fee"])


def test_path_is_kept_where_the_plugin_knows_its_segments():
    scrubber = Scrubber(KNOWN, WORDS)
    assert scrubber.path("/payments/v1/some-body/file") == "/payments/v1/{id}/{id}"


def test_label_is_kept_without_anybody_in_it():
    scrubber = Scrubber(KNOWN, WORDS)
    assert scrubber.media_type("Application/vnd.office.v1+JSON; charset=utf-8") == "application/vnd.office.v1+json"
    assert scrubber.media_type(f"application/x-{NID}") == scrubber.media_type("text/synthetic") == "unknown"


def test_fields_of_a_plugins_models_are_words_that_it_knows(tmp_path):
    (tmp_path / "wire.py").write_text(
        'class Answer:\n    paid_at: str\n    SPACE = "urn:office:payments:answers:v1:2026-11"\n'
    )
    assert {"paid_at", "paidAt", "PaidAt", "urn:office:payments:answers:v1:2026-11"} <= constants_of(tmp_path)


@pytest.mark.parametrize(
    ("then", "now", "found"),
    [
        ({"fee": 100}, {"fee": 100.5}, (Drift.TYPE, "$.fee", "integer", "number", True)),
        ({"fee": 100.5}, {"fee": 100}, (Drift.TYPE, "$.fee", "number", "integer", False)),
        (
            {"l": [{"a": 1, "b": 2}, {"a": 1, "b": 2}]},
            {"l": [{"a": 1, "b": 2}, {"a": 1}]},
            (Drift.FIELD_GONE, "$.l[].b", "always there", "not always there", True),
        ),
        (
            {"Status": "2026-11-24", "Fee": 1},
            {"Fee": 1},
            (Drift.FIELD_GONE, "$.<field-2>", "date(YYYY-MM-DD)", "gone", True),
        ),
        ({"অবস্থা": "2026-11-24"}, {"অবস্থা": 1}, (Drift.TYPE, "$.<field-1>", "text", "integer", True)),
        ({"Known": {"A": 1}}, {"Known": {}}, (Drift.FIELD_GONE, "$.Known.<field-1>", "integer", "gone", True)),
        ({"x1": {"a": 1}, "x2": {"a": 1}}, {"x1": {"a": "b"}}, (Drift.TYPE, "$.<key>.a", "integer", "text", True)),
        (
            {"state": "OPEN"},
            {"state": "ELSE"},
            (Drift.WORD_NEW, "$.state", "OPEN", "a word that the plugin does not know", True),
        ),
    ],
)
@pytest.mark.parametrize("label", ["application/json", "text/plain", "text/html; charset=utf-8"])
def test_change_of_a_document_in_json_is_found_whatever_its_label(then, now, found, label):
    assert changes(json.dumps(then), json.dumps(now), label=label) == [found]
    encoded = [json.dumps(each, ensure_ascii=False).encode("utf-16") for each in (then, now)]
    assert changes(*encoded, label=label) == [found]
    marked = [json.dumps(each).encode("utf-8-sig") for each in (then, now)]
    assert changes(*marked, label=label) == [found]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_another_encoding_of_json_is_a_change(encoding):
    ((drift, _, _, now, breaking),) = changes('{"a":1}', '{"a":1}'.encode(encoding), label="application/json")
    assert (drift, breaking) == (Drift.CONTENT_TYPE, True)
    assert now == "application/json with a byte order mark or not in UTF-8"


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ({"l": [{"a": 1}]}, {"l": []}),
        ({"o": {"a": 1}, "p": [{"o": None}, {"o": {"a": 1}}]}, {"o": {"a": 1}, "p": [{"o": None}, {"o": None}]}),
        ({"x1": 1, "x2": 2}, {"x3": 1}),
        ({"x1": 1}, {}),
    ],
)
def test_what_need_not_be_there_is_not_missed(then, now):
    assert changes(json.dumps(then), json.dumps(now)) == []


OFFICE = '<answer xmlns="urn:office">{}</answer>'


@pytest.mark.parametrize(
    ("codec", "then", "now", "found"),
    [
        (
            XML,
            OFFICE.format("<a>1</a>"),
            '<answer xmlns="urn:other-office"><a>1</a></answer>',
            (Drift.WORD_NEW, "$.@xmlns", "urn:office", "urn:other-office", True),
        ),
        (
            XML,
            OFFICE.format("<a>1</a>"),
            '<reply xmlns="urn:office"><a>1</a></reply>',
            (Drift.WORD_NEW, "$.@element", "answer", "reply", True),
        ),
        (
            XML,
            OFFICE.format("<a>1</a>"),
            OFFICE.format('<a xmlns="urn:other-office">1</a>'),
            (Drift.TYPE, "$.a", "text", "object", True),
        ),
        (
            XML,
            OFFICE.format("<a><b/></a>"),
            OFFICE.format('<a xmlns="urn:other-office"><b/></a>'),
            (Drift.FIELD_NEW, "$.a.@xmlns", "not there", "urn:other-office", True),
        ),
        (
            XML,
            OFFICE.format("<i><a>1</a><b>2</b></i><i><a>1</a><b>2</b></i>"),
            OFFICE.format("<i><a>1</a><b>2</b></i><i><a>1</a></i>"),
            (Drift.FIELD_GONE, "$.i.b", "always there", "not always there", True),
        ),
        (
            XML,
            OFFICE.format("<a>1</a>"),
            OFFICE.format("<a>1</a><a>1</a>"),
            (Drift.TYPE, "$.a", "one", "several", False),
        ),
        (
            SOAP,
            ENVELOPE.format(f"<s:Header><t>5</t></s:Header>{SAID}"),
            ENVELOPE.format(SAID),
            (Drift.FIELD_GONE, "$.soap:Header", "object", "gone", True),
        ),
        (
            SOAP,
            ENVELOPE.format("<s:Body><r><a>5</a></r><q><z>5</z></q></s:Body>"),
            ENVELOPE.format(SAID),
            (Drift.FIELD_GONE, "$.soap:Body", "object", "gone", True),
        ),
        (FORM, "a=1&b=2", "a=1", (Drift.FIELD_GONE, "$.b", "digits(1..6)", "gone", True)),
    ],
)
@pytest.mark.parametrize("label", [None, "text/plain", "application/vnd.office+xml"])
def test_change_of_a_document_in_another_format_is_found_whatever_its_label(codec, then, now, found, label):
    assert changes(then, now, codec, label) == [found]
    assert changes(then, then, codec, label) == []


def test_recording_of_this_version_is_read_and_an_earlier_one_is_to_be_recorded_again(tmp_path):
    exchanges = (exchange('{"a":1}'),)
    path = tmp_path / "office.toml"
    path.write_text(dump_recording(exchanges), "utf-8")
    assert load_recording(path) == exchanges
    path.write_text(dump_exchanges(exchanges), "utf-8")
    with pytest.raises(DataFileInvalid, match="record again with --record"):
        load_recording(path)
