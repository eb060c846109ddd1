"""How an agency's answer is varied, and how a genuine one is given again."""

from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from nagorik_testing import FormFormat, JsonFormat, XmlFormat
from nagorik_testing.contract.checks.answers.replay import AnswerReplay
from nagorik_testing.contract.checks.answers.results import normalised, place_of, without_references
from nagorik_testing.contract.checks.answers.variations import (
    DAY,
    LENGTH,
    MINUTE,
    AnswerDocument,
    copies,
    instant_of,
    long_texts,
    next_sign,
    number_of,
    other_number,
    unheard_of,
    with_number,
)

INSTANTS = {
    "2026-11-24": "2026-11-23",
    "24/11/2026": "23/11/2026",
    "24-11-2026 09:05": "23-11-2026 09:05",
    "24-Nov-2026": "23-Nov-2026",
    "24.11.2026 09:05:30": "23.11.2026 09:05:30",
    "২৪/১১/২০২৬": "২৩/১১/২০২৬",
    "2026-11-24T09:05": "2026-11-23T09:05",
    "2026-11-24T09:05:00+06:00": "2026-11-23T09:05:00+06:00",
    "2026-11-24T09:05:30:336 GMT+0600": "2026-11-23T09:05:30:336 GMT+0600",
    "2026-11-24 09:05:30 GMT+6": "2026-11-23 09:05:30 GMT+6",
    "2026-11-24 09:05:30.5 UTC+06:00": "2026-11-23 09:05:30.5 UTC+06:00",
    "2026-11-24T03:05:00Z": "2026-11-23T03:05:00Z",
    "2026-11-24T03:05:00.250000+00:00": "2026-11-23T03:05:00.250000+00:00",
}


@pytest.mark.parametrize("written", INSTANTS)
def test_instant_is_moved_and_written_as_it_was(written):
    found = instant_of(written)
    assert found is not None
    assert found.write(found.wall) == written
    assert found.write(found.wall - DAY) == INSTANTS[written]


@pytest.mark.parametrize("text", ["", "P-0001", "345.00", "01712345678", "24/13/2026", "ঢাকা", "12-34-5678"])
def test_text_that_is_no_instant_is_none(text):
    assert instant_of(text) is None


def test_local_time_is_read_as_dhakas_or_as_utc_six_hours_apart():
    found = instant_of("24-11-2026 09:05")
    assert found is not None
    assert found.in_utc - found.in_dhaka == timedelta(hours=6)
    stated = instant_of("2026-11-24T09:05:00+06:00")
    assert stated is not None
    assert stated.in_utc == stated.in_dhaka == found.in_dhaka
    assert found.in_dhaka - MINUTE < stated.in_dhaka


@pytest.mark.parametrize(
    ("genuine", "number", "written"),
    [
        ("345.00", "345.01", "345.01"),
        ("345", "345.01", "345.01"),
        (345, "346", 346),
        (345, "345.01", 345.01),
        ("৩৪৫.০০", "346", "৩৪৬.০০"),
    ],
)
def test_number_is_written_as_the_genuine_one(genuine, number, written):
    assert number_of(genuine) == 345
    assert with_number(genuine, Decimal(number)) == written


@pytest.mark.parametrize("value", ["0171", "2026-11-24", "P-1", True, None, "1234567890", ""])
def test_what_is_no_amount_and_no_count_is_none(value):
    assert number_of(value) is None


@pytest.mark.parametrize("genuine", ["Papers are missing", "কাগজ নেই", "x"])
def test_long_text_holds_the_genuine_one_between_its_ends(genuine):
    long = next(long_texts(genuine))
    assert genuine in long.text
    assert len(long.text) <= LENGTH
    assert long.text.startswith(long.words[0])
    assert long.text.endswith(long.words[1])
    assert all(normalised(word) in normalised(long.text) for word in long.words)


def test_word_keeps_its_style_and_a_sentence_or_a_number_is_no_word():
    assert unheard_of("PAID") == "ASHRUTAPURBO"
    assert unheard_of("paid") == "ashrutapurbo"
    assert unheard_of("Appointment Scheduled") == "Ashrutapurbo"
    assert unheard_of("অনুমোদিত") == "অশ্রুতপূর্ব"
    assert unheard_of("P-0001") is None
    assert unheard_of("one two three four five") is None


def test_reference_gets_another_last_digit_or_others_altogether():
    assert next_sign("P-0009") == "P-0000"
    assert next_sign("বি-১") == "বি-২"
    assert next_sign("PAID") is None
    assert other_number("P-0909") == "P-1010"


def test_copies_of_an_entry_have_references_of_their_own_and_keep_the_rest():
    entry = {"id": "B-09", "at": "2026-11-24T09:05", "seats": 4, "word": "OPEN"}
    assert copies(entry, 2) == [{**entry, "id": "B-10"}, {**entry, "id": "B-11"}]


def test_answer_is_varied_in_its_own_format():
    content = {"head": {"word": "PAID", "items": [{"id": "1"}, {"id": "2"}]}}
    for wire in (JsonFormat(), XmlFormat()):
        document = AnswerDocument.read(wire.write(content), wire, wire.content_type())
        assert document is not None
        places = [at for at, _ in document.leaves()]
        assert places == [("head", "word"), ("head", "items", 1, "id")]
        (at, entries), *_ = document.lists()
        for place, value in ((places[0], "OPEN"), (at, [*entries, {"id": "3"}])):
            other = AnswerDocument.read(document.put(place, value), wire, wire.content_type())
            assert other is not None
            assert wire.read(document.put(place, value), wire.content_type()) != document.content
        assert b"PAID" not in document.without(places[0])
    assert AnswerDocument.read(b"\xff", FormFormat(), "application/x-www-form-urlencoded") is None


def test_place_is_named_without_the_numbers_of_its_entries():
    assert place_of("slots.13.place.bn") == "slots.place.bn"


def test_place_is_reported_without_references():
    assert without_references("cases.P-00012.papers.3.word") == "cases.*.papers.word"
    assert without_references("amount2") == "amount2"


async def test_kept_answer_is_given_again_and_never_asked_for():
    asked: list[str] = []

    def agency(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, stream=httpx.ByteStream(b'{"word": "PAID"}'))

    replay = AnswerReplay()
    async with httpx.AsyncClient(transport=replay.around(httpx.MockTransport(agency)), base_url="http://a") as client:
        async with replay.keeping() as kept:
            await client.post("/bills", json={"amount": "345.00"})
        genuine = tuple(kept)

        async def call() -> object:
            return (await client.post("/bills", json={"amount": "345.01"})).json()

        assert await replay.again(call, genuine) == {"word": "PAID"}
        assert await replay.again(call, genuine, 0, b'{"word": "OPEN"}') == {"word": "OPEN"}
        with pytest.raises(httpx.ConnectError):
            await replay.again(lambda: client.get("/other"), genuine)
        assert asked == ["/bills"]
        await client.post("/token")
        assert asked == ["/bills", "/token"]
