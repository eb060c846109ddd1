"""The plugin's hooks, called as the platform calls them: a real client, the manifest's classes, a simulated EC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from pydantic import JsonValue

from nagorik.context import CallContext
from nagorik.model.application import Applicant, DocumentReference
from nagorik.operations import OPERATIONS, Operation
from nagorik.values import dhaka_date
from nagorik_nid.plugin import PLUGIN
from nagorik_nid.settings import NidSettings
from nagorik_nid.simulator import NidSimulator
from nagorik_testing import SyntheticCitizen, SyntheticCitizens
from nagorik_testing.fixtures.plugin_under_test import AGENCY, ContextMaker, PluginUnderTest
from nagorik_toolkit import validate_form


@dataclass
class Desk:
    """One citizen at a service centre that has this plugin."""

    simulator: NidSimulator
    contexts: ContextMaker
    citizen: SyntheticCitizen

    def today(self) -> date:
        return dhaka_date(self.simulator.clock.now())

    def context(self, operation: Operation, service: str | None) -> CallContext[NidSettings]:
        return self.contexts(operation, service)

    def request(self, kind: type[Any], service: str, form: Mapping[str, JsonValue], **more: Any) -> Any:
        return kind(
            service=service,
            on=self.today(),
            applicant=self.applicant(),
            form=validate_form(PLUGIN.forms[service], form),
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
        hook = getattr(PLUGIN, OPERATIONS[operation].hook)
        return await hook(request, self.context(operation, request.service))


def make_desk(*, simulated: bool, **settings: object) -> Desk:
    """A desk whose client reaches the simulator, or sends over httpx itself."""
    simulator = NidSimulator()
    nid = PluginUnderTest("nid", settings={**simulator.settings(AGENCY), **settings})
    contexts = nid.contexts(simulator.clock, simulator if simulated else None)
    return Desk(simulator, contexts, SyntheticCitizens().citizen(7))


@pytest.fixture
def desk() -> Desk:
    """A desk that reaches the simulator in this process."""
    return make_desk(simulated=True)


@pytest.fixture
def wired_desk(request: pytest.FixtureRequest) -> Desk:
    """A desk whose answers a test writes itself, with respx; it may be given settings."""
    return make_desk(simulated=False, **getattr(request, "param", {}))
