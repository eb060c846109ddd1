"""What a command that only reads the database does not import: it must answer at once."""

import os
import subprocess
import sys

import pytest

from nagorik_host.commands import HELP

RUN = """
import sys
from nagorik_platform.cli import main
heavy = set(sys.argv.pop(1).split())
sys.exit(main() or ", ".join(sorted(heavy & set(sys.modules))) or 0)
"""
HEAVY = """alembic asyncpg httpx nagorik_cashdesk.plugin nagorik_host.application_file nagorik_host.engine.claims
nagorik_host.engine.inbox nagorik_host.engine.queues nagorik_host.engine.worker nagorik_nid.plugin
nagorik_platform.cli.eligible nagorik_platform.dispatch nagorik_platform.registry.activation phonenumbers pluggy
nagorik_toolkit.bangladesh nagorik_toolkit.fields nagorik_toolkit.hooks structlog tenacity
sqlalchemy.dialects.postgresql"""
OF_A_LIST = (
    f"{HEAVY} nagorik_host.engine.health nagorik_host.host nagorik_platform.lifecycle nagorik_platform.platform rich"
)
OF_HELP = "alembic httpx pydantic rich sqlalchemy structlog nagorik_host.host"


def imported(heavy: str, *words: str) -> str:
    done = subprocess.run([sys.executable, "-c", RUN, heavy, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_track_imports_neither_plugins_nor_what_speaks_to_agencies_or_makes_tables(applied):
    assert applied in imported(HEAVY, "track", applied, "--json")


@pytest.mark.parametrize("words", [("applications", "list"), ("payments", "list"), ("agencies",), ("workers",)])
def test_list_imports_no_more_than_the_database_takes(applied, words):
    imported(OF_A_LIST, *words, "--json")


@pytest.mark.parametrize("command", HELP)
def test_help_imports_nothing_of_what_the_command_works_with(command):
    imported(OF_HELP, command, "--help")


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("unread", [("stdout",), ("stderr",), ("stdout", "stderr")])
def test_worker_whose_lines_are_not_read_works_and_ends(unread):
    reader, writer = os.pipe()
    os.close(reader)
    ends = {name: writer if name in unread else subprocess.DEVNULL for name in ("stdout", "stderr")}
    run = [sys.executable, "-c", RUN, "", "worker", "--once"]
    done = subprocess.run(run, check=False, timeout=120, **ends)
    os.close(writer)
    assert done.returncode == 0
