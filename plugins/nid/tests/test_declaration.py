"""The manifest, the code and the texts belong together."""

import tomllib
from datetime import date
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest

import nagorik_nid
from nagorik.manifest import Manifest, parse_manifest
from nagorik.values.sentences import Text
from nagorik_nid import eligibility, partner_service, plugin, statuses, wire
from nagorik_nid.data import RULES, TEXTS
from nagorik_testing.validation.checks import validate_path

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return parse_manifest(files("nagorik_nid").joinpath("plugin.toml").read_bytes())


def test_plugin_is_usable_as_it_lies_here() -> None:
    errors = [
        finding for finding in validate_path(ROOT, on=date(2026, 11, 24), run=True) if finding.severity == "error"
    ]
    assert errors == []


def test_hooks_are_those_that_the_manifest_declares(manifest: Manifest) -> None:
    assert {name for name in dir(plugin) if name.startswith("nagorik_") and callable(getattr(plugin, name))} == set(
        manifest.declared_hooks
    )


def test_everything_that_the_manifest_names_exists(manifest: Manifest) -> None:
    for _, reference in manifest.references:
        module, _, name = reference.partition(":")
        assert getattr(import_module(f"nagorik_nid.{module}"), name)


def test_services_have_their_wire_type_and_deliverable(manifest: Manifest) -> None:
    filed = {service.id: service.deliverables for service in manifest.services if service.fees}
    assert set(wire.TYPES) == set(filed)
    assert {service: (kind,) for service, kind in statuses.DELIVERABLES.items()} == filed


def test_every_sentence_is_there_in_both_languages_and_used() -> None:
    package = Path(nagorik_nid.__file__).parent
    sources = "".join(path.read_text("utf-8") for path in (*package.glob("*.py"), package / "statuses.toml"))
    catalogue = tomllib.loads(files("nagorik_nid").joinpath("messages.toml").read_text("utf-8"))
    for code, texts in catalogue.items():
        sentence = Text(**texts)
        assert any("\u0980" <= letter <= "\u09ff" for letter in sentence.bn), code
        name = code.rpartition(".")[0] if code.endswith((".pass", ".fail", ".cannot-tell")) else code
        assert name.removeprefix("field.") in sources, code


def test_every_field_of_the_record_has_a_name_for_the_citizen() -> None:
    for field in partner_service.RECORD_FIELDS:
        assert TEXTS.text(f"field.{field}").bn


@pytest.mark.parametrize("name", ["voter-age", "pre-registration-age", "quote-validity"])
@pytest.mark.parametrize("day", [date(1990, 1, 1), date(2026, 11, 24), date(2090, 1, 1)])
def test_every_day_has_its_rule(name: str, day: date) -> None:
    assert not RULES.on(day)[name].source.verified


def test_plugin_knows_nothing_of_the_transport() -> None:
    for module in (plugin, wire, partner_service, statuses, eligibility):
        source = Path(str(module.__file__)).read_text("utf-8")
        assert not any(word in source for word in ("httpx", "tenacity", "retry", "timeout", "try:", "import logging"))
