"""What the host reports of an application against what its agency holds: the decision, documents and details."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import dropwhile, takewhile
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pydantic import JsonValue
from sqlalchemy import Row

from nagorik.errors import AgencyClosed
from nagorik.model.application import DocumentReference, DocumentStore
from nagorik.model.status import ApplicationState as S, PaymentState
from nagorik.operations import Operation
from nagorik.values import to_ascii_digits
from nagorik_host.host import Host, Tracked
from nagorik_platform.lifecycle import Progress, ServiceCapabilities
from nagorik_platform.lifecycle.events import (
    AttemptBegan,
    AttemptEnded,
    CorrectionGiven,
    DeliverableFetched,
    Held,
    JournalEvent,
    Moved,
    WithdrawalWanted,
)
from nagorik_platform.lifecycle.tables import AT_THE_AGENCY, WITHDRAWABLE
from nagorik_simulation.campaign.agencies import SimulatedAgencies
from nagorik_simulation.campaign.cases import CITIZENS, CampaignCase
from nagorik_simulation.campaign.people import OFTEN
from nagorik_testing.simulator.application_book import Case
from nagorik_testing.simulator.base import ExampleApplication, ExampleDocument
from nagorik_testing.simulator.workflow import AgencyDecision

LATEST: Final = timedelta(days=2)
"""Twice the longest poll, the longest wait that an agency's ``Retry-After`` is believed, and the last late look."""
_UNTIL_THE_AGENCY_SAYS: Final = frozenset({AgencyClosed.code, "pending"})
"""How a call ended after which the agency itself has said when to come back."""
LONGEST_REST: Final = timedelta(hours=36)
"""For how long what a citizen of a campaign would do at once may wait for them."""
CORRECTION: Final = "correction-requested"
SHORTEST: Final = 6
"""Letters and digits of a value that may identify a citizen."""
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")

_TOLD: Final[Mapping[S, AgencyDecision]] = MappingProxyType(
    {
        **dict.fromkeys((S.APPROVED, S.ISSUED, S.DELIVERY_FAILED, S.DELIVERED), AgencyDecision.GRANTED),
        **dict.fromkeys((S.REJECTED_AT_INTAKE, S.REJECTED), AgencyDecision.REFUSED),
        S.WITHDRAWN: AgencyDecision.WITHDRAWN,
        S.EXPIRED: AgencyDecision.LAPSED,
    }
)


class ToldComparison:
    """What the host reports of each application, against its agency's books and the host's own document store."""

    def __init__(
        self,
        host: Host,
        agencies: SimulatedAgencies,
        documents: DocumentStore,
        cases: Iterable[CampaignCase],
        *,
        clocks_apart: timedelta = timedelta(0),
    ) -> None:
        """Read the agencies' books as they are now.

        Args:
            host: The host.
            agencies: With their books.
            documents: The host's store.
            cases: All of them.
            clocks_apart: By how much a worker's clock may be ahead of the agencies'.
        """
        self._host, self._agencies, self._documents, self._clocks_apart = host, agencies, documents, clocks_apart
        self._held = agencies.held()
        self._said = {case.number: _said(agencies, case) for case in cases if case.files}
        self._owned = frozenset().union(*(said.own for said in self._said.values()))

    async def problems(self, tracked: Tracked, row: Row[Any], case: CampaignCase) -> list[tuple[str, str]]:
        """What is reported of an application and is not so, and what is left undone, by code.

        A question, which leaves nothing at the agency, and what was not filed are only checked for being put off for
        too long: whether an application should be there is counted with the filings.
        """
        now = self._host.clock.now()
        problems = [*_due_too_late(tracked, row, now)]
        there = _case_of(tracked.progress, self._held) if case.files else None
        if there is None:
            return problems
        ledger = self._agencies.agency(case.service).ledger
        # Of an agency that keeps neither, it is not known what it was sent.
        is_kept = there.content is not None or ledger.papers()
        arrived = {paper.sha256 for paper in ledger.papers(client_reference=there.client_reference)}
        capabilities = self._host.capabilities.of(case.service, case.gateway)
        problems += [
            *_left_alone(tracked, row, there, capabilities, now),
            *_decision(tracked, there, self._clocks_apart),
            *_details(there, self._said[case.number], self._owned),
            *(_papers(there, self._agencies.example(case).documents, arrived) if is_kept else ()),
        ]
        if capabilities.offers(Operation.DELIVERABLE):
            problems += [problem async for problem in _documents(tracked, row, self._documents)]
        return problems


def _case_of(progress: Progress, held: Mapping[str, Sequence[Case[Any]]]) -> Case[Any] | None:
    """The case that the host knows of; another with the same client reference is a filing too many."""
    there = held.get(progress.client_reference, ())
    return next((one for one in there if one.number == progress.agency_reference), None)


def _decision(tracked: Tracked, there: Case[Any], clocks_apart: timedelta) -> Iterator[tuple[str, str]]:
    """Whether the agency's decision is reported; one made since the agency was last asked is not known yet."""
    if not there.workflow.decisions:
        return
    told, decided = _told(tracked), there.workflow.decision(there.state)
    if told is decided or tracked.progress.state is S.MANUAL_REVIEW:
        return
    # A worker whose clock is ahead says that it asked later than it did.
    if told is None and not _asked_since(tracked, _decided_at(there) + clocks_apart):
        return
    here, there_is = _told_state(tracked).value, "undecided" if decided is None else decided.value
    yield "told-otherwise", f"{here} here, {there_is} at the agency, which says {there.state}"


def _told_state(tracked: Tracked) -> S:
    """The state that the citizen sees; of what is closed, the one before."""
    moves = (event.to for event in reversed(tracked.events) if isinstance(event, Moved))
    told = next(dropwhile(lambda to: to is S.CLOSED, moves), S.CLOSED)
    return told if tracked.progress.state is S.CLOSED else tracked.progress.state


def _told(tracked: Tracked) -> AgencyDecision | None:
    """The decision that the citizen sees; a fee for what was granted leaves it granted."""
    state, status = _told_state(tracked), tracked.progress.status
    if state is S.AWAITING_PAYMENT and status is not None and status.state is not None:
        state = status.state
    return _TOLD.get(state)


def _decided_at(there: Case[Any]) -> datetime:
    """Since when the agency's decision has been what it is."""
    decision = there.workflow.decision
    same = takewhile(lambda one: decision(one.state) is decision(there.state), reversed(there.history))
    return min((entered.at for entered in same), default=there.changed_at)


def _asked_since(tracked: Tracked, since: datetime) -> bool:
    """Whether the agency has answered a question that was asked later, and nothing has moved the application since.

    A fee that is confirmed leaves it submitted until the agency is asked again, though it was granted before.
    """
    moved_at = max((event.at for event in tracked.events if isinstance(event, Moved)), default=since)
    return any(
        isinstance(event, AttemptEnded)
        and event.operation is Operation.STATUS
        and event.settled
        and event.began_at is not None
        and event.began_at > since
        and event.at >= moved_at
        for event in tracked.events
    )


async def _documents(tracked: Tracked, row: Row[Any], documents: DocumentStore) -> AsyncIterator[tuple[str, str]]:
    """Whether the citizen has what was granted and can be downloaded, or it is still to be fetched.

    An agency that does not hand it out is asked again; only what it says that it issued can be fetched.
    """
    progress = tracked.progress
    if _TOLD.get(_told_state(tracked)) is not AgencyDecision.GRANTED:
        return
    fetched = {
        event.deliverable.kind: event.document for event in tracked.events if isinstance(event, DeliverableFetched)
    }
    for deliverable in progress.deliverables:
        if deliverable.delivery != "download":
            continue
        if deliverable.kind in progress.fetched:
            document = fetched.get(deliverable.kind)
            if document is None or not await _is_kept(document, documents):
                yield "document-lost", f"{deliverable.kind} was fetched and is not in the document store"
        elif not _is_being_fetched(progress, row, deliverable.kind):
            yield "document-lost", f"{deliverable.kind} is not fetched and {progress.state.value} here"


def _is_being_fetched(progress: Progress, row: Row[Any], kind: str) -> bool:
    """Whether a document is asked for next, or again once it is worth another try."""
    tried = progress.backoff(Operation.DELIVERABLE, kind).not_before is not None
    is_next = tried or row.operation == Operation.DELIVERABLE.value
    return progress.state is not S.CLOSED and row.due_at is not None and is_next


async def _is_kept(document: DocumentReference, documents: DocumentStore) -> bool:
    digest = sha256()
    try:
        async for piece in documents.open(document):
            digest.update(piece)
    except (LookupError, OSError):
        return False
    return digest.hexdigest() == document.sha256


class _Said(NamedTuple):
    """What a citizen hands in, as it is compared; ``own`` is what another who applies for the same does not say."""

    all_of_it: frozenset[str]
    own: frozenset[str]


def _details(there: Case[Any], said: _Said, owned: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Whether the agency holds this citizen's details and no other citizen's.

    Not every detail goes to every agency, nor as it was handed in. Those that differ from one citizen to the next and
    arrived unchanged show whose application it is.
    """
    if there.content is None or not said.own:
        return
    held = {_plain(value) for value in _leaves(there.content)}
    mine, others = len(held & said.own), len(held & owned - said.all_of_it)
    if others or not mine:
        yield "filed-with-other-details", f"{mine} of its own and {others} of another application of the campaign"


def _papers(
    there: Case[Any], handed_in: Iterable[ExampleDocument], arrived: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Whether the agency has each document, or its hash: as a file, or in what was handed in."""
    held = {value.casefold() for value in _leaves(there.content) if isinstance(value, str)}
    lacking = [
        paper.kind
        for paper in handed_in
        if (digest := sha256(paper.content).hexdigest()) not in arrived
        and digest not in held
        and b64encode(paper.content).decode().casefold() not in held
    ]
    if lacking:
        yield "filed-without-papers", f"{', '.join(lacking)} did not arrive"


def _said(agencies: SimulatedAgencies, case: CampaignCase) -> _Said:
    another = replace(case, citizen=(case.citizen + 1) % CITIZENS)
    mine, others = (frozenset(_values(agencies.example(one))) for one in (case, another))
    return _Said(mine, mine - others)


def _values(example: ExampleApplication) -> Iterator[str]:
    """The values that may be one citizen's alone, as they are compared.

    No days: many are born on one, and an agency works out days of its own.
    """
    applicant = example.applicant.model_dump(mode="json")
    for value in (*_leaves(dict(example.form)), *_leaves(applicant)):
        plain = _plain(value)
        if len(plain) >= SHORTEST and not _DAY.fullmatch(str(value)):
            yield plain


def _leaves(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, dict):
        for member in value.values():
            yield from _leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    elif value is not None:
        yield value


def _plain(value: JsonValue) -> str:
    """Letters and digits alone, in one script's digits: agencies group them in their own ways."""
    return "".join(filter(str.isalnum, to_ascii_digits(str(value)).casefold()))


def _due_too_late(tracked: Tracked, row: Row[Any], now: datetime) -> Iterator[tuple[str, str]]:
    """Whether anything is put off for longer than a host does by itself."""
    progress = tracked.progress
    if progress.state is S.CLOSED:
        return
    put_off = [(one.operation, one.not_before) for one in progress.backoffs]
    if row.operation is not None:
        put_off.append((Operation(row.operation), row.due_at))
    for operation, until in dict.fromkeys(put_off):
        if (
            until is not None
            and until - now > LATEST
            and _last_result(tracked, operation) not in _UNTIL_THE_AGENCY_SAYS
        ):
            yield "due-too-late", f"{operation.value} in {progress.state.value}, in {(until - now).days} days"


def _last_result(tracked: Tracked, operation: Operation) -> str | None:
    ended = (event for event in reversed(tracked.events) if isinstance(event, AttemptEnded))
    return next((event.result for event in ended if event.operation is operation), None)


def _left_alone(
    tracked: Tracked, row: Row[Any], there: Case[Any], capabilities: ServiceCapabilities, now: datetime
) -> Iterator[tuple[str, str]]:
    """Whether the agency's news is not fetched, the citizen's word not sent, or a citizen not let act."""
    progress = tracked.progress
    state = progress.state.value
    if progress.state in AT_THE_AGENCY | {S.AWAITING_PAYMENT} and row.due_at is None:
        done = progress.status is not None and progress.status.final
        if capabilities.offers(Operation.STATUS) and not done and there.changed_at > _heard_at(tracked, there):
            yield "left-alone", f"{state} here and nothing due, and the agency has gone on to {there.state}"
    for operation, given in _words_given(progress):
        if capabilities.offers(operation) and _is_passed_over(tracked, operation, given):
            yield "left-alone", f"{operation.value} in {state} is not sent, and the agency was asked since"
    held = [event for event in tracked.events if isinstance(event, Held)]
    if progress.hold is not None and progress.hold.code == CORRECTION and held and progress.corrections < OFTEN:
        waited = now - held[-1].at
        if waited > LONGEST_REST:
            yield "left-alone", f"{CORRECTION} in {state}, and the citizen who corrects it was not let"


def _heard_at(tracked: Tracked, there: Case[Any]) -> datetime:
    """When the agency was last asked how the application stands, so that it answered; at first, when it was filed."""
    ended = (event for event in tracked.events if isinstance(event, AttemptEnded))
    asked = (one.began_at for one in ended if one.operation is Operation.STATUS and one.settled)
    reported = tracked.progress.status_at
    return max(at for at in (there.filed_at, reported, *asked) if at is not None)


def _words_given(progress: Progress) -> Iterator[tuple[Operation, type[JournalEvent]]]:
    """What the citizen wants the agency to know, with the event by which they said so."""
    if progress.withdrawal_wanted:
        if progress.state in WITHDRAWABLE and progress.payment_in(PaymentState.UNKNOWN) is None:
            yield Operation.WITHDRAW, WithdrawalWanted
    elif progress.correction_ready and progress.state is S.CORRECTION_REQUESTED:
        yield Operation.ANSWER_CORRECTION, CorrectionGiven


def _is_passed_over(tracked: Tracked, operation: Operation, given: type[JournalEvent]) -> bool:
    """Whether the agency was asked for the status since, which comes after what the citizen wants it to know.

    Not while a person has to see to the application first.
    """
    said = [place for place, event in enumerate(tracked.events) if isinstance(event, given)]
    hold = tracked.progress.hold
    if not said or (hold is not None and not hold.tries_on):
        return False
    since = tracked.events[said[-1] :]
    if any(isinstance(event, Held) and not event.hold.tries_on for event in since):
        return False
    tried = any(isinstance(event, AttemptBegan) and event.operation is operation for event in since)
    asked = (event for event in since if isinstance(event, AttemptEnded) and event.operation is Operation.STATUS)
    return not tried and any(event.began_at is not None and event.began_at > since[0].at for event in asked)
