"""What a command that only reads the database does not import: it must answer at once."""

import subprocess
import sys

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
    "nagorik_toolkit",
    "phonenumbers",
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
