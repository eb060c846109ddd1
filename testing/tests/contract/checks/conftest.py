"""The permit office as a subject, whole or with one part broken."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nagorik.manifest import parse_manifest
from nagorik_platform.registry import PluginRecord, PluginSource, Registry
from nagorik_testing.contract.subject import Subject

HERE = Path(__file__).parent
PACKAGE = "permit_office"
OFFICES = ("simulator", "markup", "offices", "payments", "families")
"""Modules with a simulator."""

MakeSubject = Callable[..., Subject]


@pytest.fixture
def permit_office(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeSubject]:
    """Makes the subject; the package is imported afresh for each test, as its broken hooks keep things."""
    monkeypatch.syspath_prepend(str(HERE))
    names = [name for name in sys.modules if name.partition(".")[0] == PACKAGE]
    for name in names:
        del sys.modules[name]

    def make(
        hooks: str | None = None,
        simulator: str = "PermitOffice",
        *,
        plugin: dict[str, Any] | None = None,
        service: dict[str, Any] | None = None,
    ) -> Subject:
        manifest = parse_manifest((HERE / PACKAGE / "plugin.toml").read_bytes())
        services = tuple(offered.model_copy(update=service or {}) for offered in manifest.services)
        manifest = manifest.model_copy(update={"services": services, **(plugin or {})})
        value = f"{PACKAGE}.plugin:hooks"
        if hooks is not None:
            value = f"{PACKAGE}.made:{hooks}"
        record = PluginRecord(
            PluginSource("permits", "permit-office", "1.0", value), PACKAGE, HERE / PACKAGE, manifest
        )
        offices = [importlib.import_module(f"{PACKAGE}.{name}") for name in OFFICES]
        office = next(getattr(module, simulator) for module in offices if hasattr(module, simulator))
        return Subject(Registry([record]), manifest, office)

    yield make
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
