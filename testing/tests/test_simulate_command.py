"""``nagorik simulate`` as a person runs it: a process of its own, ended by a signal."""

import argparse
import json
import signal
import subprocess
import sys

import httpx
import pytest

from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_testing.simulate import _announce, command

PROGRAM = """
import argparse, sys
from nagorik_testing.simulate import command
parser = argparse.ArgumentParser()
command.configure(parser)
sys.exit(command.run(parser.parse_args(sys.argv[1:])))
"""


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
    _announce(CashDeskSimulator(), "http://127.0.0.1:8099")
    told = capsys.readouterr().out
    assert "http://127.0.0.1:8099/_simulator" in told
    assert "export NAGORIK_CASHDESK_BASE_URL=http://127.0.0.1:8099" in told
    assert CashDeskSimulator.modelled in told


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ((), "name a plugin, or --all"),
        (("nowhere",), "no simulator of nowhere is installed; installed simulators: cashdesk, nid"),
        (("--all", "--port", "8099"), "--port is for one simulator"),
        (("cashdesk", "--speed", "0"), "--speed: a speed is above zero"),
    ],
)
def test_what_cannot_be_served_is_said_with_what_can(capsys, given, problem):
    assert command.run(arguments(*given)) == 2
    assert problem in capsys.readouterr().err
