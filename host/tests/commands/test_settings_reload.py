"""``nagorik settings reload``: who takes other settings up, and what is told of those that cannot be used."""

import pytest
from host_site import at_work, rows

from nagorik_host.commands import running
from nagorik_host.commands.worker import settings_reader
from nagorik_host.settings import HostSettingsRejected

SECRET = "hunter2hunter2"


def test_a_reload_is_asked_for_and_told_who_takes_it_up(ready, place, agencies):
    at_work(place, "counter-1", running.now(), reload=0)
    at_work(place, "a-program-of-ones-own", running.now())
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
    assert rows(place, "SELECT * FROM settings_reloads") == []


def test_a_worker_whose_file_is_gone_does_not_take_that_for_other_settings(ready, place, agencies):
    read = settings_reader()
    assert "nid" in read()
    (place / "nagorik.toml").unlink()
    with pytest.raises(HostSettingsRejected) as missing:
        read()
    assert "nagorik.toml is missing" in str(missing.value)
