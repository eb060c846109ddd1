"""A plugin's settings: from the environment, the host's word first, and no value in an error."""

import pytest
from pydantic import SecretStr

from nagorik.errors import SettingsRejected
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client.egress import EgressRules
from nagorik_platform.plugin_settings import load_settings


class LandSettings(AgencySettings):
    client_id: str
    client_secret: SecretStr
    offices: list[int] = []  # noqa: RUF012


@pytest.fixture
def environment(monkeypatch):
    monkeypatch.setenv("NAGORIK_LAND_MUTATION_BASE_URL", "https://land.example.gov.bd")
    monkeypatch.setenv("NAGORIK_LAND_MUTATION_CLIENT_ID", "me")
    monkeypatch.setenv("NAGORIK_LAND_MUTATION_CLIENT_SECRET", "CANARY")
    return monkeypatch


def test_settings_come_from_the_plugins_own_part_of_the_environment(environment):
    environment.setenv("NAGORIK_OTHER_CLIENT_ID", "you")
    settings = load_settings(LandSettings, "land-mutation")
    assert (settings.base_url, settings.client_id) == ("https://land.example.gov.bd", "me")
    assert settings.client_secret.get_secret_value() == "CANARY"
    assert (settings.connect_timeout, settings.read_timeout, settings.transport) == (5, 15, "default")
    assert "CANARY" not in repr(settings)
    assert "CANARY" not in str(settings)


@pytest.mark.parametrize(
    ("variable", "value", "names"),
    [
        ("CONNECT_TIMEOUT", "CANARY", ("connect_timeout",)),
        ("CONNECT_TIMEOUT", "-1", ("connect_timeout",)),
        ("TRANSPORT", "CANARY", ("transport",)),
        ("OFFICES", "[CANARY", ("environment",)),
        ("OFFICES", '["CANARY"]', ("offices",)),
    ],
)
def test_wrong_settings_are_named_without_their_values(environment, variable, value, names):
    environment.setenv(f"NAGORIK_LAND_MUTATION_{variable}", value)
    with pytest.raises(SettingsRejected) as caught:
        load_settings(LandSettings, "land-mutation")
    assert caught.value.names == names
    assert caught.value.plugin == "land-mutation"
    assert "CANARY" not in str(caught.value) + repr(caught.value.to_problem())
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("land.example", "not-a-url"),
        ("ftp://land.example", "not-a-url"),
        ("https://me@land.example", "not-a-url"),
        ("https://[", "not-a-url"),
        ("https://elsewhere.example", "host-not-allowed"),
        ("http://land.example", "not-https"),
        ("https://land.example/?a=1", "has-query"),
    ],
)
def test_a_refused_base_address_says_why(url, reason):
    with pytest.raises(SettingsRejected) as caught:
        EgressRules(url, frozenset({"land.example"}), plugin="land")
    assert (caught.value.names, caught.value.reasons) == (("base_url",), {"base_url": reason})
