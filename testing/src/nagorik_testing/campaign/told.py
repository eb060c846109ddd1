"""What the host says of an application against what its agency holds: told is what was decided."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import dropwhile
from types import MappingProxyType
from typing import Any, Final

from nagorik.model.status import ApplicationState as S
from nagorik.operations import Operation
from nagorik_host.host import Tracked
from nagorik_platform.lifecycle.events import AttemptEnded, Moved
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


def compare_told(
    tracked: Tracked, case: CampaignCase, held: Mapping[str, Sequence[Case[Any]]]
) -> Iterator[tuple[str, str]]:
    """What a citizen is told otherwise than it is, by code; of what its agency was asked to file alone."""
    progress = tracked.progress
    there = next(
        (one for one in held.get(progress.client_reference, ()) if one.number == progress.agency_reference), None
    )
    if there is None or not case.files:
        # Whether it should be there is counted with the filings.
        return
    yield from _decision(tracked, there)


def _decision(tracked: Tracked, there: Case[Any]) -> Iterator[tuple[str, str]]:
    """Whether the agency's decision is told, and no other; what it decided since it was asked last is no news yet."""
    if not there.workflow.decisions:
        return
    told, decided = _told(tracked), there.workflow.decision(there.state)
    if told is decided or tracked.progress.state is S.MANUAL_REVIEW:
        return
    if told is None and not _asked_since(tracked, _decided_at(there)):
        return
    yield "told-otherwise", f"{_word(told)} here, {_word(decided)} at the agency, which says {there.state}"


def _word(decision: AgencyDecision | None) -> str:
    return "undecided" if decision is None else decision.value


def _told(tracked: Tracked) -> AgencyDecision | None:
    """What the citizen is told; what is closed was told before, and a fee for what was granted leaves it granted."""
    state, status = tracked.progress.state, tracked.progress.status
    if state is S.CLOSED:
        moves = (event.to for event in reversed(tracked.events) if isinstance(event, Moved))
        state = next(dropwhile(lambda to: to is S.CLOSED, moves), state)
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
    """Whether the agency has answered a question about the application that was asked later than that."""
    return any(
        isinstance(event, AttemptEnded)
        and event.operation is Operation.STATUS
        and event.settled
        and event.began_at is not None
        and event.began_at > since
        for event in tracked.events
    )
