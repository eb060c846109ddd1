"""``nagorik demo --serve``: the simulated country with the portal on it."""

import socket
from datetime import datetime, timedelta

import httpx
import pytest
from simulated_country import running_country

from nagorik_platform.cli import main

pytestmark = pytest.mark.long


def test_country_runs_faster_than_the_machine_until_it_is_interrupted() -> None:
    with running_country("--pace", "100000") as country:
        began = datetime.fromisoformat(country["now"])
        assert {country[role]["name"] for role in ("operator", "officer")} == {
            "centre-0042/operator-7",
            "centre-0042/officer-1",
        }
        assert httpx.get(country["desk"], follow_redirects=True).status_code == 200
        simulator = country["simulators"]["nid"]
        while datetime.fromisoformat(clock_of(simulator)) < began + timedelta(days=1):
            pass
    with pytest.raises(httpx.ConnectError):
        httpx.get(country["desk"])
    with pytest.raises(httpx.ConnectError):
        httpx.get(simulator)


def clock_of(simulator: str) -> str:
    now: str = httpx.get(f"{simulator}/_simulator/clock").json()["now"]
    return now


def test_port_that_is_taken_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["demo", "--serve", "--port", str(taken.getsockname()[1])]) == 2
    assert "ddress already in use" in capsys.readouterr().err
