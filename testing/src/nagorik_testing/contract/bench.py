"""A laboratory bench: one plugin on a platform of its own, before its simulated agency, with everything in hand.

Before a live agency the same bench has less in hand: there is no simulator to look into, and time cannot be moved.
"""

import os
import traceback
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Final
from uuid import NAMESPACE_URL, uuid4, uuid5

import httpx
from pydantic import SecretStr

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationDraft,
    ApplicationState,
    Artefact,
    Consent,
    NagorikError,
    Operation,
    PaymentReceipt,
    PaymentReport,
    PaymentState,
    Platform,
    PlatformSettings,
    PluginConfiguration,
    QueryPaymentRequest,
    Quote,
    References,
    RefundPaymentRequest,
    StartPaymentRequest,
    Text,
)
from nagorik.agency_client.windows import next_opening
from nagorik.bangladesh import Money
from nagorik.bangladesh.working_days import WorkingCalendar
from nagorik.fees.tariff import FIRST_STAGE
from nagorik.loading import Policy, Registry
from nagorik.manifest import Manifest, PaymentGateway, PublicService, Window
from nagorik.settings import environment_prefix
from nagorik_testing.citizens import SyntheticCitizen, SyntheticCitizens
from nagorik_testing.clock import SimulatedClock
from nagorik_testing.contract.grade import Grade
from nagorik_testing.contract.live import ANOTHER, SIMULATOR, Live, NotPlayed, ReadsOnly
from nagorik_testing.documents import MemoryDocuments
from nagorik_testing.in_process import SimulatorTransport
from nagorik_testing.line import Line
from nagorik_testing.loopback import LOOPBACK, serve
from nagorik_testing.simulator import Simulator

PATIENCE: Final = timedelta(days=120)
"""Simulated time that a bench waits for an agency to reach a state."""
STRIDE: Final = timedelta(hours=6)
"""The first wait between two looks at an application; it doubles while nothing changes, as a host's does."""
LONGEST_STRIDE: Final = timedelta(days=2)
CEILING: Final = Money.taka(1_000_000)
PRICE: Final = Money.taka("345.00")

_SECRET_NAMES: Final = ("password", "secret", "token", "api_key")
_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:nagorik:contract")


StartPlatform = Callable[[], Platform]


class NotReachable(Exception):
    """The bench cannot bring an application to where an operation can be called; the text says what is missing."""


class FreeOfCharge(Exception):
    """There is nothing to tell the agency of: the example costs nothing."""


@dataclass(frozen=True, slots=True)
class End:
    """How a call ended: a result, or one of the platform's errors, or something that no host should meet."""

    result: object = None
    error: BaseException | None = None
    seconds: float = 0.0
    """Simulated seconds that it took."""

    @property
    def told(self) -> str:
        """Everything that the end shows of itself, for the search for personal data."""
        if self.error is None:
            return repr(self.result)
        problem = str(self.error.to_problem()) if isinstance(self.error, NagorikError) else ""
        return "\n".join((str(self.error), repr(self.error), problem, *traceback.format_exception(self.error)))


class Bench:
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
    ) -> None:
        self.platform = platform
        self._start = start
        self._simulator = simulator
        self._live = live
        self.clock = clock
        self._windows = windows
        if live is None:
            self.later(timedelta(0))
        self.offer = offer
        self.citizen = citizen
        self.references = References(client_reference="NGK-CONTRACT-0001", idempotency_key=uuid5(_NAMESPACE, offer))
        self.payment = str(uuid5(_NAMESPACE, f"{offer}/payment"))
        if live is not None:
            # A live agency remembers the last run.
            once = uuid4()
            self.references = References(client_reference=f"NGK-CONTRACT-{once.hex[:12]}", idempotency_key=once)
            self.payment = str(uuid5(once, "payment"))
        self.course: list[timedelta] = []
        """The waits between those looks at an application that were worth it. A bench that is given the list of
        another, which went the same way, makes no others."""
        self._draft: ApplicationDraft | None = None
        self._artefact: Artefact | None = None
        self._sent_at: datetime = clock.now()

    def later(self, by: timedelta) -> None:
        """Let ``by`` pass, and the rest of the night where the agency is closed then by its manifest's hours."""
        self.clock.advance(by)
        opening = next_opening(self._windows, self.clock.now(), _day_off)
        if opening is not None:
            self.clock.set(opening)

    @asynccontextmanager
    async def restarted(self) -> AsyncIterator[None]:
        """With a platform that has only just begun: the agency is as it was, and no earlier fault is remembered.

        Raises:
            RuntimeError: The bench was not opened by ``open_bench``.
        """
        if self._start is None:
            raise RuntimeError("only a bench of open_bench can be restarted")
        usual = self.platform
        async with self._start() as platform:
            self.platform = platform
            try:
                yield
            finally:
                self.platform = usual

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
            example = named or self._simulator.example(self.offer, self.citizen)
            self._draft = ApplicationDraft(
                service=self.offer, applicant=example.applicant, form=dict(example.form), consent=self._consent()
            )
        return self._draft

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret settings that the plugin was given."""
        plugin = self._simulator.plugin_id
        if self._live is not None:
            prefix = environment_prefix(plugin)
            given: Mapping[str, object] = {
                name.removeprefix(prefix).lower(): value
                for name, value in os.environ.items()
                if name.startswith(prefix)
            }
        else:
            given = self._simulator.settings(f"http://{LOOPBACK}")
        return tuple(
            value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in given.items()
            if isinstance(value, SecretStr) or name.endswith(_SECRET_NAMES)
        )

    @property
    def named(self) -> tuple[str, ...]:
        """Names and numbers of a live agency's test person, which may appear nowhere either."""
        person = None if self._live is None else self._live.person(self.offer)
        if person is None:
            return ()
        applicant = person.applicant
        phone = () if applicant.phone is None else (applicant.phone.e164,)
        numbers = (str(identifier.value) for identifier in applicant.identifiers)
        return (*filter(None, (applicant.name.en, applicant.name.bn)), *numbers, *phone)

    async def prepare(self, operation: Operation) -> None:
        """Bring everything to where ``operation`` can be called.

        Raises:
            NotReachable: It cannot; the text says what is missing.
            NotPlayed: The agency is live, and it may not be done there.
        """
        try:
            await _PREPARATIONS[operation](self)
        except NagorikError as error:
            raise NotReachable(f"{error.code} while preparing {operation.value}") from None

    async def call(self, operation: Operation) -> End:
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
            return End(error=error, seconds=self.clock.monotonic() - began)
        return End(result=result, seconds=self.clock.monotonic() - began)

    # Preparations

    async def ready(self) -> None:
        """Nothing has to happen first."""

    async def filed(self) -> Accepted:
        """File the application."""
        self._sent_at = self.clock.now()
        answer = await self.platform.submit(self.draft, self.references)
        if not isinstance(answer, Accepted):
            raise NotReachable(f"the example of {self.offer} is not accepted")
        self.references = References(
            client_reference=self.references.client_reference,
            idempotency_key=self.references.idempotency_key,
            agency_reference=answer.reference,
        )
        return answer

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
            FreeOfCharge: It costs nothing.
        """
        if not (await self.platform.quote_fees(self.draft)).total.poisha:
            raise FreeOfCharge
        await self.filed()

    async def in_correction(self) -> None:
        """File it and wait until the agency wants a correction."""
        await self._until("correction", lambda status: status.state is ApplicationState.CORRECTION_REQUESTED)

    async def with_artefact(self) -> None:
        """File it and wait until something can be downloaded."""
        status = await self._until(
            self.simulator.outcomes[0],
            lambda report: any(artefact.delivery == "download" for artefact in report.artefacts),
        )
        self._artefact = next(artefact for artefact in status.artefacts if artefact.delivery == "download")

    async def paying(self) -> None:
        """Announce the payment."""
        await self.start_payment()

    async def paid(self) -> None:
        """Announce the payment and wait until it is captured."""
        await self.start_payment()
        report = await self.query_payment()
        while report.state is not PaymentState.CAPTURED:
            if self.clock.elapsed() > PATIENCE:
                raise NotReachable("the payment is never captured")
            self.later(timedelta(minutes=1))
            report = await self.query_payment()

    async def _until(self, outcome: str, reached: Callable[[AgencyStatus], bool]) -> AgencyStatus:
        if outcome not in self.simulator.outcomes:
            raise NotReachable(f"the simulator has no outcome {outcome}")
        self.simulator.script.set(self.references.client_reference, outcome)
        await self.filed()
        service = self.platform.service(self.offer)
        began, stride, seen = self.clock.now(), STRIDE, ""
        due: str | None = FIRST_STAGE
        known, taken = deque(self.course), list[timedelta]()
        while self.clock.now() - began < PATIENCE:
            paying = due is not None and Operation.ADVISE_PAYMENT in service.writes
            if paying and await self.settled(due or FIRST_STAGE):
                due = None
            status = await self.platform.get_status(self.draft, self.references)
            if reached(status):
                self.course[:] = taken
                return status
            idle = status.raw == seen and not paying
            stride = min(stride * 2, LONGEST_STRIDE) if status.raw == seen else STRIDE
            seen, due = status.raw, due or status.fee_due
            wait = known.popleft() if known else stride
            taken = [*taken[:-1], taken[-1] + wait] if idle and taken else [*taken, wait]
            self.later(wait)
        raise NotReachable(f"the outcome {outcome} is not reached within {PATIENCE.days} days")

    async def settled(self, stage: str) -> bool:
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
        """Fetch what was issued."""
        if self._artefact is None or self.references.agency_reference is None:
            raise NotReachable("nothing has been issued")
        return await self.platform.fetch_artefact(
            self.draft, agency_reference=self.references.agency_reference, artefact=self._artefact
        )

    async def start_payment(self) -> object:
        """Announce a payment to the gateway."""
        service = "contract.example"
        request = StartPaymentRequest(
            gateway=self.offer,
            payment=self.payment,
            amount=PRICE,
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

    async def refund(self) -> object:
        """Give the payment back."""
        report = await self.query_payment()
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
            reference="CONTRACT-RECEIPT-1" if first else f"CONTRACT-RECEIPT-{quote.stage.upper()}",
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


Step = Callable[[Bench], Awaitable[object]]
Tap = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]
"""A transport around a transport."""

_PREPARATIONS: Final[Mapping[Operation, Step]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: Bench.ready,
        Operation.QUOTE: Bench.ready,
        Operation.SUBMIT: Bench.ready,
        Operation.FIND: Bench.at_agency,
        Operation.STATUS: Bench.at_agency,
        Operation.ADVISE_PAYMENT: Bench.filed_with_fee,
        Operation.WITHDRAW: Bench.filed,
        Operation.ANSWER_CORRECTION: Bench.in_correction,
        Operation.ARTEFACT: Bench.with_artefact,
        Operation.START_PAYMENT: Bench.ready,
        Operation.QUERY_PAYMENT: Bench.paying,
        Operation.REFUND_PAYMENT: Bench.paid,
    }
)

_CALLS: Final[Mapping[Operation, Step]] = MappingProxyType(
    {
        Operation.ELIGIBILITY: lambda b: b.platform.check_eligibility(b.offer, b.draft.applicant, form=b.draft.form),
        Operation.QUOTE: lambda b: b.platform.quote_fees(b.draft),
        Operation.SUBMIT: lambda b: b.platform.submit(b.draft, b.references),
        Operation.FIND: lambda b: b.platform.find_submission(b.draft, b.references, sent_at=b.clock.now()),
        Operation.STATUS: lambda b: b.platform.get_status(b.draft, b.references),
        Operation.ADVISE_PAYMENT: Bench.advise,
        Operation.WITHDRAW: lambda b: b.platform.withdraw(b.draft, b.references),
        Operation.ANSWER_CORRECTION: lambda b: b.platform.answer_correction(b.draft, b.references, about="1"),
        Operation.ARTEFACT: Bench.fetch,
        Operation.START_PAYMENT: Bench.start_payment,
        Operation.QUERY_PAYMENT: Bench.query_payment,
        Operation.REFUND_PAYMENT: Bench.refund,
    }
)

PLAYED: Final = frozenset(_CALLS)
"""Operations that a bench can call."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The plugin under test, as it is installed, and its simulator.

    Attributes:
        registry: Holds this plugin and no other; read once and shared by all benches.
        manifest: What the plugin says of itself.
        simulator: Stands for its agency.
        loopback: Whether the simulator is put on a real socket of this machine instead of in process.
        live: The agency itself, which is asked instead of the simulator.
        tap: Put around each transport to the agency, to listen to what passes.
    """

    registry: Registry
    manifest: Manifest
    simulator: type[Simulator]
    loopback: bool = False
    live: Live | None = None
    tap: Tap | None = None

    @property
    def grade(self) -> Grade:
        """What the plugin is proved against."""
        return Grade.LIVE if self.live is not None else Grade.LOOPBACK if self.loopback else Grade.MOCK

    def callable_operations(self, offer: PublicService | PaymentGateway) -> frozenset[Operation]:
        """The operations of an offer that a bench can call, and may."""
        withheld = {} if self.live is None else self.live.withheld(offer)
        return (offer.operations & PLAYED) - withheld.keys()

    @classmethod
    def installed(cls, simulator: type[Simulator], *, loopback: bool = False, live: Live | None = None) -> "Subject":
        """The installed plugin that ``simulator`` stands for.

        Raises:
            LookupError: There is no such plugin, or it is in quarantine; the text says why.
        """
        registry = Registry.discover(policy=Policy(allow=frozenset({simulator.plugin_id})))
        record = registry.record(simulator.plugin_id)
        if record is None or record.manifest is None:
            reason = record.quarantine if record is not None else "it is not installed"
            raise LookupError(f"plugin {simulator.plugin_id}: {reason}")
        return cls(registry, record.manifest, simulator, loopback, live)


@asynccontextmanager
async def open_bench(subject: Subject, offer: str, *, seed: int = 0) -> AsyncIterator[Bench]:
    """A fresh bench: nothing of another call is left on it.

    Raises:
        NotPlayed: Another seed is asked for, and so another person, of a live agency whose test people are given.
    """
    live = subject.live
    if live is not None and live.people is not None and seed:
        raise NotPlayed(ANOTHER)
    clock = SimulatedClock() if live is None else live.clock()
    # Before a live agency the simulator gives examples and nothing else; its clock is its own.
    simulator = subject.simulator(clock=clock if live is None else SimulatedClock(), seed=seed)
    async with _configured(subject, simulator) as configuration:
        settings = PlatformSettings(
            plugins={simulator.plugin_id: configuration},
            documents=MemoryDocuments(),
            clock=clock,
            policies=() if live is None or live.destructive else (ReadsOnly(),),
        )

        def start() -> Platform:
            return Platform(subject.registry, settings)

        async with start() as platform:
            citizen = SyntheticCitizens(seed).citizen(4242)
            yield Bench(platform, simulator, clock, offer, citizen, start, live, subject.manifest.windows)


def _day_off(day: date) -> bool:
    """Every day on which an agency might be closed; the hours that are left, it answers for certain."""
    return not WorkingCalendar.national().is_working_day(day)


@asynccontextmanager
async def _configured(subject: Subject, simulator: Simulator) -> AsyncIterator[PluginConfiguration]:
    """How the plugin finds its agency, for as long as that is there."""
    tap = subject.tap
    if subject.live is not None:
        # Everything else, the secrets among it, is read from the environment, as on a host.
        yield PluginConfiguration(
            settings={"base_url": subject.live.base_url},
            egress=frozenset({subject.live.host}),
            transport_factory=None if tap is None else lambda: tap(_network()),
        )
    elif subject.loopback:
        line = Line(simulator.clock)
        async with serve(simulator, line=line) as address:
            yield PluginConfiguration(
                settings=simulator.settings(address),
                egress=frozenset({LOOPBACK}),
                transport_factory=line.transport if tap is None else lambda: tap(line.transport()),
            )
    else:
        transport = partial(SimulatorTransport, simulator)
        yield PluginConfiguration(
            settings=simulator.settings(f"http://{LOOPBACK}"),
            egress=frozenset({LOOPBACK}),
            transport_factory=transport if tap is None else lambda: tap(transport()),
        )


def _network() -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(trust_env=False)
