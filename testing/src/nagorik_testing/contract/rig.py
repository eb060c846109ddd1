"""A test rig: one plugin on a platform of its own, before its simulated agency, with everything in hand.

Before a live agency the same rig has less in hand: there is no simulator to look into, and time cannot be moved.
"""

from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import NAMESPACE_URL, uuid4, uuid5

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationDraft,
    ApplicationState,
    CallbackRequest,
    Consent,
    Deliverable,
    FetchedDeliverable,
    Found,
    NagorikError,
    Operation,
    PaymentNoticeRequest,
    PaymentReceipt,
    PaymentReport,
    PaymentState,
    Pending,
    QueryPaymentRequest,
    Quote,
    RefundPaymentRequest,
    Rejected,
    Slot,
    Slots,
    StartPaymentRequest,
    SubmissionResult,
    Text,
)
from nagorik.manifest import AnyOffer, DocumentKind, Manifest, Window
from nagorik.values import Money
from nagorik_platform import Platform, References
from nagorik_platform.agency_client.hours import next_opening
from nagorik_testing.contract.live import SIMULATOR, Live, NotPlayed, secret_settings
from nagorik_testing.contract.verdict import CallEnd, NothingThere, NotReachable, origin_of
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_testing.simulator.base import ExampleApplication, ExampleMessage, Simulator
from nagorik_testing.simulator.citizens import SyntheticCitizen
from nagorik_testing.simulator.clock import SimulatedClock
from nagorik_testing.simulator.ledger import Effect
from nagorik_toolkit.bangladesh import WorkingCalendar
from nagorik_toolkit.fees.tariff import FIRST_STAGE

LONGEST_WAIT: Final = timedelta(days=120)
"""Simulated time that a rig waits for an agency to reach a state."""
STRIDE: Final = timedelta(hours=6)
"""The first wait between two looks at an application; it doubles while nothing changes, as a host's does."""
LONGEST_STRIDE: Final = timedelta(days=2)
AHEAD: Final = timedelta(days=60)
"""Simulated time for which appointments are asked for."""
FREE: Final = "the example costs nothing"
NO_SLOTS: Final = "the agency has no appointment for the example at any stage"
CEILING: Final = Money.taka(1_000_000)
PRICE: Final = Money.taka("345.00")

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:nagorik:contract")


LOGIN_PATHS: Final = ("login", "token", "auth")
"""Words in the path of a request that obtains a token, which is not the step under test."""
LOGIN: Final = "login"
"""The kind of effect of a login."""
LOGINS_OF_A_CALL: Final = 2
"""A call logs in once, and once more where its token is refused."""


def is_login(operation: str) -> bool:
    """Whether a request, as the ledger names it, obtains a token."""
    return any(word in operation for word in LOGIN_PATHS)


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


StartPlatform = Callable[[], Platform]


class LodgedApplication(NamedTuple):
    """An application that the agency holds, as a host knows it."""

    reference: str
    """The agency's."""
    status: AgencyStatus


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
        self._live = live
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
        self.waits: list[timedelta] = []
        """The waits between those looks at an application that were worth it. A rig that is given the list of
        another, which went the same way, makes no others."""
        self.refused_at: list[str] = []
        """The agency's words for the stages at which appointments are shown and none can be taken yet."""
        self.stage = ""
        """The agency's word for the stage at which the appointments were offered."""
        self.slots: tuple[Slot, ...] = ()
        """The appointments that were offered, once ``with_slots`` has waited for them."""
        self.kinds: tuple[DocumentKind, ...] = ()
        """The papers that the service takes, as its manifest names them."""
        self._draft: ApplicationDraft | None = None
        self.issued: tuple[Deliverable, ...] = ()
        """What can be downloaded, once ``with_deliverable`` has waited for it."""
        self._sent_at: datetime = clock.now()

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
        recent = [one.at for one in seen if is_login(one.operation) and now - one.at < limit.period]
        beyond = len(recent) + min(LOGINS_OF_A_CALL, limit.logins) - limit.logins
        if beyond > 0:
            self.advance(recent[beyond - 1] + limit.period - now)

    @property
    def simulator(self) -> Simulator:
        """The simulated agency, to look into and to disturb.

        Raises:
            NotPlayed: The agency is live.
        """
        if self._live is not None:
            raise NotPlayed(SIMULATOR)
        return self._simulator

    @property
    def draft(self) -> ApplicationDraft:
        """The application: what the simulator says that a citizen of its register would fill in.

        For a live agency, what its test person does, if one was named.
        """
        if self._draft is None:
            named = None if self._live is None else self._live.person(self.offer)
            example = self._simulator.example(self.offer, self.citizen) if named is None else named
            papers = example.documents if isinstance(example, ExampleApplication) else ()
            self._draft = ApplicationDraft(
                service=self.offer,
                applicant=example.applicant,
                form=dict(example.form),
                documents=self.documents.hand_in(papers, self.kinds, dict(example.form)),
                consent=self._consent(),
            )
        return self._draft

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret settings that the plugin was given."""
        return secret_settings(self._simulator, self._live)

    @property
    def named(self) -> tuple[str, ...]:
        """Names and numbers of a live agency's test person, which may appear nowhere either."""
        return () if self._live is None else self._live.names_of(self.offer)

    def effects(self) -> Counter[str]:
        """What the agency did for good, by kind, without logins and without its own count of calls."""
        done = self.simulator.ledger.effects()
        return Counter(effect.kind for effect in done if is_of_note(effect))

    async def prepare(self, operation: Operation) -> None:
        """Bring everything to where ``operation`` can be called.

        Raises:
            NotReachable: It cannot; the text says what is missing.
            NotPlayed: The agency is live, and it may not be done there.
        """
        try:
            await _PREPARATIONS[operation](self)
        except NagorikError as error:
            raise NotReachable(f"{error.code} while preparing {operation.value}", origin_of(error)) from None

    async def call(self, operation: Operation) -> CallEnd:
        """Call ``operation`` once through the platform.

        Raises:
            NotPlayed: The agency is live, and it may not be done there.
        """
        began = self.clock.monotonic()
        try:
            result = await _CALLS[operation](self)
        except NotPlayed:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever comes out is what is examined
            return CallEnd(error=error, seconds=self.clock.monotonic() - began)
        return CallEnd(result=result, seconds=self.clock.monotonic() - began)

    # Preparations

    async def ready(self) -> None:
        """Nothing has to happen first."""

    async def filed(self) -> LodgedApplication:
        """File the application, and wait for its number and its state where the agency tells them later."""
        return await self.held(await self.submit())

    async def submit(self) -> SubmissionResult:
        """File the application, whatever the agency says to it."""
        self._sent_at = self.clock.now()
        return await self.platform.submit(self.draft, self.references)

    async def held(self, answer: SubmissionResult) -> LodgedApplication:
        """What the agency holds after its answer to a filing; time passes where it says so only later."""
        if isinstance(answer, Rejected):
            raise NotReachable(f"the example of {self.offer} is not accepted")
        if isinstance(answer, Pending):
            self.advance(timedelta(seconds=answer.check_after))
        held = await self._found() if answer.reference is None else None
        reference = answer.reference or (held.reference if held is not None else "")
        self.references = References(
            client_reference=self.references.client_reference,
            idempotency_key=self.references.idempotency_key,
            agency_reference=reference,
        )
        if isinstance(answer, Accepted):
            return LodgedApplication(reference, answer.status)
        return LodgedApplication(reference, held.status if held is not None else await self._first_status())

    async def _found(self) -> Found:
        """What the agency holds under our reference."""
        if Operation.FIND not in self.platform.service(self.offer).operations:
            raise NotReachable(
                "the agency gives no number at once, and there is no find by which it could be learned"
            )
        began, stride = self.clock.now(), timedelta(minutes=1)
        while self.clock.now() - began < LONGEST_WAIT:
            answer = await self.platform.find_submission(self.draft, self.references, sent_at=self._sent_at)
            if isinstance(answer, Found):
                return answer
            self.advance(stride)
            stride = min(stride * 2, LONGEST_STRIDE)
        raise NotReachable(f"an application that is pending is not found within {LONGEST_WAIT.days} days")

    async def _first_status(self) -> AgencyStatus:
        operations = self.platform.service(self.offer).operations
        if Operation.STATUS in operations:
            return await self.platform.get_status(self.draft, self.references)
        if Operation.FIND in operations:
            return (await self._found()).status
        raise NotReachable(
            "an application that is pending has neither status nor find, by which more could be learned"
        )

    async def at_agency(self) -> None:
        """Have an application there: file one, unless a live agency's test person has one."""
        person = None if self._live is None else self._live.person(self.offer)
        if person is None or person.agency_reference is None:
            await self.filed()
            return
        self.references = References(
            client_reference=person.client_reference or self.references.client_reference,
            idempotency_key=self.references.idempotency_key,
            agency_reference=person.agency_reference,
        )

    async def filed_with_fee(self) -> None:
        """File the application of a service that costs something.

        Raises:
            NothingThere: It costs nothing.
        """
        if not (await self.platform.quote_fees(self.draft)).total.poisha:
            raise NothingThere(FREE)
        await self.filed()

    async def in_correction(self) -> None:
        """File it and wait until the agency wants a correction."""

        async def wanted(status: AgencyStatus) -> bool:
            return status.state is ApplicationState.CORRECTION_REQUESTED

        await self._until("correction", wanted)

    async def with_deliverable(self) -> None:
        """File it and wait until something can be downloaded."""

        async def there(status: AgencyStatus) -> bool:
            return any(deliverable.delivery == "download" for deliverable in status.deliverables)

        status = await self._until(self.simulator.outcomes[0], there)
        self.issued = tuple(each for each in status.deliverables if each.delivery == "download")

    async def with_slots(self) -> None:
        """File it and wait until appointments are offered, at a stage that is not among ``refused_at``.

        A live agency is asked as soon as it is filed, since nobody can move its time.

        Raises:
            NothingThere: The agency has none for the example, such as at an office that takes people as they come.
        """
        if self._live is not None:
            await self.at_agency()
            return

        async def offered(status: AgencyStatus) -> bool:
            if status.raw in self.refused_at:
                return False
            self.slots = (await self._list_slots()).slots
            if not self.slots and status.final:
                raise NothingThere(NO_SLOTS)
            return bool(self.slots)

        self.stage = (await self._until(self.simulator.outcomes[0], offered)).raw

    async def with_callback(self) -> None:
        """File it, and have a message of the agency about it."""
        await self.filed()
        self.callback_message()

    async def with_notice(self) -> None:
        """Announce the payment, and have the gateway's notice of it."""
        await self.start_payment()
        self.notice_message()

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

    async def paying(self) -> None:
        """Announce the payment."""
        await self.start_payment()

    async def paid(self) -> None:
        """Announce the payment and wait until it is captured."""
        await self.start_payment()
        report, stride = await self.query_payment(), timedelta(minutes=1)
        while report.state is not PaymentState.CAPTURED:
            if self.clock.elapsed() > LONGEST_WAIT:
                raise NotReachable("the payment is never captured")
            self.advance(stride)
            stride = min(stride * 2, LONGEST_STRIDE)
            report = await self.query_payment()

    async def _until(self, outcome: str, reached: Callable[[AgencyStatus], Awaitable[bool]]) -> AgencyStatus:
        if outcome not in self.simulator.outcomes:
            raise NotReachable(f"the simulator has no outcome {outcome}")
        self.simulator.script.set(self.references.client_reference, outcome)
        await self.filed()
        service = self.platform.service(self.offer)
        began, stride, seen = self.clock.now(), STRIDE, ""
        due: str | None = FIRST_STAGE
        known, taken = deque(self.waits), list[timedelta]()
        while self.clock.now() - began < LONGEST_WAIT:
            paying = due is not None and Operation.ADVISE_PAYMENT in service.writes
            if paying and await self.fee_paid(due or FIRST_STAGE):
                due = None
            status = await self.platform.get_status(self.draft, self.references)
            if await reached(status):
                self.waits[:] = taken
                return status
            idle = status.raw == seen and not paying
            stride = min(stride * 2, LONGEST_STRIDE) if status.raw == seen else STRIDE
            seen, due = status.raw, due or status.fee_due
            wait = known.popleft() if known else stride
            taken = [*taken[:-1], taken[-1] + wait] if idle and taken else [*taken, wait]
            self.advance(wait)
        raise NotReachable(f"the outcome {outcome} is not reached within {LONGEST_WAIT.days} days")

    async def fee_paid(self, stage: str) -> bool:
        """Pay what the agency asks for at ``stage``; whether nothing is left to tell it."""
        reference = self.references.agency_reference
        quote = await self.platform.quote_fees(self.draft, stage=stage, agency_reference=reference)
        if not quote.total.poisha:
            return True
        return (await self.platform.advise_payment(self.draft, self.references, self.receipt(quote))).confirmed

    # Calls

    async def advise(self) -> object:
        """Tell the agency of a payment of what it asks for."""
        quote = await self.platform.quote_fees(self.draft)
        return await self.platform.advise_payment(self.draft, self.references, self.receipt(quote))

    async def fetch(self) -> object:
        """Fetch the first of what was issued."""
        if not self.issued:
            raise NotReachable("nothing has been issued")
        return await self.fetch_one(self.issued[0])

    async def fetch_one(self, deliverable: Deliverable) -> FetchedDeliverable:
        """Fetch something that was issued."""
        if self.references.agency_reference is None:
            raise NotReachable("nothing has been issued")
        return await self.platform.fetch_deliverable(
            self.draft, agency_reference=self.references.agency_reference, deliverable=deliverable
        )

    async def list_slots(self) -> object:
        """Ask which appointments are free."""
        return await self._list_slots()

    async def _list_slots(self) -> Slots:
        now = self.clock.now()
        return await self.platform.list_slots(
            self.draft, earliest=now, latest=now + AHEAD, agency_reference=self.references.agency_reference
        )

    async def book_slot(self) -> object:
        """Take the last of the appointments that were offered."""
        if not self.slots:
            raise NotReachable("no appointment is offered")
        return await self.platform.book_slot(self.draft, self.references, self.slots[-1])

    async def parse_callback(self) -> object:
        """Hand over what the agency posts about the application."""
        message = self.callback_message()
        return await self.platform.parse_callback(
            CallbackRequest(service=self.offer, headers=dict(message.headers), body=message.body)
        )

    async def parse_notice(self) -> object:
        """Hand over what the gateway posts about the payment."""
        message = self.notice_message()
        return await self.platform.parse_payment_notice(
            PaymentNoticeRequest(gateway=self.offer, headers=dict(message.headers), body=message.body)
        )

    async def check_health(self) -> object:
        """Ask whether the agency answers."""
        return await self.platform.check_health(self._simulator.plugin_id)

    async def start_payment(self, amount: Money = PRICE) -> object:
        """Announce a payment to the gateway."""
        service = "contract.example"
        request = StartPaymentRequest(
            gateway=self.offer,
            payment=self.payment,
            amount=amount,
            purpose=Text(bn="চুক্তি পরীক্ষা", en="Contract test"),
            payer_name=self.citizen.name.en,
        )
        key = self.references.key(Operation.START_PAYMENT, self.payment)
        return await self.platform.start_payment(request, service=service, consent=self._consent(service), key=key)

    async def query_payment(self) -> PaymentReport:
        """Ask the gateway."""
        return await self.platform.query_payment(
            QueryPaymentRequest(gateway=self.offer, payment=self.payment, started_at=self._sent_at)
        )

    async def refund(self, report: PaymentReport | None = None) -> object:
        """Give the payment back, of which ``report`` was told; the gateway is asked for one if none is given."""
        report = report or await self.query_payment()
        request = RefundPaymentRequest(
            gateway=self.offer,
            payment=self.payment,
            reference=report.reference or self.payment,
            amount=PRICE,
            reason=Text(bn="চুক্তি পরীক্ষা", en="Contract test"),
        )
        return await self.platform.refund_payment(
            request, key=self.references.key(Operation.REFUND_PAYMENT, self.payment)
        )

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
            captured_at=self._sent_at,
            payer_name=self.citizen.name.en,
        )

    def _consent(self, service: str | None = None) -> Consent:
        return Consent(
            id="contract-consent",
            service=service or self.offer,
            operations=frozenset(Operation),
            fee_ceiling=CEILING,
            given_at=self.clock.now(),
            expires_at=self.clock.now() + timedelta(days=3650),
        )


RigCall = Callable[[Rig], Awaitable[object]]

_PREPARATIONS: Final[Mapping[Operation, RigCall]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: Rig.ready,
        Operation.QUOTE: Rig.ready,
        Operation.SUBMIT: Rig.ready,
        Operation.FIND: Rig.at_agency,
        Operation.STATUS: Rig.at_agency,
        Operation.ADVISE_PAYMENT: Rig.filed_with_fee,
        Operation.WITHDRAW: Rig.filed,
        Operation.ANSWER_CORRECTION: Rig.in_correction,
        Operation.DELIVERABLE: Rig.with_deliverable,
        Operation.START_PAYMENT: Rig.ready,
        Operation.QUERY_PAYMENT: Rig.paying,
        Operation.REFUND_PAYMENT: Rig.paid,
        Operation.PAYMENT_NOTICE: Rig.with_notice,
        Operation.CALLBACK: Rig.with_callback,
        Operation.SLOTS: Rig.with_slots,
        Operation.BOOK_SLOT: Rig.with_slots,
        Operation.HEALTH: Rig.ready,
    }
)

_CALLS: Final[Mapping[Operation, RigCall]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: lambda b: b.platform.check_eligibility(b.offer, b.draft.applicant, form=b.draft.form),
        Operation.QUOTE: lambda b: b.platform.quote_fees(b.draft),
        Operation.SUBMIT: lambda b: b.platform.submit(b.draft, b.references),
        Operation.FIND: lambda b: b.platform.find_submission(b.draft, b.references, sent_at=b.clock.now()),
        Operation.STATUS: lambda b: b.platform.get_status(b.draft, b.references),
        Operation.ADVISE_PAYMENT: Rig.advise,
        Operation.WITHDRAW: lambda b: b.platform.withdraw(b.draft, b.references),
        Operation.ANSWER_CORRECTION: lambda b: b.platform.answer_correction(b.draft, b.references, about="1"),
        Operation.DELIVERABLE: Rig.fetch,
        Operation.START_PAYMENT: Rig.start_payment,
        Operation.QUERY_PAYMENT: Rig.query_payment,
        Operation.REFUND_PAYMENT: Rig.refund,
        Operation.PAYMENT_NOTICE: Rig.parse_notice,
        Operation.CALLBACK: Rig.parse_callback,
        Operation.SLOTS: Rig.list_slots,
        Operation.BOOK_SLOT: Rig.book_slot,
        Operation.HEALTH: Rig.check_health,
    }
)


def operations_of(manifest: Manifest, offer: AnyOffer) -> frozenset[Operation]:
    """What is called for an offer: all that it offers, and what the plugin offers as a whole with its first."""
    first = manifest.health and offer.id == manifest.offers[0].id
    return offer.operations | ({Operation.HEALTH} if first else set())


def _day_off(day: date) -> bool:
    """Every day on which an agency might be closed; the hours that are left, it answers for certain."""
    return not WorkingCalendar.national().estimated().is_working_day(day)
