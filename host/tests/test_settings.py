"""Settings come from the environment and one file; what is wrong is named, and never quoted."""

import os
import re
from functools import partial
from pathlib import Path

import pytest

from nagorik_host.configured import is_configured
from nagorik_host.settings import HostSettingsRejected, load_host_settings
from nagorik_host.vault import make_keys

SECRET = "hunter2hunter2"


@pytest.fixture(autouse=True)
def empty_place(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("NAGORIK_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def written(text: str, name: str = "nagorik.toml") -> None:
    Path(name).write_text(text, "utf-8")
    Path(name).chmod(0o600)


def rejected() -> str:
    with pytest.raises(HostSettingsRejected) as caught:
        load_host_settings()
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.__cause__)
    return str(caught.value)


def test_environment_wins_over_the_file_and_the_file_over_the_defaults(monkeypatch):
    assert load_host_settings().database.get_secret_value() == "sqlite:///nagorik.db"
    written('database = "sqlite:///file.db"\nworker = "file"\nallow = ["nid"]\nretention_days = 30\n')
    monkeypatch.setenv("NAGORIK_HOST_WORKER", "environment")
    monkeypatch.setenv("NAGORIK_HOST_ALLOW", "nid, cashdesk")
    monkeypatch.setenv("NAGORIK_HOST_LEASE_SECONDS", "20")
    settings = load_host_settings()
    assert settings.database.get_secret_value() == "sqlite:///file.db"
    assert (settings.worker, settings.retention_days, settings.lease_seconds) == ("environment", 30, 20)
    assert (settings.allow, settings.log_level) == ({"nid", "cashdesk"}, "INFO")


def test_named_file_is_read_in_place_of_the_default_one(monkeypatch):
    written('worker = "default"\n')
    written('worker = "named"\n', "other.toml")
    monkeypatch.setenv("NAGORIK_CONFIG", "other.toml")
    assert load_host_settings().worker == "named"
    monkeypatch.setenv("NAGORIK_CONFIG", "absent.toml")
    assert rejected() == "absent.toml: not a readable file"


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, partial(os.symlink, "absent.toml")])
def test_file_that_cannot_be_read_is_not_taken_for_an_absent_one(make):
    make("nagorik.toml")
    assert rejected() == "nagorik.toml: not a readable file"
    assert is_configured()


def test_plugins_are_configured_by_both_and_the_environment_wins(monkeypatch):
    written(
        "[plugins.nid]\negress = ['127.0.0.1']\n"
        "[plugins.nid.settings]\nbase_url = 'http://127.0.0.1:1'\nusername = 'file'\npassword = 'file'\n"
    )
    monkeypatch.setenv("NAGORIK_HOST_PLUGINS__NID__SETTINGS__USERNAME", "environment")
    monkeypatch.setenv("NAGORIK_HOST_PLUGINS__LAND_TAX__EGRESS", "127.0.0.1,localhost")
    monkeypatch.setenv("NAGORIK_NID_PASSWORD", SECRET)
    settings = load_host_settings()
    plugins = settings.platform().plugins
    # The plugin's own variable is left to the plugin to read.
    assert plugins["nid"].settings == {"base_url": "http://127.0.0.1:1", "username": "environment"}
    assert plugins["nid"].egress == {"127.0.0.1"}
    assert plugins["land-tax"].egress == {"127.0.0.1", "localhost"}
    assert "127.0.0.1:1" not in repr(settings)


def test_admission_follows_allow_and_deny():
    written('allow = ["nid"]\ndeny = ["nagorik-land"]\n')
    admission = load_host_settings().platform().admission
    assert (admission.allow, admission.deny) == ({"nid"}, {"nagorik-land"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'databse = "{SECRET}"\n', "databse: there is no field databse; did you mean database?"),
        (f'[plugins.nid]\negres = "{SECRET}"\n', "plugins.nid.egres: there is no field egres; did you mean egress?"),
        (f'retention_days = "{SECRET}"\n', "retention_days: Input should be a valid integer"),
        ("retention_days = 99999999999\n", "retention_days: Input should be less than or equal to 36500"),
        (f'log_level = "{SECRET}"\n', "log_level: write one of 'DEBUG', 'INFO'"),
        (f'plugins = "{SECRET}"\n', "plugins: Input should be a valid dictionary"),
        (f'worker = "a"\ndatabase = {SECRET}\n', "nagorik.toml: not valid TOML: look at line 2"),
        (f'metrics = "{SECRET}@x:1"\n', "metrics: write it as 127.0.0.1:9464"),
        ('metrics = "9464"\n', "metrics: write it as 127.0.0.1:9464"),
        (f'tracking_url = "https://x.example/{"a" * 990}"\n', "tracking_url: String should have at most 1000 char"),
    ],
)
def test_file_that_is_wrong_is_told_by_name(text, said):
    written(text)
    assert rejected().startswith(said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("WORKR", "workr: there is no field workr; did you mean worker?"),
        ("LOG_LEVEL", "log_level: write one of"),
        ("PLUGINS", "plugins: Input should be a valid dictionary"),
        ("PLUGINS__NID__SETTING__X", "plugins.nid.setting: there is no field setting; did you mean settings?"),
    ],
)
def test_variable_that_is_wrong_is_named_with_all_that_is_wrong_in_the_file(monkeypatch, name, said):
    written('log_level = "LOUD"\nretention_days = 0\nplugins = 1\n')
    monkeypatch.setenv(f"NAGORIK_HOST_{name}", SECRET)
    found = rejected()
    assert said in found
    assert "retention_days: Input should be greater than or equal to 1" in found


def test_keys_come_from_text_or_file(monkeypatch):
    written("keys_file = 'keys.txt'\n")
    written(make_keys("2026-12"), "keys.txt")
    assert load_host_settings().keyring().current == "2026-12"
    monkeypatch.setenv("NAGORIK_HOST_KEYS", make_keys("2027-01"))
    assert load_host_settings().keyring().current == "2027-01"


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "keys_file: is not set"),
        ({"NAGORIK_HOST_KEYS_FILE": "absent"}, "keys_file: absent: not a readable file"),
        ({"NAGORIK_HOST_KEYS": f"index:{SECRET}"}, "keys: line 1: write name:key"),
    ],
)
def test_keys_that_cannot_be_used_are_named_by_setting(monkeypatch, variables, said):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(HostSettingsRejected, match=re.escape(said)) as caught:
        load_host_settings().keyring()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("address", ["https://portal.example", "https://portal.example:8443/payments/return/"])
def test_address_for_payers_and_gateways_is_read(address):
    written(f'payment_return_url = "{address}"\npayment_notice_url = "{address}"\n')
    addresses = load_host_settings().platform().payment_addresses
    for of in (addresses.return_url, addresses.notice_url):
        assert of("desk.cash", "p-1") == f"{address.rstrip('/')}/desk.cash/p-1"


@pytest.mark.parametrize(
    "address",
    [
        "http://portal.example",
        "portal.example/return",
        "https://",
        f"https://user:{SECRET}@portal.example",
        f"https://portal.example/?token={SECRET}",
        f"https://portal.example/#{SECRET}",
        "https://portal.example/a b",
        "https://পোর্টাল.example",
    ],
)
def test_address_that_is_of_no_use_is_refused_without_being_quoted(address):
    written(f'payment_return_url = "{address}"\n')
    assert rejected() == "payment_return_url: write it as https://portal.example/payments/return"
