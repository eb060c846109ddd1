"""The manifest, the code and the texts belong together."""

import tomllib
from datetime import date
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest

import nagorik_brta
from nagorik.manifest import Manifest, parse_manifest
from nagorik.values.sentences import Text
from nagorik_brta import eligibility, plugin, pricing, statuses, wire
from nagorik_brta.data import RULES, STATUSES
from nagorik_brta.simulator.agency import WORKFLOW
from nagorik_testing.validation.checks import validate_path

ROOT = Path(__file__).parents[1]
RULE_NAMES = [
    "non-professional-age",
    "professional-age",
    "education",
    "medical-certificate",
    "dope-test",
    "passed-test",
    "renewal-grace",
    "tax-token-window",
    "tax-token-free-after",
    "motorcycle-fitness",
    "photo-kilobytes",
    "paper-kilobytes",
]


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return parse_manifest(files("nagorik_brta").joinpath("plugin.toml").read_bytes())


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
        assert getattr(import_module(f"nagorik_brta.{module}"), name)


def test_services_have_their_wire_word_and_their_deliverables(manifest: Manifest) -> None:
    assert set(wire.KINDS) == {service.id for service in manifest.services}
    assert set(statuses.CODES) == {kind for service in manifest.services for kind in service.deliverables}


def test_portal_is_open_every_day_from_8_to_22(manifest: Manifest) -> None:
    (window,) = manifest.windows
    assert (str(window.open), str(window.close)) == ("08:00:00", "22:00:00")
    assert len(window.weekdays) == 7


def test_every_word_of_the_simulated_portal_is_known() -> None:
    assert all(STATUSES.meaning_of(word) is not None for word in WORKFLOW.states)


def test_every_sentence_is_there_in_both_languages_and_used() -> None:
    package = Path(nagorik_brta.__file__).parent
    sources = "".join(path.read_text("utf-8") for path in (*package.glob("*.py"), package / "statuses.toml"))
    catalogue = tomllib.loads(files("nagorik_brta").joinpath("messages.toml").read_text("utf-8"))
    for code, texts in catalogue.items():
        sentence = Text(**texts)
        assert any("\u0980" <= letter <= "\u09ff" for letter in sentence.bn), code
        assert not any("\u0980" <= letter <= "\u09ff" for letter in sentence.en), code
        name = code.rpartition(".")[0] if code.endswith((".pass", ".fail", ".cannot-tell")) else code
        assert name in sources, code


@pytest.mark.parametrize("name", RULE_NAMES)
@pytest.mark.parametrize("day", [date(1990, 1, 1), date(2026, 11, 24), date(2090, 1, 1)])
def test_every_day_has_its_rule(name: str, day: date) -> None:
    assert RULES.on(day)[name].source.as_of


def test_what_brta_itself_published_and_only_that_is_verified() -> None:
    verified = {name for name in RULE_NAMES if RULES.on(date(2026, 11, 24))[name].source.verified}
    assert verified == {"tax-token-window", "tax-token-free-after", "motorcycle-fitness"}


def test_plugin_knows_nothing_of_the_transport_and_nothing_of_the_night() -> None:
    for module in (plugin, wire, statuses, eligibility, pricing):
        source = Path(str(module.__file__)).read_text("utf-8")
        assert not any(
            word in source for word in ("httpx", "tenacity", "retry", "timeout", "logging", "AgencyClosed")
        )
