"""What the suite refuses to pass over, and what waivers and levels come to, on findings made by hand."""

import argparse
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest

from nagorik.data_files import DataFileInvalid
from nagorik.values import dhaka_date
from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_testing.contract.checks import CHECKS, CheckScope
from nagorik_testing.contract.checks.check import Minor, check
from nagorik_testing.contract.codes import BY_CODE, CodedCheck, code_of, coded, page_of
from nagorik_testing.contract.explain import command
from nagorik_testing.contract.levels import Level, Tier, standard_of
from nagorik_testing.contract.mutation.score import ScoreStanding
from nagorik_testing.contract.plugin_contract import ContractItem, ContractWarning, PluginContract
from nagorik_testing.contract.render import render_failure, render_report
from nagorik_testing.contract.report import Report
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import EMPTY, CheckResult, SuiteBroken, SuiteResults, run_suite
from nagorik_testing.contract.verdict import CheckStatus, Finding, NotReachable
from nagorik_testing.contract.waivers import CheckOutcome, Waiver, judge, parse_waivers
from nagorik_testing.validation.findings import Severity

DAY = date(2026, 11, 24)
ONE = CHECKS[0]


@dataclass
class Scripted:
    """A check that finds what it is told to."""

    id: str = "catalogue/scripted"
    family: str = "catalogue"
    findings: tuple[Finding, ...] = ()

    async def run(self, subject: Subject) -> AsyncIterator[Finding]:
        for finding in self.findings:
            yield finding


@pytest.fixture(scope="module")
def subject() -> Subject:
    return Subject.installed(CashDeskSimulator)


def found(check="catalogue/scripted", status=CheckStatus.PASSED, offer=None, **more) -> Finding:
    return Finding(check=check, offer=offer, title="scripted", status=status, **more)


def results(*made: tuple[str, Finding], families=None) -> SuiteResults:
    known = frozenset(finding.check for _, finding in made)
    return SuiteResults(tuple(CheckResult(*each) for each in made), known, families)


def waiver(check="submit/F02", offer=None, expires=date(2027, 3, 31)) -> Waiver:
    named = coded(check) or CodedCheck("NGK997")
    return Waiver(**named._asdict(), offer=offer, reason="the portal is replaced", expires=expires)


def failing(judgement) -> list[str]:
    return [each.finding.check for each in judgement.failures]


async def test_run_that_collects_nothing_fails(subject):
    ran = await run_suite(subject, families={"eligibility"}, checks=())
    assert [(finding.check, finding.failed) for finding in ran.findings] == [(EMPTY, True)]


async def test_run_of_checks_that_all_do_not_apply_fails(subject):
    idle = Scripted(findings=(found(status=CheckStatus.NOT_APPLICABLE),))
    ran = await run_suite(subject, families={"catalogue"}, checks=(idle,))
    assert EMPTY in failing(judge(ran, (), on=DAY))


async def test_check_that_says_nothing_fails(subject):
    ran = await run_suite(subject, families={"catalogue"}, checks=(Scripted(),))
    assert "catalogue/scripted" in failing(judge(ran, (), on=DAY))


async def test_finding_that_comes_twice_is_refused(subject):
    with pytest.raises(SuiteBroken, match="catalogue/scripted is found twice for the plugin"):
        await run_suite(subject, families={"catalogue"}, checks=(Scripted(findings=(found(), found())),))


async def test_two_checks_of_one_id_are_refused(subject):
    with pytest.raises(SuiteBroken, match="two checks claim catalogue/scripted"):
        await run_suite(subject, families={"catalogue"}, checks=(Scripted(), Scripted()))


async def test_order_is_the_same_in_every_run(subject):
    scripted = Scripted(findings=(found(),))
    first = await run_suite(subject, checks=(scripted,))
    assert first.findings == (await run_suite(subject, checks=(scripted,))).findings
    assert first.findings[0].check == "catalogue/scripted"
    assert len(first.findings) > 60


def test_failure_that_is_waived_counts_as_waived_for_its_offer_alone():
    both = results(
        ("submission", found("submit/F02", CheckStatus.FAILED, "a.one")),
        ("submission", found("submit/F02", CheckStatus.NOT_REACHED, "a.two")),
    )
    judgement = judge(both, [waiver(offer="a.one")], on=DAY)
    assert [each.outcome for each in judgement.judged] == [CheckOutcome.WAIVED, CheckOutcome.FAILED]
    assert failing(judge(both, [waiver()], on=DAY)) == []


def test_waiver_holds_on_its_last_day_and_not_after():
    failed = results(("submission", found("submit/F02", CheckStatus.FAILED)))
    until = [waiver(expires=DAY)]
    assert failing(judge(failed, until, on=DAY)) == []
    assert failing(judge(failed, until, on=date(2026, 11, 25))) == ["submit/F02", "waivers/expired"]


def test_waived_check_that_passes_fails():
    passed = results(("submission", found("submit/F02")))
    assert failing(judge(passed, [waiver()], on=DAY)) == ["waivers/unexpected-pass"]


def test_waiver_of_a_row_covers_no_other_row_of_its_fault():
    """A refusal that is not understood may wait; one that is filed twice may not."""
    rows = {"submit/F09-404": {}, "submit/F09-replay": {"takes_all_levels": True}}
    both = results(*(("submission", found(row, CheckStatus.FAILED, **more)) for row, more in rows.items()))
    assert failing(judge(both, [waiver("submit/F09-404")], on=DAY)) == ["submit/F09-replay"]


def test_waiver_of_no_known_check_fails():
    passed = results(("submission", found("submit/F02")))
    assert failing(judge(passed, [waiver("submit/F99")], on=DAY)) == ["waivers/unknown-check"]


def test_waiver_of_a_family_that_did_not_run_is_let_be():
    ran = SuiteResults(
        (CheckResult("status", found("status/F01")),), frozenset({"status/F01", "submit/F02"}), frozenset({"status"})
    )
    assert failing(judge(ran, [waiver()], on=DAY)) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[[waivers", "not valid TOML"),
        ('[[waivers]]\ncode = "NGK404"\nreason = "r"\n', "waivers.0.expires: this field is required"),
        ('[[waivers]]\ncode = "NGK404"\nreason = ""\nexpires = 2027-01-01\n', "waivers.0.reason: "),
        ('[[waivers]]\ncode = "NGK404"\nreason = "r"\nexpires = 2027-01-01\nwhy = 1\n', "waivers.0.why: "),
    ],
)
def test_waivers_that_break_the_format_are_refused_by_place(content, problem):
    with pytest.raises(DataFileInvalid) as refused:
        parse_waivers(content.encode())
    assert str(refused.value).startswith(f"contract-waivers.toml: {problem}")


def test_gateway_reaches_payment_and_a_failed_payment_takes_all_below_it_alone(subject):
    passed = judge(results(("payment", found("start-payment/F02"))), (), on=DAY)
    assert standard_of(subject.manifest, passed).level is Level.PAYMENT
    failed = judge(results(("payment", found("start-payment/F02", CheckStatus.FAILED))), (), on=DAY)
    standard = standard_of(subject.manifest, failed)
    assert (standard.level, standard.tier, standard.first_missing) == (Level.SUBMISSION, Tier.BRONZE, Level.PAYMENT)


def test_failed_catalogue_or_privacy_leaves_no_level(subject):
    for family in ("catalogue", "privacy"):
        judgement = judge(results((family, found("x/y", CheckStatus.FAILED))), (), on=DAY)
        assert standard_of(subject.manifest, judgement).level is None


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.NOTE])
def test_warning_and_note_are_shown_and_take_no_level(subject, severity):
    mild = found("response/fields-read", CheckStatus.FAILED, severity=severity)
    judgement = judge(results(("payment", found("start-payment/F02")), ("status", mild)), (), on=DAY)
    assert (judgement.failures, judgement.count(CheckOutcome(severity.value))) == ((), 1)
    assert standard_of(subject.manifest, judgement, score=ScoreStanding(None)) == standard_of(
        subject.manifest,
        judge(results(("payment", found("start-payment/F02"))), (), on=DAY),
        score=ScoreStanding(None),
    )
    shown = "\n".join(render_report(Report(subject, judgement, on=DAY, seconds=1.0), verbose=True))
    assert f"\n{severity.value}: NGK812 response/fields-read  scripted\n" in shown


def test_warning_that_follows_from_a_failure_is_not_shown_beside_it():
    cause = found("status/F00", CheckStatus.FAILED, "a.one")
    mild = found("response/fields-read", CheckStatus.NOT_REACHED, "a.one", severity=Severity.WARNING)
    assert judge(results(("status", cause), ("status", mild)), (), on=DAY).warnings == ()
    assert len(judge(results(("status", mild)), (), on=DAY).warnings) == 1


@pytest.mark.parametrize(
    ("problems", "severity"),
    [([Minor("logs")], Severity.WARNING), ([Minor("logs"), "prints"], Severity.ERROR), (["prints"], Severity.ERROR)],
)
async def test_minor_problem_alone_is_a_warning(subject, problems, severity):
    async def examine(*_):
        return problems

    (output,) = [check for check in CHECKS if check.id == "process/output"]
    (one,) = [each async for each in replace(output, examine=examine).run(subject)]
    assert (one.failed, one.severity) == (True, severity)


async def test_check_that_is_not_reached_takes_no_level_for_what_is_done_twice(subject):
    async def examine(*_):
        raise NotReachable("the payment cannot be begun")

    (twice,) = [check for check in CHECKS if check.id == "payment/F19-refunded-twice"]
    (one,) = [each async for each in replace(twice, examine=examine).run(subject)]
    assert (one.failed, one.takes_all_levels) == (True, False)


def test_examination_of_a_check_that_has_one_is_refused():
    with pytest.raises(ValueError, match="fees/quoted is examined twice"):
        check("fees/quoted")(lambda *_: None)


def test_what_is_done_twice_takes_every_level(subject):
    twice = found("start-payment/F02", CheckStatus.FAILED, takes_all_levels=True)
    assert standard_of(subject.manifest, judge(results(("payment", twice)), (), on=DAY)).level is None


def contract_that_found(*results: CheckResult) -> type[PluginContract]:
    """A contract that has played one check."""
    contract = type("TestScripted", (PluginContract,), {"plugin": "cashdesk", "simulator": CashDeskSimulator})
    contract._played[ONE.id] = list(results)
    return contract


def test_contract_shows_a_warning_and_passes():
    mild = found(ONE.id, CheckStatus.FAILED, "a.one", severity=Severity.WARNING)
    with pytest.warns(ContractWarning, match=ONE.id):
        contract_that_found(CheckResult("status", mild))().test_check(ContractItem(ONE.code, ONE.id, "a.one"))


def test_contract_fails_for_the_service_that_fails_alone():
    broken = contract_that_found(
        CheckResult("status", found(ONE.id, CheckStatus.FAILED, "a.one")),
        CheckResult("status", found(ONE.id, offer="a.two")),
    )()
    with pytest.raises(pytest.fail.Exception, match=f"{ONE.code} {ONE.id}  scripted  a.one"):
        broken.test_check(ContractItem(ONE.code, ONE.id, "a.one"))
    broken.test_check(ContractItem(ONE.code, ONE.id, "a.two"))


def test_contract_has_an_item_for_each_check_and_service_and_each_fault_and_operation():
    items = {str(item) for item in contract_that_found()._items()}
    assert {"NGK002-start-payment", "NGK000-query-payment", "NGK106-catalogue/objects"} <= items
    assert {one.code for one in CHECKS if one.scope is CheckScope.GATEWAYS} & {item[:6] for item in items}
    assert "NGK002-submit" not in items


def test_gold_becomes_silver_where_more_than_one_check_in_a_hundred_is_waived(subject):
    passed = [("payment", found(f"start-payment/X{number}")) for number in range(98)]
    failed = [("payment", found(f"submit/F0{number}", CheckStatus.FAILED)) for number in (2, 3)]
    waived = [waiver("submit/F02"), waiver("submit/F03")]
    enough = ScoreStanding(None)
    one, two = [
        standard_of(
            subject.manifest,
            judge(results(*passed, ("payment", found("start-payment/X98")), *failed[:count]), waived[:count], on=DAY),
            score=enough,
        )
        for count in (1, 2)
    ]
    assert (one.tier, one.short_of_gold) == (Tier.GOLD, ())
    assert (two.tier, two.short_of_gold) == (
        Tier.SILVER,
        ("2 of 101 checks are waived, and gold allows for one in 100",),
    )


def test_gold_becomes_silver_where_changes_of_the_code_are_not_known_to_be_noticed(subject):
    passed = judge(results(("payment", found("start-payment/F02"))), (), on=DAY)
    standard = standard_of(subject.manifest, passed)
    assert (standard.level, standard.tier) == (Level.PAYMENT, Tier.SILVER)
    assert standard.short_of_gold == ("its mutation score is not known",)
    told = standard_of(subject.manifest, passed, score=ScoreStanding(None, short_of_gold="36 of 41"))
    assert told.short_of_gold == ("36 of 41",)
    failed = judge(results(("payment", found("start-payment/F02", CheckStatus.FAILED))), (), on=DAY)
    assert standard_of(subject.manifest, failed).short_of_gold == ()  # there is more to mend first


@pytest.mark.parametrize(
    ("check", "code"),
    [
        ("submit/F02", "NGK002"),
        ("submit/F02-for-ever", "NGK002"),
        ("status/F00-safe", "NGK020"),
        ("catalogue/secret-settings", "NGK109"),
        ("submit/F17-replay", "NGK405"),
        ("waivers/expired", "NGK099"),
        ("submit/F99", ""),
        ("nothing/F02", ""),
    ],
)
def test_rows_of_a_fault_share_a_code(check, code):
    assert code_of(check) == code


def test_every_code_has_a_page_that_the_command_prints(capsys):
    for code in BY_CODE:
        assert page_of(code).startswith(f"# {code} ")
    for named in ("ngk002", "submit/F02-for-ever"):
        assert command.run(argparse.Namespace(code=named)) == 0
        assert "OutcomeUnknown" in capsys.readouterr().out
    assert command.run(argparse.Namespace(code="NGK997")) == 2
    assert "there is no code NGK997" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('check = "submit/F02-for-ever"', 'submit/F02-for-ever is code = "NGK002", operation = "submit"'),
        ('code = "catalogue/hooks"', 'catalogue/hooks is code = "NGK106"'),
        ('code = "NGK002"', "NGK002 is a fault of the matrix: name the operation"),
        ('code = "NGK106"\noperation = "submit"', "NGK106 is no fault of the matrix: name no operation"),
    ],
)
def test_waiver_by_an_id_is_refused_with_its_code(written, problem):
    with pytest.raises(DataFileInvalid, match=re.escape(problem)):
        parse_waivers(f'[[waivers]]\n{written}\nreason = "r"\nexpires = 2027-01-01\n'.encode())


def test_failure_shows_the_lines_that_waive_it():
    failed = found("submit/F02-for-ever", CheckStatus.FAILED, "a.one")
    shown = [line.strip() for line in render_failure(failed)]
    lines = "\n".join(["[[waivers]]", *shown[shown.index("waive     contract-waivers.toml: [[waivers]]") + 1 :]])
    (waived,) = parse_waivers(lines.replace("YYYY-MM-DD", "2027-03-31").encode())
    assert waived.covers(failed)
    assert not waived.covers(found("submit/F02-for-ever", CheckStatus.FAILED, "a.two"))


@pytest.mark.parametrize("name", ["test_check", "test_level", "pytest_generate_tests"])
def test_author_cannot_take_a_standard_test_away(name):
    with pytest.raises(TypeError, match=f"TestOwn replaces {name}: waive a check instead of overriding it"):
        type("TestOwn", (PluginContract,), {name: None})


def test_contract_of_another_plugins_simulator_is_refused():
    mistaken = type("TestWrong", (PluginContract,), {"plugin": "nid", "simulator": CashDeskSimulator})
    with pytest.raises(TypeError, match="CashDeskSimulator stands for cashdesk, not for nid"):
        mistaken().test_level()


def test_waivers_are_read_for_today_in_dhaka_unless_a_day_is_named():
    usual = type("TestUsual", (PluginContract,), {})
    before = dhaka_date(datetime.now(UTC))
    assert before <= usual._day() <= dhaka_date(datetime.now(UTC))
    assert type("TestHeld", (PluginContract,), {"waivers_judged_on": DAY})._day() == DAY
