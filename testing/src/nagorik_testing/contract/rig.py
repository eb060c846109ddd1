"""A test rig: one plugin on a platform of its own, before its simulated agency, with everything in hand.

Before a live agency the same rig has less in hand: there is no simulator to look into, and time cannot be moved.
What has to happen before an operation can be called is in ``preparations``, and the calls themselves in ``calls``.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_URL, uuid4, uuid5

from nagorik import ApplicationDraft, Consent, Deliverable, Operation, PaymentReceipt, Quote, Slot
from nagorik.manifest import AnyOffer, DocumentKind, Manifest, Window
from nagorik.values import Money
from nagorik_platform import Platform, References
from nagorik_platform.agency_client.hours import next_opening
from nagorik_testing.contract.live import SIMULATOR, Live, NotPlayed, secret_settings
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_testing.simulator.base import ExampleApplication, ExampleMessage, Simulator
from nagorik_testing.simulator.citizens import SyntheticCitizen
from nagorik_testing.simulator.clock import SimulatedClock
from nagorik_testing.simulator.ledger import Effect
from nagorik_toolkit.bangladesh import WorkingCalendar
from nagorik_toolkit.fees.tariff import FIRST_STAGE

CEILING: Final = Money.taka(1_000_000)

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:nagorik:contract")

LOGIN: Final = "login"
"""The kind of effect of a login."""
LOGINS_OF_A_CALL: Final = 2
"""A call logs in once, and once more where its token is refused."""


def is_of_note(effect: Effect) -> bool:
    """Whether an effect is one that somebody asked for: neither a login nor the agency's own count of its calls."""
    return effect.kind != LOGIN and not effect.metered


def receipt_number(stage: str) -> str:
    """What the gateway calls the payment of a stage."""
    return f"CONTRACT-RECEIPT-{1 if stage == FIRST_STAGE else stage.upper()}"


def another_application(references: References) -> References:
    """The references of a second application of the same kind, which the agency does not hold yet."""
    return References(
        client_reference=f"{references.client_reference}-2",
        idempotency_key=uuid5(references.idempotency_key, "another application"),
    )


class FeeStage(NamedTuple):
    """A stage at which an agency demands money, and the outcome in whose course it does; the first one at any."""

    name: str = FIRST_STAGE
    outcome: str | None = None


StartPlatform = Callable[[], AbstractAsyncContextManager[Any]]
"""Begins a platform, or what stands for one in another process."""


class Rig:
    """One application of one service, or one payment of one gateway."""

    def __init__(
        self,
        platform: Platform,
        simulator: Simulator,
        clock: SimulatedClock,
        offer: str,
        citizen: SyntheticCitizen,
        start: StartPlatform | None = None,
        live: Live | None = None,
        windows: Sequence[Window] = (),
        documents: MemoryDocuments | None = None,
    ) -> None:
        self.platform = platform
        self.documents = documents or MemoryDocuments()
        """The host's, in which the example's papers are put."""
        self._start = start
        self._simulator = simulator
        self.live = live
        """The agency itself, which is asked instead of the simulator."""
        self.clock = clock
        self._windows = windows
        if live is None:
            self.advance(timedelta(0))
        self.offer = offer
        self.citizen = citizen
        self.references = References(client_reference="NGK-CONTRACT-0001", idempotency_key=uuid5(_NAMESPACE, offer))
        self.payment = str(uuid5(_NAMESPACE, f"{offer}/payment"))
        if live is not None:
            # A live agency remembers the last run.
            once = uuid4()
            self.references = References(client_reference=f"NGK-CONTRACT-{once.hex[:12]}", idempotency_key=once)
            self.payment = str(uuid5(once, "payment"))
        self._payment_numbers: dict[str, str] = {}
        self.waits: list[timedelta] = []
        """The waits between those looks at an application that were worth it. A rig that is given the list of
        another, which went the same way, makes no others."""
        self.refused_at: list[str] = []
        """The agency's words for the stages at which appointments are shown and none can be taken yet."""
        self.stage = ""
        """The agency's word for the stage at which the appointments were offered."""
        self.fee = FeeStage()
        """The stage whose fee is quoted and paid."""
        self.slots: tuple[Slot, ...] = ()
        """The appointments that were offered, once they have been waited for."""
        self.kinds: tuple[DocumentKind, ...] = ()
        """The papers that the service takes, as its manifest names them."""
        self._draft: ApplicationDraft | None = None
        self.issued: tuple[Deliverable, ...] = ()
        """What can be downloaded, once that has been waited for."""
        self.sent_at: datetime = clock.now()
        """When the application was filed, or the rig was opened."""

    def keep_number(self, payment: str, number: str | None) -> None:
        """Keep the gateway's own number of a payment, as the platform does."""
        if number is not None:
            self._payment_numbers[payment] = number

    def payment_number(self, payment: str) -> str | None:
        """The gateway's own number of a payment, if it gave one."""
        return self._payment_numbers.get(payment)

    def advance(self, by: timedelta) -> None:
        """Let ``by`` pass, and the rest of the night where the agency is closed then by its manifest's hours."""
        self.clock.advance(by)
        opening = next_opening(self._windows, self.clock.now(), _day_off)
        if opening is not None:
            self.clock.set(opening)

    @asynccontextmanager
    async def restarted(self) -> AsyncIterator[None]:
        """With a platform that has only just begun: the agency is as it was, and no earlier fault is remembered.

        Raises:
            RuntimeError: The rig was not opened by ``open_rig``.
        """
        if self._start is None:
            raise RuntimeError("only a rig of open_rig can be restarted")
        self._wait_for_logins()
        usual = self.platform
        async with self._start() as platform:
            self.platform = platform
            try:
                yield
            finally:
                self.platform = usual

    def _wait_for_logins(self) -> None:
        """Let time pass until the agency allows the logins of one more call."""
        limit = self.simulator.login_limit
        if limit is None:
            return
        now = self.clock.now()
        seen = self.simulator.ledger.requests()
        recent = [one.at for one in seen if one.is_login and now - one.at < limit.period]
        beyond = len(recent) + min(LOGINS_OF_A_CALL, limit.logins) - limit.logins
        if beyond > 0:
            self.advance(recent[beyond - 1] + limit.period - now)

    @property
    def simulator(self) -> Simulator:
        """The simulated agency, to look into and to disturb.

        Raises:
            NotPlayed: The agency is live.
        """
        if self.live is not None:
            raise NotPlayed(SIMULATOR)
        return self._simulator

    @property
    def draft(self) -> ApplicationDraft:
        """The application: what the simulator says that a citizen of its register would fill in.

        For a live agency, what its test person does, if one was named.
        """
        if self._draft is None:
            named = None if self.live is None else self.live.person(self.offer)
            example = self._simulator.example(self.offer, self.citizen) if named is None else named
            papers = example.documents if isinstance(example, ExampleApplication) else ()
            self._draft = ApplicationDraft(
                service=self.offer,
                applicant=example.applicant,
                form=dict(example.form),
                documents=self.documents.hand_in(papers, self.kinds, dict(example.form)),
                consent=self.consent(),
            )
        return self._draft

    @property
    def plugin_id(self) -> str:
        """The plugin whose agency this is."""
        return self._simulator.plugin_id

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret settings that the plugin was given."""
        return secret_settings(self._simulator, self.live)

    @property
    def named(self) -> tuple[str, ...]:
        """Names and numbers of a live agency's test person, which may appear nowhere either."""
        return () if self.live is None else self.live.names_of(self.offer)

    def effects(self) -> Counter[str]:
        """What the agency did for good, by kind, without logins and without its own count of calls."""
        done = self.simulator.ledger.effects()
        return Counter(effect.kind for effect in done if is_of_note(effect))

    def callback_message(self) -> ExampleMessage:
        """What the agency posts about the application as it stands now.

        Raises:
            NotReachable: The simulator does not say.
        """
        try:
            return self.simulator.callback(self.references.agency_reference or "")
        except NotImplementedError:
            raise NotReachable("the simulator gives no genuine message: let its callback() return one") from None

    def notice_message(self) -> ExampleMessage:
        """What the gateway posts about the payment as it stands now.

        Raises:
            NotReachable: The simulator does not say.
        """
        try:
            return self.simulator.payment_notice(self.payment)
        except NotImplementedError:
            raise NotReachable("the simulator gives no genuine notice: let its payment_notice() return one") from None

    def receipt(self, quote: Quote) -> PaymentReceipt:
        """A receipt for a quote, as any gateway could have given it: one payment for each stage."""
        first = quote.stage == FIRST_STAGE
        return PaymentReceipt(
            payment=self.payment if first else str(uuid5(_NAMESPACE, f"{self.offer}/payment/{quote.stage}")),
            quote=quote.id,
            stage=quote.stage,
            gateway="contract.gateway",
            reference=receipt_number(quote.stage),
            amount=quote.total,
            captured_at=self.sent_at,
            payer_name=self.citizen.name.en,
        )

    def consent(self, service: str | None = None) -> Consent:
        """The citizen's consent to all that a service may do; to the rig's own if none is named."""
        return Consent(
            id="contract-consent",
            service=service or self.offer,
            operations=frozenset(Operation),
            fee_ceiling=CEILING,
            given_at=self.clock.now(),
            expires_at=self.clock.now() + timedelta(days=3650),
        )


def operations_of(manifest: Manifest, offer: AnyOffer) -> frozenset[Operation]:
    """What is called for an offer: all that it offers, and what the plugin offers as a whole with its first."""
    first = manifest.health and offer.id == manifest.offers[0].id
    return offer.operations | ({Operation.HEALTH} if first else set())


def _day_off(day: date) -> bool:
    """Every day on which an agency might be closed; the hours that are left, it answers for certain."""
    return not WorkingCalendar.national().estimated().is_working_day(day)
