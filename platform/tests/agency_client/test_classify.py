"""The agency's own errors, as its plugin recognises them, go before everything else."""

import httpx
import pytest

from nagorik.errors import (
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    DuplicateApplication,
    InputRejected,
    OutcomeUnknown,
    PluginFault,
    RateLimited,
)
from nagorik.http import AgencyResponse
from nagorik.operations import Idempotency

NATIVE, REFERENCE, NEITHER = Idempotency.NATIVE, Idempotency.CLIENT_REFERENCE, Idempotency.NONE
CLASSES = [None, Idempotency.SAFE, NATIVE, REFERENCE, NEITHER]


def always(error):
    return lambda _answer: error


def envelope(answer):
    """An agency that answers 200 to everything."""
    match answer.document:
        case {"code": "DUP", "ref": str(reference)}:
            return DuplicateApplication(reference)
        case {"code": "BUSY"}:
            return AgencyUnavailable(retry_after=60)
    return None


@pytest.mark.parametrize("kind", CLASSES)
async def test_an_error_in_a_good_status_is_the_mapped_error(world, kind):
    http = world.bind(kind, error_reader=envelope)
    world.agency.will(httpx.Response(200, json={"code": "DUP", "ref": "REF-7"}))
    with pytest.raises(DuplicateApplication) as caught:
        await world.ask(http, kind)
    assert caught.value.reference == "REF-7"
    assert (http.ledger.requests, http.ledger.unknown) == (1, None)


async def test_a_conflict_on_a_native_replay_gives_the_same_reference(world):
    http = world.bind(NATIVE, error_reader=envelope)
    world.agency.will(httpx.ReadTimeout("x"), httpx.Response(409, json={"code": "DUP", "ref": "REF-7"}))
    with pytest.raises(DuplicateApplication):
        await world.ask(http, NATIVE)
    assert http.ledger.unknown is None


@pytest.mark.parametrize(
    "error",
    [
        AgencyUnavailable(),
        RateLimited(),
        CredentialsRejected(CredentialProblem.WRONG),
        ContractViolation("x"),
        PluginFault("x", plugin="demo"),
        OutcomeUnknown(step="other", because="pending"),
    ],
)
async def test_an_error_that_says_nothing_of_an_earlier_attempt_leaves_it_unknown(world, error):
    calls = iter([None, *[error] * 9])
    http = world.bind(NATIVE, error_reader=lambda _answer: next(calls))
    world.agency.will(httpx.Response(503))
    world.agency.for_ever(lambda: httpx.Response(409))
    with pytest.raises(OutcomeUnknown) as caught:
        await world.ask(http, NATIVE)
    assert (caught.value.step, caught.value.because) == ("file", "http-503")


@pytest.mark.parametrize("kind", [REFERENCE, NEITHER])
async def test_a_busy_answer_that_the_plugin_knows_means_not_sent(world, kind):
    http = world.bind(kind, error_reader=envelope)
    world.agency.will(httpx.Response(503, json={"code": "BUSY"}))
    with pytest.raises(AgencyUnavailable) as caught:
        await world.ask(http, kind)
    assert caught.value.retry_after == 60
    assert (http.ledger.wrote, len(world.agency.requests)) == (False, 1)


@pytest.mark.parametrize("error", [ContractViolation("x"), PluginFault("x", plugin="demo")])
@pytest.mark.parametrize("kind", [NATIVE, REFERENCE, NEITHER])
async def test_a_violation_that_the_plugin_finds_leaves_a_write_unknown(world, kind, error):
    http = world.bind(kind, error_reader=always(error))
    world.agency.will(world.filed())
    with pytest.raises(OutcomeUnknown) as caught:
        await world.ask(http, kind)
    assert caught.value.because == error.code


@pytest.mark.parametrize(
    "error", [AgencyRejected("nid 1990123456789"), type("Own", (AgencyRejected,), {})("x"), "no", AgencyRejected]
)
async def test_what_an_error_reader_may_not_say_is_a_violation(world, error):
    world.agency.will(httpx.Response(409))
    with pytest.raises(ContractViolation) as caught:
        await world.bind(error_reader=always(error)).read("x", "GET", "/a", expect=object)
    assert caught.value.detail == "error-reader-wrong-result"


async def test_an_answer_that_says_pending_is_asked_again_with_a_native_key(world):
    def error_reader(answer):
        return OutcomeUnknown(step="x", because="pending") if answer.status == 202 else None

    http = world.bind(NATIVE, error_reader=error_reader)
    world.agency.will(httpx.Response(202), world.filed())
    assert (await world.ask(http, NATIVE)).reference == "REF-1"
    other = world.bind(NEITHER, error_reader=error_reader)
    world.agency.will(httpx.Response(202))
    with pytest.raises(OutcomeUnknown) as caught:
        await world.ask(other, NEITHER)
    assert (caught.value.step, caught.value.because) == ("file", "pending")


def explode(_answer):
    raise ZeroDivisionError("19901234567890123")


@pytest.mark.parametrize(
    ("error_reader", "detail"), [(explode, "error-reader-raised"), (always("no"), "error-reader-wrong-result")]
)
async def test_an_error_reader_that_misbehaves_breaks_a_read_and_leaves_a_write_unknown(world, error_reader, detail):
    world.agency.for_ever(world.filed)
    with pytest.raises(ContractViolation) as caught:
        await world.ask(world.bind(error_reader=error_reader))
    assert caught.value.detail == detail
    with pytest.raises(OutcomeUnknown) as caught:
        await world.ask(world.bind(NATIVE, error_reader=error_reader), NATIVE)
    assert caught.value.because == "contract-violation"
    assert len(world.agency.requests) == 2


@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 404, 409, 422, 429, 500, 503])
async def test_every_answer_is_shown_to_the_plugin_first(world, status):
    seen = []

    def error_reader(answer):
        seen.append((answer.status, answer.document, answer.headers["x-a"], answer.content_type))
        return AgencyRejected("demo.no")

    world.agency.will(httpx.Response(status, json={"a": 1}, headers={"X-A": "b"}))
    with pytest.raises(AgencyRejected) as caught:
        await world.ask(world.bind(error_reader=error_reader))
    assert caught.value.reason_code == "demo.no"
    assert seen == [(status, {"a": 1}, "b", "application/json")]


async def test_an_answer_may_be_no_json_at_all():
    answer = AgencyResponse(200, [(b"Content-Type", b"text/html")], b"<html>")
    assert (answer.document, answer.text, repr(answer)) == (None, "<html>", "<AgencyResponse 200>")


async def test_fields_that_the_agency_found_wrong_are_the_plugins_to_name(world):
    http = world.bind(NEITHER, error_reader=always(InputRejected(())))
    world.agency.will(httpx.Response(200))
    with pytest.raises(InputRejected):
        await world.ask(http, NEITHER)
    assert not http.ledger.wrote
