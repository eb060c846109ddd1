"""Nothing personal and nothing secret leaves through an error, its chain, a traceback, a representation or a log."""

import logging
import traceback

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from nagorik.errors import NagorikError
from nagorik.http import Token, WireModel
from nagorik.operations import Idempotency
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.ledger import CallLedger

NID, NAME, TOKEN, KEY = "19901234567890123", "CANARY-RAHIMA", "CANARY-TOKEN", "CANARY-KEY"
CANARIES = (NID, NAME, TOKEN, KEY, "api.example.gov.bd", "/people")


class Person(WireModel):
    nid: str
    age: int


def errors_of_httpx():
    text = f"https://api.example.gov.bd/v1/people/{NID}?name={NAME}"
    request = httpx.Request("GET", text)
    kinds = (httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.DecodingError)
    for kind in kinds:
        yield kind(text, request=request)
    yield ValueError(text)


def answers_of_an_agency():
    body = {"nid": NID, "name": NAME, "age": NAME}
    for status in (200, 400, 401, 403, 404, 409, 418, 422, 429, 500, 503):
        yield httpx.Response(status, json=body)
    yield httpx.Response(302, headers={"Location": f"https://login.example.gov.bd/?nid={NID}"})
    yield httpx.Response(200, text=f"<html>{NID}")
    yield httpx.Response(200, json={NID: NAME})
    yield httpx.Response(200, content=NID.encode() * 9999)


def everything_said_of(error):
    seen = []
    pending = [error]
    while pending:
        one = pending.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        pending += [one.__cause__, one.__context__]
    assert all(isinstance(one, NagorikError) for one in seen), seen
    said = [str(one) + repr(one) + repr(one.args) + repr(one.to_problem()) for one in seen]
    # The source lines of a traceback are this file's own and the core's; what is looked for is in none of them.
    return "".join([*said, *traceback.format_exception(error)])


@pytest.mark.parametrize("kind", [None, Idempotency.NATIVE, Idempotency.NONE])
@pytest.mark.parametrize("step", [*errors_of_httpx(), *answers_of_an_agency()], ids=lambda step: type(step).__name__)
async def test_no_canary_leaves(world, kind, step, caplog, capsys):
    caplog.set_level(logging.INFO)

    async def login(_http, _settings, _clock):
        return Token(SecretStr(TOKEN))

    http = world.bind(kind, login=login, key=KEY, attempts=2, manifest={"limits": {"response_bytes": 9000}})
    world.agency.for_ever(lambda: step)
    call = http.read if kind is None else http.write
    with capture_logs() as lines, pytest.raises(NagorikError) as caught:
        await call(
            "person",
            "POST",
            f"/people/{NID}",
            params={"name": NAME},
            json={"nid": NID},
            headers={"X-Name": NAME},
            expect=Person,
        )
    out = capsys.readouterr()
    told = everything_said_of(caught.value)
    told += caplog.text + repr(lines) + out.out + out.err + repr(http) + repr(http.ledger)
    for canary in CANARIES:
        assert canary not in told


def test_representations_are_silent(world):
    settings = AgencySettings(base_url="https://api.example.gov.bd/v1")
    client = world.client(settings=settings)
    http = world.bind(client=client)
    shown = repr(client) + repr(http) + repr(Token(TOKEN)) + repr(settings) + repr(http.resources) + repr(http.call)
    shown += (
        repr(http.resources.egress) + repr(CallLedger()) + repr(Person(nid=NID, age=7)) + str(Person(nid=NID, age=7))
    )
    for canary in CANARIES:
        assert canary not in shown
    assert repr(Token(TOKEN)) == "<Token •••>"
