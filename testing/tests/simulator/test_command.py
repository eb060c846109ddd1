"""``nagorik simulate`` as a person runs it: a process of its own, ended by a signal."""

import argparse
import json
import signal
import subprocess
import sys

import httpx
import pytest

from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_testing import SimulatorUnusable, installed_simulators, load_simulator
from nagorik_testing.simulator.command import _announce, command

PROGRAM = """
import argparse, sys
from nagorik_testing.simulator.command import command
parser = argparse.ArgumentParser()
command.configure(parser)
sys.exit(command.run(parser.parse_args(sys.argv[1:])))
"""

INSTALLED = ", ".join(installed_simulators())


def arguments(*given):
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return parser.parse_args(given)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_simulator_is_served_until_a_signal_and_ends_cleanly(number):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "cashdesk", "--json", "--speed", "3600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            told = json.loads(process.stdout.readline())
            described = httpx.get(told["admin_url"], trust_env=False).json()
        finally:
            process.send_signal(number)
        rest, errors = process.communicate(timeout=10)
    assert told["environment"] == {"NAGORIK_CASHDESK_BASE_URL": told["base_url"]}
    assert told["base_url"].startswith("http://127.0.0.1:")
    assert described["plugin"] == told["plugin"] == "cashdesk"
    assert (process.returncode, rest, errors) == (0, "", "")


def test_person_reads_address_model_and_exports(capsys):
    _announce(CashDeskSimulator(), "http://127.0.0.1:8099", as_json=False)
    told = capsys.readouterr().out
    assert "http://127.0.0.1:8099/_simulator" in told
    assert "export NAGORIK_CASHDESK_BASE_URL=http://127.0.0.1:8099" in told
    assert CashDeskSimulator.modelled in told


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ((), "name a plugin, or --all"),
        (
            ("nowhere",),
            f"no simulator of nowhere is installed; installed simulators: {', '.join(installed_simulators())}",
        ),
        (("--all", "--port", "8099"), "--port is for one simulator"),
        (("cashdesk", "--speed", "0"), "--speed: a speed is above zero"),
    ],
)
def test_what_cannot_be_served_is_said_with_what_can(capsys, given, problem):
    assert command.run(arguments(*given)) == 2
    assert problem in capsys.readouterr().err


def test_all_simulators_are_served_with_their_settings():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--all", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            told = [json.loads(process.stdout.readline()) for _ in installed_simulators()]
            described = [httpx.get(one["admin_url"], trust_env=False).json()["plugin"] for one in told]
        finally:
            process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    assert described == list(installed_simulators())
    assert {"cashdesk", "nid"} <= set(described)
    for one in told:
        prefix = f"NAGORIK_{one['plugin'].upper().replace('-', '_')}_"
        assert one["environment"][f"{prefix}BASE_URL"].startswith(one["base_url"])
    assert (process.returncode, rest, errors) == (0, "", "")


@pytest.mark.parametrize("port", ["65536", "-1", "http", "৮০"])
def test_port_that_is_none_is_said(capsys, port):
    with pytest.raises(SystemExit):
        arguments("cashdesk", f"--port={port}")
    assert "is not a port, 0 to 65535" in capsys.readouterr().err


class Installed:
    """An entry point of a distribution that is not there."""

    def __init__(self, name, distribution, error=None):
        self.name, self.value, self.error = name, "somewhere:Simulator", error
        self.dist = type("Distribution", (), {"name": distribution})

    def load(self):
        raise self.error


def test_simulator_that_cannot_be_imported_is_named_without_the_text_of_its_error():
    with pytest.raises(SimulatorUnusable) as caught:
        load_simulator(Installed("wasa", "nagorik-wasa", RuntimeError("password hunter2")))
    assert str(caught.value) == "somewhere:Simulator of nagorik-wasa cannot be imported: RuntimeError"
    with pytest.raises(SimulatorUnusable, match=r"ModuleNotFoundError \(there is no module starlette\)"):
        load_simulator(Installed("wasa", "nagorik-wasa", ModuleNotFoundError("x", name="starlette")))


def test_two_simulators_of_one_plugin_are_both_refused(monkeypatch, capsys):
    found = [Installed("cashdesk", "one"), Installed("cashdesk", "two")]
    monkeypatch.setattr("nagorik_testing.simulator.base.entry_points", lambda **_: found)
    assert command.run(arguments("cashdesk")) == 2
    assert capsys.readouterr().err == "one and two both bring a simulator of cashdesk; uninstall one of them\n"
