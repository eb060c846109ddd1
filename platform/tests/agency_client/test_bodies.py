"""What is sent, and how an answer is read."""

import gzip
import json
from datetime import date
from decimal import Decimal

import httpx
import pytest
from pydantic import BaseModel, Field

from nagorik.errors import AgencyUnavailable, ContractViolation
from nagorik.http import WireModel
from nagorik.operations import Idempotency

BANGLA = '{"reference": "ঢাকা-১২৩"}'


async def read(world, *, expect=None, **response):
    world.agency.will(httpx.Response(200, **response))
    return await world.bind().read("x", "GET", "/a", expect=expect or world.Filed)


async def violation(world, **response):
    with pytest.raises(ContractViolation) as caught:
        await read(world, **response)
    return caught.value.detail


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (BANGLA.encode(), "application/json"),
        (BANGLA.encode(), "text/html"),
        (BANGLA.encode(), "application/json; charset=iso-8859-1"),
        (BANGLA.encode(), "application/json; charset=nonsense"),
        (BANGLA.encode(), "application/json; charset=hex"),
        (BANGLA.encode("utf-8-sig"), "application/json"),
        (BANGLA.encode("utf-16"), "application/json"),
        (BANGLA.encode("utf-16-le"), 'application/json; charset="UTF-16LE"'),
        (BANGLA.encode("utf-16-be"), "application/json; charset=utf-16-be"),
        (BANGLA.encode("utf-32"), "application/json"),
    ],
)
async def test_bangla_is_read_in_whatever_character_set_it_is_stated(world, body, content_type):
    got = await read(world, content=body, headers={"Content-Type": content_type})
    assert got.reference == "ঢাকা-১২৩"


@pytest.mark.parametrize(
    ("response", "detail"),
    [
        ({"content": b'{"reference": "\xff"}'}, "charset"),
        ({"content": BANGLA.encode("utf-16-le")}, "charset"),
        ({"content": b'{"reference": "a"}'.replace(b"", b"\0")}, "not-json"),
        ({"content": b"  \n"}, "empty"),
        ({"content": b"\xef\xbb\xbf"}, "empty"),
        ({"html": "<!doctype html>"}, "html"),
        ({"content": b"OK"}, "not-json"),
        ({"content": b'{"reference": "a"} {"reference": "b"}'}, "not-json"),
        ({"content": b"[]"}, "does-not-fit: $ model_type"),
        ({"content": b"null"}, "does-not-fit: $ model_type"),
    ],
)
async def test_what_cannot_be_read_says_in_which_way(world, response, detail):
    assert await violation(world, **response) == detail


async def test_extra_fields_are_ignored_and_text_is_stripped(world):
    assert (await read(world, json={"reference": " a ", "new": 1})).reference == "a"


class Line(WireModel):
    amount: int
    by_person: dict[str, int] = Field(default_factory=dict)


class Bill(WireModel):
    lines: list[Line] = Field(alias="Lines")
    due: date


async def test_a_violation_names_places_and_kinds_and_no_value(world):
    body = {"Lines": [{"amount": 1}, {"amount": "five"}, {"by_person": {"19901234567890123": "x"}, "amount": 2}]}
    detail = await violation(world, json=body, expect=Bill)
    assert detail == (
        "does-not-fit: $.Lines.1.amount int_parsing, $.Lines.2.by_person.••• int_parsing, $.due missing"
    )


@pytest.mark.parametrize("body", [b"", b'{"error": "no such thing"}', b"null "])
async def test_what_is_absent_is_none(world, body):
    world.agency.will(httpx.Response(404, content=body if body != b"null " else b"{}"))
    assert await world.bind().read_or_none("x", "GET", "/a", expect=world.Filed) is None


@pytest.mark.parametrize("body", [b"<html>404 nginx</html>", b"default backend - 404"])
async def test_a_proxys_page_does_not_say_that_a_thing_is_absent(world, body):
    world.agency.will(httpx.Response(404, content=body))
    with pytest.raises(ContractViolation) as caught:
        await world.bind().read_or_none("x", "GET", "/a", expect=world.Filed)
    assert caught.value.detail == "http-404-not-json"


async def test_the_body_is_utf_8_json_by_alias(world):
    class Fee(BaseModel):
        amount: Decimal = Field(serialization_alias="Amount")
        day: date

    http = world.bind(Idempotency.NONE)
    world.agency.will(world.filed(), world.filed(), world.filed())
    await http.write("a", "POST", "/a", json=Fee(amount=Decimal("1.50"), day=date(2026, 1, 2)), expect=world.Filed)
    await http.write(
        "b", "POST", "/a", json={"নাম": [Fee(amount=Decimal(2), day=date(2026, 1, 2))]}, expect=world.Filed
    )
    await http.write("c", "POST", "/a", form={"নাম": "ক", "n": 1}, expect=world.Filed)
    bodies = [r.content.decode() for r in world.agency.requests]
    assert bodies == [
        '{"Amount":"1.50","day":"2026-01-02"}',
        '{"নাম":[{"Amount":"2","day":"2026-01-02"}]}',
        "%E0%A6%A8%E0%A6%BE%E0%A6%AE=%E0%A6%95&n=1",
    ]
    assert [r.headers["Content-Length"] for r in world.agency.requests] == [str(len(b.encode())) for b in bodies]
    assert [r.headers["Content-Type"] for r in world.agency.requests] == [
        "application/json",
        "application/json",
        "application/x-www-form-urlencoded",
    ]


async def test_a_small_answer_that_inflates_without_end_is_cut(world):
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 60_000
    world.agency.will(httpx.Response(200, stream=httpx.ByteStream(bomb), headers={"Content-Encoding": "gzip"}))
    with pytest.raises(AgencyUnavailable) as caught:
        await world.bind().read("x", "GET", "/a", expect=world.Filed)
    assert caught.value.because == "response-too-large"


class Chunked(httpx.AsyncByteStream):
    def __init__(self, data, size):
        self.chunks = [data[start : start + size] for start in range(0, len(data), size)]

    async def __aiter__(self):
        for chunk in self.chunks:
            yield chunk


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("size", [1, 7, 500, 3000])
@pytest.mark.parametrize("limit", [1_999, 2_000])
async def test_a_body_is_whole_or_too_large_however_it_is_cut(world, size, limit, encoding):
    body = json.dumps({"reference": "x" * 1_983}).encode()
    assert len(body) == 2_000
    sent = Chunked(gzip.compress(body) if encoding == "gzip" else body, size)
    world.agency.will(httpx.Response(200, stream=sent, headers={"Content-Encoding": encoding}))
    http = world.bind(manifest={"limits": {"response_bytes": limit}})
    if len(body) > limit:
        with pytest.raises(AgencyUnavailable) as caught:
            await http.read("x", "GET", "/a", expect=world.Filed)
        assert caught.value.because == "response-too-large"
    else:
        assert (await http.read("x", "GET", "/a", expect=world.Filed)).reference == "x" * 1_983
