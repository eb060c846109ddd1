"""``Platform``: what a host calls. One typed method per operation, each addressed to the service's one owner."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from pydantic import JsonValue

from nagorik.errors import ConsentMissing, InputRejected, PluginFault, ServiceNotOffered
from nagorik.manifest import PaymentGateway, PublicService
from nagorik.model.application import Applicant, ApplicationDraft, Consent
from nagorik.model.eligibility import EligibilityDecision, EligibilityRequest
from nagorik.model.fee import Quote, QuoteRequest
from nagorik.model.payment import (
    AdvisePaymentRequest,
    CompletePaymentRequest,
    ListPaymentsRequest,
    PaymentAdvice,
    PaymentList,
    PaymentNotice,
    PaymentNoticeRequest,
    PaymentReceipt,
    PaymentReport,
    PaymentStarted,
    QueryPaymentRequest,
    RefundPaymentRequest,
    RefundReport,
    StartPaymentRequest,
)
from nagorik.model.status import (
    AgencyStatus,
    BookSlotRequest,
    CallbackReport,
    CallbackRequest,
    Deliverable,
    DeliverableRequest,
    FetchedDeliverable,
    Health,
    HealthRequest,
    Slot,
    SlotBooking,
    Slots,
    SlotsRequest,
    StatusRequest,
)
from nagorik.model.submission import (
    CorrectionRequest,
    FindRequest,
    SubmissionResult,
    SubmissionSearch,
    SubmitRequest,
    Withdrawal,
    WithdrawRequest,
)
from nagorik.operations import Operation
from nagorik.privacy import Form, Model
from nagorik.values import Money, dhaka_date
from nagorik_platform.configuration import PaymentAddresses, PlatformSettings, PluginConfiguration
from nagorik_platform.documents import document_problems, is_as_kept
from nagorik_platform.registry import PluginRecord, Quarantine, Registry
from nagorik_platform.requests import References

if TYPE_CHECKING:
    from nagorik_platform.dispatch.dispatcher import Dispatcher, SettingsReload
    from nagorik_platform.dispatch.runtime import PluginRuntime
    from nagorik_platform.dispatch.survey import ServiceEligibility
    from nagorik_platform.fees.published import PublishedFees

ResultT = TypeVar("ResultT")


class Platform:
    """All installed plugins behind one typed facade.

    A method that calls a plugin raises the errors of ``nagorik.errors``, and what a host's own policy raises on
    entering. The form is validated before any hook is called, and a write is refused unless a consent covers it. A
    call is over by its deadline. Cancelling a write leaves its outcome unknown. One event loop uses a platform.
    """

    def __init__(self, registry: Registry, settings: PlatformSettings) -> None:
        self._registry = registry
        self._settings = settings
        self._clock = settings.clock
        self._is_closed = False
        for policy in settings.call_middleware:
            if not hasattr(policy, "nagorik_call_policy"):
                raise ValueError(f"{type(policy).__name__} has no nagorik_call_policy")

    @classmethod
    def discover(cls, settings: PlatformSettings | None = None) -> "Platform":
        """Read the manifests of all installed plugins. Imports no plugin."""
        chosen = settings or PlatformSettings()
        return cls(Registry.discover(admission=chosen.admission), chosen)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Begin no further call, let those under way end, each by its deadline, and close all connections."""
        self._is_closed = True
        if "_dispatcher" in self.__dict__:
            await self._dispatcher.aclose()

    async def import_plugins(self, plugins: Iterable[str] | None = None) -> None:
        """Import all usable plugins, or those named by id, now and not when the first citizen needs them.

        They are imported side by side. One that raises, or takes more than ``settings.import_seconds``, is
        quarantined. Without this each plugin is imported at its first use; no deadline runs meanwhile.

        Raises:
            KeyError: A plugin that is named is not installed.
        """
        usable = (record.id for record in self._registry.usable)
        await self._dispatcher.import_plugins(usable if plugins is None else plugins)

    async def reload(self, plugins: Mapping[str, PluginConfiguration]) -> "SettingsReload":
        """Use ``plugins`` in place of ``PlatformSettings.plugins``, and the environment as it is now.

        Calls that begin from now on have the new settings; calls under way keep theirs and their connections. A
        plugin whose new settings cannot be used keeps what it has.

        Returns the plugins that have other settings now, and what was wrong with the settings of others.
        """
        return await self._dispatcher.reload(plugins)

    # The catalogue

    @property
    def plugins(self) -> tuple[PluginRecord, ...]:
        """All plugins as they stand, those in quarantine included."""
        return self._registry.records

    @property
    def quarantined(self) -> tuple[Quarantine, ...]:
        """Why plugins are kept out."""
        return self._registry.quarantined

    @property
    def services(self) -> tuple[PublicService, ...]:
        """The services of all usable plugins."""
        return self._registry.services()

    @property
    def payment_addresses(self) -> PaymentAddresses:
        """Where payers come back to and gateways post their notices."""
        return self._settings.payment_addresses

    @property
    def gateways(self) -> tuple[PaymentGateway, ...]:
        """The payment gateways of all usable plugins."""
        return self._registry.gateways()

    def service(self, service: str) -> PublicService:
        """What the catalogue says of a service.

        Raises:
            ServiceNotOffered: No plugin offers it, or its plugin is in quarantine.
        """
        return self._offer(service, PublicService)

    def gateway(self, gateway: str) -> PaymentGateway:
        """What the catalogue says of a payment gateway.

        Raises:
            ServiceNotOffered: No plugin offers it, or its plugin is in quarantine.
        """
        return self._offer(gateway, PaymentGateway)

    def _offer(self, name: str, kind: type[ResultT]) -> ResultT:
        owner, offer = self._registry.owner_of(name), self._registry.offer(name)
        if owner is None or offer is None or owner.quarantine is not None:
            _, offer = self._dispatcher.offer(name)  # says why not, or that it is time to try it again
        if not isinstance(offer, kind):
            raise ServiceNotOffered("not-a-service" if kind is PublicService else "not-a-gateway")
        return offer

    @cached_property
    def _dispatcher(self) -> "Dispatcher":
        # Imported with the first call: reading the catalogue need not wait for what calls plugins.
        from nagorik_platform.dispatch.dispatcher import Dispatcher

        return Dispatcher(self._registry, self._settings, is_closed=self._is_closed)

    async def form_schema(self, service: str) -> dict[str, JsonValue] | None:
        """The JSON Schema 2020-12 of a service's form, in both languages; ``None`` for a service without a form."""
        from nagorik_toolkit.form_validation import form_schema  # a database is read without the toolkit

        return await self._dispatcher.with_code(
            service, lambda runtime, offer: form_schema(form) if (form := runtime.form(offer)) is not None else None
        )

    async def validate(self, service: str, form: Form | Mapping[str, JsonValue]) -> Form:
        """Check what was filled in, without calling anybody. A form that was validated before is returned as it is.

        Raises:
            InputRejected: With a pointer and a sentence in both languages for each field.
        """
        return await self._dispatcher.validate(service, form)

    async def form_values(self, service: str, form: Form | Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """What a form's fields hold once it is valid, as JSON, however it was written.

        Raises:
            InputRejected: As ``validate``.
        """
        filled = await self._dispatcher.validate(service, form)
        return await self._dispatcher.with_code(service, lambda *_: filled.model_dump(mode="json", by_alias=False))

    # Before filing

    async def check_eligibility(
        self,
        service: str,
        applicant: Applicant,
        *,
        form: Form | Mapping[str, JsonValue] | None = None,
        on: date | None = None,
        consent: Consent | None = None,
    ) -> EligibilityDecision:
        """May this citizen apply, ``on`` a day in Asia/Dhaka (today by default), with ``form`` as far as known?

        Other agencies are asked only as far as ``consent`` allows.
        """
        request = EligibilityRequest(
            service=service,
            applicant=applicant,
            on=on or self._today(),
            form=None if form is None else await self._dispatcher.validate(service, form, applicant),
        )
        return await self._call(EligibilityDecision, Operation.ELIGIBILITY, service, request, consent=consent)

    async def eligible_services(
        self, applicant: Applicant, *, on: date | None = None, services: Sequence[str] | None = None
    ) -> "tuple[ServiceEligibility, ...]":
        """What this citizen may apply for among all services, or those named, in the catalogue's order.

        Asks no agency. Rules have 2 seconds each. A plugin that fails or is kept out is an entry of its own.

        Raises:
            ServiceNotOffered: A named service is in no plugin's catalogue.
        """
        from nagorik_platform.dispatch.survey import RULES_SECONDS, survey

        day = on or self._today()

        async def ask(service: str) -> EligibilityDecision:
            request = EligibilityRequest(service=service, applicant=applicant, on=day)
            return await self._call(
                EligibilityDecision, Operation.ELIGIBILITY, service, request, offline=True, seconds=RULES_SECONDS
            )

        return await survey(self._registry, services, ask, self._dispatcher.import_plugins)

    async def quote_fees(
        self, draft: ApplicationDraft, *, stage: str = "application", agency_reference: str | None = None
    ) -> Quote:
        """What has to be paid at this stage, and when it is due."""
        members = await self._application(draft)
        if agency_reference is None:
            await self._check_documents(draft, members["form"])  # before anybody pays for what cannot be filed
        request = QuoteRequest(**members, at=self._clock.now(), stage=stage, agency_reference=agency_reference)
        return await self._call(Quote, Operation.QUOTE, draft.service, request, consent=draft.consent)

    async def published_fees(
        self, service: str, given: Mapping[str, str], *, on: date | None = None
    ) -> "PublishedFees":
        """What ``service`` costs by its published schedule, ``on`` a day in Asia/Dhaka (today by default).

        Asks no agency. ``given`` holds fields of the form and dimensions of the schedule as a person types them;
        where they leave something open, the result names it.

        Raises:
            GivenRejected: A name is unknown, or a value is wrong.
            DataFileInvalid: The schedule cannot be read.
            NagorikError: The service is not on offer, or its plugin fails.
        """
        from nagorik_platform.fees.assessment import assess_published, without_schedule
        from nagorik_platform.fees.published import GivenRejected
        from nagorik_platform.registry.tariffs import read_schedule

        offer, record = self.service(service), self._registry.owner_of(service)
        if offer.fees is None or record is None:
            return without_schedule(offer, given)
        schedule, day = read_schedule(record, offer.fees), on or self._today()

        def assessed(runtime: "PluginRuntime", offer: PublicService) -> "PublishedFees | GivenRejected":
            form, assess = runtime.form(offer), runtime.function(schedule.basis)
            try:
                return assess_published(service, schedule, form, assess, given, day)
            except GivenRejected as rejected:  # no fault of the plugin, in whose name this runs
                return rejected

        found = await self._dispatcher.with_code(service, assessed, kind="fees")
        if isinstance(found, GivenRejected):
            raise found
        return found

    # Paying

    async def start_payment(
        self, request: StartPaymentRequest, *, service: str, consent: Consent | None, key: str
    ) -> PaymentStarted:
        """Announce a payment for ``service`` to the gateway named in ``request``.

        The consent's ceiling is compared with this payment alone; the caller compares the sum of all.

        Raises:
            ConsentMissing: The citizen's consent does not cover paying, or not this amount.
        """
        self._check_consent(consent, service, Operation.START_PAYMENT, request.amount)
        return await self._call(PaymentStarted, Operation.START_PAYMENT, request.gateway, request, key=key)

    async def query_payment(self, request: QueryPaymentRequest) -> PaymentReport:
        """Ask the gateway what became of a payment."""
        return await self._call(PaymentReport, Operation.QUERY_PAYMENT, request.gateway, request)

    async def complete_payment(self, request: CompletePaymentRequest, *, key: str) -> PaymentReport:
        """Take what the payer has agreed to give. Covered by the consent under which the payment was started."""
        return await self._call(PaymentReport, Operation.COMPLETE_PAYMENT, request.gateway, request, key=key)

    async def list_payments(self, request: ListPaymentsRequest) -> PaymentList:
        """What the gateway took on a day, by its own books."""
        return await self._call(PaymentList, Operation.LIST_PAYMENTS, request.gateway, request)

    async def refund_payment(self, request: RefundPaymentRequest, *, key: str) -> RefundReport:
        """Give captured money back. Needs no consent of its own: it undoes what was consented to."""
        return await self._call(RefundReport, Operation.REFUND_PAYMENT, request.gateway, request, key=key)

    async def parse_payment_notice(
        self, request: PaymentNoticeRequest, *, seconds: float = math.inf
    ) -> PaymentNotice:
        """Which payment a message names; query that payment next. ``seconds`` shorten the plugin's own limit."""
        return await self._call(PaymentNotice, Operation.PAYMENT_NOTICE, request.gateway, request, seconds=seconds)

    async def advise_payment(
        self, draft: ApplicationDraft, references: References, receipt: PaymentReceipt
    ) -> PaymentAdvice:
        """Report to the agency that the fee was paid. Covered by the consent under which it was paid."""
        request = AdvisePaymentRequest(**await self._application(draft, references), receipt=receipt)
        key = references.key(Operation.ADVISE_PAYMENT, receipt.payment)
        return await self._call(PaymentAdvice, Operation.ADVISE_PAYMENT, draft.service, request, key=key)

    # Filing

    async def submit(
        self, draft: ApplicationDraft, references: References, *, receipts: tuple[PaymentReceipt, ...] = ()
    ) -> SubmissionResult:
        """File the application.

        Raises:
            InputRejected: The form is not valid, or a paper is missing or not taken by the service; nothing was
                sent.
            ConsentMissing: The citizen's consent does not cover filing; nothing was sent.
            OutcomeUnknown: Look it up with ``find_submission`` before anything else.
        """
        self._check_consent(draft.consent, draft.service, Operation.SUBMIT)
        members = await self._application(draft)
        await self._check_documents(draft, members["form"])
        request = SubmitRequest(**members, client_reference=references.client_reference, receipts=receipts)
        key = references.key(Operation.SUBMIT)
        return cast(
            "SubmissionResult",
            await self._dispatcher.call(Operation.SUBMIT, draft.service, request, key=key, consent=draft.consent),
        )

    async def find_submission(
        self, draft: ApplicationDraft, references: References, *, sent_at: datetime
    ) -> SubmissionSearch:
        """Whether the agency holds an application whose answer was lost."""
        request = FindRequest(
            **await self._application(draft), client_reference=references.client_reference, sent_at=sent_at
        )
        return cast("SubmissionSearch", await self._dispatcher.call(Operation.FIND, draft.service, request))

    async def answer_correction(self, draft: ApplicationDraft, references: References, *, about: str) -> AgencyStatus:
        """Send the corrected form; ``about`` is its number among the application's."""
        self._check_consent(draft.consent, draft.service, Operation.ANSWER_CORRECTION)
        members = await self._application(draft, references)
        await self._check_documents(draft, members["form"])
        request = CorrectionRequest(**members)
        key = references.key(Operation.ANSWER_CORRECTION, about)
        return await self._call(AgencyStatus, Operation.ANSWER_CORRECTION, draft.service, request, key=key)

    async def withdraw(self, draft: ApplicationDraft, references: References, *, about: str = "") -> Withdrawal:
        """Take the application back; ``about`` sets it apart from one that the agency refused."""
        self._check_consent(draft.consent, draft.service, Operation.WITHDRAW)
        request = WithdrawRequest(**await self._application(draft, references))
        key = references.key(Operation.WITHDRAW, about)
        return await self._call(Withdrawal, Operation.WITHDRAW, draft.service, request, key=key)

    # After filing

    async def get_status(self, draft: ApplicationDraft, references: References) -> AgencyStatus:
        """How the application stands at the agency."""
        request = StatusRequest(**await self._application(draft, references))
        return await self._call(AgencyStatus, Operation.STATUS, draft.service, request)

    async def parse_callback(self, request: CallbackRequest, *, seconds: float = math.inf) -> CallbackReport:
        """What a message from the agency says, once its origin is proved. ``seconds`` shorten the plugin's limit."""
        return await self._call(CallbackReport, Operation.CALLBACK, request.service, request, seconds=seconds)

    async def list_slots(
        self, draft: ApplicationDraft, *, earliest: datetime, latest: datetime, agency_reference: str | None = None
    ) -> Slots:
        """Which appointments are free between two instants."""
        members = await self._application(draft)
        request = SlotsRequest(**members, agency_reference=agency_reference, earliest=earliest, latest=latest)
        return await self._call(Slots, Operation.SLOTS, draft.service, request)

    async def book_slot(
        self, draft: ApplicationDraft, references: References, slot: Slot, *, about: str | None = None
    ) -> SlotBooking:
        """Take an appointment. ``about`` keeps the keys of two choices of it apart."""
        self._check_consent(draft.consent, draft.service, Operation.BOOK_SLOT)
        request = BookSlotRequest(**await self._application(draft, references), slot=slot)
        key = references.key(Operation.BOOK_SLOT, about or slot.id)
        return await self._call(SlotBooking, Operation.BOOK_SLOT, draft.service, request, key=key)

    async def fetch_deliverable(
        self, draft: ApplicationDraft, *, agency_reference: str, deliverable: Deliverable
    ) -> FetchedDeliverable:
        """Fetch an issued deliverable into the host's document store, and see that it is there as the plugin says.

        Raises:
            AgencyUnavailable: ``deliverable-unreadable``: what the plugin kept cannot be read in the store.
            PluginFault: ``deliverable-not-as-kept``: what is in the store has another size or hash.
        """
        request = DeliverableRequest(
            **await self._application(draft), agency_reference=agency_reference, deliverable=deliverable
        )
        fetched = await self._call(FetchedDeliverable, Operation.DELIVERABLE, draft.service, request)
        if self._settings.documents is not None and not await is_as_kept(self._settings.documents, fetched.document):
            raise PluginFault("deliverable-not-as-kept", plugin=draft.service.partition(".")[0])
        return fetched

    async def check_health(self, plugin: str) -> Health:
        """Whether a plugin's agency is answering."""
        answer = await self._dispatcher.call_plugin(Operation.HEALTH, plugin, HealthRequest())
        return cast("Health", answer)

    async def _call(
        self, result: type[ResultT], operation: Operation, service: str, request: Model, **options: Any
    ) -> ResultT:
        answer = await self._dispatcher.call(operation, service, request, **options)
        assert isinstance(answer, result)  # noqa: S101 - the dispatcher holds it to the hook's specification
        return answer

    async def _application(self, draft: ApplicationDraft, references: References | None = None) -> dict[str, Any]:
        """What every request about an application has, its form validated; once it is filed, its references too."""
        form = await self._dispatcher.validate(draft.service, draft.form, draft.applicant)
        held = {"service": draft.service, "applicant": draft.applicant, "documents": draft.documents}
        if references is not None:
            held |= {"client_reference": references.client_reference, "agency_reference": references.agency_reference}
        return {**held, "on": self._today(), "form": form}

    async def _check_documents(self, draft: ApplicationDraft, form: Form) -> None:
        service = self.service(draft.service)
        is_by_form = any(listed.when for listed in service.documents)
        values = await self.form_values(draft.service, form) if is_by_form else {}
        problems = list(document_problems(service, draft.documents, values))
        if problems:
            raise InputRejected(problems)

    def _check_consent(
        self, consent: Consent | None, service: str, operation: Operation, amount: Money | None = None
    ) -> None:
        gap = "absent" if consent is None else consent.gap(service, operation, self._clock.now(), amount)
        if gap is not None:
            missing = ConsentMissing(gap)
            missing.service, missing.operation = service, operation.value
            raise missing

    def _today(self) -> date:
        return dhaka_date(self._clock.now())
