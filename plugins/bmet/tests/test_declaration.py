"""The manifest, the code and the data files belong together."""

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

import nagorik_bmet
from nagorik.manifest import Manifest, parse_manifest
from nagorik.model.submission import WhyNotAsked
from nagorik_bmet import plugin
from nagorik_bmet.data import RULES, STATUSES, TEXTS
from nagorik_bmet.eligibility import PAPERS
from nagorik_testing.validation.checks import validate_path

ROOT = Path(__file__).parents[1]
PACKAGE = Path(nagorik_bmet.__file__).parent


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return parse_manifest(files("nagorik_bmet").joinpath("plugin.toml").read_bytes())


def test_plugin_is_usable_as_it_lies_here() -> None:
    found = validate_path(ROOT, on=date(2026, 11, 24), run=True)
    assert [finding for finding in found if finding.severity == "error"] == []


def test_hooks_are_those_that_the_manifest_declares(manifest: Manifest) -> None:
    hooks = {name for name in dir(plugin) if name.startswith("nagorik_") and callable(getattr(plugin, name))}
    assert hooks == set(manifest.declared_hooks)


def test_what_is_issued_is_declared(manifest: Manifest) -> None:
    declared = {kind for service in manifest.services for kind in service.deliverables}
    assert declared == {
        deliverable.kind for word in STATUSES.words for deliverable in STATUSES.status(word).deliverables
    }


def test_whoever_looks_at_the_passport_says_whom_it_asks(manifest: Manifest) -> None:
    asks = {service.id: service.asks for service in manifest.services}
    verification = ("passport.verification",)
    assert asks == {"bmet.registration": verification, "bmet.orientation": (), "bmet.clearance": verification}


def test_every_sentence_is_used() -> None:
    sources = "".join(path.read_text("utf-8") for path in (*PACKAGE.glob("*.py"), PACKAGE / "statuses.toml"))
    for code in TEXTS.codes() - {f"passport.{because.value}" for because in WhyNotAsked}:
        name = code.rpartition(".")[0] if code.endswith((".pass", ".fail", ".cannot-tell")) else code
        assert name in sources, code


@pytest.mark.parametrize("because", WhyNotAsked)
def test_every_reason_for_no_answer_has_its_sentence(because: WhyNotAsked) -> None:
    assert TEXTS.text(f"passport.{because.value}").bn


@pytest.mark.parametrize("paper", PAPERS)
def test_every_paper_is_among_the_documents(manifest: Manifest, paper: str) -> None:
    [clearance] = [service for service in manifest.services if service.id == "bmet.clearance"]
    assert paper in clearance.documents


@pytest.mark.parametrize("name", sorted(RULES.names()))
@pytest.mark.parametrize("day", [date(1990, 1, 1), date(2026, 11, 24), date(2090, 1, 1)])
def test_every_day_has_its_rule_and_none_is_called_verified(name: str, day: date) -> None:
    rule = RULES.on(day)[name]
    assert rule.source.as_of is not None
    assert not rule.source.verified


def test_plugin_knows_nothing_of_the_transport_nor_of_another_plugin() -> None:
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text("utf-8")
        assert "nagorik_passport" not in source, path
        if path.parent == PACKAGE:
            assert not any(word in source for word in ("httpx", "tenacity", "timeout", "import logging")), path
