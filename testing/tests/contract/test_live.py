"""A live agency is asked little, and what cannot be known of it is not said to be proved.

The live agency of these tests is a simulator on a socket that the suite knows by its address alone.
"""

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date

import pytest
from preloaded_command import run_command
from pydantic import SecretStr

from nagorik import Operation, SettingsRejected
from nagorik.data_files import DataFileInvalid
from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_nid.simulator import NidSimulator
from nagorik_testing import Simulator, SyntheticCitizens, serve
from nagorik_testing.contract.calls import call_operation, start_payment
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.levels import Level
from nagorik_testing.contract.live import (
    LIVE,
    SIMULATOR,
    TIME,
    WRITES,
    AgencyTime,
    Live,
    NotPlayed,
    TestPeople,
    TestPerson,
    load_people,
)
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.render import render_report
from nagorik_testing.contract.report import Report, document_of
from nagorik_testing.contract.subject import Subject, open_rig, settings_of
from nagorik_testing.contract.suite import run_suite
from nagorik_testing.contract.verdict import CheckStatus, Grade
from nagorik_testing.contract.waivers import judge
from nagorik_testing.simulator.clock import START, SimulatedClock

pytestmark = pytest.mark.long

DAY = date(2026, 11, 24)


class HeldTime(AgencyTime):
    """A live agency's time that nobody has to wait for."""

    elapsed = SimulatedClock.elapsed
    sleep = SimulatedClock.sleep


def agency_time() -> AgencyTime:
    return HeldTime(START)


@asynccontextmanager
async def live_agency(
    kind: type[Simulator], monkeypatch: pytest.MonkeyPatch, **options: object
) -> AsyncIterator[tuple[Subject, Simulator]]:
    """A subject that knows the agency's address, and the agency itself for the test to look into."""
    agency = kind()
    async with serve(agency, admin=False) as address:
        for name, value in agency.settings(address).items():
            if isinstance(value, SecretStr) or name in {"username", "password"}:
                told = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
                monkeypatch.setenv(f"NAGORIK_{kind.plugin_id.upper()}_{name.upper()}", told)
        live = Live(address, clock=agency_time, **options)
        yield Subject.installed(kind, live=live), agency


async def proved(subject: Subject) -> Report:
    judgement = judge(await run_suite(subject, checks=CHECKS), (), on=DAY)
    return Report(subject, judgement, on=DAY, seconds=1.0)


async def test_nothing_is_left_at_a_live_agency_unless_it_is_asked_for(monkeypatch):
    async with live_agency(NidSimulator, monkeypatch) as (subject, agency):
        report = await proved(subject)
        assert Counter(effect.kind for effect in agency.ledger.effects()).keys() <= {"login", "verification"}
        assert agency.ledger.requests()
        writes = [seen.operation for seen in agency.ledger.requests() if "/sim/nid/v1" in seen.operation]
        questions = re.compile(r"GET .*|.*/prices|.*/lookups/[a-z]+")
        assert all(questions.fullmatch(operation) for operation in writes)
    submitted = {
        each.finding.offer: each.finding for each in report.judgement.judged if each.finding.check == "submit/F00"
    }
    assert submitted["nid.verification"].status is CheckStatus.PASSED  # a safe write leaves nothing
    assert submitted["nid.reissue"].because == WRITES


async def test_what_needs_the_simulator_or_its_clock_is_never_proved_live(monkeypatch):
    async with live_agency(CashDeskSimulator, monkeypatch, destructive=True) as (subject, agency):
        report = await proved(subject)
        assert agency.ledger.effects()
    operations = [f"{operation.value}/" for operation in Operation]
    faults = [
        each.finding
        for each in report.judgement.judged
        if each.finding.check.startswith(tuple(f"{operation}F" for operation in operations))
        and not each.finding.check.endswith("/F00")
    ]
    rows = {row.id for row in ROWS}
    played = [one for one in faults if one.status is CheckStatus.PASSED and one.check.partition("/")[2] in rows]
    assert faults
    assert played == []
    assert {finding.because for finding in faults if finding.check.endswith("/F02")} == {SIMULATOR}
    refund = next(each.finding for each in report.judgement.judged if each.finding.check == "refund-payment/F00")
    assert (refund.status, refund.because) == (CheckStatus.NOT_APPLICABLE, TIME)


async def test_report_of_a_live_run_says_what_was_not_run_and_claims_no_more_than_it_saw(monkeypatch):
    async with live_agency(NidSimulator, monkeypatch) as (subject, _):
        report = await proved(subject)
    document = document_of(report)
    assert document["evidence"]["grade"] == "live"
    assert report.subject.grade is Grade.LIVE
    reasons = set(document["not_run"])
    assert {reason.removeprefix(LIVE) for reason in (WRITES, SIMULATOR)} <= reasons
    assert any("--destructive was not given" in line for line in render_report(report))
    assert not any(
        each.finding.check.startswith("status/") and each.finding.status is CheckStatus.PASSED
        for each in report.judgement.judged
    )
    # The one service that is wholly answered by what may be sent is the verification.
    assert report.standard.level in {None, Level.SUBMISSION}


async def test_privacy_fees_and_eligibility_are_proved_live(monkeypatch):
    async with live_agency(NidSimulator, monkeypatch) as (subject, _):
        results = await run_suite(subject, families={"privacy", "eligibility", "fees"}, checks=CHECKS)
    stood = {(finding.check, finding.offer): finding.status for finding in results.findings}
    for check in ("privacy/shown", "quote/F00", "eligibility/F00"):
        assert stood[check, "nid.reissue"] is CheckStatus.PASSED, check
    assert stood["privacy/error-texts", "nid.reissue"] is CheckStatus.NOT_APPLICABLE
    assert not any(finding.failed for finding in results.findings)


async def test_write_from_any_check_is_stopped_before_it_is_sent(monkeypatch):
    async with (
        live_agency(CashDeskSimulator, monkeypatch) as (subject, agency),
        open_rig(subject, "cashdesk.counter") as rig,
    ):
        with pytest.raises(NotPlayed, match="--destructive was not given"):
            await start_payment(rig)
        with pytest.raises(NotPlayed, match="ledger"):
            _ = rig.simulator
        with pytest.raises(NotPlayed, match="clock"):
            rig.clock.advance(1)
        assert agency.ledger.requests() == ()


async def test_application_of_a_test_person_is_read_without_a_write(monkeypatch):
    citizen = SyntheticCitizens().citizen(4242)
    example = NidSimulator().example("nid.reissue", citizen)
    person = TestPerson(applicant=example.applicant, form=dict(example.form), agency_reference="NIDW-2026-0000001")
    people = TestPeople(source="the sandbox's handbook", services={"nid.reissue": person})
    async with live_agency(NidSimulator, monkeypatch, people=people) as (subject, agency):
        offer = next(offer for offer in subject.manifest.offers if offer.id == "nid.reissue")
        assert Operation.STATUS in subject.callable_operations(offer)
        assert Operation.SUBMIT not in subject.callable_operations(offer)
        async with open_rig(subject, "nid.reissue") as rig:
            await prepare_operation(rig, Operation.STATUS)
            end = await call_operation(rig, Operation.STATUS)
        assert end.error is not None  # this sandbox has no such application, and that is told
        assert [seen.operation.split()[0] for seen in agency.ledger.requests()][-1] == "GET"
        with pytest.raises(NotPlayed, match="second test person"):
            async with open_rig(subject, "nid.reissue", seed=1):
                pass


def test_missing_credential_is_named_and_nothing_is_asked(monkeypatch):
    monkeypatch.delenv("NAGORIK_NID_PASSWORD", raising=False)
    subject = replace(Subject.installed(NidSimulator), live=Live("http://127.0.0.1:9", clock=agency_time))
    with pytest.raises(SettingsRejected) as refused:
        settings_of(subject)
    assert "password" in refused.value.names


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[[", "people.toml: not valid TOML: look at its end"),
        ("[services]\n", "people.toml: source: this field is required"),
        ('source = "s"\n[services."a.b"]\n', "people.toml: services.a.b.applicant: this field is required"),
    ],
)
def test_file_of_test_people_that_is_wrong_is_refused_by_place(tmp_path, content, problem):
    path = tmp_path / "people.toml"
    path.write_text(content, "utf-8")
    with pytest.raises(DataFileInvalid) as refused:
        load_people(path)
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("cashdesk", "--destructive"), "--destructive and --applicant go with --live"),
        (("--all", "--live", "http://127.0.0.1:9"), "--live is of one plugin"),
        (("cashdesk", "--live", "sandbox"), "--live wants an address"),
        (("nid", "--live", "http://127.0.0.1:9"), "NAGORIK_NID_USERNAME, NAGORIK_NID_PASSWORD"),
    ],
)
def test_words_that_do_not_go_together_are_refused(tmp_path, words, told):
    done = run_command("contract", *words, folder=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
