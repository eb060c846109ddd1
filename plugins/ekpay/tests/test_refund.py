"""Money that has to be given back: ekPay has no interface for that, so that a person does it."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from nagorik import ApplicationDraft, ApplicationState, Consent, Money, Operation, PaymentState, ServiceNotOffered
from nagorik.model.payment import RefundPaymentRequest
from nagorik.model.status import Flag
from nagorik.values.sentences import Text
from nagorik_ekpay.simulator import EkpaySimulator
from nagorik_platform import PaymentAddresses, Platform, PlatformSettings, PluginConfiguration
from nagorik_platform.lifecycle import (
    CitizenActed,
    NextAction,
    Opened,
    Progress,
    ServiceCapabilities,
    Step,
    begin,
    open_application,
    state_advice,
    step,
)
from nagorik_platform.lifecycle.perform import perform
from nagorik_platform.registry import Admission, Registry
from nagorik_testing import Simulator, SimulatorTransport, SyntheticCitizens
from nagorik_testing.simulator.base import installed_simulators, load_simulator

GATEWAY, SERVICE = "ekpay.checkout", "nid.reissue"
P, S = PaymentState, ApplicationState


class PaidApplication:
    """One application for a service of another plugin, whose fee is paid through ekPay, carried on call by call."""

    def __init__(self) -> None:
        self.ekpay = EkpaySimulator()
        self.clock = self.ekpay.clock
        agency = load_simulator(installed_simulators()["nid"])(clock=self.clock)
        agencies: dict[str, Simulator] = {"ekpay": self.ekpay, "nid": agency}
        plugins = {
            plugin: PluginConfiguration(
                settings=simulator.settings(f"https://{plugin}.example"),
                egress=frozenset({f"{plugin}.example"}),
                transport_factory=partial(SimulatorTransport, simulator),
            )
            for plugin, simulator in agencies.items()
        }
        addresses = PaymentAddresses(returns="https://portal.example/back", notices="https://portal.example/notices")
        settings = PlatformSettings(clock=self.clock, plugins=plugins, payment_addresses=addresses)
        self.platform = Platform(Registry.discover(admission=Admission(allow=frozenset(agencies))), settings)
        self.capabilities = ServiceCapabilities.of(self.platform.service(SERVICE), self.platform.gateway(GATEWAY))
        citizen = SyntheticCitizens().citizen(7)
        consent = Consent(
            id="consent-1",
            service=SERVICE,
            operations=frozenset(Operation),
            fee_ceiling=Money.taka(20_000),
            given_at=self.clock.now(),
            expires_at=self.clock.now() + timedelta(days=365),
        )
        form = agency.example(SERVICE, citizen).form
        self.draft = ApplicationDraft(service=SERVICE, applicant=citizen.applicant(), form=form, consent=consent)
        self.progress: Progress
        self.next: NextAction
        opened = Opened(
            at=self.clock.now(),
            id="application-1",
            service=SERVICE,
            plugin_version="nagorik-nid 1.0.0",
            client_reference="NGK-TEST-1",
            idempotency_key="00000000-0000-4000-8000-000000000001",
            consent=consent,
        )
        self._take(open_application(opened, self.capabilities))

    async def run(self, *, until: PaymentState) -> None:
        """Do what is due until the first payment is in a state."""
        for number in range(50):
            if self.progress.payments and self.progress.payments[0].state is until:
                return
            if self.next.due is not None and self.next.due > self.clock.now():
                self.clock.set(self.next.due)
            self._take(begin(self.progress, self.capabilities, self.clock.now(), f"payment-{number}"))
            if self.next.operation is not None:
                await self._receive(await perform(self.platform, self.draft, self.progress, self.next))
        raise AssertionError(f"no payment came to {until}")

    async def withdraw(self) -> None:
        await self._receive(CitizenActed("withdraw"))

    async def _receive(self, received: Any) -> None:
        self._take(step(self.progress, received, self.capabilities, self.clock.now()))

    def _take(self, done: Step) -> None:
        self.progress, self.next = done.progress, done.next


async def test_money_of_an_application_that_ended_is_given_back_by_hand() -> None:
    paid = PaidApplication()
    await paid.run(until=P.CAPTURED)
    (capture,) = paid.ekpay.ledger.effects("capture")
    await paid.withdraw()
    (payment,) = paid.progress.payments
    assert (paid.progress.state, payment.state) == (S.CLOSED, P.REFUND_MANUAL)
    assert (payment.reference, payment.sum.plain()) == (capture.reference, capture.amount)
    assert paid.progress.flags == {Flag.REFUND_DUE}
    assert state_advice(P.REFUND_MANUAL).en == "Keep your receipt. Ask the service centre if you hear nothing."


async def test_gateway_is_never_asked_to_give_money_back() -> None:
    paid = PaidApplication()
    assert not paid.capabilities.offers(Operation.REFUND_PAYMENT)
    request = RefundPaymentRequest(
        gateway=GATEWAY, payment="p", reference="r", amount=Money.taka(1), reason=Text(bn="কারণ", en="Reason")
    )
    with pytest.raises(ServiceNotOffered):
        await paid.platform.refund_payment(request, key="key")
    assert not paid.ekpay.ledger.requests()
