"""A plugin reaches its agency and the hosts its manifest lists, and nothing else."""

import httpx
import pytest
from hypothesis import given, strategies as st
from pydantic import SecretStr

from nagorik.errors import PluginFault
from nagorik.http import Token
from nagorik_platform.agency_client.egress import EgressRules, encode

HOSTS = frozenset({"api.example.gov.bd", "files.example.gov.bd", "127.0.0.1", "localhost"})


def book(base="https://api.example.gov.bd/v1"):
    return EgressRules(base, HOSTS, plugin="demo")


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.com/",
        "https://sub.api.example.gov.bd/",
        "https://api.example.gov.bd.evil.com/",
        "https://api.example.gov.bd./",
        "https://user@api.example.gov.bd/",
        "https://api.example.gov.bd@evil.com/",
        "https://evil.com\\@api.example.gov.bd/",
        "https://api.example.gov.bd\t.evil.com/",
        "https://api.example.gov.bd:8443/",
        "https://api.example.gov.bd:99999/",
        "http://api.example.gov.bd/",
        "ftp://api.example.gov.bd/",
        "file:///etc/passwd",
        "//api.example.gov.bd/x"[1:].replace("/api", "api"),
        "https:api.example.gov.bd/",
        "https://",
        "https://[::1]/",
        "https://[bad/",
        "https://api.example.gov.bd/#fragment",
        "",
    ],
)
async def test_what_is_not_listed_is_not_reached(world, url):
    with pytest.raises(PluginFault) as caught:
        await world.bind().download("file", url)
    assert caught.value.fault == "egress-not-allowed"
    assert world.agency.requests == []


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://api.example.gov.bd/v1", "https://files.example.gov.bd/a?sig=1"),
        ("https://api.example.gov.bd/v1", "https://FILES.example.gov.bd:443/a"),
        ("https://api.example.gov.bd:8443/v1", "https://api.example.gov.bd:8443/a"),
        ("http://localhost:8000/v1", "http://localhost:8000/a"),
        ("http://localhost", "http://localhost:80/a"),
    ],
)
def test_a_listed_host_is_reached(base, url):
    assert book(base).resolve(url).url.lower() == url.lower()


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://api.example.gov.bd/v1", "http://127.0.0.1:9/a"),
        ("https://api.example.gov.bd/v1", "https://localhost/a"),
        ("http://localhost:8000", "http://localhost:22/a"),
        ("http://localhost:8000", "http://localhost/a"),
        ("http://localhost:8000", "http://127.0.0.1:8000/a"),
        ("http://localhost", "http://localhost:0/a"),
        ("https://api.example.gov.bd", "https://api.example.gov.bd:0/a"),
        ("https://api.example.gov.bd", "https://files.example.gov.bd:0/a"),
    ],
)
def test_no_agency_names_another_port_of_this_machine_or_of_a_listed_host(base, url):
    with pytest.raises(PluginFault) as caught:
        book(base).resolve(url)
    assert caught.value.fault == "egress-not-allowed"


@pytest.mark.parametrize(
    "path",
    [
        "/a/../b",
        "/..",
        "/a/%2e%2E/b",
        "/a/.%2e",
        "/a%2f..%2fb",
        "/a/./b",
        "/a/..;/b",
        "/a/%2e.;x=1/b",
        "/a/..%3b/b",
        "/a?x=1",
        "/a#b",
        "/a b",
        "/a\r\nX: y",
        "/ক",
        "/a\\b",
        "/a\x00",
    ],
)
def test_a_path_cannot_climb_nor_smuggle(path):
    with pytest.raises(PluginFault) as caught:
        book().resolve(path)
    assert caught.value.fault == "path-not-allowed"


@given(st.text(max_size=40))
def test_whatever_the_path_the_host_stays(path):
    try:
        address = book().resolve("/" + path)
    except PluginFault:
        return
    url = httpx.URL(address.url)
    assert (url.scheme, url.host, url.port, url.userinfo) == ("https", "api.example.gov.bd", None, b"")
    assert url.path.startswith("/v1/")
    assert address.home


def test_query_fields_are_encoded_in_utf_8():
    fields = {"q": "ঢাকা ১", "n": 7, "yes": True, "no": False, "gone": None, "many": ["a&b", None, "c"]}
    assert (
        encode(fields) == "q=%E0%A6%A2%E0%A6%BE%E0%A6%95%E0%A6%BE%20%E0%A7%A7&n=7&yes=true&no=false&many=a%26b&many=c"
    )


async def test_the_token_goes_to_the_base_address_only(world):
    async def login(_http, _settings, _clock):
        return Token(SecretStr("tok"))

    http = world.bind(login=login)
    world.agency.will(
        httpx.Response(200, content=b"%PDF", headers={"Content-Type": "Application/PDF; x=1"}),
        httpx.Response(200, content=b"%PDF"),
    )
    got = await http.download("file", "https://files.example.gov.bd/a?sig=1", params={"b": 2})
    assert (got.content, got.content_type) == (b"%PDF", "application/pdf")
    await http.download("file", "/a")
    assert [r.headers.get("Authorization") for r in world.agency.requests] == [None, "Bearer tok"]
    assert str(world.agency.requests[0].url) == "https://files.example.gov.bd/a?sig=1&b=2"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.com"},
        {"host": "evil.com"},
        {"Content-Length": "1"},
        {"Idempotency-Key": "mine"},
        {"Cookie": "a=b"},
        {"X-A": "a\r\nX-B: c"},
        {"X A": "a"},
        {"X-A": "ক"},
    ],
)
async def test_headers_that_are_not_the_plugins_are_refused(world, headers):
    with pytest.raises(PluginFault) as caught:
        await world.bind().read("x", "GET", "/a", headers=headers, expect=world.Filed)
    assert caught.value.fault == "header-not-allowed"
    assert world.agency.requests == []
