"""A plugin's signer runs on each attempt over what is really sent, and what it does wrong sends nothing."""

import hashlib
import hmac

import httpx
import pytest

from nagorik import CredentialsRejected, PluginFault
from nagorik.http import Body, Signature, Token
from nagorik.operations import Idempotency

NATIVE, REFERENCE = Idempotency.NATIVE, Idempotency.CLIENT_REFERENCE
SECRET = b"a secret of the tests"


async def hmac_sign(request, settings, clock):
    """HMAC-SHA256 over time, method, URL and body, as many agencies want it."""
    moment = str(int(clock.now().timestamp()))
    mac = hmac.new(SECRET, f"{moment}\n{request.method}\n{request.url}\n".encode(), hashlib.sha256)
    async for piece in request.stream():
        mac.update(piece)
    return Signature({"X-Time": moment, "X-Signature": mac.hexdigest()})


def is_signed(request) -> bool:
    told = f"{request.headers['x-time']}\n{request.method}\n{request.url}\n".encode() + request.content
    return hmac.compare_digest(hmac.new(SECRET, told, hashlib.sha256).hexdigest(), request.headers["x-signature"])


@pytest.mark.parametrize("options", [{"json": {"a": "ক"}}, {"form": {"a": "b c"}}, {"body": Body(b"a", "a/b")}, {}])
async def test_each_attempt_is_signed_anew_over_the_bytes_that_are_sent(world, options):
    world.agency.will(httpx.ReadError("gone"), httpx.Response(503, headers={"Retry-After": "5"}), world.filed())
    http = world.bind(NATIVE, signer=hmac_sign)
    await http.write("file", "POST", "/f", expect=world.Filed, params={"q": "x y"}, **options)
    assert len(world.agency.requests) == 3
    assert all(is_signed(request) for request in world.agency.requests)
    assert len({request.headers["x-time"] for request in world.agency.requests}) > 1


async def test_token_and_key_are_there_to_be_signed_and_a_login_is_signed_too(world):
    seen = []

    async def look(request, settings, clock):
        seen.append({name.lower(): value for name, value in request.headers.items()})
        return Signature()

    async def login(http, settings, clock):
        await http.read("login", "POST", "/login", expect=type(None))
        return Token("abc")

    world.agency.will(httpx.Response(200), world.filed())
    await world.bind(NATIVE, signer=look, login=login).write("file", "POST", "/f", expect=world.Filed, json=1)
    assert [request.get("authorization") for request in seen] == [None, "Bearer abc"]
    assert "idempotency-key" in seen[1]


async def test_what_goes_elsewhere_is_not_signed(world):
    world.agency.will(httpx.Response(200, content=b"pdf"))
    await world.bind(signer=hmac_sign).download("fetch", "https://files.example.gov.bd/a.pdf")
    assert "x-signature" not in world.agency.requests[0].headers


class Secretive(Exception):
    pass


async def raises(request, settings, clock):
    raise Secretive(SECRET)


async def refuses(request, settings, clock):
    raise CredentialsRejected


async def gives(value):
    async def sign(request, settings, clock):
        return value

    return sign


@pytest.mark.parametrize(
    "value",
    [
        Signature({"Idempotency-Key": "another"}),
        Signature({"idempotency-key": "another"}),
        Signature({}, bytearray(b"changes")),
        None,
        {"X-Signature": "a"},
        Signature({"X-Signature": "a\r\nX-Other: b"}),
        Signature({"Host": "elsewhere"}),
        Signature({}, "text"),
    ],
)
async def test_a_wrong_result_sends_nothing(world, value):
    http = world.bind(REFERENCE, signer=await gives(value))
    with pytest.raises(PluginFault) as raised:
        await http.write("file", "POST", "/f", expect=world.Filed, json=1)
    assert raised.value.fault == "sign-wrong-result"
    assert world.agency.requests == []


async def test_a_signer_that_raises_sends_nothing_and_tells_no_secret(world):
    with pytest.raises(PluginFault) as raised:
        await world.bind(REFERENCE, signer=raises).write("file", "POST", "/f", expect=world.Filed, json=1)
    assert raised.value.fault == "sign-raised"
    assert SECRET.decode() not in f"{raised.value!r}{raised.value.__cause__}{raised.value.__context__}"
    with pytest.raises(CredentialsRejected):
        await world.bind(REFERENCE, signer=refuses).write("file", "POST", "/f", expect=world.Filed, json=1)
    assert world.agency.requests == []
