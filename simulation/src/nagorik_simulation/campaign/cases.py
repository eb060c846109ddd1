"""What is asked of a campaign, and what awaits each of its applications.

Everything is drawn from the campaign's seed and the application's number alone.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from nagorik.manifest import DocumentKind
from nagorik_simulation.campaign.disruptions import IN_THIS_PROCESS, TO_A_FILE, TO_A_SERVER, TO_PROCESSES, Disruption
from nagorik_testing.faults.kinds import (
    AnswerLost,
    ClosedBeforeProcessing,
    Dripping,
    Encoded,
    Fault,
    Garbled,
    InjectedResponse,
    MaintenancePage,
    NotSent,
    Reshaped,
    Slow,
    Truncated,
)

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:nagorik:campaign")

LASTING: Final = 50
"""One application in so many takes days and weeks at its agency; the others are through in hours."""
CITIZENS: Final = 10_000
"""How many synthetic citizens there are."""
PAPERS: Final = 2
"""One application in so many carries a document of each kind that its service takes."""
LAST_CALL: Final = 9
"""Kills come at one of an application's first calls, where nearly all of its writes are."""
LAST_REQUEST: Final = 7
"""Faults begin no later than at this request to the agency or the gateway."""

FAULTS: Final[tuple[Fault, ...]] = (
    NotSent(how="refused"),
    NotSent(how="connect-timeout"),
    ClosedBeforeProcessing(how="reset"),
    ClosedBeforeProcessing(how="closed"),
    ClosedBeforeProcessing(how="silent"),
    AnswerLost(how="reset"),
    AnswerLost(how="closed"),
    AnswerLost(how="silent"),
    AnswerLost(how="reset"),
    InjectedResponse(status=500),
    InjectedResponse(status=503),
    InjectedResponse(status=503, processed=True),
    InjectedResponse(status=504, body="<html>gateway timeout</html>", processed=True),
    InjectedResponse(status=401),
    InjectedResponse(status=403),
    InjectedResponse(status=429, retry_after="30"),
    MaintenancePage(),
    MaintenancePage(processed=True),
    Slow(seconds=2),
    Slow(seconds=45),
    Dripping(seconds=0.5, piece=64),
    Truncated(),
    Truncated(keep=0.0, how="reset"),
    Garbled(how="unparsable"),
    Garbled(how="empty"),
    Garbled(how="not-utf-8"),
    Reshaped(how="no-fields"),
    Reshaped(how="nulls"),
    Reshaped(how="double-encoded"),
    Encoded(how="byte-order-mark"),
    InjectedResponse(status=200, body="[" * 20_000),
    InjectedResponse(status=200, body="9" * 10_000, processed=True),
    InjectedResponse(status=200, body=f'{{"state": "{"x" * 19_000}"}}', processed=True),
)
"""The mix that faults are drawn from; a response lost after processing is the most frequent."""


SUSPENDED: Final = 5
"""One application in so many meets a machine that stands still, on average."""
LONGEST_SUSPENSION: Final = 12
"""Most moves of the clock while a machine stands still: others have its work long before."""
ARRIVALS: Final = 86_400
LASTING_ARRIVALS: Final = 10 * 86_400
"""Seconds within which applications are handed in: a few at a time, or a worker's death would hit them all."""


class Moment(StrEnum):
    """When a worker is killed, relative to one call that it makes."""

    BEFORE_INTENT = "before-intent"
    """The intent was worked out and is not committed."""
    AFTER_INTENT = "after-intent"
    """The intent is committed and nothing was sent."""
    AFTER_SEND = "after-send"
    """The agency has processed the request and its response is not read."""
    AFTER_ANSWER = "after-answer"
    """The response is known in memory only."""
    BEFORE_COMMIT = "before-commit"
    """The outcome was worked out and is not committed."""
    AFTER_COMMIT = "after-commit"
    """The outcome is committed, and its caller does not learn it."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """What befalls the worker that has the application in hand.

    Attributes:
        kind: ``KILLED_WORKER``, or ``SUSPENDED_MACHINE``, whose machine goes on where it was.
        moment: When; a machine stops before a request or between two, at ``AFTER_INTENT`` or ``AFTER_SEND``.
        call: At which of the application's calls, the first being 1.
        moves: How often the clock is moved for the others before a machine goes on.
    """

    kind: Disruption
    moment: Moment
    call: int
    moves: int = 0


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """A fault that the application's requests meet."""

    at_gateway: bool
    fault: Fault
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class OfferedService:
    """A service that can be applied for, and the outcomes that its agency can be given."""

    service: str
    outcomes: tuple[str, ...]
    gateways: Mapping[str, tuple[str, ...]]
    """By gateway, the outcomes that a payment can be given."""
    files: bool
    """Whether submitting leaves an application at the agency; a mere question does not."""
    papers: tuple[DocumentKind, ...] = ()
    """The kinds of document that may go with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignCase:
    """One application of a campaign."""

    number: int
    """Its place in the campaign, from 1."""
    id: UUID
    service: str
    files: bool
    """Whether the agency is to hold an application afterwards; a mere question leaves nothing."""
    gateway: str
    papers: tuple[DocumentKind, ...]
    """The kinds of document of which the citizen hands in one each, where the agency's example has no such one."""
    citizen: int
    """The serial of the synthetic citizen who applies."""
    outcome: str
    """What the agency does with it."""
    payments: tuple[str, ...]
    """What the gateway does with its first payments, in order."""
    faults: tuple[InjectedFault, ...]
    disturbances: tuple[Disturbance, ...]
    arrives_after: timedelta
    """When it is handed in, after the campaign's first."""
    handed_in_twice: bool
    """Whether the citizen's second click arrives too."""
    withdrawn_after: timedelta | None
    """When the citizen wants it taken back, after it was handed in."""
    lasting: bool
    """Whether it takes as long as in life: days and weeks where the others' agency takes seconds and minutes."""
    officer: bool
    """Whether an officer looks after what only a person can settle."""

    @property
    def alias(self) -> str:
        """What it goes by in reports."""
        return f"a{self.number}"

    def stage(self, name: str) -> timedelta:
        """How long a stage takes whose length the script decides."""
        rng = random.Random(f"stage:{self.id}:{name}")  # noqa: S311 - reproducible on purpose
        return timedelta(seconds=10 ** (rng.uniform(1.8, 5.6) if self.lasting else rng.uniform(0, 2.5)))


def generate_case(seed: int, number: int, offers: Sequence[OfferedService]) -> CampaignCase:
    """The case of one application, independent of the others."""
    rng = random.Random(f"campaign:{seed}:{number}")  # noqa: S311 - reproducible on purpose
    lasting = is_lasting(number)
    offer = offers[number % len(offers)]
    # All outcomes in turn, so that a small campaign has them too; the rest is chance.
    outcome = offer.outcomes[number // len(offers) % len(offer.outcomes)]
    gateway = rng.choice(sorted(offer.gateways))
    paid, *other = offer.gateways[gateway]
    payments = tuple(rng.choice(other) if other and _one_in(3, rng) else paid for _ in range(3))
    faults = tuple(_injected_fault(rng) for _ in range(rng.choice((0, 0, 1, 1, 2, 3))))
    kills = tuple(
        Disturbance(Disruption.KILLED_WORKER, rng.choice(tuple(Moment)), rng.randint(1, LAST_CALL))
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2)))
    )
    return CampaignCase(
        number=number,
        id=uuid5(_NAMESPACE, f"{seed}/{number}"),
        service=offer.service,
        files=offer.files,
        gateway=gateway,
        papers=offer.papers if number % PAPERS == 0 else (),
        citizen=number % CITIZENS,
        outcome=outcome,
        payments=payments,
        faults=faults,
        arrives_after=timedelta(seconds=rng.uniform(0, LASTING_ARRIVALS if lasting else ARRIVALS)),
        handed_in_twice=_one_in(10, rng),
        withdrawn_after=_withdrawn_after(rng, lasting=lasting) if _one_in(16, rng) else None,
        lasting=lasting,
        officer=not _one_in(20, rng),
        disturbances=(*kills, *([_suspension(rng)] if _one_in(SUSPENDED, rng) else [])),
    )


def is_lasting(number: int) -> bool:
    """Whether an application is one of the few that take days and weeks."""
    return number % LASTING == 0


def _one_in(number: int, rng: random.Random) -> bool:
    return rng.randrange(number) == 0


def _withdrawn_after(rng: random.Random, *, lasting: bool) -> timedelta:
    return timedelta(seconds=10 ** (rng.uniform(3, 6.2) if lasting else rng.uniform(0, 3.5)))


def _suspension(rng: random.Random) -> Disturbance:
    moment = rng.choice((Moment.AFTER_INTENT, Moment.AFTER_SEND, Moment.AFTER_SEND))
    call, moves = rng.randint(1, LAST_CALL), rng.randint(1, LONGEST_SUSPENSION)
    return Disturbance(Disruption.SUSPENDED_MACHINE, moment, call, moves)


def _injected_fault(rng: random.Random) -> InjectedFault:
    return InjectedFault(
        at_gateway=_one_in(3, rng),
        fault=rng.choice(FAULTS),
        first=rng.randint(1, LAST_REQUEST),
        count=rng.choice((1, 1, 1, 2, 4)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPlan:
    """What is asked of a campaign.

    Attributes:
        applications: How many.
        seed: From which all is drawn.
        url: The database; ``IN_MEMORY`` for a database that no other process sees.
        workers: How many work side by side on the same database.
        cohort: About how many applications live side by side.
        only: The numbers of the only applications that are asked about; empty for all.
        kill_processes: Whether each worker is a process, and killed as one.
        own_server: Whether the database is on a server of the campaign's own, which ``url`` does not name then.
        disruptions: What befalls the workers; ``None`` for all that can.
        evidence: The folder in which it is written down what led to each finding, if it is.
    """

    applications: int
    seed: int
    url: str
    workers: int = 2
    cohort: int = 200
    only: tuple[int, ...] = ()
    kill_processes: bool = False
    own_server: bool = False
    disruptions: frozenset[Disruption] | None = None
    evidence: Path | None = None

    @property
    def possible(self) -> frozenset[Disruption]:
        """What can befall the workers."""
        if not self.kill_processes:
            return IN_THIS_PROCESS
        if self.own_server:
            return TO_PROCESSES | TO_A_SERVER
        return TO_PROCESSES | TO_A_FILE if self.url.startswith("sqlite") else TO_PROCESSES

    @property
    def kinds(self) -> frozenset[Disruption]:
        """What befalls them."""
        return self.possible if self.disruptions is None else self.disruptions & self.possible

    def case(self, number: int, offers: Sequence[OfferedService]) -> CampaignCase:
        """What awaits an application of this campaign."""
        drawn = generate_case(self.seed, number, offers)
        return replace(drawn, disturbances=tuple(one for one in drawn.disturbances if one.kind in self.kinds))

    @property
    def number(self) -> int:
        """How many applications are carried."""
        return sum(map(len, self.cohorts))

    @property
    def cohorts(self) -> Sequence[Sequence[int]]:
        """The numbers of the applications of each cohort; the few that last live among themselves, and come first."""
        numbers, asked = range(1, self.applications + 1), set(self.only)
        lasting, others = ([one for one in numbers if is_lasting(one) is lasts] for lasts in (True, False))
        cohorts = [
            some[first : first + self.cohort]
            for some in (lasting, others)
            for first in range(0, len(some), self.cohort)
        ]
        return [cohort for cohort in cohorts if not asked or asked.intersection(cohort)]
