"""The agency's own errors, as its plugin recognises them, go before everything else."""

import httpx
import pytest

from nagorik.errors import (
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    DuplicateApplication,
    OutcomeUnknown,
)
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


@pytest.mark.parametrize(
    "error", [AgencyRejected("nid 1990123456789"), type("Own", (AgencyRejected,), {})("x"), "no", AgencyRejected]
)
async def test_what_an_error_reader_may_not_say_is_a_violation(world, error):
    world.agency.will(httpx.Response(409))
    with pytest.raises(ContractViolation) as caught:
        await world.bind(error_reader=always(error)).read("x", "GET", "/a", expect=object)
    assert caught.value.detail == "error-reader-wrong-result"


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
