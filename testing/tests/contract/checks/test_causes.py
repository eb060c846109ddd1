"""One fault is one cause with what follows from it; several are several, and nothing is left out."""

from datetime import date
from typing import Any, NamedTuple

import pytest

from nagorik import Operation
from nagorik_testing.contract.causes import causes_of
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.matrix_runner import play_matrix
from nagorik_testing.contract.render import render_failure
from nagorik_testing.contract.suite import CheckResult, SuiteResults, play_checks
from nagorik_testing.contract.verdict import CheckStatus, Finding, Origin, Symptom
from nagorik_testing.contract.waivers import Waiver, judge

pytestmark = pytest.mark.long

DAY = date(2026, 11, 24)
SOME = frozenset(
    {"F01", "F02", "F03", "F05", "F06", "F06-for-ever", "F09", "F11", "F12", "F13", "F14-digits", "F15", "F16-drip"}
)
"""Rows of each kind; the others are more of the same."""


class Broken(NamedTuple):
    """A plugin with some faults.

    Attributes:
        causes: The functions of the plugin from which the requests are sent, in the order of the findings.
        hooks: Its hooks.
        operations: Those that are played.
    """

    causes: tuple[str, ...]
    hooks: str | None
    operations: str
    simulator: str = "PermitOffice"


BROKEN = {
    "errors of each operation": Broken(("Hooks.ask", "Hooks.file"), "MakesUp", "submit status"),
    "an exception in every operation": Broken(
        ("NeverWorks.act",), "NeverWorks", "submit status find slots health start-payment"
    ),
    "a key": Broken(("Hooks.file",), None, "submit", "KeylessOffice"),
    "keys of two writes": Broken(
        ("Hooks.nagorik_refund_payment", "Hooks.nagorik_start_payment"),
        None,
        "start-payment refund-payment",
        "GenerousOffice",
    ),
}


async def played(subject: Any, operations: str) -> list[Finding]:
    wanted = {Operation(name) for name in operations.split()}
    rows = [row for row in ROWS if row.id in SOME]
    found = [
        finding
        for offer in subject.manifest.offers
        async for finding in play_matrix(subject, offer, wanted, rows, traced=True)
    ]
    return [finding for finding in found if finding.failed]


def roots(failures: list[Finding]) -> list[Finding]:
    causes = causes_of(failures)
    return [finding for finding in failures if (finding.check, finding.offer) not in causes]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
async def test_faults_of_one_place_are_one_cause(broken, permit_office):
    failures = await played(permit_office(broken.hooks, broken.simulator), broken.operations)
    assert functions(roots(failures)) == list(broken.causes)
    assert len(failures) > len(broken.causes)


CHECKED = {
    "FourFaults": {
        "eligibility/answered",
        "find/found-again",
        "payment/instructed",
        "payment/F19-as-taken",
    },
    "Refusing": {"submit/accepted"},
}


@pytest.mark.parametrize(("hooks", "causes"), CHECKED.items(), ids=CHECKED)
async def test_checks_that_presuppose_what_fails_follow_from_it(hooks, causes, permit_office):
    chosen = [check for check in CHECKS if check.family in {"eligibility", "submission", "payment", "status"}]
    found = await play_checks(permit_office(hooks), chosen)
    failures = [result.finding for result in found if result.finding.failed]
    assert {cause.check for cause in roots(failures)} == causes
    assert len(failures) > len(causes)


async def test_places_are_looked_for_only_where_that_is_asked_for(permit_office):
    (service, _) = (subject := permit_office("MakesUp")).manifest.offers
    rows = [row for row in ROWS if row.id in SOME]
    found = [one async for one in play_matrix(subject, service, {Operation.STATUS}, rows)]
    assert {one.origin for one in found} == {None}
    assert any(one.failed for one in found)


def functions(causes: list[Finding]) -> list[str]:
    return [cause.origin.place.rpartition(" in ")[2] if cause.origin is not None else "-" for cause in causes]


def finding(check: str, offer: str | None = "a.one", **told: Any) -> Finding:
    return Finding(
        **{"check": check, "offer": offer, "title": "scripted", "status": CheckStatus.FAILED, "got": check} | told
    )


def at(place: str, *, decided: bool = True, shows: Symptom = Symptom.ENDING) -> dict[str, Any]:
    return {"origin": Origin(place, decided), "symptoms": frozenset({shows})}


UNREACHED = {"status": CheckStatus.NOT_REACHED}
PAIRS: dict[str, tuple[Finding, Finding, bool]] = {
    "a row, and that the operation cannot be called": (finding("status/F02"), finding("status/F00"), True),
    "another operation's row": (finding("find/F02"), finding("status/F00"), False),
    "another offer's row": (finding("status/F02", "a.two"), finding("status/F00"), False),
    "an operation that is prepared by the other": (
        finding("status/F00", **UNREACHED),
        finding("submit/F00", **UNREACHED),
        True,
    ),
    "what is left under a fault, and without one": (
        finding("status/F05", symptoms=frozenset({Symptom.EFFECT})),
        finding("status/F00-safe"),
        True,
    ),
    "another thing under a fault": (finding("status/F05", **at("a.py:1 in f")), finding("status/F00-safe"), False),
    "a write that was sent again, and its key": (
        finding("submit/F02", symptoms=frozenset({Symptom.SENDING})),
        finding("submit/F17-replay"),
        True,
    ),
    "another thing of a write, and its key": (
        finding("submit/F09", symptoms=frozenset({Symptom.ENDING})),
        finding("submit/F17-replay"),
        False,
    ),
    "a leak under a fault, and without one": (
        finding("status/F05", symptoms=frozenset({Symptom.PRIVACY})),
        finding("privacy/shown"),
        True,
    ),
    "a check, and an operation that it needs": (finding("status/reports"), finding("submit/F00"), True),
    "a check, and an operation that it does not need": (finding("fees/quoted"), finding("submit/F00"), False),
    "a check, and one that it presupposes": (finding("fees/quoted"), finding("quote/F00-safe"), True),
    "the plugin's check, and an offer's that it presupposes": (
        finding("process/interleaved", None),
        finding("robustness/stateless"),
        True,
    ),
    "an operation, and that anything is filed": (
        finding("status/F00", **UNREACHED),
        finding("submit/accepted"),
        True,
    ),
    "what could not look, and what cannot be called": (
        finding("process/output", None, **UNREACHED),
        finding("submit/F00"),
        True,
    ),
    "what did look, and what cannot be called": (finding("process/output", None), finding("submit/F00"), False),
    "one check that says the same of two offers": (
        finding("status/reports", "a.two"),
        finding("status/reports"),
        True,
    ),
    "one check that says two things": (
        finding("fees/schedule", "a.two", got="the tariff b has no date"),
        finding("fees/schedule", got="the tariff a has no date"),
        False,
    ),
    "one place": (finding("status/F05", **at("a.py:1 in f")), finding("find/F05", **at("a.py:1 in f")), True),
    "one place that only sent": (
        finding("status/F05", **at("a.py:1 in f", decided=False)),
        finding("find/F05", **at("a.py:1 in f", decided=False)),
        False,
    ),
    "one place with two symptoms": (
        finding("status/F05", **at("a.py:1 in f")),
        finding("find/F05", **at("a.py:1 in f", shows=Symptom.SENDING)),
        False,
    ),
    "two places": (finding("status/F05", **at("a.py:1 in f")), finding("status/F09", **at("a.py:9 in f")), False),
}


@pytest.mark.parametrize(("later", "earlier", "follows"), PAIRS.values(), ids=PAIRS)
def test_what_follows_from_what(later, earlier, follows):
    expected = {(later.check, later.offer): (earlier.check, earlier.offer)} if follows else {}
    assert causes_of([earlier, later]) == expected


def test_what_follows_from_a_consequence_is_told_under_the_cause():
    chain = [
        finding("submit/F00"),
        finding("status/F00", **UNREACHED),
        finding("status/reports"),
        finding("status/F05"),
    ]
    assert set(causes_of(chain).values()) == {("submit/F00", "a.one")}
    assert len(causes_of(chain)) == len(chain) - 1


def test_every_check_that_is_presupposed_is_known_and_none_presupposes_itself():
    presupposes = {check.id: set(check.presupposes) for check in CHECKS}
    rows = {f"{operation}/F00-safe" for operation in Operation}
    assert set().union(*presupposes.values()) <= presupposes.keys() | rows
    for check, rest in presupposes.items():
        reached = set(rest)
        while further := set().union(*(presupposes.get(one, set()) for one in reached)) - reached:
            reached |= further
        assert check not in reached


def test_nothing_is_left_out_and_a_waived_cause_is_none():
    made = [("status", finding("status/F00")), ("status", finding("status/F05")), ("status", finding("status/F09"))]
    results = SuiteResults(
        tuple(CheckResult(*one) for one in made), frozenset(one.check for _, one in made), families=None
    )
    judgement = judge(results, (), on=DAY)
    (cause,) = judgement.causes
    assert (cause.finding.check, len(judgement.failures)) == ("status/F00", 3)
    assert [each.finding.check for each in judgement.consequences(cause)] == ["status/F05", "status/F09"]
    waiver = Waiver(code="NGK000", operation="status", reason="the portal is replaced", expires=date(2027, 3, 31))
    waived = judge(results, [waiver], on=DAY)
    assert [each.finding.check for each in waived.causes] == ["status/F05", "status/F09"]


async def test_exception_of_the_plugin_is_shown_whole(permit_office):
    cause, *_ = roots(await played(permit_office("CallsUp"), "find"))
    text = cause.origin.raised
    assert text.rpartition("\n")[2] == "ZeroDivisionError: division by zero"
    assert "misbehaving.py" in text
    assert "nagorik_platform" not in text
    assert f"raised    {text.splitlines()[0]}" in "\n".join(render_failure(cause))


async def test_exception_of_the_simulator_is_said_to_be_its_own(permit_office):
    (failure, *_) = await played(permit_office(simulator="BrokenOffice"), "health")
    assert failure.origin.raised.startswith("the simulator of permits failed, not the plugin:\n")
    assert failure.origin.raised.endswith("RuntimeError: the simulator's own")
