"""Every row of the retry table, by class: what is sent how often, and what the caller is told."""

import httpx
import pytest

from nagorik.errors import (
    AgencyRejected,
    AgencyUnavailable,
    CredentialsRejected,
    InputRejected,
    OutcomeUnknown,
    RateLimited,
)
from nagorik.operations import Idempotency
from nagorik_platform.agency_client import step_key

READ = None
SAFE, NATIVE = Idempotency.SAFE, Idempotency.NATIVE
REFERENCE, NEITHER = Idempotency.CLIENT_REFERENCE, Idempotency.NONE
ELSEWHERE = "https://login.example.gov.bd/"
CLASSES = (READ, SAFE, NATIVE, REFERENCE, NEITHER)


def status(code, **options):
    return lambda: httpx.Response(code, **options)


def html():
    return httpx.Response(200, html="<html>maintenance</html>")


# How each failure looks, and the cause that is told of it.
NEVER_SENT = [
    (lambda: httpx.ConnectError("x"), "connect-failed"),
    (lambda: httpx.ConnectTimeout("x"), "connect-timeout"),
    (lambda: httpx.PoolTimeout("x"), "pool-timeout"),
]
LOST = [
    (lambda: httpx.ReadTimeout("x"), "read-timeout"),
    (lambda: httpx.WriteTimeout("x"), "write-timeout"),
    (lambda: httpx.ReadError("x"), "connection-reset"),
    (lambda: httpx.WriteError("x"), "connection-reset"),
    (lambda: httpx.CloseError("x"), "connection-reset"),
    (lambda: httpx.RemoteProtocolError("x"), "protocol-error"),
]
GATEWAY = [(status(502), "http-502"), (status(503), "http-503"), (status(504), "http-504")]
SERVER = [(status(500), "http-500"), (status(501), "http-501"), (status(520), "http-520")]
# A refusal in a page: whatever stands before the agency speaks, and perhaps after the agency has acted.
STRANGER = [
    (status(code, html="<html>refused</html>"), f"http-{code}-not-json") for code in (400, 403, 404, 409, 422, 429)
]
BROKEN = [
    (html, "contract-violation", "html"),
    (status(200), "contract-violation", "empty"),
    (status(204), "contract-violation", "empty"),
    (status(200, content=b'{"reference": "REF'), "contract-violation", "not-json"),
    (status(200, json={}), "contract-violation", "does-not-fit: $.reference missing"),
    (
        status(200, json={"reference": 7}),
        "contract-violation",
        "does-not-fit: $.reference string_type",
    ),
    (status(200, content=b'{"reference": "\xff"}'), "contract-violation", "charset"),
    (
        status(200, stream=httpx.ByteStream(b"plain"), headers={"Content-Encoding": "gzip"}),
        "contract-violation",
        "content-encoding",
    ),
    (status(418), "http-418", "http-418"),
    (status(304), "http-304", "http-304"),
    (status(302, headers={"Location": "/applications/7"}), "http-302", "http-302"),
    # Where a processed write is shown, which is not a login because it is elsewhere or has "auth" in a word.
    (status(303, headers={"Location": "https://receipts.example.gov.bd/7"}), "http-303", "http-303"),
    (status(303, headers={"Location": "/authority/lessons/7"}), "http-303", "http-303"),
    (lambda: httpx.LocalProtocolError("x"), "unexpected-failure", "unexpected-failure"),
    (lambda: ZeroDivisionError("x"), "unexpected-failure", "unexpected-failure"),
]
DEFINITE = [
    (status(403), CredentialsRejected, {"kind": "unspecified"}),
    (lambda: httpx.Response(403, json={"error": "account disabled"}), CredentialsRejected, {"kind": "unspecified"}),
    (status(404), AgencyRejected, {"reason_code": "http-404"}),
    (status(409), AgencyRejected, {"reason_code": "http-409"}),
    (status(400), InputRejected, {"errors": []}),
    (status(422), InputRejected, {"errors": []}),
    (status(401), CredentialsRejected, {"kind": "unspecified"}),
    (
        status(302, headers={"Location": ELSEWHERE}),
        CredentialsRejected,
        {"kind": "unspecified"},
    ),
    (status(303, headers={"Location": "/sso/login?next=x"}), CredentialsRejected, {"kind": "unspecified"}),
    (status(302, headers={"Location": "/Account/Sign-In"}), CredentialsRejected, {"kind": "unspecified"}),
]


async def ends(world, kind, failure):
    http = world.bind(kind)
    world.agency.for_ever(failure)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the class is what each test asserts
        await world.ask(http, kind)
    return http.ledger, caught.value


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(("failure", "because"), NEVER_SENT)
async def test_what_was_never_sent_is_tried_again_in_every_class(world, kind, failure, because):
    ledger, error = await ends(world, kind, failure)
    assert type(error) is AgencyUnavailable
    assert error.because == because
    assert (len(world.agency.requests), len(world.clock.naps)) == (4, 3)
    assert (ledger.wrote, ledger.unknown, ledger.requests) == (False, None, 4)


@pytest.mark.parametrize("kind", [READ, SAFE])
@pytest.mark.parametrize(("failure", "because"), [*LOST, *GATEWAY])
async def test_a_read_is_tried_again_when_its_answer_is_lost(world, kind, failure, because):
    ledger, error = await ends(world, kind, failure)
    assert type(error) is AgencyUnavailable
    assert error.because == because
    assert len(world.agency.requests) == 4
    assert world.clock.elapsed <= 0.2 + 0.4 + 0.8
    assert (ledger.wrote, ledger.unknown) == (False, None)


@pytest.mark.parametrize(("failure", "because"), [*LOST, *GATEWAY, *SERVER, *STRANGER])
async def test_a_native_write_is_tried_again_with_the_same_key_and_then_unknown(world, failure, because):
    ledger, error = await ends(world, NATIVE, failure)
    assert type(error) is OutcomeUnknown
    assert (error.because, error.step) == (because, "file")
    assert world.agency.keys() == [step_key("application-key", "file")] * 4
    assert ledger.wrote
    assert ledger.unknown is error


@pytest.mark.parametrize("kind", [REFERENCE, NEITHER])
@pytest.mark.parametrize(("failure", "because"), [*LOST, *GATEWAY, *SERVER, *STRANGER])
async def test_another_write_whose_answer_is_lost_is_unknown_after_one_request(world, kind, failure, because):
    ledger, error = await ends(world, kind, failure)
    assert type(error) is OutcomeUnknown
    assert error.because == because
    assert world.agency.keys() == [None]
    assert world.clock.naps == []
    assert ledger.unknown is error


@pytest.mark.parametrize("kind", [NATIVE, REFERENCE, NEITHER])
@pytest.mark.parametrize(("failure", "because", "detail"), BROKEN)
async def test_a_write_whose_answer_breaks_the_contract_is_unknown(world, kind, failure, because, detail):
    ledger, error = await ends(world, kind, failure)
    assert type(error) is OutcomeUnknown
    assert error.because == because
    assert len(world.agency.requests) == 1
    assert ledger.unknown is error


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(("failure", "kind_of_error", "details"), DEFINITE)
async def test_a_definite_no_is_told_at_once_in_every_class(world, kind, failure, kind_of_error, details):
    ledger, error = await ends(world, kind, failure)
    assert type(error) is kind_of_error
    assert error.details() == details
    assert len(world.agency.requests) == 1
    assert (ledger.wrote, ledger.unknown) == (False, None)


@pytest.mark.parametrize("kind", CLASSES)
async def test_too_many_requests_are_never_processed_so_every_class_tries_again(world, kind):
    ledger, error = await ends(world, kind, status(429, headers={"Retry-After": "7"}))
    assert type(error) is RateLimited
    assert error.retry_after == 7.0
    assert len(world.agency.requests) == 4
    assert world.clock.naps == [7.0, 7.0, 7.0]
    assert (ledger.wrote, ledger.unknown) == (False, None)


@pytest.mark.parametrize(
    ("later", "requests"),
    [
        (status(403), 2),
        (status(404), 2),
        (status(409), 2),
        (status(401), 2),
        (status(418), 2),
        (status(302, headers={"Location": ELSEWHERE}), 2),
        (html, 2),
        (status(429), 4),
        (lambda: httpx.ConnectError("x"), 4),
    ],
)
async def test_a_native_write_that_may_have_been_processed_ends_unknown_whatever_comes_later(world, later, requests):
    http = world.bind(NATIVE)
    world.agency.will(httpx.ReadTimeout("x"))
    world.agency.for_ever(later)
    with pytest.raises(OutcomeUnknown) as caught:
        await world.ask(http, NATIVE)
    assert caught.value.because == "read-timeout"
    assert len(world.agency.requests) == requests
