"""``nagorik contract`` as QA runs it, and what it says of a plugin that declares more than its agency does."""

import argparse
import asyncio
import json
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from preloaded_command import Ended, run_command

from nagorik.manifest import PublicService
from nagorik.operations import Idempotency, Operation
from nagorik_land.simulator import LandSimulator
from nagorik_nid.simulator import NidSimulator
from nagorik_platform.registry import Registry
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.checks.check import EXAMINATIONS
from nagorik_testing.contract.codes import FAULTS
from nagorik_testing.contract.command import command, write
from nagorik_testing.contract.levels import Level
from nagorik_testing.contract.render import render_report
from nagorik_testing.contract.report import Report
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import play_operation, run_on_all_cores, run_suite
from nagorik_testing.contract.verdict import CheckStatus
from nagorik_testing.contract.waivers import judge
from nagorik_testing.simulator.base import installed_simulators

pytestmark = pytest.mark.long

DAY = date(2026, 11, 24)
TWO = ("nid.correction", "nid.reissue")
"""Services for one of which a failure is told in full, and for the other as what follows from it."""
INSTALLED = ", ".join(installed_simulators())


class Outline(HTMLParser):
    """What of a page can be held to: where it leads, and its tables' headings."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.scopes: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.addresses += [value for name in ("href", "src") if (value := given.get(name)) is not None]
        if tag == "th":
            self.scopes.append(given.get("scope"))


def contract(*words: str) -> Ended:
    return run_command("contract", *words, folder=Path.cwd())


@pytest.fixture(scope="module")
def broken() -> Report:
    """Two services of the NID plugin, if it said that the EC honours a key on an application. It does not."""
    honest = Subject.installed(NidSimulator)
    services = tuple(keyed(service) for service in honest.manifest.services if service.id in TWO)
    manifest = honest.manifest.model_copy(update={"services": services})
    record = honest.registry.record("nid")
    assert record is not None
    subject = replace(honest, registry=Registry([replace(record, manifest=manifest)]), manifest=manifest)
    results = asyncio.run(run_suite(subject, families={"submission"}, checks=()))
    return Report(subject, judge(replace(results, families=None), (), on=DAY), on=DAY, seconds=1.0)


def keyed(service: PublicService) -> PublicService:
    if service.writes.get(Operation.SUBMIT) is not Idempotency.CLIENT_REFERENCE:
        return service
    return service.model_copy(update={"writes": {**service.writes, Operation.SUBMIT: Idempotency.NATIVE}})


def test_plugin_is_green_at_the_top_level_and_leaves_three_reports(tmp_path: Path) -> None:
    done = contract("bmet", "--report", str(tmp_path), "--on", "2026-11-24")
    assert (done.returncode, done.stderr) == (0, "")
    first, *_, last = done.stdout.splitlines()
    assert first == "bmet 1.0.0 · core 1.0 · suite 1.0.0 · simulator (modelled)"
    document = json.loads((tmp_path / "bmet.json").read_text("utf-8"))
    # Gold is of the code as it was when changes of it were tried; the report says where that is no longer so.
    assert (document["tier"] == "gold") is (document["short_of_gold"] == [])
    assert last.startswith(f"Level L4 delivery · {document['tier']} · evidence: mock · ")
    kept = document["mutation_score"]
    assert (kept["measured_now"], kept["tried"] >= 20) == (False, True)
    page = (tmp_path / "bmet.html").read_text("utf-8")
    for shown in (done.stdout, unescape(page)):
        assert f"of {kept['tried']} changes noticed" in shown
        assert all(why in shown for why in document["short_of_gold"])
    assert (document["sound"], document["level"], document["on"]) == (True, "L4 delivery", "2026-11-24")
    assert document["counts"]["failed"] == document["causes"] == 0
    assert (
        "\nNothing to check: eligibility (5), callback (3): it is answered without asking the agency" in done.stdout
    )
    ((unasked, operations),) = document["unplayed"].items()
    assert (unasked[:14], {one: len(of) for one, of in operations.items()}) == (
        "it is answered",
        {"eligibility": 5, "callback": 3},
    )
    assert len(document["checks"]) == sum(document["counts"].values())
    page = (tmp_path / "bmet.html").read_text("utf-8")
    outline = Outline(page)
    assert "BMET registration of a worker" in page
    assert "বিএমইটি কর্মী নিবন্ধন" in page
    assert {"script", "img", "link", "iframe"} & set(outline.tags) == set()
    assert [address for address in outline.addresses if "//" in address] == []
    assert set(outline.scopes) == {"row", "col"}
    for written in tmp_path.iterdir():
        assert str(tmp_path) not in written.read_text("utf-8")


def test_plugin_that_claims_a_key_that_nobody_honours_registers_a_citizen_twice(broken: Report) -> None:
    lost = [
        each.finding
        for each in broken.judgement.failures
        if (each.finding.check, each.finding.offer) == ("submit/F02", "nid.reissue")
    ]
    assert [(each.expected, each.got, each.because) for each in lost] == [
        (
            "result, 2 requests, 1 effect",
            "Accepted, 2 requests, 1 login answered 200, 2 effects",
            "the citizen is registered twice",
        )
    ]
    assert {each.finding.check.partition("/")[0] for each in broken.judgement.failures} == {"submit"}


def test_what_files_twice_has_no_level(broken: Report) -> None:
    assert (broken.standard.level, broken.standard.tier) == (None, None)
    assert broken.standard.first_missing is Level.CATALOGUE


def test_fault_is_told_once_with_what_follows_from_it(broken: Report) -> None:
    (cause,) = broken.judgement.causes
    following = broken.judgement.consequences(cause)
    assert len(following) == len(broken.judgement.failures) - 1
    told = "\n".join(render_report(broken))
    assert (
        f"NGK002 submit/F02  processed, then no answer  {cause.finding.offer}\n"
        "  expected  result, 2 requests, 1 effect\n"
        "  got       Accepted, 2 requests, 1 login answered 200, 2 effects\n"
        "  because   the citizen is registered twice\n"
        "  sent      at agency_plugin.py:"
    ) in told
    assert "\n  request   POST /" in told
    assert "\n  response  2" in told
    assert "\n  explain   nagorik explain NGK002\n" in told
    assert f"\n  hidden    {len(following)} dependent failures (--verbose): submit/F02, submit/F02-for-ever, " in told
    assert told.count("  because  ") == 1
    assert f"{len(following) + 1} failed, 1 cause" in told
    assert "missing: submit/F02\n" in told


def test_what_follows_is_told_in_full_when_it_is_asked_for(broken: Report) -> None:
    told = "\n".join(render_report(broken, verbose=True))
    assert told.count("  because  ") == len(broken.judgement.failures)
    assert "  NGK002 submit/F02  processed, then no answer  nid.reissue\n" in told
    assert "    follows   from submit/F02 " in told


def test_every_report_names_the_cause_of_each_failure(broken: Report, tmp_path: Path) -> None:
    write(broken, tmp_path)
    (cause,) = broken.judgement.causes
    named = {"check": cause.finding.check, "offer": cause.finding.offer}
    document = json.loads((tmp_path / "nid.json").read_text("utf-8"))
    failed = [check for check in document["checks"] if check["outcome"] == "failed"]
    assert document["causes"] == 1
    assert [check["because_of"] for check in failed].count(None) == 1
    assert [check["because_of"] for check in failed].count(named) == len(failed) - 1
    assert all(check["origin"].startswith("agency_plugin.py:") for check in failed)
    assert {check["because_of"] for check in document["checks"] if check["outcome"] != "failed"} == {None}
    page = unescape((tmp_path / "nid.html").read_text("utf-8"))
    assert f"{len(failed) - 1} dependent failures" in page
    assert f"{len(failed)} of {broken.checks} checks fail, from 1 cause" in page
    for check in failed:
        assert f'id="{check["id"]}@{check["offer"]}"' in page


def test_logins_stand_in_every_report_beside_what_passed(broken: Report, tmp_path: Path) -> None:
    write(broken, tmp_path)
    document = json.loads((tmp_path / "nid.json").read_text("utf-8"))
    counted = [check["logins"] for check in document["checks"] if check["logins"] is not None]
    assert {check["outcome"] for check in document["checks"] if check["logins"]} == {"passed", "failed"}
    filed = [check["logins"] for check in document["checks"] if check["id"].startswith("submit/")]
    filed = [logins for logins in filed if logins is not None]
    assert document["logins"]["submit"] == {"calls": len(filed), "requests": sum(filed), "most": 2}
    told = f"Logins: {sum(counted)} in {len(counted)} calls with a fault, at most 2 in one"
    assert told in render_report(broken)
    page = (tmp_path / "nid.html").read_text("utf-8")
    assert f'<th scope="row">submit</th><td class="number">{len(filed)}</td>' in page


def test_failures_stand_in_every_report_with_where_they_are_explained(broken: Report, tmp_path: Path) -> None:
    write(broken, tmp_path)
    failed = len(broken.judgement.failures)
    document = json.loads((tmp_path / "nid.json").read_text("utf-8"))
    assert sum(check["outcome"] == "failed" for check in document["checks"]) == failed
    page = (tmp_path / "nid.html").read_text("utf-8")
    outline = Outline(page)
    assert outline.tags.count("article") == failed
    assert FAULTS["F02"].why in unescape(page)
    assert {address[:1] for address in outline.addresses} == {"#"}  # it is opened far from the documentation


def test_command_ends_in_one_where_a_check_fails(
    broken: Report, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("nagorik_testing.contract.command._reports", lambda *_: iter((broken,)))
    assert command.run(arguments("nid", "--json")) == 1
    assert json.loads(capsys.readouterr().out)["sound"] is False


def test_broken_waiver_file_and_untended_waiver_are_told_apart(tmp_path: Path) -> None:
    file, rest = tmp_path / "waivers.toml", 'reason = "soon"\nexpires = 2027-03-31\n'
    file.write_text(f'[[waivers]]\ncode = "NGK002"\noperation = "start-payment"\n{rest}', "utf-8")
    passing = contract("cashdesk", "--waivers", str(file), "--on", "2026-11-24")
    assert passing.returncode == 1
    assert "NGK099 waivers/unexpected-pass" in passing.stdout
    file.write_text(f'[[waivers]]\ncheck = "submit/F02"\n{rest}', "utf-8")
    former = contract("cashdesk", "--waivers", str(file))
    assert (former.returncode, 'submit/F02 is code = "NGK002", operation = "submit"' in former.stderr) == (2, True)
    file.write_text("[[waivers]]\ncode = 1", "utf-8")
    invalid = contract("cashdesk", "--waivers", str(file))
    assert invalid.returncode == 2
    assert invalid.stderr.startswith("nagorik: waivers.toml: waivers.0.code: ")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ((), f"name one plugin, or give --all; installed simulators: {INSTALLED}"),
        (("cashdesk", "--all"), "name one plugin, or give --all"),
        (("nowhere",), f"no simulator of nowhere is installed; installed: {INSTALLED}"),
        (("cashdesk", "--family", "weather"), "there is no family weather; families: "),
    ],
)
def test_what_cannot_be_proved_is_said_with_what_can(
    words: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.run(arguments(*words)) == 2
    assert problem in capsys.readouterr().err


def test_one_family_is_told_without_a_level() -> None:
    done = contract("cashdesk", "--family", "payment")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("Level not computed: only payment ran · evidence: mock · ")


def test_loopback_is_a_grade_of_its_own() -> None:
    done = contract("cashdesk", "--family", "catalogue", "--loopback")
    assert done.returncode == 0
    assert "evidence: loopback" in done.stdout


def test_every_check_has_an_id_of_its_own() -> None:
    ids = [name for check in CHECKS for name in (check.id, *check.former)]
    assert len(ids) == len(set(ids))


def test_every_examination_is_described() -> None:
    assert {check.id for check in CHECKS} == set(EXAMINATIONS)


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.configure(parser)
    return parser.parse_args(words)


def test_every_fault_that_applies_to_some_service_is_played_for_one() -> None:
    """Two services of land are asked of no number: a number that is written as a text is played for the third."""
    usual, whole = (
        {
            one.finding.check
            for one in asyncio.run(
                play_operation(replace(Subject.installed(LandSimulator), every_row=every_row), Operation.QUOTE)
            )
            if one.finding.status is not CheckStatus.NOT_APPLICABLE
        }
        for every_row in (False, True)
    )
    assert "quote/F13-retyped" in whole
    assert usual == whole


def test_run_on_all_cores_finds_what_a_run_on_one_finds() -> None:
    nid = Subject.installed(NidSimulator)
    shared_out = run_on_all_cores(nid, families={"delivery", "catalogue"})
    alone = asyncio.run(run_suite(nid, families={"delivery", "catalogue"}, checks=CHECKS))
    assert shared_out == alone
    assert len(shared_out.results) > 50
