"""A plugin's settings: from the environment, the host's word first, and no value in an error."""

import pytest
from pydantic import SecretStr

from nagorik.agency_client import AgencySettings
from nagorik.errors import SettingsRejected
from nagorik.settings import load_settings


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


def test_the_hosts_own_configuration_wins(environment):
    environment.setenv("NAGORIK_LAND_MUTATION_READ_TIMEOUT", "3")
    settings = load_settings(LandSettings, "land-mutation", {"client_id": "host", "read_timeout": 9})
    assert (settings.client_id, settings.read_timeout) == ("host", 9)


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


def test_every_missing_and_unknown_setting_is_named():
    with pytest.raises(SettingsRejected) as caught:
        load_settings(LandSettings, "land-mutation", {"clientid": "x"})
    assert set(caught.value.names) == {"base_url", "client_id", "client_secret", "clientid"}


def test_a_variable_without_the_plugins_prefix_is_someone_elses(monkeypatch):
    monkeypatch.setenv("TRANSPORT", "bus")
    monkeypatch.setenv("READ_TIMEOUT", "1")
    settings = AgencySettings(base_url="https://land.example.gov.bd")
    assert (settings.transport, settings.read_timeout) == ("default", 15)
