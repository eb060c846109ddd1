"""The manifest, the code and the data files belong together."""

from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

import nagorik_passport
from nagorik.manifest import Manifest, parse_manifest
from nagorik_passport import plugin, statuses, wire
from nagorik_passport.data import RULES, STATUSES, TEXTS
from nagorik_passport.plugin import VALIDITY
from nagorik_testing.validation.checks import validate_path

ROOT = Path(__file__).parents[1]
CIRCULAR = date(2025, 2, 18)


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return parse_manifest(files("nagorik_passport").joinpath("plugin.toml").read_bytes())


def test_plugin_is_usable_as_it_lies_here() -> None:
    errors = [
        finding for finding in validate_path(ROOT, on=date(2026, 11, 24), run=True) if finding.severity == "error"
    ]
    assert errors == []


def test_hooks_are_those_that_the_manifest_declares(manifest: Manifest) -> None:
    assert {name for name in dir(plugin) if name.startswith("nagorik_") and callable(getattr(plugin, name))} == set(
        manifest.declared_hooks
    )


def test_what_is_issued_is_declared(manifest: Manifest) -> None:
    declared = {kind for service in manifest.services for kind in service.deliverables}
    issued = {deliverable.kind for word in STATUSES.words for deliverable in STATUSES.status(word).deliverables}
    assert declared == issued | {statuses.SLIP.kind, VALIDITY}


def test_every_sentence_is_used() -> None:
    package = Path(nagorik_passport.__file__).parent
    sources = "".join(path.read_text("utf-8") for path in (*package.glob("*.py"), package / "statuses.toml"))
    answers = {"passport.expired", "passport.cancelled", "passport.not-found"}
    for code in TEXTS.codes() - answers:
        name = code.rpartition(".")[0] if code.endswith((".pass", ".fail", ".cannot-tell")) else code
        assert name in sources, code


@pytest.mark.parametrize("result", ["EXPIRED", "CANCELLED", "NOT_FOUND"])
def test_every_refusal_of_an_enquiry_has_its_sentence(result: str) -> None:
    assert TEXTS.text(f"passport.{result.lower().replace('_', '-')}").bn


@pytest.mark.parametrize("code", wire.MISMATCHES.values())
def test_every_mismatch_has_its_sentence(code: str) -> None:
    assert TEXTS.text(code).en


@pytest.mark.parametrize("name", sorted(RULES.names()))
@pytest.mark.parametrize("day", [date(1990, 1, 1), CIRCULAR - timedelta(days=1), CIRCULAR, date(2090, 1, 1)])
def test_every_day_has_its_rule(name: str, day: date) -> None:
    assert RULES.on(day)[name].source.as_of


def test_police_verification_ends_with_the_circular_that_nobody_has_seen() -> None:
    before, after = (RULES.on(day)["police-verification"] for day in (CIRCULAR - timedelta(days=1), CIRCULAR))
    assert (before.as_bool, after.as_bool, after.source.verified) == (True, False, False)


def test_plugin_knows_nothing_of_the_transport() -> None:
    for path in Path(nagorik_passport.__file__).parent.glob("*.py"):
        source = path.read_text("utf-8")
        assert not any(word in source for word in ("httpx", "tenacity", "timeout", "try:", "import logging")), path
