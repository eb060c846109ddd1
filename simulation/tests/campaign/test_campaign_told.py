"""What a campaign says of what citizens are told: the agency's decision, their papers, their own details."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace

import pytest

from nagorik import AgencyStatus, ApplicationState as S, Deliverable, Operation
from nagorik_platform.lifecycle import Hold, Party, Progress
from nagorik_platform.lifecycle.events import (
    Actor,
    AttemptBegan,
    AttemptEnded,
    CorrectionGiven,
    DeliverableFetched,
    Held,
    Moved,
    WithdrawalWanted,
)
from nagorik_platform.lifecycle.state import Backoff
from nagorik_simulation.campaign.told import ToldComparison
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_testing.simulator.application_book import Case
from nagorik_testing.simulator.base import ExampleApplication, ExampleDocument
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_testing.simulator.clock import SimulatedClock
from nagorik_testing.simulator.ledger import Ledger
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


def at_agency(*states, workflow=WORKFLOW, number="A-1", every=HOUR, content=None):
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
        content=content,
    )
    for place, state in enumerate(states, start=1):
        case.enter(state, NOW - every * (len(states) - place))
    return case


def moved(to, at=NOW):
    return Moved(at=at, to=to, actor=Actor.AGENCY, code="reported")


def asked(at, *, settled=True, operation=Operation.STATUS):
    return AttemptEnded(at=at, operation=operation, began_at=at, result="unchanged", settled=settled)


def application(state, *events, status=None, **changes):
    """An application as the host tells of it."""
    progress = Progress(
        id="1",
        service="ward.certificate",
        plugin_version="ward 1",
        client_reference="NGK-1",
        idempotency_key="1",
        opened_at=NOW,
        state=state,
        agency_reference="A-1",
        status=None if status is None else AgencyStatus(state=status, raw="…"),
        **changes,
    )
    return SimpleNamespace(progress=progress, events=events)


class Agencies:
    """One agency, which holds the cases ``there`` and asks for a telephone and a reason."""

    def __init__(self, there, papers=(), arrived=()):
        self.there = there
        self.papers = papers
        self.ledger = Ledger(SimulatedClock())
        for content in arrived:
            self.ledger.paper("file", "application/pdf", content, client_reference="NGK-1")

    def held(self):
        return {"NGK-1": self.there}

    def agency(self, _):
        return self

    def example(self, case):
        citizen = SyntheticCitizens().citizen(case.citizen)
        form = {"mobile": citizen.phone.e164, "reason": "damaged", "given_name": citizen.name.en.partition(" ")[0]}
        return ExampleApplication(applicant=citizen.applicant(), form=form, documents=self.papers)


@dataclass(frozen=True)
class CaseOf:
    """A case of a campaign."""

    citizen: int
    files: bool = True
    service: str = "ward.certificate"
    gateway: str = "till.counter"

    @property
    def number(self):
        return self.citizen


async def codes(
    tracked, *there, files=True, documents=None, due=NOW, operation=None, offers=True, apart=timedelta(0), **agency
):
    """What a campaign of three finds of the first, where the agency holds the cases ``there``."""
    capabilities = SimpleNamespace(offers=lambda _: offers)
    found = SimpleNamespace(of=lambda service, gateway: capabilities)
    host = SimpleNamespace(capabilities=found, clock=SimulatedClock(start=NOW))
    cases = [CaseOf(citizen, files=files) for citizen in (7, 8, 9)]
    row = SimpleNamespace(due_at=due, operation=operation)
    papers, agencies = documents or MemoryDocuments(), Agencies(there, **agency)
    comparison = ToldComparison(host, agencies, papers, cases, clocks_apart=apart)
    return [code for code, _ in await comparison.problems(tracked, row, cases[0])]


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
async def test_citizen_is_told_what_the_agency_decided(state, there, found):
    states = ("RECEIVED",) if there == "RECEIVED" else ("RECEIVED", there)
    assert await codes(application(state), at_agency(*states)) == found


@pytest.mark.parametrize(
    ("before", "found"), [((S.ISSUED, S.DELIVERED), ["told-otherwise"]), ((S.IN_REVIEW, S.REJECTED), [])]
)
async def test_what_is_closed_was_told_before(before, found):
    tracked = application(S.CLOSED, *(moved(state) for state in (*before, S.CLOSED)))
    assert await codes(tracked, at_agency("RECEIVED", "REJECTED")) == found


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
async def test_decision_is_no_news_until_the_agency_was_asked_since(events, found):
    assert await codes(application(S.IN_REVIEW, *events), at_agency("RECEIVED", "APPROVED")) == found


async def test_worker_whose_clock_is_ahead_may_have_asked_before_the_agency_decided():
    granted = at_agency("RECEIVED", "APPROVED")
    assert await codes(application(S.IN_REVIEW, asked(NOW + HOUR)), granted, apart=HOUR) == []
    assert await codes(application(S.IN_REVIEW, asked(NOW + 3 * HOUR)), granted, apart=HOUR) == ["told-otherwise"]


async def test_decision_is_as_old_as_the_first_state_that_says_so():
    tracked = application(S.IN_REVIEW, asked(NOW - HOUR / 2))
    assert await codes(tracked, at_agency("RECEIVED", "APPROVED", "PRINTED")) == ["told-otherwise"]


async def test_fee_for_what_was_granted_leaves_it_granted():
    tracked = application(S.AWAITING_PAYMENT, asked(NOW + HOUR), status=S.APPROVED)
    assert await codes(tracked, at_agency("RECEIVED", "APPROVED")) == []
    unread = application(S.AWAITING_PAYMENT, asked(NOW + HOUR), status=S.SUBMITTED)
    assert await codes(unread, at_agency("RECEIVED", "APPROVED")) == ["told-otherwise"]


async def test_fee_that_is_confirmed_leaves_what_was_granted_submitted_until_the_agency_is_asked_again():
    events = [asked(NOW + HOUR), moved(S.SUBMITTED, NOW + 2 * HOUR)]
    granted = at_agency("RECEIVED", "APPROVED")
    assert await codes(application(S.SUBMITTED, *events), granted) == []
    assert await codes(application(S.SUBMITTED, *events, asked(NOW + 3 * HOUR)), granted) == ["told-otherwise"]


async def test_questions_other_filings_and_workflows_without_decisions_are_not_compared():
    granted = application(S.APPROVED)
    assert await codes(granted, at_agency("REJECTED"), files=False) == []
    assert await codes(granted, at_agency("REJECTED", number="A-2")) == []
    assert await codes(granted, at_agency("REJECTED", workflow=UNDECIDED)) == []


# Documents

CARD = Deliverable(kind="nid-card", delivery="download")


def fetched(documents, *, forgotten=False):
    document = documents.keep("nid-card", "application/pdf", b"%PDF of nobody")
    if forgotten:
        document = document.model_copy(update={"id": "nowhere"})
    return DeliverableFetched(at=NOW, deliverable=CARD, document=document)


def closed(*events, **changes):
    return application(S.CLOSED, moved(S.ISSUED), *events, moved(S.DELIVERED), moved(S.CLOSED), **changes)


async def test_document_that_was_fetched_is_in_the_store():
    documents, granted = MemoryDocuments(), at_agency("RECEIVED", "APPROVED")
    kept = closed(fetched(documents), deliverables=[CARD], fetched={"nid-card"})
    assert await codes(kept, granted, documents=documents) == []
    assert await codes(kept, granted, documents=MemoryDocuments()) == ["document-lost"]
    elsewhere = closed(fetched(documents, forgotten=True), deliverables=[CARD], fetched={"nid-card"})
    assert await codes(elsewhere, granted, documents=documents) == ["document-lost"]
    unseen = closed(deliverables=[CARD], fetched={"nid-card"})
    assert await codes(unseen, granted, documents=documents) == ["document-lost"]


async def test_document_in_the_store_that_is_another_is_lost():
    documents = MemoryDocuments()
    tracked = closed(fetched(documents), deliverables=[CARD], fetched={"nid-card"})
    documents._contents[tracked.events[1].document.id] = b"%PDF of somebody else"
    assert await codes(tracked, at_agency("RECEIVED", "APPROVED"), documents=documents) == ["document-lost"]


async def test_nothing_is_closed_over_a_document_to_be_fetched():
    granted = at_agency("RECEIVED", "APPROVED")
    assert await codes(closed(deliverables=[CARD]), granted, due=NOW, operation="query-payment") == ["document-lost"]
    assert await codes(closed(deliverables=[CARD]), granted, offers=False) == []
    by_hand = [CARD.model_copy(update={"delivery": way}) for way in ("counter", "post", "none")]
    for deliverable in by_hand:
        assert await codes(closed(deliverables=[deliverable]), granted) == []


@pytest.mark.parametrize(
    ("due", "operation", "tried", "found"),
    [
        (NOW, "deliverable", False, []),
        (NOW, "query-payment", True, []),
        (NOW, "query-payment", False, ["document-lost"]),
        (None, None, True, ["document-lost"]),
    ],
)
async def test_document_that_the_agency_does_not_hand_out_is_no_finding_while_it_is_asked_on(
    due, operation, tried, found
):
    backoff = Backoff(operation=Operation.DELIVERABLE, subject="nid-card", failures=3, not_before=NOW)
    waiting = application(S.DELIVERED, deliverables=[CARD], backoffs=[backoff] if tried else [])
    assert await codes(waiting, at_agency("RECEIVED", "APPROVED"), due=due, operation=operation) == found


async def test_what_was_granted_no_more_needs_no_document():
    revoked = application(S.CLOSED, moved(S.REJECTED), moved(S.CLOSED), deliverables=[CARD])
    assert await codes(revoked, at_agency("RECEIVED", "REJECTED")) == []


# What was filed

ONE, OTHER = (SyntheticCitizens().citizen(serial) for serial in (7, 8))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, []),
        ({"mobile": ONE.phone.e164, "reason": "DAMAGED"}, []),
        ({"mobile": "+880-1300-000007"}, []),
        ({"applicant": {"name": ONE.name.bn}, "born": OTHER.birth_date.isoformat()}, []),
        ({"rows": [{"to": ONE.full_nid.value}], "reason": "damaged", "year": 2026}, []),
        ({"mobile": OTHER.phone.e164, "reason": "DAMAGED"}, ["filed-with-other-details"]),
        ({"mobile": ONE.phone.e164, "name": OTHER.name.bn}, ["filed-with-other-details"]),
        ({"rows": [{"to": OTHER.full_nid.value}], "mobile": ONE.phone.e164}, ["filed-with-other-details"]),
        ({"reason": "DAMAGED"}, ["filed-with-other-details"]),
        ({}, ["filed-with-other-details"]),
    ],
)
async def test_agency_holds_what_this_citizen_wanted_filed_and_nothing_of_another(content, found):
    assert await codes(application(S.SUBMITTED), at_agency("RECEIVED", content=content)) == found


async def test_what_several_citizens_say_alike_is_nobodys_alone():
    content = {"mobile": ONE.phone.e164, "given": ONE.name.en.partition(" ")[0], "reason": "damaged"}
    assert await codes(application(S.SUBMITTED), at_agency("RECEIVED", content=content)) == []


PAPER = ExampleDocument("photo", "image/png", b"\x89PNG of nobody")
HASH = sha256(PAPER.content).hexdigest()


@pytest.mark.parametrize(
    ("held", "arrived", "found"),
    [
        ([], [PAPER.content], []),
        ([{"kind": "photo", "sha256": HASH.upper()}], [], []),
        ([b64encode(PAPER.content).decode()], [], []),
        ([], [], ["filed-without-papers"]),
        ([{"kind": "photo"}], [b"%PDF of somebody else"], ["filed-without-papers"]),
    ],
)
async def test_each_paper_reaches_the_agency(held, arrived, found):
    filed = at_agency("RECEIVED", content={"mobile": ONE.phone.e164, "documents": held})
    assert await codes(application(S.SUBMITTED), filed, papers=(PAPER,), arrived=arrived) == found


async def test_papers_are_not_missed_at_an_agency_that_keeps_nothing_of_what_it_is_sent():
    assert await codes(application(S.SUBMITTED), at_agency("RECEIVED"), papers=(PAPER,)) == []
    others = [b"%PDF of somebody else"]
    found = await codes(application(S.SUBMITTED), at_agency("RECEIVED"), papers=(PAPER,), arrived=others)
    assert found == ["filed-without-papers"]


async def test_nothing_is_missed_where_no_paper_was_handed_in():
    assert await codes(application(S.SUBMITTED), at_agency("RECEIVED")) == []


# What nobody does

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("until", "result", "found"),
    [
        (NOW + DAY, "unreachable", []),
        (NOW + 5 * DAY, "unreachable", ["due-too-late"]),
        (NOW + 5 * DAY, "agency-closed", []),
        (NOW + 5 * DAY, "pending", []),
        (NOW - 5 * DAY, "unreachable", []),
    ],
)
@pytest.mark.parametrize("files", [True, False])
async def test_nothing_is_put_off_for_days_but_by_the_agency_itself(until, result, files, found):
    failed = AttemptEnded(at=NOW, operation=Operation.STATUS, began_at=NOW, result=result, settled=False)
    backoff = Backoff(operation=Operation.STATUS, failures=1, not_before=until)
    waiting = application(S.SUBMITTED, failed, backoffs=[backoff])
    assert await codes(waiting, at_agency("RECEIVED"), files=files) == found
    row = application(S.SUBMITTED, failed)
    assert await codes(row, at_agency("RECEIVED"), files=files, due=until, operation="status") == found
    over = application(S.CLOSED, moved(S.REJECTED), moved(S.CLOSED), backoffs=[backoff])
    assert await codes(over, at_agency("RECEIVED", "REJECTED"), files=files) == []


@pytest.mark.parametrize(
    ("due", "heard", "final", "offers", "found"),
    [
        (None, NOW - HOUR, False, True, ["left-alone"]),
        (None, NOW + HOUR, False, True, []),
        (NOW, NOW - HOUR, False, True, []),
        (None, NOW - HOUR, True, True, []),
        (None, NOW - HOUR, False, False, []),
    ],
)
async def test_news_of_the_agency_is_asked_for_by_somebody(due, heard, final, offers, found):
    said = AgencyStatus(state=S.IN_REVIEW, raw="…", final=final)
    resting = application(S.IN_REVIEW, asked(heard)).progress.model_copy(update={"status": said})
    tracked = SimpleNamespace(progress=resting, events=[asked(heard)])
    gone_on = at_agency("RECEIVED", "RECEIVED")
    gone_on.filed_at = NOW - DAY
    assert await codes(tracked, gone_on, due=due, offers=offers) == found


def began(operation, at):
    return AttemptBegan(at=at, operation=operation)


def hold(party, code):
    return Hold(party=party, code=code)


WORDS = [
    (S.CORRECTION_REQUESTED, {"correction_ready": True}, CorrectionGiven(at=NOW), Operation.ANSWER_CORRECTION),
    (S.IN_REVIEW, {"withdrawal_wanted": True}, WithdrawalWanted(at=NOW), Operation.WITHDRAW),
]


@pytest.mark.parametrize(("state", "wanted", "given", "operation"), WORDS)
async def test_citizens_word_is_sent_before_the_agency_is_asked_again(state, wanted, given, operation):
    async def found(*events, **changes):
        return await codes(application(state, *events, **wanted, **changes), at_agency("RECEIVED"))

    later = asked(NOW + HOUR)
    assert await found(given, later) == ["left-alone"]
    assert await found(given, asked(NOW + HOUR, settled=False)) == ["left-alone"]
    assert await found(asked(NOW), given) == []
    assert await found(given, asked(NOW)) == []
    assert await found(given, began(operation, NOW), later) == []
    assert await found(began(operation, NOW), given, later) == ["left-alone"]
    held = hold(Party.PERSON, "payment-under-investigation")
    assert await found(given, later, hold=held) == []
    assert await found(given, Held(at=NOW, hold=held), later) == []
    on = hold(Party.PERSON, "call-in-vain")
    assert await found(given, Held(at=NOW, hold=on), later, hold=on) == ["left-alone"]


async def test_word_that_came_too_late_is_not_sent():
    given = CorrectionGiven(at=NOW)
    over = application(S.IN_REVIEW, given, asked(NOW + HOUR), correction_ready=True)
    assert await codes(over, at_agency("RECEIVED")) == []
    both = application(
        S.CORRECTION_REQUESTED,
        given,
        WithdrawalWanted(at=NOW),
        began(Operation.WITHDRAW, NOW),
        asked(NOW + HOUR),
        correction_ready=True,
        withdrawal_wanted=True,
    )
    assert await codes(both, at_agency("RECEIVED")) == []


@pytest.mark.parametrize(
    ("code", "since", "corrections", "found"),
    [
        ("correction-requested", NOW - 2 * DAY, 0, ["left-alone"]),
        ("correction-requested", NOW - HOUR, 0, []),
        ("correction-requested", NOW - 2 * DAY, 3, []),
        ("appearance-required", NOW - 2 * DAY, 0, []),
    ],
)
async def test_citizen_who_would_correct_is_let(code, since, corrections, found):
    waits = hold(Party.CITIZEN, code)
    state = application(S.CORRECTION_REQUESTED, Held(at=since, hold=waits), hold=waits, corrections=corrections)
    assert await codes(state, at_agency("RECEIVED")) == found
