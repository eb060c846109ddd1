"""What a campaign says of what citizens are told: the agency's decision, their papers, their own details."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from nagorik import AgencyStatus, ApplicationState as S, Operation
from nagorik_platform.lifecycle.events import Actor, AttemptEnded, Moved
from nagorik_testing.campaign.told import compare_told
from nagorik_testing.simulator.application_book import Case
from nagorik_testing.simulator.script import Scenario
from nagorik_testing.simulator.workflow import Workflow

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
WORKFLOW = Workflow(
    begins="RECEIVED",
    states=dict.fromkeys(("RECEIVED", "APPROVED", "PRINTED", "REJECTED", "TAKEN_BACK", "LAPSED"), "…"),
    decisions={
        "granted": {"APPROVED", "PRINTED"},
        "refused": {"REJECTED"},
        "withdrawn": {"TAKEN_BACK"},
        "lapsed": {"LAPSED"},
    },
    actions={
        to.lower(): {"from": ["RECEIVED", "APPROVED"], "to": to}
        for to in ("APPROVED", "PRINTED", "REJECTED", "TAKEN_BACK", "LAPSED")
    },
)
UNDECIDED = WORKFLOW.model_copy(update={"decisions": {}})


def at_agency(*states, workflow=WORKFLOW, number="A-1", every=HOUR):
    """A case that entered ``states`` one after the other, the last of them at ``NOW``."""
    case = Case(
        number=number,
        details=None,
        workflow=workflow,
        client_reference="NGK-1",
        alias=None,
        traits=frozenset(),
        filed_at=NOW,
        scenario=lambda: Scenario(outcome="approve"),
    )
    for place, state in enumerate(states, start=1):
        case.enter(state, NOW - every * (len(states) - place))
    return case


def moved(to):
    return Moved(at=NOW, to=to, actor=Actor.AGENCY, code="reported")


def asked(at, *, settled=True, operation=Operation.STATUS):
    return AttemptEnded(at=at, operation=operation, began_at=at, result="unchanged", settled=settled)


def told(state, *events, status=None, files=True):
    """An application as the host tells of it, and its case in a campaign."""
    said = None if status is None else AgencyStatus(state=status, raw="…")
    progress = SimpleNamespace(state=state, status=said, client_reference="NGK-1", agency_reference="A-1")
    return SimpleNamespace(progress=progress, events=events), SimpleNamespace(files=files)


def codes(application, *cases):
    return [code for code, _ in compare_told(*application, {"NGK-1": cases})]


@pytest.mark.parametrize(
    ("state", "there", "found"),
    [
        (S.APPROVED, "APPROVED", []),
        (S.ISSUED, "PRINTED", []),
        (S.DELIVERED, "APPROVED", []),
        (S.DELIVERY_FAILED, "PRINTED", []),
        (S.REJECTED, "REJECTED", []),
        (S.WITHDRAWN, "TAKEN_BACK", []),
        (S.EXPIRED, "LAPSED", []),
        (S.MANUAL_REVIEW, "REJECTED", []),
        (S.APPROVED, "REJECTED", ["told-otherwise"]),
        (S.REJECTED, "PRINTED", ["told-otherwise"]),
        (S.REJECTED_AT_INTAKE, "RECEIVED", ["told-otherwise"]),
        (S.WITHDRAWN, "RECEIVED", ["told-otherwise"]),
        (S.WITHDRAWN, "APPROVED", ["told-otherwise"]),
        (S.DELIVERED, "RECEIVED", ["told-otherwise"]),
        (S.EXPIRED, "APPROVED", ["told-otherwise"]),
    ],
)
def test_citizen_is_told_what_the_agency_decided(state, there, found):
    states = ("RECEIVED",) if there == "RECEIVED" else ("RECEIVED", there)
    assert codes(told(state), at_agency(*states)) == found


@pytest.mark.parametrize(
    ("before", "found"), [((S.ISSUED, S.DELIVERED), ["told-otherwise"]), ((S.IN_REVIEW, S.REJECTED), [])]
)
def test_what_is_closed_was_told_before(before, found):
    application = told(S.CLOSED, *(moved(state) for state in (*before, S.CLOSED)))
    assert codes(application, at_agency("RECEIVED", "REJECTED")) == found


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([], []),
        ([asked(NOW - HOUR)], []),
        ([asked(NOW + HOUR, settled=False)], []),
        ([asked(NOW + HOUR, operation=Operation.DELIVERABLE)], []),
        ([asked(NOW + HOUR)], ["told-otherwise"]),
    ],
)
def test_decision_is_no_news_until_the_agency_was_asked_since(events, found):
    assert codes(told(S.IN_REVIEW, *events), at_agency("RECEIVED", "APPROVED")) == found


def test_decision_is_as_old_as_the_first_state_that_says_so():
    application = told(S.IN_REVIEW, asked(NOW - HOUR / 2))
    assert codes(application, at_agency("RECEIVED", "APPROVED", "PRINTED")) == ["told-otherwise"]


def test_fee_for_what_was_granted_leaves_it_granted():
    application = told(S.AWAITING_PAYMENT, asked(NOW + HOUR), status=S.APPROVED)
    assert codes(application, at_agency("RECEIVED", "APPROVED")) == []
    unread = told(S.AWAITING_PAYMENT, asked(NOW + HOUR), status=S.SUBMITTED)
    assert codes(unread, at_agency("RECEIVED", "APPROVED")) == ["told-otherwise"]


@pytest.mark.parametrize(
    ("application", "case"),
    [
        (told(S.APPROVED, files=False), at_agency("REJECTED")),
        (told(S.APPROVED), at_agency("REJECTED", number="A-2")),
        (told(S.APPROVED), at_agency("REJECTED", workflow=UNDECIDED)),
    ],
)
def test_questions_other_filings_and_workflows_without_decisions_are_not_compared(application, case):
    assert codes(application, case) == []
