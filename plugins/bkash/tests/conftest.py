"""A platform's side: one plugin, one client, before the simulator or before answers that a test writes itself."""

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from importlib.resources import files

import pytest

from nagorik import (
    CallContext,
    CompletePaymentRequest,
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
from nagorik.manifest import Manifest, parse_manifest
from nagorik.values import MobileNumber, Money
from nagorik_bkash import access, plugin
from nagorik_bkash.settings import BkashSettings
from nagorik_bkash.simulator import BkashSimulator
from nagorik_platform.agency_client import AgencyClient
from nagorik_testing import ExampleMessage, SimulatorTransport

HOST = "tokenized.pay.bka.sh"
GATEWAY, PAYMENT = "bkash.checkout", "payment-1"
AMOUNT = Money.taka("1170.00")
RETURN = f"https://portal.example/payments/return/{GATEWAY}/{PAYMENT}"
PURPOSE = Text(bn="পাসপোর্ট", en="Passport")


@dataclass
class Shop:
    """A merchant that has this plugin."""

    gateway: BkashSimulator
    manifest: Manifest
    client: AgencyClient
    settings: BkashSettings
    reference: str = ""
    started: list[PaymentStarted] = field(default_factory=list)

    def context(self, operation: Operation) -> CallContext[BkashSettings]:
        offer = self.manifest.gateways[0]
        idempotency = offer.writes.get(operation)
        key = f"key-of-{operation.value}" if idempotency else None
        deadline = Deadline.after(100, self.gateway.clock)
        return CallContext(
            http=self.client.bind(operation, idempotency, key, deadline),
            settings=self.settings,
            clock=self.gateway.clock,
            deadline=deadline,
            idempotency_key=key,
            offer=offer,
            documents=None,  # type: ignore[arg-type]
            log=logging.getLogger("bkash-test"),  # type: ignore[arg-type]
        )

    async def start(
        self,
        amount: Money = AMOUNT,
        *,
        mobile: str | None = None,
        payment: str = PAYMENT,
        return_url: str | None = RETURN,
    ) -> PaymentStarted:
        payer = Payer(mobile=None if mobile is None else MobileNumber.parse(mobile))
        request = StartPaymentRequest(
            gateway=GATEWAY, payment=payment, amount=amount, purpose=PURPOSE, payer=payer, return_url=return_url
        )
        begun = await plugin.nagorik_start_payment(request, self.context(Operation.START_PAYMENT))
        self.reference = begun.reference or ""
        self.started.append(begun)
        return begun

    async def query(self, reference: str | None = None, *, ago: timedelta = timedelta(0)) -> PaymentReport:
        request = QueryPaymentRequest(
            gateway=GATEWAY,
            payment=PAYMENT,
            reference=reference or self.reference or None,
            started_at=self.gateway.clock.now() - ago,
        )
        return await plugin.nagorik_query_payment(request, self.context(Operation.QUERY_PAYMENT))

    async def complete(self) -> PaymentReport:
        request = CompletePaymentRequest(
            gateway=GATEWAY,
            payment=PAYMENT,
            reference=self.reference,
            amount=AMOUNT,
            started_at=self.gateway.clock.now(),
        )
        return await plugin.nagorik_complete_payment(request, self.context(Operation.COMPLETE_PAYMENT))

    async def refund(self, amount: Money = AMOUNT, *, refund_reference: str | None = None) -> RefundReport:
        request = RefundPaymentRequest(
            gateway=GATEWAY,
            payment=PAYMENT,
            reference=self.reference,
            amount=amount,
            reason=PURPOSE,
            refund_reference=refund_reference,
        )
        return await plugin.nagorik_refund_payment(request, self.context(Operation.REFUND_PAYMENT))

    async def hear(self, message: ExampleMessage) -> PaymentNotice:
        request = PaymentNoticeRequest(gateway=GATEWAY, headers=dict(message.headers), body=message.body)
        return await plugin.nagorik_parse_payment_notice(request, self.context(Operation.PAYMENT_NOTICE))

    async def agreed(self) -> None:
        """Begin a payment, and let its payer agree."""
        await self.start()
        self.gateway.agree(PAYMENT)

    async def paid(self) -> PaymentReport:
        """Begin a payment, let its payer agree, and execute it."""
        await self.agreed()
        report = await self.complete()
        self.reference = report.reference or ""
        return report

    @property
    def captures(self) -> list[str | None]:
        """What was taken."""
        return [effect.amount for effect in self.gateway.ledger.effects("capture")]

    def asked(self, path: str) -> int:
        """How often an operation reached the gateway."""
        return self.gateway.ledger.request_counts[f"POST /v1.2.0-beta/tokenized/checkout/{path}"]


def make_shop(*, simulated: bool, **changed: object) -> Shop:
    gateway = BkashSimulator()
    manifest = parse_manifest(files("nagorik_bkash").joinpath("plugin.toml").read_bytes())
    settings = BkashSettings(**gateway.settings(f"https://{HOST}") | {"notice_origin": notices_origin()} | changed)
    client = AgencyClient(
        plugin="bkash",
        manifest=manifest,
        clock=gateway.clock,
        egress=frozenset(manifest.egress),
        settings=settings,
        login=access.login,
        error_reader=access.read_error,
        transport_factory=partial(SimulatorTransport, gateway) if simulated else None,
    )
    return Shop(gateway, manifest, client, settings)


def notices_origin() -> str:
    """Where the real certificates lie; the simulator serves its own there, in process."""
    return "https://sns.ap-southeast-1.amazonaws.com"


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """Before the simulator."""
    made = make_shop(simulated=True)
    yield made
    await made.client.aclose()


@pytest.fixture(scope="session")
def shop_maker() -> Callable[[], Shop]:
    """Makes shops before the simulator, for a test that needs many; whoever makes one closes its client."""
    return partial(make_shop, simulated=True)


@pytest.fixture
async def wired() -> AsyncIterator[Shop]:
    """Before answers that a test writes itself."""
    made = make_shop(simulated=False)
    yield made
    await made.client.aclose()
