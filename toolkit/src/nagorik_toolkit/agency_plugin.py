"""A plugin for an agency of the usual kind: one class, with the data files beside it.

A subclass names its services, its checks and what is the agency's own. The hooks are its methods, over the reference
interface; where the agency does something else, override the method::

    class TradeLicence(AgencyPlugin[AgencySettings]):
        api = "/v1"
        services = (
            Applications("trade.new", "licences"),
            Lookup("trade.check", "licences", {"VALID": LookupOutcome("validity", "licence.valid", until=True)}),
        )
        checks = (EligibilityCheck("of-age", "birth_date", age(at_least="of-age-from"), priced=True),)


    PLUGIN = TradeLicence()

An overridden hook is marked with ``@hookimpl`` again. A hook that the manifest does not offer is never called, so it
need not be taken out. The class is checked when it is made: it and its data files must agree.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from importlib import import_module
from importlib.resources import files
from itertools import product
from string import Formatter
from types import MappingProxyType
from typing import Any, ClassVar, Final, Generic, TypeVar

from nagorik.context import CallContext
from nagorik.data_files import read_data_file
from nagorik.errors import AgencyRejected, ContractViolation, FieldProblem, InputRejected, NagorikError
from nagorik.hookspecs import hookimpl
from nagorik.http import AgencyResponse, Expected
from nagorik.manifest import MANIFEST_FILE, Manifest, PublicService, parse_manifest
from nagorik.model.application import ApplicationRequest
from nagorik.model.eligibility import Criterion, EligibilityDecision, EligibilityRequest
from nagorik.model.fee import FeeDue, Quote, QuoteRequest
from nagorik.model.payment import AdvisePaymentRequest, PaymentAdvice
from nagorik.model.status import (
    AgencyStatus,
    ApplicationState,
    BookSlotRequest,
    DeliverableRequest,
    FetchedDeliverable,
    Health,
    HealthState,
    SlotBooking,
    Slots,
    SlotsRequest,
    StatusRequest,
)
from nagorik.model.submission import (
    Accepted,
    CorrectionRequest,
    FindRequest,
    Rejected,
    SubmissionSearch,
    SubmitRequest,
    Withdrawal,
    WithdrawRequest,
)
from nagorik.operations import OPERATIONS, Idempotency, Operation
from nagorik.privacy import Form
from nagorik.settings import AgencySettings
from nagorik.values import Money, Nid, dhaka_date
from nagorik_toolkit import reference_interface as wire
from nagorik_toolkit.checks import EligibilityCase, EligibilityCheck, RuledJudge
from nagorik_toolkit.criteria import Criteria, birth_problem, contradictions
from nagorik_toolkit.fees.basis import FeeBasis
from nagorik_toolkit.fees.quotes import agreed_quote
from nagorik_toolkit.fees.reading import FEES_FILE, read_schedules
from nagorik_toolkit.hooks import (
    Matches,
    SearchAnswer,
    check_reference,
    fetch_pdf,
    find_by_client_reference,
    list_slots,
)
from nagorik_toolkit.labelled_forms import LabelledForm, options_of, wire_problems, words_without_field
from nagorik_toolkit.refusals import CLIENT_REFERENCE, eligibility_question, field_error_reader, refuse, refuse_failed
from nagorik_toolkit.rules import RULES_FILE, read_rules
from nagorik_toolkit.statuses import STATUSES_FILE, StatusTable, answered, read_statuses
from nagorik_toolkit.texts import read_texts
from nagorik_toolkit.wire_fields import days_of, hashes_of, wire_word

SettingsT = TypeVar("SettingsT", bound=AgencySettings)
FiledRequest = (
    AdvisePaymentRequest
    | BookSlotRequest
    | CorrectionRequest
    | DeliverableRequest
    | SlotsRequest
    | StatusRequest
    | WithdrawRequest
)
"""A request about an application that the agency holds."""

_IMPOSSIBLE: Final = MappingProxyType({"birth-date": "birth_date", "nid-number": "nid"})
"""The field of each of the ``contradictions``."""
_TAKA: Final = "BDT"
_OF_EVERY_APPLICATION: Final = (CLIENT_REFERENCE, "documents")
"""Wire names that no field of a form can have."""
usual: Final = hookimpl(optionalhook=True)
"""Marks a hook that every ``AgencyPlugin`` has, whether or not its manifest offers it."""


@dataclass(frozen=True, slots=True)
class Applications:
    """A service for which an application is filed.

    Attributes:
        service: The service's id.
        path: The collection that holds them, below the plugin's ``api``; from the root where it begins with a slash.
    """

    service: str
    path: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A look-up's result that is no.

    Attributes:
        code: Of the sentence, and of the refusal; ``{field}`` in it is a field of the form.
    """

    code: str


@dataclass(frozen=True, slots=True)
class LookupOutcome:
    """A look-up's result that says something.

    Attributes:
        kind: The deliverable that it is.
        sentence: The code of the sentence; ``{field}`` in it is a field of the form.
        until: Whether it may hold to a day, which is then its reference. With a day the sentence is
            ``<sentence>-until``, which has the place ``{until}``.
        always: Whether it always holds to a day, so that an answer without one is a contract violation.
        issued: Whether the number of what was issued is its reference.
    """

    kind: str
    sentence: str
    until: bool = False
    always: bool = False
    issued: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """A service that asks about something that there is already, and leaves nothing behind.

    Attributes:
        service: The service's id.
        path: Below ``lookups`` of the plugin's ``api``.
        outcomes: What each of the agency's results means; another one is a contract violation.
    """

    service: str
    path: str
    outcomes: Mapping[str, LookupOutcome | Refused] = field(hash=False)


class PluginData:
    """The data files of a package.

    Attributes:
        texts: The sentences.
        rules: The dated rules.
        criteria: Makes criteria of both.
        statuses: The agency's words for an application's state; empty without a ``statuses.toml``: for look-ups.
        fees: The schedules by name; empty without a ``fees.toml``, for an agency that takes nothing.
    """

    def __init__(self, package: str) -> None:
        """Read them; a plugin's module gives its own ``__package__``.

        Raises:
            DataFileInvalid: One of them is wrong.
        """
        self.texts = read_texts(package)
        self.rules = read_rules(package)
        self.criteria = Criteria(self.texts, self.rules)
        followed, priced = (files(package).joinpath(file).is_file() for file in (STATUSES_FILE, FEES_FILE))
        self.statuses = read_statuses(package, texts=self.texts) if followed else StatusTable({}, self.texts)
        self.fees = read_schedules(package) if priced else {}


class AgencyPlugin(Generic[SettingsT]):
    """The usual agency. The entry point names an instance.

    Raises:
        TypeError: When a subclass is made: naming everything in which it and its data files do not agree.
        DataFileInvalid: When a subclass is made: one of the files is wrong.
    """

    api: ClassVar[str]
    """What every path begins with, such as ``/v1``."""
    services: ClassVar[Sequence[Applications | Lookup]]
    """What each service of the manifest is."""
    checks: ClassVar[Sequence[EligibilityCheck]] = ()
    """The criteria of eligibility, in the order in which a citizen reads them."""
    due: ClassVar[FeeDue | Mapping[str, FeeDue]] = FeeDue.AFTER_SUBMISSION
    """When fees fall due; by stage where the stages differ."""
    mismatches: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """The code of the sentence for each of the agency's reasons why a payment does not match."""
    field_refused: ClassVar[str]
    """The code of the sentence for a field that the agency refuses; by default ``<id>.field-refused``."""
    unexplained_correction: ClassVar[str | None] = None
    """The code of the reason for a correction that the agency asks for without a remark."""
    by_birth_date: ClassVar[bool] = False
    """Whether the agency shows an application only with the applicant's date of birth."""
    names_prices: ClassVar[bool] = True
    """Whether the agency is asked for its price; the published table stands alone otherwise."""
    standing: ClassVar[type[wire.Standing]] = wire.Standing
    """How the agency shows an application; a subclass of it has what the interface does not know."""
    matches: ClassVar[Expected[SearchAnswer[wire.Standing]]] = Matches[wire.Standing]
    """What it shows of a search."""
    lookup_answer: ClassVar[type[wire.LookupAnswer]] = wire.LookupAnswer
    """What it shows of a look-up; a subclass reads days that are written otherwise."""

    manifest: ClassVar[Manifest]
    data: ClassVar[PluginData]
    """Its data files; a package whose forms need its sentences makes it in a module of its own."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Read the manifest and hold the class against the data files."""
        super().__init_subclass__(**options)
        package = cls.__module__.rpartition(".")[0]
        if not hasattr(cls, "manifest"):
            cls.manifest = parse_manifest(read_data_file(package, MANIFEST_FILE))
        if not hasattr(cls, "data"):
            cls.data = PluginData(package)
        if not hasattr(cls, "field_refused"):
            cls.field_refused = f"{cls.manifest.id}.field-refused"
        cls.forms = {
            service.id: _object(package, service.form)
            for service in cls.manifest.services
            if service.form is not None
        }
        labelled = [form for form in cls.forms.values() if issubclass(form, LabelledForm)]
        cls.form_fields = {form.wire_name(name): f"/form/{name}" for form in labelled for name in form.model_fields}
        problems = list(_problems(cls, package))
        if problems:
            raise TypeError(f"{cls.__name__}: {'; '.join(problems)}")

    forms: ClassVar[Mapping[str, type[Form]]]
    """The form of each service."""
    form_fields: ClassVar[Mapping[str, str]]
    """Where a citizen filled in what the agency calls by these names, as JSON pointers."""

    # What an agency may do otherwise

    def day(self, value: date) -> str:
        """A day as the agency writes it."""
        return value.isoformat()

    def details(self, request: ApplicationRequest) -> dict[str, Any]:
        """What an application says: all of it when it is filed, and again as corrected."""
        form = request.form_as(LabelledForm)
        return {**form.to_wire(self.day), "documents": hashes_of(request.documents)}

    def price_question(self, request: QuoteRequest) -> dict[str, str]:
        """What the agency has to know for a price: service, stage, and the form's dimensions of the schedule."""
        form = request.form_as(LabelledForm)
        known = self.basis(request.service, form, request.on).dimensions
        asked = {form.wire_name(name): wire_word(str(give())) for name, give in known.items()}
        return {"service": wire_word(request.service.partition(".")[2]), "stage": request.stage} | asked

    async def demanded(self, request: QuoteRequest, context: CallContext[SettingsT]) -> Money:
        """Ask for the agency's own price."""
        params, expect = self.price_question(request), wire.DemandedPrice
        return (await context.http.read("prices", "GET", f"{self.api}/prices", params=params, expect=expect)).total

    def price_holds(self, request: QuoteRequest) -> timedelta:
        """How long a price holds: by the rule ``quote-validity``."""
        return self.data.rules.on(request.on)["quote-validity"].as_duration

    def payment(self, request: AdvisePaymentRequest) -> dict[str, Any]:
        """A payment as it is reported, under its own number: the same again changes nothing."""
        receipt = request.receipt
        paid_on = self.day(dhaka_date(receipt.captured_at))
        return {
            "reference": receipt.reference,
            "amount": receipt.amount.plain(),
            "paidOn": paid_on,
            "stage": receipt.stage,
            "payer": receipt.payer_name,
        }

    def read(self, request: ApplicationRequest | FindRequest, standing: wire.Standing) -> AgencyStatus:
        """How an application stands.

        Raises:
            ContractViolation: ``another-reference``: it is not the application that was asked about.
        """
        if isinstance(request, FiledRequest):
            check_reference(request.agency_reference, self.reference_in(request, standing))
        return self.reported(request.service, standing)

    def reported(self, service: str, standing: wire.Standing) -> AgencyStatus:
        """How an application for a service stands; what has been issued carries its number."""
        status = self.data.statuses.status(
            standing.status,
            remark=standing.remarks,
            at=standing.updated_at,
            sequence=standing.sequence,
            deliverable=self._only_deliverable(service),
            payment_confirmed=None if standing.payment is None else standing.payment.taken,
        )
        numbers = {one.kind: one.number for one in standing.issued}
        numbered = tuple(one.model_copy(update={"reference": numbers.get(one.kind)}) for one in status.deliverables)
        held = standing.appointment.held() if standing.appointment is not None else None
        update: dict[str, object] = {"deliverables": numbered, "appointment": held}
        corrected = status.state is ApplicationState.CORRECTION_REQUESTED
        if corrected and status.remark is None and self.unexplained_correction is not None:
            update["reason"] = self.data.texts.text(self.unexplained_correction)
        return status.model_copy(update=update)

    def reference_in(
        self,
        request: FiledRequest,  # noqa: ARG002 - for subclasses
        answer: wire.Standing | wire.Booked,
    ) -> str | None:
        """The reference of the application that an answer names; ``None`` where it names none."""
        return answer.reference

    async def more_criteria(
        self,
        request: EligibilityRequest,  # noqa: ARG002 - for subclasses
        context: CallContext[SettingsT],  # noqa: ARG002 - for subclasses
    ) -> Sequence[Criterion]:
        """Criteria that the agency or another service decides; as a rule there are no others."""
        return ()

    def nids(self, request: EligibilityRequest) -> Sequence[Nid | None]:
        """What is given as an NID number, and may be a birth registration number: the form's ``nid`` as a rule."""
        nid = getattr(request.form, "nid", None)
        return (nid if isinstance(nid, Nid) else None,)

    def basis(self, service: str, form: Form, on: date) -> FeeBasis:
        """What a price depends on: the service's schedule by the fields of its form. ``fees.toml`` names it."""
        case = EligibilityCase(service, form, on, None, self.data.criteria, self.data.rules)
        priced = [check for check in self.checks if check.priced and check.is_for(service)]
        refusals = tuple(partial(self._refuse_price, check, case) for check in priced)
        schedule = self.data.fees[_schedule_of(self._service(service))]
        return FeeBasis.of_fields(schedule, form, due=self.due, checks=refusals)

    def read_error(self, answer: AgencyResponse) -> NagorikError | None:
        """The agency's refusal of a field, at the citizen's field. The manifest's ``error_reader`` names it."""
        return field_error_reader(self.form_fields, self.data.texts, self.field_refused)(answer)

    # The same for all

    def at_fields_of(self, form: Form, refused: InputRejected) -> InputRejected:
        """Have the agency's refusal point into this form: ``read_error`` does not know which one was sent.

        Forms may call different fields by one wire name. Where this form has no such field, it is refused as a whole.
        """
        refused.fields = tuple(self._in_form(problem, form) for problem in refused.fields)
        return refused

    def _in_form(self, problem: FieldProblem, form: Form) -> FieldProblem:
        names = {name for name, pointer in self.form_fields.items() if pointer == problem.pointer}
        if not names or not isinstance(form, LabelledForm):
            return problem
        known = type(form).model_fields
        pointers = [f"/form/{one}" for one in known if type(form).wire_name(one) in names]
        if problem.pointer in pointers or (not pointers and problem.pointer.removeprefix("/form/") in known):
            return problem
        return problem.model_copy(update={"pointer": pointers[0] if pointers else "/form"})

    def path(self, request: FiledRequest, *below: str) -> str:
        """Where an application that the agency holds is, and what is below it."""
        return "/".join((self.collection(request.service), request.agency_reference or "", *below))

    def collection(self, service: str) -> str:
        """Where the applications for a service are.

        Raises:
            TypeError: It is a look-up.
        """
        kind = self.kind(service)
        if not isinstance(kind, Applications):
            raise TypeError(f"{service} files no application")
        return kind.path if kind.path.startswith("/") else f"{self.api}/{kind.path}"

    def kind(self, service: str) -> Applications | Lookup:
        """What a service is."""
        return next(one for one in self.services if one.service == service)

    def judge(self, request: EligibilityRequest) -> list[Criterion]:
        """Every criterion that is decided here, with what contradicts itself."""
        return [found for _, found in self._judged(request)]

    def _judged(self, request: EligibilityRequest) -> list[tuple[str, Criterion]]:
        """Each criterion with the field at which it is put right."""
        case = EligibilityCase(
            request.service, request.form, request.on, request.applicant, self.data.criteria, self.data.rules
        )
        found = [(c.field, c.judge(c.id, case)) for c in self.checks if c.is_for(request.service) and c.where(case)]
        impossible = contradictions(request, *self.nids(request))
        return [*found, *((_IMPOSSIBLE[one.id], one) for one in impossible)]

    def refuse_forbidden(self, request: ApplicationRequest) -> None:
        """Refuse what the rules of the day do not allow, before anything is sent.

        Raises:
            InputRejected: At the field of each criterion that fails; at the form where it has no such field.
        """
        judged, known = self._judged(eligibility_question(request)), type(request.form).model_fields
        refuse_failed(self.manifest.id, ((f"/form/{at}" if at in known else "/form", found) for at, found in judged))

    def _refuse_price(self, check: EligibilityCheck, case: EligibilityCase) -> None:
        born = case.field("birth_date") if check.field == "birth_date" else None
        problem = birth_problem(born, case.on) if isinstance(born, date) else None
        if problem is not None:
            code = f"{self.manifest.id}.birth-date"
            refuse([FieldProblem(pointer="/form/birth_date", code=code, text=problem)])
        if check.where(case):
            refuse_failed(self.manifest.id, [(f"/form/{check.field}", check.judge(check.id, case))])

    def _service(self, service: str) -> PublicService:
        return next(one for one in self.manifest.services if one.id == service)

    def _only_deliverable(self, service: str) -> str | None:
        named = self._service(service).deliverables
        return named[0] if len(named) == 1 else None

    def _second_factor(self, request: ApplicationRequest) -> dict[str, str]:
        born = getattr(request.form, "birth_date", None)
        return {wire.BIRTH_DATE_HEADER: self.day(born)} if self.by_birth_date and isinstance(born, date) else {}

    async def look_up(
        self, lookup: Lookup, request: SubmitRequest, context: CallContext[SettingsT]
    ) -> Accepted | Rejected:
        """Ask about something that there is already; that there is nothing is an answer, and no error.

        Raises:
            ContractViolation: ``unknown-result``; ``valid-without-a-day-to-come``.
        """
        form, path = request.form_as(LabelledForm), f"{self.api}/lookups/{lookup.path}"
        answer = await context.http.write(
            "lookup", "POST", path, json=form.to_wire(self.day), expect=self.lookup_answer
        )
        outcome = lookup.outcomes.get(answer.result)
        if outcome is None:
            raise ContractViolation("unknown-result")
        if isinstance(outcome, Refused):
            code = _filled(outcome.code, form)
            return Rejected(reason_code=code, reason=self.data.texts.text(code))
        code, until = _filled(outcome.sentence, form), answer.valid_until if outcome.until else None
        if outcome.always if until is None else until < request.on:
            raise ContractViolation("valid-without-a-day-to-come")
        if until is None:
            reason, reference = self.data.texts.text(code), answer.issued if outcome.issued else None
        else:
            reason, reference = self.data.texts.text(f"{code}-until", until=until), until.isoformat()
        status = answered(outcome.kind, answer.result, reference=reference, reason=reason)
        return Accepted(reference=answer.number, status=status)

    # The hooks

    @usual
    async def nagorik_check_eligibility(
        self, request: EligibilityRequest, context: CallContext[SettingsT]
    ) -> EligibilityDecision:
        """Decide by the table of checks; then ask for the criteria that are decided elsewhere."""
        return EligibilityDecision(criteria=(*self.judge(request), *await self.more_criteria(request, context)))

    @usual
    async def nagorik_quote_fees(self, request: QuoteRequest, context: CallContext[SettingsT]) -> Quote:
        """Hold the published price against the agency's own; no citizen pays where the two differ."""
        basis = self.basis(request.service, request.form, request.on)
        quote = basis.quote(request, valid_for=self.price_holds(request))
        if not self.names_prices:
            return quote
        try:
            return agreed_quote(quote, await self.demanded(request, context))
        except InputRejected as refused:
            raise self.at_fields_of(request.form, refused) from refused.__cause__

    @usual
    async def nagorik_submit(self, request: SubmitRequest, context: CallContext[SettingsT]) -> Accepted | Rejected:
        """File or look up, if the rules of this very day allow it."""
        self.refuse_forbidden(request)
        kind = self.kind(request.service)
        try:
            if isinstance(kind, Lookup):
                return await self.look_up(kind, request, context)
            filed = await context.http.write(
                "applications.create",
                "POST",
                self.collection(request.service),
                json={CLIENT_REFERENCE: request.client_reference, **self.details(request)},
                expect=self.standing,
            )
        except InputRejected as refused:
            raise self.at_fields_of(request.form, refused) from refused.__cause__
        return Accepted(reference=filed.reference, status=self.read(request, filed))

    @usual
    async def nagorik_find_submission(
        self, request: FindRequest, context: CallContext[SettingsT]
    ) -> SubmissionSearch:
        """Search by our reference: the agency does not notice doubles."""
        return await find_by_client_reference(
            request,
            context,
            self.collection(request.service),
            expect=self.matches,
            status=partial(self.read, request),
            client_reference=lambda found: found.client_reference,
        )

    @usual
    async def nagorik_advise_payment(
        self, request: AdvisePaymentRequest, context: CallContext[SettingsT]
    ) -> PaymentAdvice:
        """Report a payment. The agency confirms once it holds the money.

        Raises:
            AgencyRejected: The payment does not match, for one of the reasons of ``mismatches``.
            ContractViolation: ``unknown-mismatch``; ``another-payment``, of which the agency speaks instead;
                ``not-in-taka``, which the interface's amounts are in.
        """
        if request.agency_reference is None:
            return PaymentAdvice(confirmed=False)
        if request.receipt.amount.currency != _TAKA:
            raise ContractViolation("not-in-taka")
        path, payment = self.path(request, "payments"), self.payment(request)
        taken = await context.http.write("payments", "POST", path, json=payment, expect=wire.PaymentStanding)
        if taken.reference not in {None, request.receipt.reference}:
            raise ContractViolation("another-payment")
        if taken.state == "MISMATCH":
            code = self.mismatches.get(taken.reason or "")
            if code is None:
                raise ContractViolation("unknown-mismatch")
            raise AgencyRejected(code, reason=self.data.texts.text(code))
        return PaymentAdvice(confirmed=taken.taken)

    @usual
    async def nagorik_list_slots(self, request: SlotsRequest, context: CallContext[SettingsT]) -> Slots:
        """List the appointments with a place left at the place of the application."""
        path, params, times = self.path(request, "slots"), days_of(request, self.day), wire.OfferedTimes
        return await list_slots(request, context, "slots", path, params=params, expect=times, slots=times.offered)

    @usual
    async def nagorik_book_slot(self, request: BookSlotRequest, context: CallContext[SettingsT]) -> SlotBooking:
        """Book one appointment for an application: a later one replaces it."""
        if request.agency_reference is None:
            return SlotBooking(booked=False)
        path, slot = self.path(request, "booking"), {"slot": request.slot.id}
        booking = slot | {CLIENT_REFERENCE: request.client_reference}
        taken = await context.http.write("booking", "POST", path, json=booking, expect=wire.Booked)
        check_reference(request.agency_reference, self.reference_in(request, taken))
        return SlotBooking(booked=taken.booked, reference=taken.number)

    @usual
    async def nagorik_get_status(self, request: StatusRequest, context: CallContext[SettingsT]) -> AgencyStatus:
        """Ask by the agency's own reference."""
        path, headers = self.path(request), self._second_factor(request)
        return self.read(
            request, await context.http.read("status", "GET", path, headers=headers, expect=self.standing)
        )

    @usual
    async def nagorik_answer_correction(
        self, request: CorrectionRequest, context: CallContext[SettingsT]
    ) -> AgencyStatus:
        """Send the whole application, as it should be."""
        path, details = self.path(request, "correction"), self.details(request)
        try:
            corrected = await context.http.write("correction", "POST", path, json=details, expect=self.standing)
        except InputRejected as refused:
            raise self.at_fields_of(request.form, refused) from refused.__cause__
        return self.read(request, corrected)

    @usual
    async def nagorik_withdraw(self, request: WithdrawRequest, context: CallContext[SettingsT]) -> Withdrawal:
        """Withdraw; the agency's own decision wins if it came first."""
        path = self.path(request, "withdrawal")
        taken = await context.http.write("withdrawal", "POST", path, expect=wire.WithdrawalTaken)
        return Withdrawal(withdrawn=taken.withdrawn, status=self.read(request, taken))

    @usual
    async def nagorik_fetch_deliverable(
        self, request: DeliverableRequest, context: CallContext[SettingsT]
    ) -> FetchedDeliverable:
        """Fetch a document as a PDF."""
        path, headers = self.path(request, "documents", request.deliverable.kind), self._second_factor(request)
        return await fetch_pdf(request, context, "document", path, headers=headers)

    @usual
    async def nagorik_check_health(self, context: CallContext[SettingsT]) -> Health:
        """Ask whether the office is open: that names no citizen."""
        await context.http.read("health", "GET", f"{self.api}/health", expect=wire.OfficeOpen)
        return Health(state=HealthState.UP)


def _filled(code: str, form: Form) -> str:
    """A code with the form's fields in it."""
    return code.format_map({name: getattr(form, name) for name in type(form).model_fields})


def _object(package: str, reference: str) -> Any:
    module, _, name = reference.partition(":")
    return getattr(import_module(f"{package}.{module}"), name)


def _schedule_of(service: PublicService) -> str:
    return (service.fees or "").rpartition("#")[2]


# What must agree when the class is made


def _problems(plugin: type[AgencyPlugin[Any]], package: str) -> Iterator[str]:
    manifest, kinds = plugin.manifest, {one.service: one for one in plugin.services}
    for service in sorted({one.id for one in manifest.services} ^ kinds.keys()):
        where = "its manifest" if service in kinds else "the class's services"
        yield f"{service} is missing in {where}"
    if any(isinstance(kind, Applications) for kind in plugin.services) and not plugin.data.statuses.words:
        yield f"{STATUSES_FILE} is missing"
    if plugin.field_refused not in plugin.data.texts:
        yield f"messages.toml has no sentence {plugin.field_refused}"
    for entry in words_without_field(package, plugin.forms.values()):
        yield f"{entry} of forms.toml is no field of a form"
    for check in plugin.checks:
        yield from _check_problems(plugin, check)
    for one in manifest.services:
        yield from _service_problems(plugin, one, kinds.get(one.id))


def _service_problems(
    plugin: type[AgencyPlugin[Any]], service: PublicService, kind: Applications | Lookup | None
) -> Iterator[str]:
    if Operation.QUOTE in service.reads:
        schedule = plugin.data.fees.get(_schedule_of(service))
        if schedule is None and _is_usual(plugin, "quote"):
            yield f"{service.id} offers quote and names no schedule of {FEES_FILE}"
        if schedule is not None and schedule.currency != _TAKA:
            yield f"{service.id} offers quote, so its schedule of {FEES_FILE} is in {_TAKA}"
    if isinstance(kind, Lookup):
        yield from _lookup_problems(plugin, service, kind)
    else:
        yield from _submit_problems(plugin, service)
    if service.form is not None:
        reserved = () if isinstance(kind, Lookup) else _OF_EVERY_APPLICATION
        yield from wire_problems(plugin.forms[service.id], reserved)


def _submit_problems(plugin: type[AgencyPlugin[Any]], service: PublicService) -> Iterator[str]:
    """A filing that is tried again is filed twice; an overridden ``submit`` may file nothing."""
    right = {Idempotency.CLIENT_REFERENCE} | (set() if _is_usual(plugin, "submit") else {Idempotency.SAFE})
    if service.writes.get(Operation.SUBMIT, Idempotency.CLIENT_REFERENCE) not in right:
        yield f"{service.id} files applications, so the class of its submit is client-reference"


def _check_problems(plugin: type[AgencyPlugin[Any]], check: EligibilityCheck) -> Iterator[str]:
    for service in sorted(set(check.services) - {one.id for one in plugin.manifest.services}):
        yield f"the check {check.id} is for {service}, which the manifest does not have"
    for service, form in plugin.forms.items():
        if check.is_for(service) and check.field not in form.model_fields:
            yield f"the check {check.id} is put right at {check.field}, which the form of {service} does not have"
    rules, verdicts = plugin.data.rules, dict.fromkeys(check.sentences)
    for rule in check.judge.rules if isinstance(check.judge, RuledJudge) else ():
        if rule not in rules.names():
            yield f"{RULES_FILE} has no rule {rule} for the check {check.id}"
        elif rules.periods(rule)[0].effective_from or rules.periods(rule)[-1].effective_to:
            verdicts["cannot-tell"] = None
    for code in (f"{check.id}.{verdict}" for verdict in verdicts):
        if code not in plugin.data.texts:
            yield f"messages.toml has no sentence {code}"


def _lookup_problems(plugin: type[AgencyPlugin[Any]], service: PublicService, lookup: Lookup) -> Iterator[str]:
    if not service.askable:
        yield f"{service.id} is a look-up, so the class of its submit is safe"
    for result, outcome in lookup.outcomes.items():
        if isinstance(outcome, LookupOutcome) and outcome.kind not in service.deliverables:
            yield f"{service.id}: {outcome.kind} of {result} is none of its deliverables"
        sentence = outcome.code if isinstance(outcome, Refused) else outcome.sentence
        endings = ["-until"] if isinstance(outcome, LookupOutcome) and outcome.until else []
        if not isinstance(outcome, LookupOutcome) or not outcome.always:
            endings.append("")
        for code in _codes(sentence, plugin.forms[service.id]):
            for ending in endings:
                if f"{code}{ending}" not in plugin.data.texts:
                    yield f"messages.toml has no sentence {code}{ending}"


def _codes(code: str, form: type[Form]) -> Collection[str]:
    """Every code that a pattern may come to, by the options of the fields in it."""
    names = [name for _, name, _, _ in Formatter().parse(code) if name]
    options = [options_of(form.model_fields[name].annotation) for name in names]
    return [code.format_map(dict(zip(names, chosen, strict=True))) for chosen in product(*options)]


def _is_usual(plugin: type[AgencyPlugin[Any]], operation: str) -> bool:
    hook = OPERATIONS[Operation(operation)].hook
    return getattr(plugin, hook) is getattr(AgencyPlugin, hook)
