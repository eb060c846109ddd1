"""What a command that only reads the database does not import: it must answer at once."""

import os
import subprocess
import sys

import pytest

from nagorik_host.commands import HELP

TRACK = """
import sys
from nagorik_platform.cli import main
code = main(["track", sys.argv[1], "--json"])
heavy = {
    "alembic",
    "asyncpg",
    "httpx",
    "nagorik_host.application_file",
    "nagorik_host.engine.claims",
    "nagorik_host.engine.inbox",
    "nagorik_host.engine.queues",
    "nagorik_host.engine.worker",
    "nagorik_platform.cli.eligible",
    "nagorik_platform.dispatch",
    "nagorik_platform.registry.activation",
    "nagorik_toolkit.bangladesh",
    "nagorik_toolkit.fields",
    "nagorik_toolkit.hooks",
    "phonenumbers",
    "pluggy",
    "sqlalchemy.dialects.postgresql",
    "structlog",
    "tenacity",
}
plugins = {"nagorik_nid.plugin", "nagorik_cashdesk.plugin"}
sys.exit(code or ", ".join(sorted((heavy | plugins) & set(sys.modules))) or 0)
"""


def test_track_imports_neither_plugins_nor_what_speaks_to_agencies_or_makes_tables(applied):
    done = subprocess.run([sys.executable, "-c", TRACK, applied], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert applied in done.stdout


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("unread", [("stdout",), ("stderr",), ("stdout", "stderr")])
def test_worker_whose_lines_nobody_reads_works_and_ends(unread):
    reader, writer = os.pipe()
    os.close(reader)
    ends = {name: writer if name in unread else subprocess.DEVNULL for name in ("stdout", "stderr")}
    run = "from nagorik_platform.cli import main; raise SystemExit(main())"
    done = subprocess.run([sys.executable, "-c", run, "worker", "--once"], check=False, timeout=120, **ends)
    os.close(writer)
    assert done.returncode == 0


ASKED = """
import sys
from nagorik_platform.cli import main
code = main([sys.argv[1], "--help"])
heavy = {"alembic", "httpx", "pydantic", "rich", "sqlalchemy", "structlog", "nagorik_host.host"}
sys.exit(code or ", ".join(sorted(heavy & set(sys.modules))) or 0)
"""


@pytest.mark.parametrize("command", HELP)
def test_help_imports_nothing_of_what_the_command_works_with(command):
    done = subprocess.run([sys.executable, "-c", ASKED, command], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")


LISTS = """
import sys
from nagorik_platform.cli import main
code = main([*sys.argv[1:], "--json"])
heavy = {
    "alembic",
    "asyncpg",
    "httpx",
    "pluggy",
    "nagorik_host.host",
    "nagorik_host.engine.agencies",
    "nagorik_host.engine.health",
    "nagorik_platform.dispatch",
    "nagorik_platform.lifecycle",
    "nagorik_platform.platform",
    "rich",
    "sqlalchemy.dialects.postgresql",
    "structlog",
}
sys.exit(code or ", ".join(sorted(heavy & set(sys.modules))) or 0)
"""


@pytest.mark.parametrize("words", [("applications", "list"), ("payments", "list"), ("agencies",), ("workers",)])
def test_list_imports_no_more_than_the_database_takes(applied, words):
    done = subprocess.run([sys.executable, "-c", LISTS, *words], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
