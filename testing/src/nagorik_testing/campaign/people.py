"""The citizens and the officers of a campaign: they do what an application waits for, on what they honestly know."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import select

from nagorik import Consent, Operation
from nagorik.bangladesh import Money
from nagorik.journey import Decided, NotPossible, Progress
from nagorik.journey.holds import MONEY_HOLDS
from nagorik.lifecycle.groups import MONEY_FOR_A_PERSON
from nagorik.model.states import ApplicationState, PaymentState
from nagorik_host.host import Action, Host
from nagorik_host.store import Transaction
from nagorik_host.store.schema import applications
from nagorik_testing.campaign.agencies import Agencies
from nagorik_testing.campaign.fate import Fate

OFTEN: Final = 3
"""How often somebody does the same thing about the same application."""
OFFICER: Final = "Officer of the campaign"
REASON: Final = "asked the agency by telephone"

_ACTS: Final[dict[str, Action]] = {
    "eligibility-indeterminate": "go-on",
    "correction-requested": "corrected",
    "payment-failed": "pay-again",
    "payment-expired": "pay-again",
    "payment-cancelled": "pay-again",
    "to-be-received": "received",
}


class People:
    """Everybody who has something to do with the applications of a campaign."""

    def __init__(self, host: Host, agencies: Agencies, fates: Iterable[Fate]) -> None:
        self._host = host
        self._agencies = agencies
        self._fates = {str(fate.id): fate for fate in fates}
        self._done: Counter[tuple[str, str]] = Counter()
        opened = host.clock.now()
        self._withdrawals = sorted(
            (opened + fate.withdrawn_after, str(fate.id))
            for fate in self._fates.values()
            if fate.withdrawn_after is not None
        )
        self.acts = 0

    @property
    def next_at(self) -> datetime | None:
        """When somebody acts next of their own accord."""
        return self._withdrawals[0][0] if self._withdrawals else None

    async def act(self) -> bool:
        """Do all that can be done now; whether anything changed."""
        before = self.acts
        while self._withdrawals and self._withdrawals[0][0] <= self._host.clock.now():
            _, application = self._withdrawals.pop(0)
            await self._try(application, "withdraw")
        for application, party, code in await self._host.database.run(_held):
            fate = self._fates.get(application)
            if fate is None or self._done[application, code] >= OFTEN:
                continue
            self._done[application, code] += 1
            if party == "person":
                if fate.officer:
                    await self._decide(application, code)
            elif code.startswith("consent-"):
                await self._host.consent(application, consent(self._host, fate))
                self.acts += 1
            elif code in _ACTS:
                await self._try(application, _ACTS[code])
        return self.acts > before

    async def _try(self, application: str, action: Action) -> None:
        try:
            await self._host.act(application, action)
        except NotPossible:
            # Too late, or not known yet: the citizen is told so and leaves it.
            return
        self.acts += 1

    async def _decide(self, application: str, code: str) -> None:
        progress = (await self._host.track(application)).progress
        decision = self._decision(progress, code)
        if decision is None:
            return
        try:
            await self._host.decide(application, decision)
        except NotPossible:
            return
        self.acts += 1

    def _decision(self, progress: Progress, code: str) -> Decided | None:
        """What an officer decides who has seen the agency's and the gateway's own books."""
        if code in MONEY_HOLDS:
            return self._of_money(progress)
        filed = self._agencies.filed().get(progress.client_reference, ())
        if progress.state in {ApplicationState.MANUAL_REVIEW, ApplicationState.SUBMISSION_UNKNOWN}:
            if progress.is_filed or len(filed) > 1:
                return None
            if filed:
                reference = filed[0][1].reference
                return Decided(OFFICER, REASON, to=ApplicationState.SUBMITTED, agency_reference=reference)
            return Decided(OFFICER, REASON, to=ApplicationState.READY)
        return Decided(OFFICER, REASON) if code == "no-look-up" else None

    def _of_money(self, progress: Progress) -> Decided | None:
        doubtful = progress.payment_in(*MONEY_FOR_A_PERSON, PaymentState.UNKNOWN)
        if doubtful is None:
            unconfirmed = progress.payment_in(PaymentState.CAPTURED, PaymentState.ADVISED)
            if unconfirmed is None:
                return None
            told = self._agencies.agency(progress.service).ledger.effects(
                "payment", client_reference=progress.client_reference
            )
            to = PaymentState.CONFIRMED if told else PaymentState.REFUND_REQUESTED
            return Decided(OFFICER, REASON, payment=unconfirmed.id, payment_to=to)
        if doubtful.state is not PaymentState.UNKNOWN:
            return Decided(OFFICER, REASON, payment=doubtful.id, payment_to=PaymentState.REFUND_MANUAL)
        taken = doubtful.id in self._agencies.captured()
        to = PaymentState.CAPTURED if taken else PaymentState.FAILED
        return Decided(OFFICER, REASON, payment=doubtful.id, payment_to=to)


def consent(host: Host, fate: Fate) -> Consent:
    """What the citizen allows: everything, for a year."""
    now = host.clock.now()
    return Consent(
        id=str(uuid4()),
        service=fate.service,
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(1_000_000),
        given_at=now,
        expires_at=now + timedelta(days=365),
        asks=frozenset(host.platform.service(fate.service).asks),
    )


def _held(transaction: Transaction) -> Sequence[tuple[str, str, str]]:
    query = select(applications.c.id, applications.c.hold_party, applications.c.hold_code).where(
        applications.c.hold_party.in_(("citizen", "person")),
        applications.c.closed_at.is_(None),
        applications.c.lease.is_(None),
    )
    return [(row.id, row.hold_party, row.hold_code) for row in transaction.connection.execute(query)]
