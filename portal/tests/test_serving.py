"""The portal on a socket: bounded, logged without paths, stopped gracefully."""

import json
import signal
import subprocess
import sys

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from nagorik_portal.edge import UNMATCHED, Edge, template
from nagorik_portal.serving import serving


def client_of(app):
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://portal.test")


def lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture
def logged(capsys):
    """Gives the lines that were logged, once logging writes JSON."""
    from nagorik_platform.logs import configure_logging

    configure_logging(level="INFO", json=True)
    return lambda: lines(capsys.readouterr().err)


async def echo(request):
    size = len(await request.body())
    if request.query_params.get("fail"):
        raise ValueError("0099000202")
    return PlainTextResponse(str(size))


def within_edge(*routes):
    async def failed(request, error):
        return PlainTextResponse("failed", 500)

    app = Starlette(routes=routes)
    app.add_middleware(Edge, body_limit=10, headers={"x-content-type-options": "nosniff"}, failed=failed)
    return app


async def test_a_line_has_the_routes_template_and_never_what_came_in(logged):
    inner = within_edge(Route("/items/{item}", echo, methods=["GET", "POST"]))
    app = Starlette(routes=[Mount("/v1", inner), Mount("/", within_edge(Route("/", echo)))])
    async with client_of(app) as client:
        for method, path, status in (
            ("POST", "/v1/items/0099000202?nid=0099000202", 200),
            ("GET", "/", 200),
            ("GET", "/0099000202", 404),
            ("POST", "/v1/items/0099000202?fail=1", 500),
        ):
            assert (await client.request(method, path)).status_code == status
        found = logged()
    assert "0099000202" not in json.dumps(found)
    served = [one for one in found if one["event"] == "request_served"]
    assert [(one["method"], one["route"], one["status"]) for one in served] == [
        ("POST", "/v1/items/<item>", 200),
        ("GET", "/", 200),
        ("GET", UNMATCHED, 404),
        ("POST", "/v1/items/<item>", 500),
    ]
    assert all(one["milliseconds"] >= 0 for one in served)


async def test_a_body_above_the_limit_is_refused_whether_announced_or_not():
    async def in_pieces():
        for _ in range(3):
            yield b"12345"

    async with client_of(within_edge(Route("/", echo, methods=["POST"]))) as client:
        assert (await client.post("/", content=b"1234567890")).text == "10"
        assert (await client.post("/", content=b"12345678901")).status_code == 413
        assert (await client.post("/", content=in_pieces())).status_code == 413
        assert (await client.post("/", headers={"content-length": "x"}, content=b"1")).status_code == 413


def test_no_route_has_no_template():
    assert template({"root_path": "/0099000202"}) == UNMATCHED


def test_the_portal_serves_on_a_socket_until_it_is_stopped(site):
    async def do(portal, world, host):
        async with serving(portal) as address, httpx.AsyncClient(base_url=address, trust_env=False) as client:
            for path in ("/v1/health", "/v1/ready", "/v1/openapi.json", "/"):
                response = await client.get(path, follow_redirects=True)
                assert response.status_code == 200
                assert response.headers["cache-control"] == "no-store"
                assert "server" not in response.headers
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient(trust_env=False) as client:
                await client.get(f"{address}/v1/health")

    site(do)


def test_the_command_serves_until_it_is_stopped(ready, place):
    words = (sys.executable, "-c", "import sys; from nagorik_platform.cli import main; sys.exit(main())", "serve")
    process = subprocess.Popen([*words, "--bind", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        address = process.stdout.readline().decode().removeprefix("Serving at ").partition(". ")[0]
        assert httpx.get(f"{address}/v1/health?nid=0099000202", trust_env=False).status_code == 200
        other = ready("serve", "--bind", address.removeprefix("http://"))
        assert (other.code, "another program does" in other.err) == (2, True)
    finally:
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate()
    assert process.returncode == 0
    assert "request_served" in log.decode()
    assert "0099000202" not in log.decode()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--bind", "8000"), "--bind: write it as"),
        (("--bind", "127.0.0.1:99999"), "--bind: write it as"),
        (("--base-url", "https://portal.example/desk"), "--base-url: write it as"),
    ],
)
def test_an_address_that_cannot_be_is_refused(ready, words, says):
    refused = ready("serve", *words)
    assert (refused.code, says in refused.err) == (2, True)
