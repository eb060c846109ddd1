"""Each row of the fault matrix fails a plugin that misbehaves under its fault, and passes one that does not.

For every operation and every row there is a plugin here that fails it; a row that nobody can fail would be no check.
"""

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from nagorik import Operation
from nagorik.operations import Idempotency
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.matrix import ROWS, OperationKind
from nagorik_testing.contract.matrix_runner import UNASKED, play_matrix, rows_of
from nagorik_testing.contract.suite import known_checks
from nagorik_testing.contract.verdict import CheckStatus
from nagorik_testing.faults.kinds import Reshaped

pytestmark = pytest.mark.long

ASKED_FIRST = ("eligibility", "quote", "find", "status", "query-payment")
HEARD = ("callback", "payment-notice")
READS = (*ASKED_FIRST, "slots", *HEARD, "health", "deliverable")
WRITES = ("submit", "answer-correction", "advise-payment", "withdraw", "book-slot", "start-payment", "refund-payment")
EVERY = (*READS, *WRITES)

RIGHT_IN_THE_END = "F01 F02 F03 F04 F06 F07 F07-past F07-page F07-503 F08 F15-session"
"""Rows after which an operation succeeds that keeps to one question."""
RIGHT_AT_ONCE = "F13-extra F13-retyped F13-label F14-bom F14-utf-16 F14-charset"
"""Odd answers that are understood."""
RIGHT_AS_DOCUMENT = "F13-extra F13-label F14-bom F14-utf-16 F14-charset"
"""Those of them whose document says what it always says."""
ILLEGIBLE = "F13 F13-truncated F14"
"""Answers that are no document at all."""
NO_JSON = "F13 F13-truncated F13-null F13-missing F13-nulls F13-list F13-double F14"
"""Answers of which nothing can be made."""
NO_ANSWER = "F11 F13-empty F15-moved F16-large"
"""Answers of which nothing can be made, a file's included."""
REFUSED = "F01-for-ever F07-day F08-for-ever F09 F09-409 F10 F10-fields F15"
"""A definite no, or nothing sent."""
FAILED = f"{REFUSED} F02-for-ever F05 F06-for-ever F09-replay F09-page {NO_ANSWER} F16 F16-drip"
"""Rows after which a read has nothing to tell."""
IN_DOUBT = f"F06-for-ever {NO_ANSWER} F12 {NO_JSON}"
"""Rows after which nobody knows what became of a native write, though time is left to ask."""
UNSURE = f"{IN_DOUBT} {REFUSED} F02-for-ever F09-404 F09-replay F16 F16-drip"
"""Rows after which a native write has no result."""

BLUNT = (
    "F05 F06 F06-for-ever F07 F07-past F07-day F07-page F07-503 F08 F08-for-ever F11 F13 F13-empty F13-truncated "
    "F13-null F13-list F13-double F14 F15 F15-moved F15-session"
)
"""Rows in which the agency answers, and not with an object and a status of success."""

Failed = Mapping[str, str]
"""Operations and the rows that they fail, both separated by blanks."""


class Variant(NamedTuple):
    """One broken plugin.

    Attributes:
        fails: Exactly what it fails.
        told: A check that it fails, and what that says.
        hooks: Its hooks.
        operations: Those that are played; all if not given.
    """

    fails: Failed
    told: tuple[str, str]
    hooks: str = "WellBehaved"
    operations: str = ""
    simulator: str = "PermitOffice"
    plugin: dict[str, Any] | None = None
    service: dict[str, Any] | None = None


BY_REFERENCE = {
    Operation(name): Idempotency.CLIENT_REFERENCE
    for name in ("submit", "answer-correction", "advise-payment", "withdraw", "book-slot")
}
VARIANTS = {
    "fails without any fault": Variant(
        {" ".join(EVERY): "F00"}, ("status/F00", "plugin-fault while preparing status"), hooks="NeverWorks"
    ),
    "takes every failure for success": Variant(
        {
            "eligibility quote": f"{FAILED} F12 {NO_JSON}",
            "find status query-payment slots callback payment-notice": f"{FAILED} F12 {NO_JSON} F14-digits",
            "health": f"{FAILED} F12 {ILLEGIBLE}",
            "deliverable": FAILED,
            " ".join(WRITES): f"{REFUSED} F09-404",
        },
        ("submit/F09", "the call succeeded"),
        hooks="MakesUp",
    ),
    "settles a lost answer by an unrelated question": Variant(
        {
            "submit answer-correction withdraw": f"{IN_DOUBT} F14-digits",
            "advise-payment book-slot start-payment refund-payment": IN_DOUBT,
        },
        ("submit/F11", "the call succeeded"),
        hooks="LooksUpAnything",
    ),
    "settles a lost answer so where the agency has no keys": Variant(
        {
            "submit withdraw": f"{IN_DOUBT} F02 F02-for-ever F03 F05 F06 F07-page F07-503 F09-replay F09-page "
            "F14-digits F16"
        },
        ("submit/F02", "the call succeeded"),
        hooks="LooksUpAnything",
        operations="submit withdraw",
        service={"writes": BY_REFERENCE},
    ),
    "does everything twice": Variant(
        {
            "eligibility quote": f"{RIGHT_IN_THE_END} {RIGHT_AT_ONCE} F14-digits",
            "find status slots callback payment-notice": f"{RIGHT_IN_THE_END} {RIGHT_AT_ONCE}",
            "health": f"{RIGHT_IN_THE_END} {RIGHT_AS_DOCUMENT}",
            "query-payment": f"{RIGHT_IN_THE_END} {RIGHT_AT_ONCE} F09-404",
            "deliverable": RIGHT_IN_THE_END,
            "submit answer-correction withdraw start-payment": f"{RIGHT_IN_THE_END} F05 F09-page {RIGHT_AT_ONCE}",
            "advise-payment book-slot refund-payment": f"{RIGHT_IN_THE_END} F05 F09-page {RIGHT_AT_ONCE} F14-digits",
        },
        ("submit/F01", "the write was sent again"),
        hooks="AsksTwice",
    ),
    "writes again under a fresh key": Variant(
        {"submit": f"{RIGHT_IN_THE_END} F05 F09-page {RIGHT_AT_ONCE}"},
        ("submit/F02", "the citizen is registered twice; the key changed between attempts"),
        hooks="FreshKeys",
        operations="submit",
    ),
    "has a retry policy of its own": Variant(
        {
            # Refused credentials are not sent again, whoever asks: F08-for-ever and F15 are the platform's to hold.
            "status": f"F05 F06-for-ever F07-day F09 F09-404 F09-409 F09-replay F09-page F10 F10-fields "
            f"{NO_ANSWER} {NO_JSON} F14-digits",
            "submit start-payment": "F07-day F09 F09-404 F09-409 F10 F10-fields",
        },
        ("status/F06-for-ever", "12 requests"),
        hooks="TriesAgain",
        operations="status submit start-payment",
    ),
    "waits beyond its deadline": Variant(
        {
            "eligibility quote": f"{FAILED} F09-404 F12 {NO_JSON}",
            "find status slots callback payment-notice": f"{FAILED} F09-404 F12 {NO_JSON} F14-digits",
            "query-payment": f"{FAILED} F12 {NO_JSON} F14-digits",
            "health": f"{FAILED} F09-404 F12 {ILLEGIBLE}",
            "deliverable": f"{FAILED} F09-404",
            "submit answer-correction withdraw start-payment": f"{UNSURE} F14-digits",
            "advise-payment book-slot refund-payment": UNSURE,
        },
        ("submit/F16-drip", "150 simulated seconds"),
        hooks="Waits",
    ),
    "logs a secret": Variant(
        {"status": f"{FAILED} F09-404 F12 {NO_JSON} F14-digits", "submit": f"{UNSURE} F14-digits"},
        ("status/F05", "1 canaries of personal data in logs or error texts"),
        hooks="TellsPassword",
        operations="status submit",
    ),
    "calls every failure a refusal": Variant(
        {
            "status": f"F01-for-ever F02-for-ever F05 F06-for-ever F07-day F08-for-ever F15 {NO_ANSWER} {NO_JSON} "
            "F14-digits F16 F16-drip",
            "submit": "F01-for-ever F07-day F08-for-ever F15",
        },
        ("submit/F01-for-ever", "the call ended in AgencyRejected"),
        hooks="GivesUp",
        operations="status submit",
    ),
    "reads an answer by hand": Variant(
        {"status": f"F11 F13-empty {NO_JSON} F14-bom F14-utf-16 F14-digits"},
        ("status/F14", "the call succeeded"),
        hooks="ReadsByHand",
        operations="status",
    ),
    "knows one error for everything": Variant(
        {
            "status": BLUNT,
            "submit": f"{BLUNT} F09-replay F09-page",
        },
        ("submit/F06", "the call ended in AgencyRejected; 1 requests"),
        operations="status submit",
        plugin={"error_reader": "misbehaving:blunt"},
    ),
    "claims keys that nobody honours": Variant(
        {"submit": "F02 F02-for-ever F03 F06 F07-page F09-page F16"},
        ("submit/F02", "the citizen is registered twice"),
        operations="submit",
        simulator="KeylessOffice",
    ),
}
UNPLAYED = {f"deliverable/{row.id}" for row in ROWS if row.document_only} | {
    f"health/{row.id}" for row in ROWS if isinstance(row.fault, Reshaped)
}
"""A file is no JSON, and a probe is not asked what its answer says."""


def checks_of(failed: Failed) -> set[str]:
    return {
        f"{operation}/{row}"
        for operations, rows in failed.items()
        for operation in operations.split()
        for row in rows.split()
    }


async def played(subject: Any, operations: str = "") -> dict[str, Any]:
    wanted = {Operation(name) for name in operations.split()} or None
    return {
        finding.check: finding
        for offer in subject.manifest.offers
        async for finding in play_matrix(subject, offer, wanted)
    }


@pytest.mark.parametrize("hooks", [None, "WellBehaved"])
async def test_every_row_passes_a_plugin_that_behaves(hooks, permit_office):
    found = await played(permit_office(hooks))
    assert [(finding.check, finding.because) for finding in found.values() if finding.failed] == []
    assert set(found) == {
        f"{operation}/{row}"
        for operation in EVERY
        for row in rows_of({OperationKind.READ if operation in READS else OperationKind.NATIVE})
    }
    if hooks is None:
        unasked = {check.partition("/")[0] for check, finding in found.items() if finding.because == UNASKED}
        assert unasked == {"eligibility", "quote", *HEARD}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
async def test_exactly_the_named_rows_fail_a_plugin_that_misbehaves(variant, permit_office):
    subject = permit_office(variant.hooks, variant.simulator, plugin=variant.plugin, service=variant.service)
    found = await played(subject, variant.operations)
    assert {check for check, finding in found.items() if finding.failed} == checks_of(variant.fails)
    check, told = variant.told
    assert told in f"{found[check].got}; {found[check].because}"


ASKED = {**dict.fromkeys(BY_REFERENCE, Idempotency.NATIVE), Operation.SUBMIT: Idempotency.SAFE}
LEFT_WHEN_ASKED = {f"{operation}/F00-safe" for operation in READS}


async def test_question_that_leaves_something_at_the_agency_is_failed(permit_office):
    subject = permit_office("WritesWhenAsked")
    found = {
        one.check: one for offer in subject.manifest.offers async for one in play_matrix(subject, offer, rows=())
    }
    assert {check for check, finding in found.items() if finding.failed} == LEFT_WHEN_ASKED
    assert {found[check].got for check in LEFT_WHEN_ASKED} == {"it leaves at the agency: application"}


async def test_write_that_is_declared_safe_is_held_to_it(permit_office):
    safe = permit_office(service={"writes": ASKED})
    found = await played(safe, "submit")
    assert found["submit/F00-safe"].got == "it leaves at the agency: application"
    assert found["submit/F02"].because == "a read leaves at the agency: application"


async def test_question_that_the_agency_merely_counts_is_safe(permit_office):
    asked = permit_office("Asking", "CountedOffice", service={"writes": ASKED})
    found = await played(asked, "submit status")
    assert [(finding.check, finding.got) for finding in found.values() if finding.failed] == []
    assert found["submit/F00-safe"].status is found["status/F00-safe"].status is CheckStatus.PASSED


async def test_what_falls_due_while_a_question_waits_is_none_of_its_effects(permit_office):
    found = await played(permit_office(simulator="PromptTill"), "query-payment")
    assert [(finding.check, finding.because) for finding in found.values() if finding.failed] == []


async def test_question_that_leaves_something_when_it_fails_is_failed_in_those_rows(permit_office):
    subject = permit_office("TidiesUp")
    (offer, _) = subject.manifest.offers
    rows = [row for row in ROWS if row.id in {"F02", "F05", "F06-for-ever", "F13"}]
    found = {one.check: one async for one in play_matrix(subject, offer, {Operation.STATUS}, rows)}
    left = {check for check, one in found.items() if "a read leaves at the agency: application" in one.because}
    assert left == {"status/F05", "status/F06-for-ever", "status/F13"}
    assert {check for check, one in found.items() if one.failed} == left


async def test_write_that_sends_nothing_is_failed_and_every_row_says_so(permit_office):
    found = await played(permit_office("DoesNothing"), "submit")
    assert found["submit/F00"].got == "nothing is sent to the agency"
    others = [finding for check, finding in found.items() if check != "submit/F00"]
    assert {finding.because for finding in others} == {"it cannot be called without a fault, see F00"}
    assert len(others) == len(ROWS)


async def test_question_that_is_answered_without_the_agency_says_so_in_every_row(permit_office):
    found = await played(permit_office(), "callback")
    assert {one.status for check, one in found.items() if check.endswith(("/F00", "/F00-safe"))} == {
        CheckStatus.PASSED
    }
    rest = [one for check, one in found.items() if "/F00" not in check]
    assert {(one.status, one.because) for one in rest} == {(CheckStatus.NOT_APPLICABLE, UNASKED)}


async def test_office_that_takes_people_as_they_come_has_nothing_to_book(permit_office):
    found = await played(permit_office(simulator="OpenDoorOffice"), "slots book-slot")
    assert {(one.status, one.because) for one in found.values()} == {
        (CheckStatus.NOT_APPLICABLE, "the agency has no appointment for the example at any stage")
    }
    assert {"slots/F00", "slots/F00-safe", "book-slot/F00", "book-slot/F02"} <= set(found)


async def test_appointments_are_booked_at_the_stage_at_which_the_agency_takes_bookings(permit_office):
    found = await played(permit_office(simulator="EarlyBoardOffice"), "book-slot")
    assert [(one.check, one.got) for one in found.values() if one.failed] == []
    assert found["book-slot/F02"].status is CheckStatus.PASSED


async def test_probe_that_says_closed_where_others_raise_passes(permit_office):
    found = await played(permit_office("ClosedWhenDown"), "health")
    assert [(one.check, one.because) for one in found.values() if one.failed] == []
    assert {one.offer for one in found.values()} == {None}


async def test_probe_that_gives_up_at_once_is_failed(permit_office):
    found = await played(permit_office("ClosedOnTuesdays"), "health")
    assert found["health/F01"].because == "an agency that answers is said to be closed"


async def test_fault_that_changes_no_byte_does_not_apply(permit_office, monkeypatch):
    subject = permit_office()
    monkeypatch.setattr(sys.modules[subject.simulator.__module__], "DESK", {})

    retyped = (await played(subject, "status"))["status/F13-retyped"]

    assert (retyped.status, retyped.because) == (
        CheckStatus.NOT_APPLICABLE,
        "the fault changes no byte of this answer",
    )


async def test_suite_keeps_within_the_logins_that_an_agency_allows(permit_office):
    subject = permit_office(simulator="LimitedOffice", plugin={"login": "plugin:login_by_request"})
    found = await played(subject, "status")
    assert [(one.check, one.got, one.because) for one in found.values() if one.failed] == []


async def test_login_that_is_refused_stands_in_the_report(permit_office):
    subject = permit_office(simulator="SecretlyLimitedOffice", plugin={"login": "plugin:login_by_request"})
    found = await played(subject, "status")
    told = {one.got for one in found.values() if one.failed}
    assert "RateLimited, 0 requests, 4 logins answered 429, 0 effects" in told


async def test_logins_are_counted_beside_rows_that_pass(permit_office):
    found = await played(
        permit_office(simulator="LimitedOffice", plugin={"login": "plugin:login_by_request"}), "status"
    )
    assert {check: one.got for check, one in found.items() if one.failed} == {}
    assert (found["status/F01"].logins, found["status/F08"].logins) == (1, 2)


async def test_plugin_without_a_login_has_none_counted(permit_office):
    assert {one.logins for one in (await played(permit_office(plugin={"login": None}), "status")).values()} == {None}


def test_every_row_of_every_operation_has_a_plugin_that_fails_it(permit_office):
    """With the kills of ``test_checks``, this covers every check that the suite knows."""
    rows = {check for variant in VARIANTS.values() for check in checks_of(variant.fails)}
    known = {check for _, check in known_checks(permit_office().manifest, CHECKS)}
    assert rows | LEFT_WHEN_ASKED == known - {check.id for check in CHECKS} - UNPLAYED
