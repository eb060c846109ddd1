"""An office: a plugin that a test writes, installed for that test, and hosts that have it."""

import sys
from collections.abc import Callable, Iterator
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

MANIFEST = """\
manifest_version = 1
id = "office"
requires_api = "1.0"
name = { en = "An office", bn = "একটি দপ্তর" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24
"""
FORM = """\
from nagorik import Form


class OfficeForm(Form):
    word: str
"""
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

    def settings(self, base_url=NOWHERE, *, allow=("office",), clock=None, quarantine=10_000):
        given = {} if base_url is None else {"base_url": base_url}
        return PlatformSettings(
            plugins={"office": PluginConfiguration(settings=given, egress=frozenset({"127.0.0.1"}))},
            admission=Admission(allow=frozenset(allow)),
            clock=clock or self.clock,
            faults_before_quarantine=quarantine,
        )

    @asynccontextmanager
    async def host(self, url, base_url=NOWHERE, *, lease=LEASE, **settings):
        composed = self.settings(base_url, **settings)
        async with open_host(url, self.keyring, composed, lease_clock=self.machine, lease=lease) as host:
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
def install(tmp_path, monkeypatch, keyring) -> Iterator[Callable[[str, str], Office]]:
    """Installs the office for one test, from the rest of its manifest and its hooks."""

    def install(offers: str, hooks: str) -> Office:
        info, root = tmp_path / "nagorik_office-1.0.0.dist-info", tmp_path / "nagorik_office"
        info.mkdir()
        root.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.4\nName: nagorik-office\nVersion: 1.0.0\n")
        (info / "entry_points.txt").write_text("[nagorik.plugins]\noffice = nagorik_office.plugin\n")
        (root / "__init__.py").touch()
        (root / "plugin.toml").write_text(MANIFEST + offers, "utf-8")
        (root / "forms.py").write_text(FORM, "utf-8")
        (root / "plugin.py").write_text(hooks, "utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        return Office(import_module("nagorik_office.plugin"), tmp_path, keyring)

    yield install
    for module in [module for module in sys.modules if module.partition(".")[0] == "nagorik_office"]:
        del sys.modules[module]
