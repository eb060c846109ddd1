"""The store's password travels in the address of each question: it comes out nowhere else, whatever happens."""

import hashlib
import logging
import traceback
import warnings
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ClassVar
from urllib.parse import quote, quote_plus

import httpx
import pytest

from nagorik import NagorikError
from nagorik_platform.logs import quiet_transports
from nagorik_sslcommerz.simulator import SslCommerzSimulator
from nagorik_testing import AnswerLost, Fault, InjectedResponse, MaintenancePage, serve
from nagorik_testing.fixtures.canaries import capture_logs, count_leaks

from .conftest import AN_HOUR, Checkout, checkout_before

PASSWORD = "canary 5f3a&9c1e@ssl"
SOUGHT = (
    PASSWORD,
    quote(PASSWORD),
    quote_plus(PASSWORD),
    hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest(),
    hashlib.sha256(PASSWORD.encode()).hexdigest(),
    "canarystore5150",
)


class CanaryGateway(SslCommerzSimulator):
    store_id: ClassVar[str] = "canarystore5150"
    store_password: ClassVar[str] = PASSWORD


QUOTING = f'{{"APIConnect": "INVALID_REQUEST", "error": "store_passwd={quote_plus(PASSWORD)} {PASSWORD}"}}'
FAULTS: dict[str, Fault | None] = {
    "none": None,
    "the connection breaks": AnswerLost(),
    "an error that quotes the address": InjectedResponse(status=500, body=QUOTING),
    "a refusal that quotes the address": InjectedResponse(status=200, body=QUOTING),
    "a redirect that quotes the address": InjectedResponse(
        status=302, headers={"location": f"/login?store_passwd={quote_plus(PASSWORD)}"}
    ),
    "a page": MaintenancePage(),
}
CALLS: dict[str, Callable[[Checkout, str], Awaitable[Any]]] = {
    "start": lambda checkout, _: checkout.start(),
    "query": lambda checkout, _: checkout.query(),
    "refund": lambda checkout, reference: checkout.refund(reference),
    "refund status": lambda checkout, reference: checkout.refund(reference, "R1"),
    "notice": lambda checkout, _: checkout.notice(b"verify_sign=1&verify_key=amount&amount=1"),
}


def shown(error: NagorikError) -> str:
    return "\n".join((repr(error), str(error.to_problem()), *traceback.format_exception(error)))


@pytest.fixture
def libraries() -> Iterator[None]:
    """The loggers of the libraries below the client, as if nobody had set their levels."""
    loggers = [logging.getLogger(name) for name in ("httpcore", "httpx", "h11", "asyncio")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.NOTSET)
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.mark.usefixtures("libraries")
@pytest.mark.parametrize("fault", FAULTS)
async def test_password_comes_out_nowhere(fault: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Over a real socket, at the lowest level that a platform leaves to each logger, whatever the gateway says."""
    gateway, told = CanaryGateway(), list[str]()
    quiet_transports()  # as every platform does
    with warnings.catch_warnings(record=True) as warned, capture_logs() as heard:
        async with serve(gateway) as address, checkout_before(gateway, address=address) as checkout:
            await checkout.start()
            gateway.clock.advance(AN_HOUR)
            reference = (await checkout.query()).reference or ""
            for call in CALLS.values():
                injected = FAULTS[fault]
                if injected is not None:
                    for operation in gateway.faults.operations:
                        gateway.faults.add(operation, injected, count=None)
                try:
                    told.append(repr(await call(checkout, reference)))
                except NagorikError as error:
                    told.append(shown(error))
                finally:
                    gateway.faults.clear()
            told += [repr(checkout.settings), repr(checkout.client), repr(gateway.ledger.requests())]
    told += [heard.text, *map(str, warned), *capfd.readouterr()]
    assert count_leaks("\n".join(told), SOUGHT) == 0, "it came out"
    assert len(gateway.ledger.requests()) > len(CALLS) - 1


@pytest.mark.usefixtures("libraries")
async def test_password_is_looked_for_where_it_would_be_found() -> None:
    """The search itself finds what a client that writes its addresses down lets out."""
    gateway = CanaryGateway()
    with capture_logs() as heard:
        async with serve(gateway) as address, httpx.AsyncClient(base_url=address) as careless:
            given = {"store_id": gateway.store_id, "store_passwd": PASSWORD, "tran_id": "T"}
            await careless.get("/validator/api/merchantTransIDvalidationAPI.php", params=given)
    assert count_leaks(heard.text, SOUGHT) == 2
