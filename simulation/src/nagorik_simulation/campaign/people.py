"""The citizens and the officers of a campaign: they do what an application waits for, on what they honestly know."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from heapq import heapify, heappop, heappush
from random import Random
from typing import Any, Final, Literal
from uuid import UUID, uuid4, uuid5

from sqlalchemy import select
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
"""How often somebody does the same thing about the same application."""
BOOKING: Final = 2
"""Every how manieth citizen chooses an appointment; the others come when the agency says."""
MOST_PAYMENTS: Final = 12
"""More than any application needs, however often one of its payments fails."""
HALF: Final = 0.5
MOST_CROSSING: Final = 3
"""Most people who act while the workers claim what is due."""
OFFICER: Final = "Officer of the campaign"
REASON: Final = "asked the agency by telephone"

_ENDED_WORKERS: Final = (
    select(applications.c.id)
    .where(applications.c.blocked == WORKERS_LOST, applications.c.closed_at.is_(None))
    .order_by(applications.c.id)
)
_ACTS: Final[dict[str, Action]] = {
    "eligibility-indeterminate": "go-on",
    "correction-requested": "corrected",
    "payment-failed": "pay-again",
    "payment-expired": "pay-again",
    "payment-cancelled": "pay-again",
    "to-be-received": "received",
}


_Intent = tuple[datetime, int, Literal["hand-in", "withdraw"], CampaignCase]


class People:
    """Everybody who has something to do with the applications of a campaign."""

    def __init__(
        self, host: Host, agencies: SimulatedAgencies, cases: Iterable[CampaignCase], documents: DocumentStore
    ) -> None:
        """They begin now; ``documents`` is the host's store, in which they put their papers.

        Attributes:
            acts: How often somebody did something about an application that was handed in.
            refused_doubles: How many second clicks were refused.
            handed_in: The applications that the host has said it has taken in.
            unheeded: The applications of which an officer has decided something else than the host has written down.
            left: The applications that wait for an officer who has decided as often as one does.
            refused_by_defect: Those about which the host could take nothing in any more.
            granted: By application, the consents and payment notices that the host has said it has taken in while
                workers claimed.
        """
        self._host = host
        self._agencies = agencies
        self._documents = documents
        self._fates = {str(case.id): case for case in cases}
        self._done: Counter[tuple[str, str]] = Counter()
        began = host.clock.now()
        self._intents: list[_Intent] = [
            (began + case.arrives_after, case.number, "hand-in", case) for case in self._fates.values()
        ]
        heapify(self._intents)
        self.acts = 0
        self.refused_doubles = 0
        self.handed_in: set[UUID] = set()
        self.unheeded: set[UUID] = set()
        self.left: set[UUID] = set()
        self.refused_by_defect: set[UUID] = set()
        self.granted: defaultdict[UUID, list[str]] = defaultdict(list)

    @property
    def next_at(self) -> datetime | None:
        """When somebody acts next of their own accord."""
        return self._intents[0][0] if self._intents else None

    async def act(self) -> bool:
        """Do all that can be done now; whether anything changed."""
        changed = await self._of_their_own_accord()
        before = self.acts
        # Whoever killed the workers knows that no application did.
        self.acts += await self._host.database.run(self._look_again)
        for application, party, code in await self._host.database.run(_held):
            case = self._fates.get(application)
            if case is None:
                continue
            if self._done[application, code] >= OFTEN:
                if party == "person":
                    self.left.add(case.id)
                continue
            self._done[application, code] += 1
            await self._or_note(case, self._settle(case, application, party, code))
        return changed or self.acts > before

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
            free = (await self._host.slots(application)).slots
            if free:
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
            self.refused_by_defect.add(case.id)

    async def cross(self, rng: Random) -> None:
        """Act on applications that are due, while the workers claim them: in the same commits, as it happens."""
        due = await self._host.database.run(partial(_due, now=self._host.clock.now()))
        known = [(application, party, code) for application, party, code in due if application in self._fates]
        chosen = rng.sample(known, min(len(known), rng.randint(0, MOST_CROSSING)))
        await asyncio.gather(*(self._or_note(self._fates[one[0]], self._cross(*one, rng.random())) for one in chosen))

    async def _cross(self, application: str, party: str | None, code: str | None, chance: float) -> None:
        case = self._fates[application]
        if case.withdrawn_after is not None:
            await self._try(application, "withdraw")
        elif party == "person" and code is not None and case.officer and self._done[application, code] < OFTEN:
            self._done[application, code] += 1
            await self._decide(application, code)
        elif chance < HALF:
            given = consent(self._host, case)
            await self._host.consent(application, given)
            self.granted[case.id].append(given.id)
        else:
            for payment in (await self._host.progress(application)).payments:
                noticed = partial(self._host.take_in, application=application, received=Noticed(payment=payment.id))
                await self._host.database.run(noticed)
                self.granted[case.id].append(payment.id)

    async def forgotten(self) -> list[UUID]:
        """The applications whose journal lacks a consent or a notice that the host has said it has taken in."""
        forgotten = []
        for application, granted in self.granted.items():
            events = (await self._host.track(str(application))).events
            kept = Counter(
                event.consent.id if isinstance(event, ConsentGiven) else event.payment
                for event in events
                if isinstance(event, ConsentGiven | PaymentNoticed)
            )
            if Counter(granted) - kept:
                forgotten.append(application)
        return forgotten

    async def _of_their_own_accord(self) -> bool:
        handed_in = False
        while self._intents and self._intents[0][0] <= self._host.clock.now():
            _, _, intent, case = heappop(self._intents)
            if intent == "withdraw":
                await self._try(str(case.id), "withdraw")
                continue
            handed_in = True
            await self._hand_in(case)
            if case.withdrawn_after is not None:
                at = self._host.clock.now() + case.withdrawn_after
                heappush(self._intents, (at, case.number, "withdraw", case))
        return handed_in

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
            # Taken in by the first of two tries, of which nobody heard.
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
            # Too late, or not known yet: the citizen is told so and leaves it.
            return
        self.acts += 1

    def _look_again(self, transaction: Transaction) -> int:
        """Let applications go on that were taken for what ends workers; how many."""
        now, looked_at = self._host.clock.now(), 0
        for application in transaction.connection.scalars(_ENDED_WORKERS).all():
            if application in self._fates:
                unblock(transaction, application, now)
                record_decision(transaction, Decision(now, OFFICER, "look-again", application, REASON))
                looked_at += 1
        return looked_at

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
            self.unheeded.add(UUID(application))

    def _decision(self, progress: Progress, code: str) -> Decided | None:
        """What an officer decides who has seen the agency's and the gateway's own records."""
        if code in {REFUND_BY_HAND, REFUND_IN_DOUBT}:
            return None  # nobody in a campaign hands money out, and the comparison counts what is owed so
        if code in MONEY_HOLDS:
            return self._of_money(progress)
        filed = self._agencies.by_reference("application").get(progress.client_reference, ())
        if progress.state in {ApplicationState.MANUAL_REVIEW, ApplicationState.SUBMISSION_UNKNOWN}:
            if progress.is_filed or len(filed) > 1:
                return None
            if filed:
                reference = filed[0][1].reference
                return Decided(OFFICER, REASON, to=ApplicationState.SUBMITTED, agency_reference=reference)
            return Decided(OFFICER, REASON, to=ApplicationState.READY)
        return Decided(OFFICER, REASON) if code == "no-look-up" else None

    def _of_money(self, progress: Progress) -> Decided | None:
        doubtful = progress.payment_in(*MONEY_FOR_A_PERSON, PaymentState.UNKNOWN, PaymentState.AUTHORISED)
        if doubtful is None:
            unconfirmed = progress.payment_in(PaymentState.CAPTURED, PaymentState.ADVISED)
            if unconfirmed is None:
                return None
            recorded = self._agencies.agency(progress.service).ledger.effects(
                "payment", client_reference=progress.client_reference
            )
            to = PaymentState.CONFIRMED if recorded else PaymentState.REFUND_REQUESTED
            return Decided(OFFICER, REASON, payment=unconfirmed.id, payment_to=to)
        if doubtful.state not in MONEY_ASKED_ABOUT:
            return Decided(OFFICER, REASON, payment=doubtful.id, payment_to=PaymentState.REFUND_MANUAL)
        taken = doubtful.id in self._agencies.by_reference("capture")
        to = PaymentState.CAPTURED if taken else PaymentState.FAILED
        return Decided(OFFICER, REASON, payment=doubtful.id, payment_to=to)


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


def _held(transaction: Transaction) -> Sequence[tuple[str, str, str]]:
    query = select(applications.c.id, applications.c.hold_party, applications.c.hold_code).where(
        applications.c.hold_party.in_(("citizen", "person")),
        applications.c.closed_at.is_(None),
        applications.c.lease.is_(None),
    )
    return [(row.id, row.hold_party, row.hold_code) for row in transaction.connection.execute(query)]


def _due(transaction: Transaction, *, now: datetime) -> Sequence[tuple[str, str | None, str | None]]:
    query = select(applications.c.id, applications.c.hold_party, applications.c.hold_code).where(
        applications.c.due_at <= now, applications.c.closed_at.is_(None)
    )
    rows = transaction.connection.execute(query.order_by(applications.c.id))
    return [(row.id, row.hold_party, row.hold_code) for row in rows]
