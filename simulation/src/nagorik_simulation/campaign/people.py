"""The citizens and the officers of a campaign: they do what an application waits for, on what they honestly know."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from heapq import heapify, heappop, heappush
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError

from nagorik import ApplicationDraft, Consent, NagorikError, Operation
from nagorik.model.application import DocumentStore
from nagorik.model.status import ApplicationState, PaymentState
from nagorik.values import Money
from nagorik_host.host import Action, Host
from nagorik_host.store import Transaction
from nagorik_host.store.application_store import AlreadyOpen
from nagorik_host.store.cases import WORKERS_LOST, Decision, record_decision, unblock
from nagorik_host.store.schema import applications
from nagorik_platform.lifecycle import Decided, Noticed, NotPossible, Progress
from nagorik_platform.lifecycle.events import ConsentGiven, Event, Moved, PaymentMoved, PaymentNoticed
from nagorik_platform.lifecycle.rules.holds import MONEY_HOLDS
from nagorik_platform.lifecycle.state import REFUND_BY_HAND, REFUND_IN_DOUBT
from nagorik_platform.lifecycle.tables import MONEY_ASKED_ABOUT, MONEY_FOR_A_PERSON
from nagorik_simulation.campaign.agencies import SimulatedAgencies
from nagorik_simulation.campaign.cases import CampaignCase

OFTEN: Final = 3
"""How often a person does the same thing about the same application."""
BOOKING: Final = 2
"""One citizen in so many chooses an appointment; the others come when the agency says."""
MOST_PAYMENTS: Final = 12
"""More than any application needs, however often one of its payments fails."""
HALF: Final = 0.5
MOST_CROSSING: Final = 3
"""Most people who act while the workers claim what is due."""
OFFICER: Final = "Officer of the campaign"
REASON: Final = "asked the agency by telephone"

_WAITS: Final = (applications.c.hold_party.in_(("citizen", "person")), applications.c.lease.is_(None))
_ACTS: Final[dict[str, Action]] = {
    "eligibility-indeterminate": "go-on",
    "correction-requested": "corrected",
    "payment-failed": "pay-again",
    "payment-expired": "pay-again",
    "payment-cancelled": "pay-again",
    "to-be-received": "received",
}


class People:
    """The citizens and officers of a campaign's applications.

    Attributes:
        acts: How often a person did something about an application that was handed in.
        refused_doubles: How many second clicks were refused.
        handed_in: The applications that the host has said it has taken in.
        left: The applications that wait for an officer who has decided as often as one does.
    """

    def __init__(
        self, host: Host, agencies: SimulatedAgencies, cases: Iterable[CampaignCase], documents: DocumentStore
    ) -> None:
        """They begin now; ``documents`` is the host's store."""
        self._host, self._agencies, self._documents = host, agencies, documents
        self._cases = {str(case.id): case for case in cases}
        self._done: Counter[tuple[str, str]] = Counter()
        began = host.clock.now()
        # When, whose, and whether it is withdrawn or handed in.
        self._intents = [(began + one.arrives_after, one.number, False, one) for one in self._cases.values()]
        heapify(self._intents)
        self.acts = self.refused_doubles = 0
        self.handed_in: set[UUID] = set()
        self.left: set[UUID] = set()
        self._problems: list[tuple[UUID, str, str]] = []
        self._granted: defaultdict[UUID, list[str]] = defaultdict(list)

    @property
    def next_at(self) -> datetime | None:
        """When a citizen acts next of their own accord."""
        return self._intents[0][0] if self._intents else None

    async def act(self) -> bool:
        """Do all that can be done now; whether anything changed."""
        before, handed_in = self.acts, len(self.handed_in)
        while self._intents and self._intents[0][0] <= self._host.clock.now():
            _, _, withdraws, case = heappop(self._intents)
            if withdraws:
                await self._try(str(case.id), "withdraw")
                continue
            await self._hand_in(case)
            if case.withdrawn_after is not None:
                heappush(self._intents, (self._host.clock.now() + case.withdrawn_after, case.number, True, case))
        # The campaign killed the workers: no application did.
        self.acts += await self._host.database.run(self._look_again)
        for application, party, code in await self._host.database.run(partial(_open, where=_WAITS)):
            case = self._cases[application]
            if self._done[application, code] < OFTEN:
                self._done[application, code] += 1
                await self._or_note(case, self._settle(case, application, party, code))
            elif party == "person":
                self.left.add(case.id)
        return self.acts > before or len(self.handed_in) > handed_in

    async def _settle(self, case: CampaignCase, application: str, party: str, code: str) -> None:
        if party == "person":
            if case.officer:
                await self._decide(application, code)
        elif code.startswith("consent-"):
            await self._host.consent(application, consent(self._host, case))
            self.acts += 1
        elif code == "appearance-required" and case.id.int % BOOKING == 0:
            await self._book(application)
        elif code in _ACTS:
            await self._try(application, _ACTS[code])

    async def _book(self, application: str) -> None:
        """Choose the first appointment that is free, or the second in place of it, and so on."""
        try:
            if free := (await self._host.slots(application)).slots:
                chosen = free[min(self._done[application, "appearance-required"], len(free)) - 1]
                await self._host.book(application, chosen)
                self.acts += 1
        except (NagorikError, NotPossible):
            return  # the citizen looks again later

    async def _or_note(self, case: CampaignCase, act: Coroutine[Any, Any, None]) -> None:
        """Do it; note where the host cannot take anything in about the application any more."""
        try:
            await act
        except IntegrityError:
            why = "the host could take nothing in about it any more"
            self._problems.append((case.id, "refused-by-defect", why))

    async def cross(self, rng: Random) -> None:
        """Act on applications that are due, while the workers claim them: in the same commits, as it happens."""
        is_due = applications.c.due_at <= self._host.clock.now()
        due = await self._host.database.run(partial(_open, where=(is_due,)))
        chosen = rng.sample(due, min(len(due), rng.randint(0, MOST_CROSSING)))
        await asyncio.gather(*(self._or_note(self._cases[one[0]], self._cross(*one, rng.random())) for one in chosen))

    async def _cross(self, application: str, party: str | None, code: str | None, chance: float) -> None:
        case = self._cases[application]
        if case.withdrawn_after is not None:
            await self._try(application, "withdraw")
        elif party == "person" and code is not None and case.officer and self._done[application, code] < OFTEN:
            self._done[application, code] += 1
            await self._decide(application, code)
        elif chance < HALF:
            given = consent(self._host, case)
            await self._host.consent(application, given)
            self._granted[case.id].append(given.id)
        else:
            for payment in (await self._host.progress(application)).payments:
                noticed = partial(self._host.take_in, application=application, received=Noticed(payment=payment.id))
                await self._host.database.run(noticed)
                self._granted[case.id].append(payment.id)

    async def problems(self) -> Sequence[tuple[UUID, str, str]]:
        """What people have found: the application's id, a code, and what it is."""
        for application, granted in self._granted.items():
            events = (await self._host.track(str(application))).events
            kept = Counter(
                event.consent.id if isinstance(event, ConsentGiven) else event.payment
                for event in events
                if isinstance(event, ConsentGiven | PaymentNoticed)
            )
            if Counter(granted) - kept:
                why = "a consent or an acknowledged notice is in no journal"
                self._problems.append((application, "forgotten", why))
        return tuple(dict.fromkeys(self._problems))

    async def _hand_in(self, case: CampaignCase) -> None:
        """Hand an application in, and script what awaits it."""
        host, application = self._host, str(case.id)
        example = self._agencies.example(case)
        papers = [await self._documents.put(each.kind, each.media_type, each.content) for each in example.documents]
        draft = ApplicationDraft(
            service=case.service,
            applicant=example.applicant,
            form=dict(example.form),
            documents=tuple(papers),
            gateway=case.gateway,
        )
        reference = f"NGK-{case.id.hex[:16].upper()}"
        allowed = consent(host, case)
        try:
            await host.apply(draft, consent=allowed, application=application, client_reference=reference)
        except AlreadyOpen as there:
            # Taken in by the first of two tries, whose response was lost.
            if there.application != application:
                raise
        self.handed_in.add(case.id)
        if case.handed_in_twice:
            try:
                await host.apply(draft, consent=allowed, client_reference=reference)
            except AlreadyOpen:
                self.refused_doubles += 1
        kept = await host.database.run(partial(host.store.read, application=application))
        key = UUID(kept.progress.idempotency_key)
        payments = [str(uuid5(key, f"payment/{number}")) for number in range(1, MOST_PAYMENTS + 1)]
        self._agencies.script(case, reference, payments)

    async def _try(self, application: str, action: Action) -> None:
        try:
            await self._host.act(application, action)
        except NotPossible:
            # Too late, or not known yet: the citizen is informed of it and leaves it.
            return
        self.acts += 1

    def _look_again(self, transaction: Transaction) -> int:
        """Let applications go on that were taken for what ends workers; how many."""
        now, blocked = self._host.clock.now(), _open(transaction, where=(applications.c.blocked == WORKERS_LOST,))
        for application, *_ in blocked:
            unblock(transaction, application, now)
            record_decision(transaction, Decision(now, OFFICER, "look-again", application, REASON))
        return len(blocked)

    async def _decide(self, application: str, code: str) -> None:
        before = await self._host.track(application)
        decision = self._decision(before.progress, code)
        if decision is None:
            return
        try:
            await self._host.decide(application, decision)
        except NotPossible:
            return
        self.acts += 1
        written = (await self._host.track(application)).events[len(before.events) :]
        if not any(_is_written(decision, event) for event in written):
            why = "an officer decided something else than is written down"
            self._problems.append((UUID(application), "decision-unheeded", why))

    def _decision(self, progress: Progress, code: str) -> Decided | None:
        """What an officer decides who has seen the agency's and the gateway's own records."""
        if code in {REFUND_BY_HAND, REFUND_IN_DOUBT}:
            return None  # no officer of a campaign hands money out, and the comparison counts what is owed so
        if code in MONEY_HOLDS:
            return self._of_money(progress)
        if progress.state in {ApplicationState.MANUAL_REVIEW, ApplicationState.SUBMISSION_UNKNOWN}:
            filed = self._agencies.by_reference("application").get(progress.client_reference, ())
            if progress.is_filed or len(filed) > 1:
                return None
            if filed:
                reference = filed[0][1].reference
                return Decided(OFFICER, REASON, to=ApplicationState.SUBMITTED, agency_reference=reference)
            return Decided(OFFICER, REASON, to=ApplicationState.READY)
        return Decided(OFFICER, REASON) if code == "no-look-up" else None

    def _of_money(self, progress: Progress) -> Decided | None:
        doubtful = progress.payment_in(*MONEY_FOR_A_PERSON, PaymentState.UNKNOWN, PaymentState.AUTHORISED)
        payment = doubtful or progress.payment_in(PaymentState.CAPTURED, PaymentState.ADVISED)
        if payment is None:
            return None
        if doubtful is None:
            recorded = progress.client_reference in self._agencies.by_reference("payment")
            to = PaymentState.CONFIRMED if recorded else PaymentState.REFUND_REQUESTED
        elif doubtful.state not in MONEY_ASKED_ABOUT:
            to = PaymentState.REFUND_MANUAL
        else:
            taken = doubtful.id in self._agencies.by_reference("capture")
            to = PaymentState.CAPTURED if taken else PaymentState.FAILED
        return Decided(OFFICER, REASON, payment=payment.id, payment_to=to)


def consent(host: Host, case: CampaignCase) -> Consent:
    """What the citizen allows: everything, for a year."""
    now = host.clock.now()
    return Consent(
        id=str(uuid4()),
        service=case.service,
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(1_000_000),
        given_at=now,
        expires_at=now + timedelta(days=365),
        asks=frozenset(host.platform.service(case.service).asks),
    )


def _is_written(decision: Decided, event: Event) -> bool:
    """Whether an event says what an officer decided, and that it was an officer."""
    match event:
        case PaymentMoved() if decision.payment is not None:
            is_so = event.payment == decision.payment and event.to is decision.payment_to
            return is_so and event.officer == decision.officer
        case Moved() if decision.to is not None:
            return event.to is decision.to and event.officer == decision.officer
    return decision.payment is None and decision.to is None


def _open(transaction: Transaction, *, where: Sequence[ColumnElement[bool]]) -> Sequence[tuple[str, str, str]]:
    """Applications that are not closed: id, and the party and code of what they wait for."""
    query = select(applications.c.id, applications.c.hold_party, applications.c.hold_code)
    rows = transaction.connection.execute(query.where(applications.c.closed_at.is_(None), *where).order_by("id"))
    return [(row.id, row.hold_party, row.hold_code) for row in rows]
