"""The permit office as a subject, whole or with one part broken, and what a check has to find of it."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nagorik import Operation
from nagorik.manifest import parse_manifest
from nagorik.operations import Idempotency
from nagorik_platform.registry import PluginRecord, PluginSource, Registry
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import CheckStatus, Finding

HERE = Path(__file__).parent
PACKAGE = "permit_office"
OFFICES = (
    "simulator",
    "markup",
    "offices",
    "own_offices",
    "showing",
    "payments",
    "families",
    "proofs",
    "other_agencies",
    "noting_offices",
    "tills",
    "surveyed",
)
"""Modules with a simulator."""
STATELESS = (f"{PACKAGE}.forms", f"{PACKAGE}.settings")
"""Modules that hold nothing but models, which are dear to make: no hook can leave anything there."""

WRITES = ("answer-correction", "advise-payment", "withdraw", "book-slot")
ASKED = {Operation.SUBMIT: Idempotency.SAFE, **{Operation(name): Idempotency.NATIVE for name in WRITES}}
"""The writes of an office that is asked a question, and files nothing."""

COMPLETES: dict[str, Any] = {
    "gateways": tuple(
        gateway.model_copy(
            update={
                "reads": (*gateway.reads, Operation.LIST_PAYMENTS),
                "writes": {**gateway.writes, Operation.COMPLETE_PAYMENT: Idempotency.CLIENT_REFERENCE},
            }
        )
        for gateway in parse_manifest((HERE / PACKAGE / "plugin.toml").read_bytes()).gateways
    )
}
"""A till that takes money only when it is told to, and lists what it took."""

MakeSubject = Callable[..., Subject]
BY_ID = {check.id: check for check in CHECKS}


class Fault(NamedTuple):
    """A plugin that breaks the promise of a check, and what is said of it; ``Hooks`` are the office's own."""

    check: str
    hooks: str
    told: str
    office: dict[str, Any] | None = None
    offers: int = 1
    """Services and gateways that are broken so."""


async def found(check: str, subject: Subject) -> list[Finding]:
    """What a check finds."""
    return [finding async for finding in BY_ID[check].run(subject)]


async def expect_fault(fault: Fault, permit_office: MakeSubject) -> None:
    """A fault is found in each offer that has it, and named."""
    findings = await found(fault.check, _subject(permit_office, fault.hooks, fault.office))
    failed = [one for one in findings if one.status is CheckStatus.FAILED]
    assert len(failed) == fault.offers
    assert fault.told in failed[0].got


async def expect_right(check: str, hooks: str, office: dict[str, Any] | None, permit_office: MakeSubject) -> None:
    """A plugin that is right in another way passes."""
    findings = await found(check, _subject(permit_office, hooks, office))
    assert [(one.status, one.got) for one in findings if one.failed] == []
    assert CheckStatus.PASSED in {one.status for one in findings}


def _subject(permit_office: MakeSubject, hooks: str, office: dict[str, Any] | None) -> Subject:
    return permit_office(None if hooks == "Hooks" else hooks, **(office or {}))


@pytest.fixture
def permit_office(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeSubject]:
    """Makes the subject; the package is imported afresh for each test, as its broken hooks keep things."""
    monkeypatch.syspath_prepend(str(HERE))
    _forget()

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
        offices = (importlib.import_module(f"{PACKAGE}.{name}") for name in OFFICES)
        office = next(getattr(module, simulator) for module in offices if hasattr(module, simulator))
        return Subject(Registry([record]), manifest, office)

    yield make
    _forget()


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE and name not in STATELESS]:
        del sys.modules[name]
