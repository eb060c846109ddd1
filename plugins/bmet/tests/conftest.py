"""The plugin on a platform of its own, before a simulated BMET, with or without the passport office beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from pydantic import JsonValue

from nagorik import ApplicationDraft, Consent, Operation, PaymentReceipt
from nagorik.values import Money
from nagorik_bmet.simulator import BmetSimulator
from nagorik_platform import Platform, PlatformSettings, PluginConfiguration, References
from nagorik_platform.registry import Admission, Registry
from nagorik_testing import (
    Simulator,
    SimulatorTransport,
    SyntheticCitizen,
    SyntheticCitizens,
    installed_simulators,
    load_simulator,
)
from nagorik_testing.fixtures.documents import MemoryDocuments

REFERENCE = "NGK-BMET-1"
KEY = UUID("00000000-0000-5000-8000-000000000001")
VERIFICATION = "passport.verification"


@dataclass
class Desk:
    """One worker at a service centre."""

    platform: Platform
    simulator: BmetSimulator
    citizen: SyntheticCitizen
    passport_office: Simulator | None = None
    reference: str | None = None

    def form(self, service: str, **more: JsonValue) -> dict[str, JsonValue]:
        return {**self.simulator.example(service, self.citizen).form, **more}

    def consent(self, service: str, *asks: str) -> Consent:
        now = self.simulator.clock.now()
        return Consent(
            id="consent-1",
            service=service,
            operations=frozenset(Operation),
            fee_ceiling=Money.taka(20_000),
            given_at=now,
            expires_at=now + timedelta(days=365),
            asks=frozenset(asks),
        )

    def draft(self, service: str, *, applicant: dict[str, Any] | None = None, **more: JsonValue) -> ApplicationDraft:
        return ApplicationDraft(
            service=service,
            applicant=self.citizen.applicant().model_copy(update=applicant or {}),
            form=self.form(service, **more),
            consent=self.consent(service, VERIFICATION),
        )

    @property
    def references(self) -> References:
        return References(client_reference=REFERENCE, idempotency_key=KEY, agency_reference=self.reference)

    async def criteria(self, service: str, *asks: str, serial: int = 7, **more: JsonValue) -> dict[str, Any]:
        self.citizen = SyntheticCitizens().citizen(serial)
        decision = await self.platform.check_eligibility(
            service, self.citizen.applicant(), form=self.form(service, **more), consent=self.consent(service, *asks)
        )
        return {criterion.id: criterion for criterion in decision.criteria}

    async def file(self, draft: ApplicationDraft) -> Any:
        accepted: Any = await self.platform.submit(draft, self.references)
        self.reference = accepted.reference
        return accepted

    async def pay(self, draft: ApplicationDraft, number: str = "CD-1") -> Any:
        quote = await self.platform.quote_fees(draft, agency_reference=self.reference)
        receipt = PaymentReceipt(
            payment=number,
            quote=quote.id,
            stage=quote.stage,
            gateway="till.counter",
            reference=number,
            amount=quote.total,
            captured_at=self.simulator.clock.now(),
        )
        return await self.platform.advise_payment(draft, self.references, receipt)

    async def status(self, draft: ApplicationDraft) -> Any:
        return await self.platform.get_status(draft, self.references)


@asynccontextmanager
async def open_desk(*plugins: str) -> AsyncIterator[Desk]:
    bmet = BmetSimulator()
    agencies: dict[str, Simulator] = {"bmet": bmet}
    for name in plugins:
        agencies[name] = load_simulator(installed_simulators()[name])(clock=bmet.clock)
    reached = {
        name: PluginConfiguration(
            settings=agency.settings(f"https://{name}.example"),
            egress=frozenset({f"{name}.example"}),
            transport_factory=partial(SimulatorTransport, agency),
        )
        for name, agency in agencies.items()
    }
    registry = Registry.discover(admission=Admission(allow=frozenset(agencies)))
    settings = PlatformSettings(clock=bmet.clock, plugins=reached, documents=MemoryDocuments())
    async with Platform(registry, settings) as platform:
        yield Desk(platform, bmet, SyntheticCitizens().citizen(7), agencies.get("passport"))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A desk that has BMET alone."""
    async with open_desk() as opened:
        yield opened


@pytest.fixture
async def both() -> AsyncIterator[Desk]:
    """A desk that has the passport office too."""
    async with open_desk("passport") as opened:
        yield opened
