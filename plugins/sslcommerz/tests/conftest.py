"""The plugin's hooks, called as the platform calls them: a real client, the manifest's classes, a simulator."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from nagorik import (
    Operation,
    Payer,
    PaymentNotice,
    PaymentNoticeRequest,
    PaymentReport,
    PaymentStarted,
    QueryPaymentRequest,
    RefundPaymentRequest,
    RefundReport,
    StartPaymentRequest,
    Text,
)
from nagorik.clock import Deadline
from nagorik.context import CallContext
from nagorik.manifest import Manifest, parse_manifest
from nagorik.values import Money
from nagorik_platform.agency_client import AgencyClient
from nagorik_sslcommerz import plugin
from nagorik_sslcommerz.answers import read_error
from nagorik_sslcommerz.settings import SslCommerzSettings
from nagorik_sslcommerz.simulator import SslCommerzSimulator
from nagorik_testing import SimulatorTransport, SyntheticCitizen, SyntheticCitizens

GATEWAY = "sslcommerz.hosted"
PAYMENT = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
TRAN_ID = "PVCEQQE5YAI5DMSFL76445H22I"
RETURN, NOTICE = f"https://portal.example/return/{PAYMENT}", f"https://portal.example/notice/{PAYMENT}"
PURPOSE = Text(bn="এনআইডি রি-ইস্যু", en="NID reissue")
REASON = Text(bn="আবেদন প্রত্যাহার করা হয়েছে", en="The application was withdrawn")
AMOUNT = Money.taka("345.00")
AN_HOUR = timedelta(hours=1)
HOST = "127.0.0.1"


@cache
def manifest() -> Manifest:
    return parse_manifest(files("nagorik_sslcommerz").joinpath("plugin.toml").read_bytes())


@dataclass(frozen=True, slots=True)
class Checkout:
    """One payment of one payer."""

    gateway: SslCommerzSimulator
    client: AgencyClient
    settings: SslCommerzSettings
    payer: SyntheticCitizen

    def context(self, operation: Operation) -> CallContext[SslCommerzSettings]:
        offer = manifest().gateways[0]
        idempotency = offer.writes.get(operation)
        key = f"key-of-{operation.value}" if idempotency else None
        deadline = Deadline.after(30, self.gateway.clock)
        return CallContext(
            http=self.client.bind(operation, idempotency, key, deadline),
            settings=self.settings,
            clock=self.gateway.clock,
            deadline=deadline,
            idempotency_key=key,
            offer=offer,
            documents=None,  # type: ignore[arg-type]
            log=logging.getLogger("sslcommerz-test"),  # type: ignore[arg-type]
        )

    def order(self, amount: Money = AMOUNT, **other: Any) -> StartPaymentRequest:
        return to_order(self.payer, amount, **other)

    async def start(self, amount: Money = AMOUNT, **other: Any) -> PaymentStarted:
        return await plugin.nagorik_start_payment(self.order(amount, **other), self.context(Operation.START_PAYMENT))

    async def query(self, reference: str | None = None) -> PaymentReport:
        request = QueryPaymentRequest(
            gateway=GATEWAY, payment=PAYMENT, reference=reference, started_at=self.gateway.clock.now()
        )
        return await plugin.nagorik_query_payment(request, self.context(Operation.QUERY_PAYMENT))

    async def refund(
        self, reference: str, refund_reference: str | None = None, amount: Money = AMOUNT
    ) -> RefundReport:
        request = RefundPaymentRequest(
            gateway=GATEWAY,
            payment=PAYMENT,
            reference=reference,
            amount=amount,
            reason=REASON,
            refund_reference=refund_reference,
        )
        return await plugin.nagorik_refund_payment(request, self.context(Operation.REFUND_PAYMENT))

    async def notice(self, body: bytes) -> PaymentNotice:
        request = PaymentNoticeRequest(gateway=GATEWAY, headers={}, body=body)
        return await plugin.nagorik_parse_payment_notice(request, self.context(Operation.PAYMENT_NOTICE))

    def posted(self) -> dict[str, str]:
        """What the gateway posts about the payment."""
        body = self.gateway.payment_notice(PAYMENT).body.decode("ascii")
        return dict(parse_qsl(body, keep_blank_values=True))


def to_order(citizen: SyntheticCitizen, amount: Money = AMOUNT, **other: Any) -> StartPaymentRequest:
    given: dict[str, Any] = {
        "gateway": GATEWAY,
        "payment": PAYMENT,
        "amount": amount,
        "purpose": PURPOSE,
        "payer": Payer(name=citizen.name.en, mobile=citizen.phone),
        "return_url": RETURN,
        "notice_url": NOTICE,
    }
    return StartPaymentRequest(**{**given, **other})


@asynccontextmanager
async def checkout_before(
    gateway: SslCommerzSimulator,
    transport_factory: Callable[[], Any] | None = None,
    *,
    address: str | None = None,
) -> AsyncIterator[Checkout]:
    """Before a simulator in this process, or the one that is served at ``address``."""
    configured = SslCommerzSettings(**gateway.settings(address or f"http://{HOST}"))
    if address is None and transport_factory is None:
        transport_factory = partial(SimulatorTransport, gateway)
    client = AgencyClient(
        plugin="sslcommerz",
        manifest=manifest(),
        clock=gateway.clock,
        egress=frozenset({HOST}),
        settings=configured,
        error_reader=read_error,
        transport_factory=transport_factory,
    )
    try:
        yield Checkout(gateway, client, configured, SyntheticCitizens().citizen(2121))
    finally:
        await client.aclose()


@pytest.fixture
async def checkout() -> AsyncIterator[Checkout]:
    async with checkout_before(SslCommerzSimulator()) as made:
        yield made


class Answers:
    """What a test has the gateway answer, by path; each once, in order."""

    def __init__(self) -> None:
        self._answers: dict[str, list[httpx.Response]] = {}

    def add(self, path: str, document: Any = None, *, html: str | None = None, status: int = 200) -> None:
        answer = httpx.Response(200, html=html) if html is not None else httpx.Response(status, json=document)
        self._answers.setdefault(path, []).append(answer)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return self._answers[request.url.path].pop(0)

    @property
    def left(self) -> int:
        return sum(len(answers) for answers in self._answers.values())


@pytest.fixture
def answers() -> Iterator[Answers]:
    made = Answers()
    yield made
    assert made.left == 0, "every answer that a test has written is asked for"


@pytest.fixture
async def wired(answers: Answers) -> AsyncIterator[Checkout]:
    """As ``checkout``; but what the gateway answers, the test writes itself."""
    async with checkout_before(SslCommerzSimulator(), lambda: httpx.MockTransport(answers)) as made:
        yield made
