"""What the host says of an application against what its agency holds: told is what was decided."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import dropwhile
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Row

from nagorik.model.application import DocumentReference, DocumentStore
from nagorik.model.status import ApplicationState as S
from nagorik.operations import Operation
from nagorik_host.host import Host, Tracked
from nagorik_platform.lifecycle import Progress
from nagorik_platform.lifecycle.events import AttemptEnded, DeliverableFetched, Moved
from nagorik_testing.campaign.agencies import SimulatedAgencies
from nagorik_testing.campaign.cases import CampaignCase
from nagorik_testing.simulator.application_book import Case
from nagorik_testing.simulator.workflow import AgencyDecision

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

    def __init__(self, host: Host, agencies: SimulatedAgencies, documents: DocumentStore) -> None:
        """Read the agencies' books as they are now; ``documents`` is the host's store."""
        self._host = host
        self._agencies = agencies
        self._documents = documents
        self._held = agencies.held()

    async def problems(self, tracked: Tracked, row: Row[Any], case: CampaignCase) -> list[tuple[str, str]]:
        """What is told of an application otherwise than it is, by code.

        Nothing of a question, which leaves nothing at the agency, nor of what was not filed: whether an application
        should be there is counted with the filings.
        """
        there = _case_of(tracked.progress, self._held) if case.files else None
        if there is None:
            return []
        capabilities = self._host.capabilities(case.service, case.gateway)
        problems = [*_decision(tracked, there)]
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
