"""The table of metrics on the page about supervisors is what the host really has."""

import asyncio
import re
from pathlib import Path

from nagorik_host.engine.observers import ANSWERED
from nagorik_host.metrics import MetricsServer, WorkerMetrics
from nagorik_host.store import open_database
from nagorik_testing import SimulatedClock

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "how-to" / "supervise-the-host.md").read_text("utf-8")


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
