"""What the office says and nobody passes on, what is fetched for something else, and what is left to chance."""

from typing import Any

import pytest

from nagorik import Operation
from nagorik.manifest import parse_manifest
from nagorik.operations import Idempotency
from nagorik_testing.contract.verdict import CheckStatus

from .conftest import HERE, PACKAGE, Fault, expect_fault, expect_right, found

BOOK = {"simulator": "BookOffice"}
FIELDS: dict[str, Any] = {"simulator": "FieldsOffice", "plugin": {"error_reader": "withholding:blames_the_name"}}
SESSIONS: dict[str, Any] = {"login": "plugin:login_by_request", "error_reader": "withholding:takes_ended_for_refusal"}
FAULTS = (
    Fault("response/preserved", "DatesADayLater", "status: since is reported as another day"),
    Fault("response/preserved", "AYearLateInWords", "status: since is reported as another day"),
    Fault("response/fields-read", "Undated", "nothing reads status: since"),
    Fault("response/steady", "NumbersByItself", "status: event is reported otherwise of the same responses"),
    Fault(
        "response/steady",
        "PaidNowIfUnsaid",
        "query-payment: paid_at is not named, and captured_at is reported by the clock",
        {"simulator": "TimedTill"},
    ),
    Fault("deliverable/as-asked", "FetchesTheFirst", "for another application the permit of the first is asked for"),
    Fault("deliverable/as-asked", "MistakesTheFile", "permit is kept as another kind of file than the agency says"),
    Fault("deliverable/as-asked", "MistakesTheFile", "permit is kept as a document of another kind"),
    Fault("callback/as-asked", "HearsNoDates", "submitted: a message's date of the state is not passed on"),
    Fault("callback/as-asked", "HearsNoEnd", "rejected: a message says otherwise than a question whether", BOOK),
    Fault("callback/as-asked", "HearsBeginnings", "a genuine message of withdrawn ends in agency-rejected", BOOK),
    Fault("response/steady", "DrawsFromItsOwn", "submit: 1 body folder, sent, is left to chance"),
    Fault("response/steady", "SeldomDated", "status: at, reported, is left to chance"),
    Fault("submit/refused-field", "Hooks", "road, refused by the agency, is told at another field", FIELDS),
    Fault(
        "submit/refused-field",
        "Hooks",
        "something that is no field, refused by the agency, is told at one",
        {**FIELDS, "plugin": {"error_reader": "withholding:takes_the_unknown_for_the_name"}},
    ),
)
RIGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("response/preserved", "DatesByDay", {}),
    ("response/fields-read", "DrawsTickets", {}),
    ("response/fields-read", "ReadsPages", {"simulator": "PagedOffice"}),
    ("response/steady", "NumbersBookings", {}),
    ("response/steady", "SaysWhenItWasPaid", {"simulator": "TimedTill"}),
    ("deliverable/as-asked", "UnwrapsPapers", {"simulator": "WrappedPaperOffice"}),
    ("callback/as-asked", "DatesByDay", BOOK),
    ("callback/as-asked", "Hooks", BOOK),
    ("payment/turned-away", "Hooks", BOOK),
    ("response/steady", "DrawsNonces", {}),
    ("response/steady", "HasItsNumbersFromTheHost", {}),
    ("submit/refused-field", "Hooks", {**FIELDS, "plugin": {"error_reader": "withholding:reads_whole_groups"}}),
    ("submit/refused-field", "Hooks", {**FIELDS, "plugin": {"error_reader": "withholding:marks_the_name_too"}}),
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.check}-{fault.hooks}")
async def test_fault_is_found_and_named(fault, permit_office):
    await expect_fault(fault, permit_office)


@pytest.mark.parametrize(("check", "hooks", "office"), RIGHT)
async def test_plugin_that_is_right_in_another_way_passes(check, hooks, office, permit_office):
    await expect_right(check, hooks, office, permit_office)


async def test_session_that_is_taken_for_a_refusal_is_found_at_services_and_gateways(permit_office):
    subject = permit_office(simulator="SessionsOffice", plugin=SESSIONS)
    told = {one.offer: one.got for one in await found("robustness/ended-session", subject) if one.failed}
    assert told.keys() == {"permits.shop", "permits.till"}
    assert "status in a session that the agency has ended ends in agency-rejected" in told["permits.shop"]


async def test_office_that_loses_no_session_is_not_looked_at(permit_office):
    findings = await found("robustness/ended-session", permit_office())
    assert {one.status for one in findings} == {CheckStatus.NOT_APPLICABLE}


UNTOLD = {
    "that nobody named": ({}, ["nothing reads slots: desk"]),
    "without a reason": ({"desk": ""}, ["gives no reason for desk"]),
    "of what is told": (
        {"desk": "the office's own", "since": "not wanted"},
        ["names since, and something reads it"],
    ),
}


@pytest.mark.parametrize("kind", UNTOLD)
async def test_what_is_told_nobody_is_declared_by_the_simulator_with_a_reason(kind, permit_office):
    declared, told = UNTOLD[kind]
    subject = permit_office()
    subject.simulator.ignored_response_fields = declared
    (finding,) = [one for one in await found("response/fields-read", subject) if one.failed]
    assert [text for text in told if text not in finding.got] == []


SHOP = parse_manifest((HERE / PACKAGE / "plugin.toml").read_bytes()).services[0]
QUESTION = SHOP.model_copy(
    update={"id": "permits.question", "reads": (), "writes": {Operation.SUBMIT: Idempotency.SAFE}}
)
ANSWERED: dict[str, Any] = {"simulator": "EarlierOffice", "plugin": {"services": (SHOP, QUESTION)}}
UNASKED = {"desk": "the office's own"}


@pytest.mark.parametrize(
    ("hooks", "declared", "told"),
    [
        ("AnswersWithoutADay", {}, ["nothing reads submit of permits.question: since"]),
        ("AnswersWithoutADay", {"permits.question: since": "nobody asks"}, []),
        ("AnswersQuestions", {}, []),
    ],
)
async def test_what_the_answer_to_a_question_does_not_tell_nobody_else_tells(hooks, declared, told, permit_office):
    subject = permit_office(hooks, **ANSWERED)
    subject.simulator.ignored_response_fields = UNASKED | declared
    wrong = [one.got for one in await found("response/fields-read", subject) if one.failed]
    assert [text for text in told if text not in "".join(wrong)] == []
    assert bool(wrong) is bool(told)
