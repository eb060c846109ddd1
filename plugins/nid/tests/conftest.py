"""The plugin's hooks, called as the platform calls them: a real client, the manifest's classes, a simulated EC."""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from importlib.resources import files
from typing import Any

import httpx
import pytest
from pydantic import JsonValue

from nagorik.clock import Deadline
from nagorik.context import CallContext
from nagorik.forms import validate_form
from nagorik.manifest import Manifest, PublicService, parse_manifest
from nagorik.model.application import Applicant, DocumentReference
from nagorik.operations import Operation
from nagorik.privacy import Form
from nagorik.values import dhaka_date
from nagorik_nid import forms, partner_service, plugin
from nagorik_nid.settings import NidSettings
from nagorik_nid.simulator import NidSimulator
from nagorik_platform.agency_client import AgencyClient
from nagorik_testing import SimulatorTransport, SyntheticCitizen, SyntheticCitizens
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_toolkit.fees import read_schedules

HOST = "nid.example"
FORMS: dict[str, type[Form]] = {
    "nid.verification": forms.VerificationForm,
    "nid.new-voter": forms.NewVoterForm,
    "nid.correction": forms.CorrectionForm,
    "nid.reissue": forms.ReissueForm,
    "nid.migration": forms.MigrationForm,
}


@dataclass
class Desk:
    """One citizen at a service centre that has this plugin."""

    simulator: NidSimulator
    manifest: Manifest
    client: AgencyClient
    settings: NidSettings
    citizen: SyntheticCitizen
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)

    def offer(self, service: str) -> PublicService:
        return next(each for each in self.manifest.services if each.id == service)

    def today(self) -> date:
        return dhaka_date(self.simulator.clock.now())

    def context(self, operation: Operation, service: str | None) -> CallContext[NidSettings]:
        clock = self.simulator.clock
        offer = self.offer(service) if service else None
        idempotency = offer.writes.get(operation) if offer else None
        key = f"00000000-0000-5000-8000-{operation.value}" if idempotency else None
        deadline = Deadline.after(self.manifest.limits.deadline, clock)
        schedules = read_schedules("nagorik_nid")
        return CallContext(
            http=self.client.bind(operation, idempotency, key, deadline),
            settings=self.settings,
            clock=clock,
            deadline=deadline,
            idempotency_key=key,
            offer=offer,
            schedule=schedules[offer.fees.partition("#")[2]] if offer and offer.fees else None,
            documents=self.documents,
            log=logging.getLogger("nid-test"),  # type: ignore[arg-type]
        )

    def request(self, kind: type[Any], service: str, form: Mapping[str, JsonValue], **more: Any) -> Any:
        return kind(
            service=service,
            on=self.today(),
            applicant=self.applicant(),
            form=validate_form(FORMS[service], form),
            **more,
        )

    def applicant(self) -> Applicant:
        return self.citizen.applicant()

    def card(self, **more: JsonValue) -> dict[str, JsonValue]:
        """A form about the citizen's own card."""
        return {"birth_date": self.citizen.birth_date.isoformat(), "nid": self.citizen.full_nid.value, **more}

    def paper(self) -> DocumentReference:
        """A document that proves nothing."""
        return DocumentReference(
            id="paper-1", kind="supporting-evidence", media_type="application/pdf", bytes=10, sha256="0" * 64
        )

    async def call(self, operation: Operation, request: Any) -> Any:
        hook = getattr(plugin, HOOKS[operation])
        return await hook(request, self.context(operation, request.service))


HOOKS = {
    Operation.QUOTE: "nagorik_quote_fees",
    Operation.SUBMIT: "nagorik_submit",
    Operation.FIND: "nagorik_find_submission",
    Operation.STATUS: "nagorik_get_status",
    Operation.ADVISE_PAYMENT: "nagorik_advise_payment",
    Operation.ANSWER_CORRECTION: "nagorik_answer_correction",
    Operation.WITHDRAW: "nagorik_withdraw",
    Operation.DELIVERABLE: "nagorik_fetch_deliverable",
}

Transport = Callable[[], httpx.AsyncBaseTransport]


def make_desk(simulator: NidSimulator, transport: Transport | None) -> Desk:
    """A desk whose client sends over ``transport``, or over httpx itself."""
    manifest = parse_manifest(files("nagorik_nid").joinpath("plugin.toml").read_bytes())
    settings = NidSettings(**simulator.settings(f"https://{HOST}"))  # type: ignore[arg-type]
    client = AgencyClient(
        plugin="nid",
        manifest=manifest,
        base_url=settings.base_url,
        clock=simulator.clock,
        egress=frozenset({HOST}),
        settings=settings,
        error_reader=partner_service.read_error,
        login=partner_service.login,  # type: ignore[arg-type]
        transport_factory=transport,
    )
    return Desk(simulator, manifest, client, settings, SyntheticCitizens().citizen(7))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A desk that reaches the simulator in this process."""
    simulator = NidSimulator()
    made = make_desk(simulator, partial(SimulatorTransport, simulator))
    yield made
    await made.client.aclose()


@pytest.fixture
async def wired_desk() -> AsyncIterator[Desk]:
    """A desk whose answers a test writes itself, with respx."""
    made = make_desk(NidSimulator(), None)
    yield made
    await made.client.aclose()
