"""The manifest, the code, the data and the texts belong together."""

import tomllib
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

import nagorik_land
from nagorik.manifest import Manifest, parse_manifest
from nagorik_land import plugin, statuses, wire
from nagorik_land.data import RULES, STATUSES, TEXTS
from nagorik_land.simulator.agency import LandSimulator
from nagorik_testing.validation.checks import validate_path

ROOT = Path(__file__).parents[1]
PACKAGE = Path(nagorik_land.__file__).parent


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return parse_manifest(files("nagorik_land").joinpath("plugin.toml").read_bytes())


def test_plugin_is_usable_as_it_lies_here() -> None:
    found = validate_path(ROOT, on=date(2026, 11, 24), run=True)
    assert [finding for finding in found if finding.severity == "error"] == []


def test_hooks_are_those_that_the_manifest_declares(manifest: Manifest) -> None:
    offered = {name for name in dir(plugin) if name.startswith("nagorik_") and callable(getattr(plugin, name))}
    assert offered == set(manifest.declared_hooks)


def test_every_service_has_a_desk(manifest: Manifest) -> None:
    assert set(wire.DESKS) == {service.id for service in manifest.services}


def test_what_is_issued_is_delivered_by_some_service(manifest: Manifest) -> None:
    named = {meaning.deliverable for word in STATUSES.words if (meaning := STATUSES.meaning_of(word))} - {None}
    deliverables = {kind for service in manifest.services for kind in service.deliverables}
    assert named | set(statuses.DELIVERABLES.values()) | {"dcr", "khatian"} == deliverables


def test_every_sentence_is_used() -> None:
    sources = "".join(path.read_text("utf-8") for path in (*PACKAGE.glob("*.py"), PACKAGE / "statuses.toml"))
    for code in TEXTS.codes():
        name = code.rpartition(".")[0] if code.endswith((".pass", ".fail", ".cannot-tell")) else code
        assert f'"{name}"' in sources, code


def test_every_word_of_the_simulator_is_known() -> None:
    simulator = LandSimulator()
    spoken = {
        word
        for name in ("mutation", "order", "tax")
        for word in tomllib.loads((PACKAGE / "simulator" / f"{name}.toml").read_text("utf-8"))["states"].values()
    }
    assert simulator.outcomes[0] == "approve"
    assert [word for word in spoken if STATUSES.meaning_of(word) is None] == []


@pytest.mark.parametrize("day", [date(1996, 1, 1), date(2026, 11, 24), date(2090, 1, 1)])
def test_every_day_has_its_rules_and_none_is_verified(day: date) -> None:
    assert {RULES.on(day)[name].source.verified for name in RULES.names()} == {False}


def test_plugin_knows_nothing_of_the_transport() -> None:
    for path in PACKAGE.glob("*.py"):
        source = path.read_text("utf-8")
        assert not any(word in source for word in ("httpx", "tenacity", "retry", "timeout", "import logging"))
