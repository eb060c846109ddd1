"""An office: a plugin that is installed for one test, and hosts that have it."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from nagorik import Applicant, ApplicationDraft, Consent, Operation
from nagorik.values import Money, PersonName
from nagorik_host import open_host
from nagorik_host.store.application_store import LEASE
from nagorik_host.vault import Keyring
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.registry import Admission
from nagorik_testing import SimulatedClock

NOWHERE = "http://127.0.0.1:9"


@dataclass
class Office:
    """The plugin's module, where it was installed, and the hosts that have it.

    Attributes:
        plugin: The module of its hooks.
        clock: The time of hosts.
        machine: The time of leases.
    """

    plugin: ModuleType
    folder: Path
    keyring: Keyring
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    machine: SimulatedClock = field(default_factory=SimulatedClock)

    @asynccontextmanager
    async def host(self, url, base_url=NOWHERE, *, lease=LEASE, clock=None, quarantine=10_000):
        plugin = PluginConfiguration(settings={"base_url": base_url}, egress=frozenset({"127.0.0.1"}))
        settings = PlatformSettings(
            plugins={"office": plugin},
            admission=Admission(allow=frozenset({"office"})),
            clock=clock or self.clock,
            faults_before_quarantine=quarantine,
        )
        async with open_host(url, self.keyring, settings, lease_clock=self.machine, lease=lease) as host:
            yield host

    async def apply(self, host, word="plain", *, service="office.permit", gateway=None, reference=None) -> str:
        now = host.clock.now()
        consent = Consent(
            id="consent-office",
            service=service,
            operations=frozenset(Operation),
            fee_ceiling=Money.taka(100),
            given_at=now,
            expires_at=now + timedelta(days=4000),
        )
        applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3))
        draft = ApplicationDraft(
            service=service, applicant=applicant, form={"word": word}, consent=consent, gateway=gateway
        )
        return await host.apply(draft, client_reference=reference)


@pytest.fixture
def office(tmp_path, monkeypatch, keyring) -> Iterator[Office]:
    """The plugin of the folder ``office``, installed for one test."""
    info = tmp_path / "nagorik_office-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: nagorik-office\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text("[nagorik.plugins]\noffice = nagorik_office.plugin\n")
    shutil.copytree(Path(__file__).with_name("office"), tmp_path / "nagorik_office")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Office(import_module("nagorik_office.plugin"), tmp_path, keyring)
    for module in [module for module in sys.modules if module.partition(".")[0] == "nagorik_office"]:
        del sys.modules[module]
