"""A real worker with a plugin that reaches for its process: the other citizen's application is carried on."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from command_site import Site

from nagorik_host.store.cases import LOSSES_OF_A_CASE, WORKERS_LOST

MANIFEST = """\
manifest_version = 1
id = "token"
requires_api = "1.0"
name = { en = "A token office", bn = "টোকেন দপ্তর" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24

[[services]]
id = "token.renewal"
name = { en = "A token", bn = "একটি টোকেন" }
form = "forms:TokenForm"
reads = ["eligibility", "status"]
writes = { submit = "native" }
"""
FORMS = """\
from nagorik import Form


class TokenForm(Form):
    mode: str
"""
PLUGIN = """\
import asyncio
import re
import sys
import time

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    Criterion,
    EligibilityDecision,
    Text,
    Verdict,
    hookimpl,
)


async def leave():
    sys.exit(0)


def spin():
    while True:
        pass


@hookimpl
async def nagorik_check_eligibility(request, context):
    match request.form.mode:
        case "good":
            # Its call is under way while the others' misbehave.
            await asyncio.sleep(0.3)
        case "exit in a task":
            await asyncio.create_task(leave())
        case "spin":
            spin()
        case "sleep":
            time.sleep(1e9)
        case "match":
            re.match("(a|a|a)+$", "a" * 64 + "b")
    text = Text(en="The token ends soon.", bn="টোকেনের মেয়াদ শেষের দিকে।")
    return EligibilityDecision(criteria=(Criterion(id="soon", verdict=Verdict.PASS, text=text),))


@hookimpl
async def nagorik_submit(request, context):
    status = AgencyStatus(state=ApplicationState.SUBMITTED, raw="taken", at=context.clock.now(), final=False)
    return Accepted(reference=request.client_reference, status=status)


@hookimpl
async def nagorik_get_status(request, context):
    return AgencyStatus(state=ApplicationState.SUBMITTED, raw="taken", at=context.clock.now(), final=False)
"""
WORKER = """\
import nagorik_host.host
from nagorik_host.engine import watchdog
from nagorik_platform.cli import main

watchdog.patience_of = lambda lease: 2.0
raise SystemExit(main(["worker", "--once"]))
"""


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]


@pytest.fixture
def office(place, tmp_path_factory) -> Path:
    """The folder of a plugin that does what the form says."""
    directory = tmp_path_factory.mktemp("office")
    directory.rmdir()
    files = {"plugin.toml": MANIFEST, "forms.py": FORMS, "plugin.py": PLUGIN}
    Site(directory).install("nagorik-token", "[nagorik.plugins]\ntoken = nagorik_token.plugin\n", files)
    (place / "nagorik.toml").write_text(
        'keys_file = "keys.txt"\nallow = ["token"]\n'
        "[plugins.token]\negress = ['127.0.0.1']\n[plugins.token.settings]\nbase_url = 'http://127.0.0.1:9'\n"
    )
    return directory


@pytest.fixture
def apply(ready, office, monkeypatch):
    """Takes an application in that does something to its worker; its id."""
    monkeypatch.syspath_prepend(str(office))

    def apply(mode: str, day: int) -> str:
        given = {
            "service": "token.renewal",
            "applicant": {"name": {"en": "PORIKKHA NAGORIK"}, "birth_date": f"1990-01-{day:02}"},
            "form": {"mode": mode},
            "consent": {"fee_ceiling": {"poisha": 0}, "days": 365},
        }
        Path("token.json").write_text(json.dumps(given), "utf-8")
        applications = ready("apply", "token.json", "--json").document["applications"]
        return str(applications[0]["application"])

    yield apply
    for name in [name for name in sys.modules if name.partition(".")[0] == "nagorik_token"]:
        del sys.modules[name]


@pytest.fixture
def work(office):
    """Runs a worker whose watchdog is impatient."""

    def work() -> Ended:
        done = subprocess.run(
            [sys.executable, "-c", WORKER],
            env={**os.environ, "PYTHONPATH": str(office)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    return work


def states(place: Path) -> dict[str, str]:
    with closing(sqlite3.connect(place / "nagorik.db")) as connection:
        return dict(connection.execute("SELECT id, state FROM applications"))


def test_worker_carries_the_others_on(place, apply, work):
    good, bad = apply("good", 1), apply("exit in a task", 2)
    ended = work()
    assert ended.code == 0, ended.err
    assert ("plugin_fault", "exit") in {(line["event"], line.get("fault")) for line in ended.lines}
    assert (states(place)[good], states(place)[bad]) == ("submitted", "draft")


@pytest.mark.parametrize("mode", ["spin", "sleep", "match"])
def test_worker_whose_loop_a_hook_blocks_ends_and_says_where_it_stood(place, apply, work, mode):
    bad = apply(mode, 2)
    ended = work()
    assert ended.code == 1, ended.err
    assert "in nagorik_check_eligibility" in ended.err
    assert bad not in ended.err
    assert "PORIKKHA" not in ended.err


@pytest.mark.long
def test_application_that_ends_its_workers_is_a_case_and_the_others_are_carried(place, apply, work, ready):
    bad = apply("spin", 2)
    standstills = 0
    for _ in range(30):
        ended = work()
        standstills += ended.code == 1
        with closing(sqlite3.connect(place / "nagorik.db")) as connection, connection:
            # The lease of the dead runs out; a call that was interrupted is due again some seconds later.
            connection.execute("UPDATE workers SET lease_until = 1")
            connection.execute("UPDATE applications SET lease_until = 1 WHERE lease IS NOT NULL")
        if ready("cases", "list", "--json").document["number"]:
            break
    assert standstills == LOSSES_OF_A_CASE
    good = apply("good", 1)
    ended = work()
    assert ended.code == 0, ended.err
    (case,) = ready("cases", "list", "--json").document["items"]
    assert (case["application"], case["blocked"]) == (bad, WORKERS_LOST)
    assert states(place)[good] == "submitted"
