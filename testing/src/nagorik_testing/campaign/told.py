"""What the host says of an application against what its agency holds: told is what was decided."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from itertools import dropwhile
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pydantic import JsonValue
from sqlalchemy import Row

from nagorik.model.application import DocumentReference, DocumentStore
from nagorik.model.status import ApplicationState as S
from nagorik.operations import Operation
from nagorik.values import to_ascii_digits
from nagorik_host.host import Host, Tracked
from nagorik_platform.lifecycle import Progress
from nagorik_platform.lifecycle.events import AttemptEnded, DeliverableFetched, Moved
from nagorik_testing.campaign.agencies import SimulatedAgencies
from nagorik_testing.campaign.cases import CITIZENS, CampaignCase
from nagorik_testing.simulator.application_book import Case
from nagorik_testing.simulator.base import ExampleApplication, ExampleDocument
from nagorik_testing.simulator.workflow import AgencyDecision

SHORTEST: Final = 6
"""Signs of a value by which a citizen may be told."""
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
    """The host's word on each application against the books of its agency and the host's own document store."""

    def __init__(
        self, host: Host, agencies: SimulatedAgencies, documents: DocumentStore, cases: Iterable[CampaignCase]
    ) -> None:
        """Read the agencies' books as they are now; ``documents`` is the host's store, ``cases`` are all."""
        self._host = host
        self._agencies = agencies
        self._documents = documents
        self._held = agencies.held()
        self._said = {case.number: _said(agencies, case) for case in cases if case.files}
        self._owned = frozenset().union(*(said.own for said in self._said.values()))

    async def problems(self, tracked: Tracked, row: Row[Any], case: CampaignCase) -> list[tuple[str, str]]:
        """What is told of an application otherwise than it is, by code.

        Nothing of a question, which leaves nothing at the agency, nor of what was not filed: whether an application
        should be there is counted with the filings.
        """
        there = _case_of(tracked.progress, self._held) if case.files else None
        if there is None:
            return []
        ledger = self._agencies.agency(case.service).ledger
        arrived = {paper.sha256 for paper in ledger.papers(client_reference=there.client_reference)}
        capabilities = self._host.capabilities(case.service, case.gateway)
        problems = [
            *_decision(tracked, there),
            *_details(there, self._said[case.number], self._owned),
            *_papers(there, self._agencies.example(case).documents, arrived),
        ]
        if capabilities.offers(Operation.DELIVERABLE):
            problems += [problem async for problem in _documents(tracked, row, self._documents)]
        return problems


def _case_of(progress: Progress, held: Mapping[str, Sequence[Case[Any]]]) -> Case[Any] | None:
    """The case that the host knows of; another with the same client reference is a filing too many."""
    there = held.get(progress.client_reference, ())
    return next((one for one in there if one.number == progress.agency_reference), None)


def _decision(tracked: Tracked, there: Case[Any]) -> Iterator[tuple[str, str]]:
    """Whether the agency's decision is told, and no other; what it decided since it was asked last is no news yet."""
    if not there.workflow.decisions:
        return
    told, decided = _told(tracked), there.workflow.decision(there.state)
    if told is decided or tracked.progress.state is S.MANUAL_REVIEW:
        return
    if told is None and not _asked_since(tracked, _decided_at(there)):
        return
    here = _told_state(tracked).value
    yield "told-otherwise", f"{here} here, {_word(decided)} at the agency, which says {there.state}"


def _word(decision: AgencyDecision | None) -> str:
    return "undecided" if decision is None else decision.value


def _told_state(tracked: Tracked) -> S:
    """The state that the citizen was told; of what is closed, the one before."""
    moves = (event.to for event in reversed(tracked.events) if isinstance(event, Moved))
    told = next(dropwhile(lambda to: to is S.CLOSED, moves), S.CLOSED)
    return told if tracked.progress.state is S.CLOSED else tracked.progress.state


def _told(tracked: Tracked) -> AgencyDecision | None:
    """What the citizen is told was decided; a fee for what was granted leaves it granted."""
    state, status = _told_state(tracked), tracked.progress.status
    if state is S.AWAITING_PAYMENT and status is not None and status.state is not None:
        state = status.state
    return _TOLD.get(state)


def _decided_at(there: Case[Any]) -> datetime:
    """Since when the agency's decision has been what it is."""
    decided = there.workflow.decision(there.state)
    since = there.changed_at
    for entered in reversed(there.history):
        if there.workflow.decision(entered.state) is not decided:
            break
        since = entered.at
    return since


def _asked_since(tracked: Tracked, since: datetime) -> bool:
    """Whether the agency has answered a question that was asked later, and nothing has moved the application since.

    A fee that is confirmed leaves it submitted until the agency is asked again, whatever was granted before.
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
    """Whether the citizen has what was granted and can be downloaded, or somebody is still to fetch it.

    An agency that does not hand it out is asked on; what it does not say that it issued, nobody can fetch.
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
    if progress.state is S.CLOSED or row.due_at is None:
        return False
    tried = progress.backoff(Operation.DELIVERABLE, kind).not_before is not None
    return tried or row.operation == Operation.DELIVERABLE.value


async def _is_kept(document: DocumentReference, documents: DocumentStore) -> bool:
    digest = sha256()
    try:
        async for piece in documents.open(document):
            digest.update(piece)
    except (LookupError, OSError):
        return False
    return digest.hexdigest() == document.sha256


class _Said(NamedTuple):
    """What a citizen hands in, as it is compared."""

    all_of_it: frozenset[str]
    own: frozenset[str]
    """What another one who applies for the same does not say: numbers, names, a telephone."""


def _details(there: Case[Any], said: _Said, owned: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Whether the agency holds what this citizen wanted filed and nothing that another one did.

    Not every detail goes to every agency, nor as it was handed in; those that tell one citizen from the next and
    stand there as they were are enough to tell whose application it is.
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
    """Whether the agency has each paper, or its hash: as a file, or in what was handed in."""
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
