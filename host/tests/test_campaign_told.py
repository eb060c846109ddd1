"""What a campaign says of what citizens are told: the agency's decision, their papers, their own details."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace

import pytest

from nagorik import AgencyStatus, ApplicationState as S, Deliverable, Operation
from nagorik_platform.lifecycle import Progress
from nagorik_platform.lifecycle.events import (
    Actor,
    AttemptEnded,
    DeliverableFetched,
    Moved,
)
from nagorik_platform.lifecycle.state import Backoff
from nagorik_testing.campaign.told import ToldComparison
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
    host = SimpleNamespace(capabilities=lambda service, gateway: capabilities, clock=SimulatedClock(start=NOW))
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


async def test_nothing_is_closed_over_a_document_to_be_fetched():
    granted = at_agency("RECEIVED", "APPROVED")
    assert await codes(closed(deliverables=[CARD]), granted, due=NOW, operation="query-payment") == ["document-lost"]
    assert await codes(closed(deliverables=[CARD]), granted, offers=False) == []
    by_hand = [CARD.model_copy(update={"delivery": way}) for way in ("counter", "post", "none")]
    for deliverable in by_hand:
        assert await codes(closed(deliverables=[deliverable]), granted) == []


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
