"""One market office for each style, as a subject of the suite."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nagorik.manifest import parse_manifest
from nagorik_platform.logs import configure_logging
from nagorik_platform.registry import PluginRecord, PluginSource, Registry
from nagorik_testing.contract.subject import Subject

HERE = Path(__file__).parent
PACKAGE = "plugin_styles"

MakeSubject = Callable[..., Subject]


@pytest.fixture
def market(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeSubject]:
    """Makes the subject of a style."""
    monkeypatch.syspath_prepend(str(HERE))
    configure_logging(level="CRITICAL")  # an outage that is played is news to nobody

    def make(
        hooks: str, office: str, *, plugin: dict[str, Any] | None = None, service: dict[str, Any] | None = None
    ) -> Subject:
        manifest = parse_manifest((HERE / PACKAGE / "plugin.toml").read_bytes())
        services = tuple(offered.model_copy(update=service or {}) for offered in manifest.services)
        manifest = manifest.model_copy(update={"services": services, **(plugin or {})})
        source = PluginSource("stalls", "market-office", "1.0", f"{PACKAGE}.{hooks}")
        record = PluginRecord(source, PACKAGE, HERE / PACKAGE, manifest)
        simulator = getattr(importlib.import_module(f"{PACKAGE}.offices"), office)
        return Subject(Registry([record]), manifest, simulator)

    yield make
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
