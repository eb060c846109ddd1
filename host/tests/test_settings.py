"""Settings come from the environment and one file; what is wrong is told by name, never by value."""

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


def test_defaults_need_nothing():
    settings = load_host_settings()
    assert settings.database.get_secret_value() == "sqlite:///nagorik.db"
    assert settings.allow is None
    assert settings.log_level == "INFO"
    assert settings.worker


def test_file_is_read_and_the_environment_wins(monkeypatch):
    written('database = "sqlite:///file.db"\nworker = "file"\nallow = ["nid"]\nretention_days = 30\n')
    monkeypatch.setenv("NAGORIK_HOST_WORKER", "environment")
    monkeypatch.setenv("NAGORIK_HOST_ALLOW", "nid, cashdesk")
    settings = load_host_settings()
    assert settings.database.get_secret_value() == "sqlite:///file.db"
    assert settings.worker == "environment"
    assert settings.allow == {"nid", "cashdesk"}
    assert settings.retention_days == 30


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
    ("text", "told"),
    [
        (f'databse = "{SECRET}"\n', "nagorik.toml: there is no setting databse; did you mean database?"),
        (f'[plugins.nid]\negres = "{SECRET}"\n', "nagorik.toml: there is no setting plugins.nid.egres; did you mean"),
        (f'retention_days = "{SECRET}"\n', "nagorik.toml: retention_days: Input should be a valid integer"),
        (
            "retention_days = 99999999999\n",
            "nagorik.toml: retention_days: Input should be less than or equal to 36500",
        ),
        ("retention_days = 0\n", "nagorik.toml: retention_days: Input should be greater than or equal to 1"),
        (f'log_level = "{SECRET}"\n', "nagorik.toml: log_level: Input should be 'DEBUG', 'INFO'"),
        (f'plugins = "{SECRET}"\n', "nagorik.toml: plugins: Input should be a valid dictionary"),
        (
            f'[plugins.land_tax]\negress = ["{SECRET}", 3]\n',
            "nagorik.toml: plugins.land-tax.egress.1: Input should be a valid string",
        ),
        (f'worker = "a"\ndatabase = {SECRET}\n', "nagorik.toml: not valid TOML: look at line 2"),
    ],
)
def test_file_that_is_wrong_is_told_by_name(text, told):
    written(text)
    assert told in rejected()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("NAGORIK_HOST_KEY_FILE", "there is no setting NAGORIK_HOST_KEY_FILE; did you mean NAGORIK_HOST_KEYS_FILE?"),
        ("NAGORIK_HOST_LOG_LEVEL", "the environment: log_level: Input should be"),
        ("NAGORIK_HOST_PLUGINS", "NAGORIK_HOST_PLUGINS"),
        (
            "NAGORIK_HOST_PLUGINS__NID__SETTING__X",
            "the environment: there is no setting plugins.nid.setting; did",
        ),
    ],
)
def test_variable_that_is_wrong_is_told_by_name(monkeypatch, name, told):
    written('log_level = "LOUD"\n')
    monkeypatch.setenv(name, SECRET)
    assert told in rejected()


def test_all_that_is_wrong_is_told_at_once(monkeypatch):
    monkeypatch.setenv("NAGORIK_HOST_WORKR", SECRET)
    written("retention_days = 0\n")
    assert re.search(r"NAGORIK_HOST_WORKER.*; nagorik\.toml: retention_days", rejected())


def test_keys_come_from_text_or_file(monkeypatch):
    text = make_keys("2026-11")
    monkeypatch.setenv("NAGORIK_HOST_KEYS", text)
    assert load_host_settings().keyring().current == "2026-11"
    monkeypatch.delenv("NAGORIK_HOST_KEYS")
    written("keys_file = 'keys.txt'\n")
    written(make_keys("2026-12"), "keys.txt")
    assert load_host_settings().keyring().current == "2026-12"


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "keys_file: is not set"),
        ({"NAGORIK_HOST_KEYS_FILE": "absent"}, "keys_file: absent: not a readable file"),
        ({"NAGORIK_HOST_KEYS_FILE": "pipe"}, "keys_file: pipe: not a readable file"),
        ({"NAGORIK_HOST_KEYS": f"index:{SECRET}"}, "keys: line 1: the key is not URL-safe Base64"),
        ({"NAGORIK_HOST_KEYS": SECRET, "NAGORIK_HOST_KEYS_FILE": "x"}, "keys: keys_file is set too"),
    ],
)
def test_keys_that_cannot_be_used_are_told_by_setting(monkeypatch, variables, told):
    os.mkfifo("pipe")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(HostSettingsRejected, match=re.escape(told)) as caught:
        load_host_settings().keyring()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["payment_return_url", "payment_notice_url"])
@pytest.mark.parametrize("address", ["https://portal.example", "https://portal.example:8443/payments/return/"])
def test_address_for_payers_and_gateways_is_read(name, address):
    written(f'{name} = "{address}"\n')
    addresses = load_host_settings().platform().payment_addresses
    told = addresses.return_url if name == "payment_return_url" else addresses.notice_url
    assert told("desk.cash", "p-1") == f"{address.rstrip('/')}/desk.cash/p-1"


@pytest.mark.parametrize(
    "address",
    [
        "http://portal.example",
        "portal.example/return",
        "https://",
        "https://user:CANARY@portal.example",
        "https://portal.example/?token=CANARY",
        "https://portal.example/#CANARY",
        "https://portal.example/a b",
        "https://পোর্টাল.example",
        "https://[::1",
        "",
    ],
)
def test_address_that_nobody_can_be_sent_to_is_refused_without_being_quoted(address):
    written(f'payment_return_url = "{address}"\n')
    assert rejected().startswith("nagorik.toml: payment_return_url is not written as in https://portal.example")


@pytest.mark.parametrize("name", ["tracking_url", "payment_return_url"])
def test_address_is_no_longer_than_a_code_on_a_receipt_can_hold(name):
    written(f'{name} = "https://track.nagorik.example/{"a" * 980}"\n')
    assert rejected() == f"nagorik.toml: {name}: String should have at most 1000 characters"


@pytest.mark.parametrize("address", ["9464", "127.0.0.1", "::1:9464", f"{SECRET}@x:1", "http://x:1"])
def test_what_is_no_address_is_refused(address):
    written(f'metrics = "{address}"\n')
    assert rejected() == "nagorik.toml: metrics is not written as in 127.0.0.1:9464"
