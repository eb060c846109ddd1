"""The plugin on a platform of its own, before a simulated department, and one application driven by hand."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from pydantic import JsonValue

from nagorik import ApplicationDraft, Consent, Operation, PaymentReceipt, PaymentReport, PaymentStarted, PaymentState
from nagorik.operations import Idempotency
from nagorik.values import Money
from nagorik_passport.simulator import PassportSimulator
from nagorik_platform import Platform, PlatformSettings, PluginConfiguration, References
from nagorik_platform.lifecycle import (
    CallAnswered,
    CitizenActed,
    Decided,
    Opened,
    ServiceCapabilities,
    begin,
    open_application,
    step,
)
from nagorik_platform.lifecycle.perform import perform
from nagorik_platform.registry import Admission, Registry
from nagorik_testing import SimulatorTransport, SyntheticCitizen, SyntheticCitizens
from nagorik_testing.fixtures.documents import MemoryDocuments

REFERENCE = "NGK-PASSPORT-1"
KEY = UUID("00000000-0000-5000-8000-000000000001")


@dataclass
class Desk:
    """One citizen at a service centre that has this plugin."""

    platform: Platform
    simulator: PassportSimulator
    citizen: SyntheticCitizen
    oid: str | None = None

    def form(self, service: str = "passport.new", **more: JsonValue) -> dict[str, JsonValue]:
        return {**self.simulator.example(service, self.citizen).form, **more}

    def consent(self, service: str, ceiling: Money | None = None) -> Consent:
        now = self.simulator.clock.now()
        return Consent(
            id="consent-1",
            service=service,
            operations=frozenset(Operation),
            fee_ceiling=ceiling or Money.taka(20_000),
            given_at=now,
            expires_at=now + timedelta(days=365),
        )

    def draft(
        self, service: str = "passport.new", form: dict[str, JsonValue] | None = None, **more: Any
    ) -> ApplicationDraft:
        applicant = self.citizen.applicant().model_copy(update=more.pop("applicant", {}))
        return ApplicationDraft(
            service=service,
            applicant=applicant,
            form=form or self.form(service),
            consent=self.consent(service, more.pop("ceiling", None)),
        )

    @property
    def references(self) -> References:
        return References(client_reference=REFERENCE, idempotency_key=KEY, agency_reference=self.oid)

    async def file(self, draft: ApplicationDraft) -> Any:
        accepted: Any = await self.platform.submit(draft, self.references)
        self.oid = accepted.reference
        return accepted

    async def pay(self, draft: ApplicationDraft, payer: str | None = None, number: str = "CHALLAN-1") -> Any:
        """Tell the department of a challan over what it asks for."""
        quote = await self.platform.quote_fees(draft, agency_reference=self.oid)
        receipt = PaymentReceipt(
            payment=number,
            quote=quote.id,
            stage=quote.stage,
            gateway="till.counter",
            reference=number,
            amount=quote.total,
            captured_at=self.simulator.clock.now(),
            payer_name=payer if payer is not None else draft.applicant.name.en,
        )
        return await self.platform.advise_payment(draft, self.references, receipt)

    async def status(self, draft: ApplicationDraft) -> Any:
        return await self.platform.get_status(draft, self.references)

    async def until(self, draft: ApplicationDraft, word: str) -> Any:
        for _ in range(400):
            told = await self.status(draft)
            if told.raw == word:
                return told
            self.simulator.clock.advance(timedelta(hours=6))
        raise AssertionError(word)


@dataclass
class ApplicationDriver:
    """One application that is carried on as a host does it, with a till that takes whatever is asked, at once."""

    desk: Desk
    draft: ApplicationDraft
    payer: str | None
    capabilities: ServiceCapabilities = field(init=False)
    events: list[Any] = field(default_factory=list)
    payments: int = 0

    def __post_init__(self) -> None:
        service = self.desk.platform.service(self.draft.service)
        till = {
            Operation.START_PAYMENT: Idempotency.NATIVE,
            Operation.QUERY_PAYMENT: None,
            Operation.REFUND_PAYMENT: Idempotency.NATIVE,
        }
        capabilities = ServiceCapabilities.of(service)
        self.capabilities = capabilities.model_copy(
            update={"operations": {**capabilities.operations, **till}, "gateway": "till.counter"}
        )
        opened = Opened(
            at=self.now,
            id="application-1",
            service=self.draft.service,
            plugin_version="nagorik-passport 1.0.0",
            client_reference=REFERENCE,
            idempotency_key=str(KEY),
            consent=self.draft.consent,
        )
        self._take(open_application(opened, self.capabilities))

    @property
    def now(self) -> Any:
        return self.desk.simulator.clock.now()

    @property
    def hold(self) -> str | None:
        return self.row.hold.code if self.row.hold else None

    async def run(self, days: float = 60, *, until: str | None = None) -> None:
        """Do what is due, for so long or until the application is in a state, or waits for somebody for good."""
        end = self.now + timedelta(days=days)
        while self.row.state.value != until:
            if self.next.due is None or self.next.due > end:
                return
            if self.next.due > self.now:
                self.desk.simulator.clock.set(self.next.due)
            self.payments += 1
            begun = begin(self.row, self.capabilities, self.now, f"payment-{self.payments}")
            self._take(begun)
            if begun.next.operation is not None:
                outcome = await self._perform(begun.next)
                self._take(step(self.row, outcome, self.capabilities, self.now))

    def decide(self, **decision: Any) -> None:
        officer = Decided(officer="Officer of the test", reason="Seen the challan", **decision)
        self._take(step(self.row, officer, self.capabilities, self.now))

    def act(self, action: Any, **form: JsonValue) -> None:
        self.draft = self.draft.model_copy(update={"form": {**self.draft.form, **form}})
        self._take(step(self.row, CitizenActed(action), self.capabilities, self.now))

    async def _perform(self, call: Any) -> Any:
        match call.operation:
            case Operation.START_PAYMENT:
                return CallAnswered(PaymentStarted(reference=f"CHALLAN-{self.payments}"))
            case Operation.QUERY_PAYMENT:
                payment = self.row.payment(call.payment)
                return CallAnswered(
                    PaymentReport(
                        state=PaymentState.CAPTURED,
                        amount=payment.amount,
                        reference=payment.reference,
                        captured_at=self.now,
                        payer_name=self.payer,
                    )
                )
            case _:
                return await perform(self.desk.platform, self.draft, self.row, call)

    def _take(self, done: Any) -> None:
        self.row, self.next = done.progress, done.next
        self.events += done.events


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The installed plugin, read once."""
    return Registry.discover(admission=Admission(allow=frozenset({"passport"})))


@pytest.fixture
async def desk(registry: Registry) -> AsyncIterator[Desk]:
    """A desk that reaches the simulator in this process."""
    simulator = PassportSimulator()
    reached = PluginConfiguration(
        settings=simulator.settings("https://passport.example"),
        egress=frozenset({"passport.example"}),
        transport_factory=partial(SimulatorTransport, simulator),
    )
    settings = PlatformSettings(clock=simulator.clock, plugins={"passport": reached}, documents=MemoryDocuments())
    async with Platform(registry, settings) as platform:
        yield Desk(platform, simulator, SyntheticCitizens().citizen(7))


@pytest.fixture
def driver(desk: Desk) -> Any:
    """Opens applications of the desk's citizen."""

    def opened(draft: ApplicationDraft, payer: str | None = None) -> ApplicationDriver:
        return ApplicationDriver(desk, draft, payer or draft.applicant.name.en)

    return opened
