"""The units and the table of metrics on the page about supervisors are what the host really has."""

import asyncio
import re
import shlex
from configparser import ConfigParser
from pathlib import Path

import pytest

from nagorik_host.engine.observers import ANSWERED
from nagorik_host.metrics import MetricsServer, WorkerMetrics
from nagorik_host.store import open_database
from nagorik_platform.cli import main
from nagorik_platform.registry import Registry
from nagorik_testing import SimulatedClock

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "how-to" / "supervise-the-host.md").read_text("utf-8")
FOR_THE_DATABASE = 30
"""Seconds that a worker may take beyond its calls, as the page says."""
UNITS = dict(re.findall(r'```ini title="([^"]+)"\n(.*?)```', PAGE, re.DOTALL))
COMMANDS = sorted(set(re.findall(r"^ExecStart=\S+/nagorik (.+)$", PAGE, re.MULTILINE)))


@pytest.mark.parametrize("command", COMMANDS)
def test_what_a_unit_starts_is_a_command_with_these_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*shlex.split(command), "--help"]) == 0
    assert "usage: nagorik" in capsys.readouterr().out


@pytest.mark.parametrize("name", UNITS)
def test_unit_is_one(name: str) -> None:
    unit = ConfigParser(strict=False, interpolation=None)
    unit.read_string(UNITS[name])
    if name.endswith(".timer"):
        assert "OnCalendar" in unit["Timer"]
        assert name.replace(".timer", ".service") in UNITS
    else:
        assert {"user", "execstart", "workingdirectory", "environment"} <= set(unit["Service"])
        if "worker" in unit["Service"]["execstart"]:
            longest = max(record.manifest.limits.deadline for record in Registry.discover().usable)
            assert int(unit["Service"]["timeoutstopsec"]) >= longest + FOR_THE_DATABASE


def test_pages_name_the_same_stop_timeout() -> None:
    pages = [file.read_text("utf-8") for file in DOCS.rglob("*.md")]
    assert len({found for page in pages for found in re.findall(r"TimeoutStopSec=(\d+)", page)}) == 1


def test_no_page_lets_a_shell_make_the_file_of_keys() -> None:
    """It would be everybody's to read until its mode is changed."""
    pages = [file.read_text("utf-8") for file in (*DOCS.rglob("*.md"), DOCS.parent / "README.md")]
    made = [found for page in pages for found in re.findall(r"nagorik keys new\b([^&|;\n`]*)", page)]
    assert [found for found in made if ">" in found or "--out" not in found] == []
    assert len(made) > 1


async def test_every_metric_is_in_the_table(ready_file: str) -> None:
    database = await open_database(ready_file)
    counted = WorkerMetrics()
    MetricsServer(counted, database, SimulatedClock(), lambda: True)
    counted.call_began("nid", "submit")
    counted.call_ended("nid", "submit", ANSWERED, 0.1)
    found = await asyncio.to_thread(lambda: list(counted.registry.collect()))
    await database.close()
    served = {metric.name for metric in found if metric.name.startswith("nagorik_")}
    table = PAGE.partition("## Metrics")[2].partition("Labels are")[0]
    listed = re.findall(r"^\| (`nagorik_.*?) \|", table, re.MULTILINE)
    names = [name.strip("`").removesuffix("_total") for row in listed for name in row.split(", ")]
    assert sorted(names) == sorted(served)
