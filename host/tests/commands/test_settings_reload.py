"""``nagorik settings reload``: who takes other settings up, and what is told of those that cannot be used."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from nagorik_host.commands.worker import settings_reader
from nagorik_host.settings import HostSettingsRejected
from nagorik_host.store.schema import microseconds

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
SECRET = "hunter2hunter2"
WORKER = (
    "INSERT INTO workers (id, name, started_at, beat_at, lease_until, key_names, settings_reload)"
    " VALUES (?, ?, ?, ?, ?, 'first', ?)"
)


def put(place, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(place / "nagorik.db")) as connection, connection:
        connection.execute(statement, values)


def at_work(place, name: str, *, has: int | None) -> None:
    now = microseconds(NOW)
    put(place, WORKER, f"id-of-{name}", name, now, now, now + 10**9, has)


def test_a_reload_is_asked_for_and_told_who_takes_it_up(ready, place, agencies):
    at_work(place, "counter-1", has=0)
    at_work(place, "a-program-of-ones-own", has=None)
    result = ready("settings", "reload")
    assert (result.code, "settings_reload_asked" in result.err) == (0, True)
    assert result.out == "The settings can be used. 1 workers take them up within 15 seconds.\n"
    document = ready("settings", "reload", "--json").document
    assert document == {"reload": 2, "workers": ["counter-1"], "within_seconds": 15.0}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (f'read_timeout = "{SECRET}"', "read_timeout:float-parsing"),
        (f'base_url = "https://{SECRET}.example/"', "plugin nid: base_url"),
    ],
)
def test_wrong_settings_of_a_plugin_are_named_and_nothing_is_asked_for(ready, place, settings, said):
    with (place / "nagorik.toml").open("a") as file:
        file.write(f'[plugins.nid.settings]\nusername = "u"\npassword = "p"\n{settings}\n')
    result = ready("settings", "reload")
    assert result.code == 2
    assert said in result.err
    assert "Nothing was reloaded" in result.err
    assert SECRET not in result.out + result.err
    with closing(sqlite3.connect(place / "nagorik.db")) as connection:
        assert connection.execute("SELECT * FROM settings_reloads").fetchall() == []


def test_a_worker_whose_file_is_gone_does_not_take_that_for_other_settings(ready, place, agencies):
    read = settings_reader()
    assert "nid" in read()
    (place / "nagorik.toml").unlink()
    with pytest.raises(HostSettingsRejected) as missing:
        read()
    assert "nagorik.toml is missing" in str(missing.value)
