"""A real worker with a plugin that reaches for its process: the other citizen's application is carried on."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from command_site import Site
from host_site import rows

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

from nagorik import Accepted, AgencyStatus, Criterion, EligibilityDecision, Text, Verdict, hookimpl

STATUS = AgencyStatus(state="submitted", raw="taken")


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
    return Accepted(reference=request.client_reference, status=STATUS)


@hookimpl
async def nagorik_get_status(request, context):
    return STATUS
"""
WORKER = """\
import nagorik_host.host
from nagorik_host.engine import watchdog
from nagorik_platform.cli import main

watchdog.patience_of = lambda lease: 2.0
raise SystemExit(main(["worker", "--once"]))
"""


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
    environment = {**os.environ, "PYTHONPATH": str(office)}
    return partial(subprocess.run, [sys.executable, "-c", WORKER], env=environment, capture_output=True, text=True)


def test_worker_carries_the_others_on(place, apply, work):
    good, bad = apply("good", 1), apply("exit in a task", 2)
    ended = work()
    assert ended.returncode == 0, ended.stderr
    lines = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    assert ("plugin_fault", "exit") in {(line["event"], line.get("fault")) for line in lines}
    states = dict(rows(place, "SELECT id, state FROM applications"))
    assert (states[good], states[bad]) == ("submitted", "draft")


@pytest.mark.parametrize("mode", ["spin", "sleep", "match"])
def test_worker_whose_loop_a_hook_blocks_ends_and_says_where_it_stood(apply, work, mode):
    bad = apply(mode, 2)
    ended = work()
    assert ended.returncode == 1, ended.stderr
    assert "in nagorik_check_eligibility" in ended.stderr
    assert bad not in ended.stderr
    assert "PORIKKHA" not in ended.stderr
