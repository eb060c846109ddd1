"""A real worker with a plugin that reaches for its process: the other citizen's application is carried on."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from host_site import rows

ANSWERS = """\
import asyncio
import re
import sys
import time
from datetime import date, timedelta

from nagorik import Accepted, AgencyStatus, Criterion, EligibilityDecision, Quote, QuoteLine, Text, Verdict
from nagorik.model.fee import FeeDue, Source
from nagorik.values import Money

TEXT = Text(en="The plot is dry.", bn="জমিটি শুকনো।")
FREE = QuoteLine(code="fee", text=TEXT, amount=Money.taka(0), vat=Money.taka(0))
STATUS = AgencyStatus(state="submitted", raw="NEW")
SUBMIT = Accepted(reference="WELL-1", status=STATUS)


async def leave():
    sys.exit(0)


async def ELIGIBILITY(form):
    if form.plot == "good":
        await asyncio.sleep(0.3)  # its call is under way while the others misbehave
    elif form.plot == "exit in a task":
        await asyncio.create_task(leave())
    elif form.plot == "sleep":
        time.sleep(1e9)
    elif form.plot == "match":
        re.match("(a|a|a)+$", "a" * 64 + "b")
    return EligibilityDecision(criteria=(Criterion(id="all", verdict=Verdict.PASS, text=TEXT),))


def QUOTE(now, stage):
    return Quote(
        id="quote-1",
        lines=(FREE,),
        total=Money.taka(0),
        due=FeeDue.BEFORE_SUBMISSION,
        issued_at=now,
        expires_at=now + timedelta(days=30),
        source=Source(title="Wells Act 2018", as_of=date(2018, 7, 1), verified=True),
    )
"""
WORKER = """\
import nagorik_host.host
from nagorik_host.engine import watchdog
from nagorik_platform.cli import main

watchdog.patience_of = lambda lease: 2.0
raise SystemExit(main(["worker", "--once"]))
"""


@pytest.fixture
def apply(take_in):
    """Takes an application in that does something to its worker; its id."""

    def apply(plot: str, day: int) -> str:
        applicant = {"name": {"en": "PORIKKHA NAGORIK"}, "birth_date": f"1990-01-{day:02}"}
        return take_in("office.well", {"depth": "120", "plot": plot}, applicant=applicant)

    return apply


@pytest.fixture
def work(answers):
    """Runs a worker whose watchdog is impatient."""
    file = Path(answers.__file__)
    file.write_text(ANSWERS, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(file.parents[1])}
    return partial(subprocess.run, [sys.executable, "-c", WORKER], env=environment, capture_output=True, text=True)


def test_worker_carries_the_others_on(apply, place, work):
    good, bad = apply("good", 1), apply("exit in a task", 2)
    ended = work()
    assert ended.returncode == 0, ended.stderr
    lines = [json.loads(line) for line in ended.stderr.splitlines() if line.startswith("{")]
    assert ("plugin_fault", "exit") in {(line["event"], line.get("fault")) for line in lines}
    states = dict(rows(place, "SELECT id, state FROM applications"))
    assert (states[good], states[bad]) == ("submitted", "draft")


@pytest.mark.parametrize("plot", ["sleep", "match"])
def test_worker_whose_loop_a_hook_blocks_ends_and_says_where_it_stood(apply, work, plot):
    bad = apply(plot, 2)
    ended = work()
    assert ended.returncode == 1, ended.stderr
    assert "in ELIGIBILITY" in ended.stderr
    assert bad not in ended.stderr
    assert "PORIKKHA" not in ended.stderr
