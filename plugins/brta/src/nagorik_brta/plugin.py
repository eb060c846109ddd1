"""BRTA: driving licences and vehicles, through its Service Portal.

An application is filed at the portal and paid for afterwards; the portal does not notice doubles, and is not known to
take one back or to let it be corrected. A learner gets the learner's licence at once and sits the test two to three
months later. The smart card comes by post after a passed test, and so does a renewed or a lost one; an e-licence can
be downloaded once it is approved. A vehicle is inspected by appointment, for its registration, its fitness or its
next owner.

BRTA publishes no interface: the reference interface stands in for it, beside what is known of the portal. At night
the portal is closed: the platform holds every call until it opens, and nothing here knows of it.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from pydantic import Field

from nagorik import (
    Accepted,
    AgencySettings,
    AgencyStatus,
    ApplicationRequest,
    ApplicationState,
    CallContext,
    ContractViolation,
    Criterion,
    Deliverable,
    DeliverableRequest,
    EligibilityRequest,
    FeeDue,
    FetchedDeliverable,
    FindRequest,
    Form,
    Money,
    Quote,
    QuoteLine,
    QuoteRequest,
    Rejected,
    Source,
    SubmitRequest,
    WireModel,
    dhaka_date,
    hookimpl,
)
from nagorik_brta import uploads
from nagorik_brta.conditions import (
    dope_test,
    free_token,
    impossible_term,
    is_term_impossible,
    licence_age,
    needs_fitness,
    token_window,
    years_late,
)
from nagorik_brta.data import DATA
from nagorik_brta.forms import LearnerForm, RenewalForm, SmartCardForm, TaxTokenForm
from nagorik_toolkit import (
    AgencyPlugin,
    Applications,
    EligibilityCheck,
    FeeBasis,
    LabelledForm,
    Lookup,
    LookupAnswer,
    LookupOutcome,
    NotPriced,
    Refused,
    Standing,
    age,
    at_hand,
    demanded_quote,
    fetch_pdf,
    own_application,
    until_midnight,
    wire_word,
)

Context = CallContext[AgencySettings]

LEARNER, SMART_CARD, RENEWAL, DUPLICATE = "brta.learner", "brta.smart-card", "brta.renewal", "brta.duplicate"
REGISTRATION, TRANSFER = "brta.registration", "brta.transfer"
TAX_TOKEN, FITNESS = "brta.tax-token", "brta.fitness"
LICENCE_CHECK: Final = "brta.licence-check"
AGED: Final = frozenset({LEARNER, SMART_CARD, RENEWAL})
"""Licences for which the age depends on their kind."""
WITH_NID: Final = frozenset({DUPLICATE, REGISTRATION, TRANSFER})
"""What else needs an NID number, which has an age of its own."""
UNPUBLISHED: Final = frozenset({DUPLICATE, FITNESS})
"""Services for which no fee is published that could be charged."""

DELIVERABLES: Final[Mapping[str, Deliverable]] = MappingProxyType(
    {
        one.kind: one
        for one in (
            Deliverable(kind="learner-licence", interim=True, delivery="download"),
            Deliverable(kind="driving-test-result", delivery="none"),
            Deliverable(kind="e-licence", interim=True, delivery="download"),
            Deliverable(kind="smart-card", delivery="post"),
            Deliverable(kind="registration-acknowledgement", interim=True, delivery="download"),
            Deliverable(kind="number-plate", delivery="counter"),
            Deliverable(kind="transfer-slip", interim=True, delivery="download"),
            Deliverable(kind="registration-certificate", delivery="counter"),
            Deliverable(kind="tax-token", delivery="download"),
            Deliverable(kind="fitness-certificate", delivery="download"),
        )
    }
)
"""How each thing that BRTA issues reaches the citizen. The e-licence is one thing, and the card by post another."""
TEST_RESULTS: Final[Mapping[str, bool | None]] = MappingProxyType(
    {"PASSED": True, "FAILED": False, "NOT_YET": False, "NOT_FOUND": None}
)
"""What BRTA's words for a driving test mean for who wants a card."""
PRICED_BY: Final = ("categories", "kind", "expires_on", "engine_cc", "vehicle", "plan", "weight_kg")
"""The fields that BRTA's calculator asks for, where a form has them: no number of a citizen or a vehicle."""
NOT_WEIGHED: Final = 0
"""The kilograms of a vehicle whose weight is not asked for."""
CALCULATOR: Final = Source(title="BRTA's own calculator, asked for this application", verified=False)


class DocumentAddress(WireModel):
    """Where a document can be fetched for some minutes by anyone who has the address: it carries a session."""

    href: str = Field(pattern=r"^/sim/brta/bsp/api/documents/open/[a-z-]+;jsessionid=[0-9A-F]{32}\.server[0-9]+$")


class Brta(AgencyPlugin[AgencySettings]):
    """What is BRTA's own."""

    api = "/sim/brta/bsp/api"
    data = DATA
    field_refused = "portal.field-refused"
    services = (
        Applications(LEARNER, "learners"),
        Applications(SMART_CARD, "smart-cards"),
        Applications(RENEWAL, "renewals"),
        Applications(DUPLICATE, "duplicates"),
        Applications(REGISTRATION, "registrations"),
        Applications(TRANSFER, "transfers"),
        Applications(TAX_TOKEN, "tax-tokens"),
        Applications(FITNESS, "fitness-certificates"),
        Lookup(
            LICENCE_CHECK,
            "licences",
            {
                "VALID": LookupOutcome("licence-validity", "licence.valid", until=True, always=True),
                "EXPIRED": Refused("licence.expired"),
                "NOT_FOUND": Refused("licence.not-found"),
            },
        ),
    )
    checks = (
        EligibilityCheck("licence-age", "birth_date", licence_age, AGED),
        EligibilityCheck("nid-age", "birth_date", age(at_least="nid-age"), WITH_NID),
        EligibilityCheck("education", "class_viii_passed", at_hand("class_viii_passed", "education"), {LEARNER}),
        EligibilityCheck("medical", "medically_fit", at_hand("medically_fit", "medical-certificate"), {LEARNER}),
        EligibilityCheck("dope-test", "dope_test_negative", dope_test, {SMART_CARD}),
        EligibilityCheck("traffic-clearance", "not_seized", at_hand("not_seized", "traffic-clearance"), {DUPLICATE}),
        EligibilityCheck("signed-papers", "papers_signed", at_hand("papers_signed", "signed-papers"), {TRANSFER}),
        EligibilityCheck("own-application", "birth_date", own_application, AGED | WITH_NID),
        EligibilityCheck("own-licence", "birth_date", own_application, {LICENCE_CHECK}),
        EligibilityCheck(
            "licence-term", "expires_on", impossible_term, {RENEWAL}, where=is_term_impossible, sentences={"fail"}
        ),
        EligibilityCheck("token-window", "token_expires_on", token_window, {TAX_TOKEN}),
        EligibilityCheck("free-token", "plan", free_token, {TAX_TOKEN}, priced=True),
        EligibilityCheck("needs-fitness", "vehicle", needs_fitness, {FITNESS}),
    )

    async def more_criteria(self, request: EligibilityRequest, context: Context) -> Sequence[Criterion]:
        """Ask BRTA, which alone knows, whether the test under a learner's licence was passed.

        Raises:
            ContractViolation: ``unknown-result``.
        """
        if request.service != SMART_CARD:
            return ()
        passed, form = None, request.form
        if isinstance(form, SmartCardForm):
            asked = {form.wire_name(name): form.wire_value(name) for name in ("learner_number", "birth_date", "kind")}
            path = f"{self.api}/lookups/tests"
            answer = await context.http.read("test-results", "POST", path, json=asked, expect=LookupAnswer)
            if answer.result not in TEST_RESULTS:
                raise ContractViolation("unknown-result")
            passed = TEST_RESULTS[answer.result]
        source = self.data.rules.on(request.on)["passed-test"].source
        return (self.data.criteria.criterion("passed-test", passed, source=source),)

    def basis(self, service: str, form: Form, on: date) -> FeeBasis:
        """What a price depends on; some dimensions are no field of the form as it stands."""
        basis, own = super().basis(service, form, on), dict[str, Callable[[], int | str]]()
        match form:
            case LearnerForm():
                own = {"categories": lambda: len(form.categories)}
            case RenewalForm():
                own = {"years_late": lambda: years_late(form.expires_on, on)}
            case TaxTokenForm():
                own = {
                    "vehicle": lambda: "motorcycle" if form.vehicle == "motorcycle" else "other",
                    "weight_kg": lambda: form.weight_kg or NOT_WEIGHED,
                }
        return replace(basis, dimensions={**basis.dimensions, **own})

    def price_question(self, request: QuoteRequest) -> dict[str, str]:
        """The fields that the calculator asks for; of categories it wants their number, and it counts late years."""
        form = request.form_as(LabelledForm)
        asked = {form.wire_name(one): form.wire_value(one) for one in PRICED_BY if one in type(form).model_fields}
        counted = {name: len(value) if isinstance(value, list) else value for name, value in asked.items()}
        service = {"service": wire_word(request.service.partition(".")[2]), "stage": request.stage}
        return service | {name: str(value) for name, value in counted.items() if value is not None}

    def price_holds(self, request: QuoteRequest) -> timedelta:
        """How long a price holds: to the end of the day, as a year of lateness may begin with the next."""
        return until_midnight(request.at)

    @hookimpl
    async def nagorik_quote_fees(self, request: QuoteRequest, context: Context) -> Quote:
        """Hold the published price against BRTA's; take its calculator's where no price is published, or two are."""
        if request.service not in UNPUBLISHED:
            with suppress(NotPriced):
                return await super().nagorik_quote_fees(request, context)
        total, text = await self.demanded(request, context), self.data.texts.text("fee.calculated")
        # How the calculator's total comes about is not known, so it is one line.
        line = QuoteLine(code="brta-calculator", text=text, amount=total, vat=Money(poisha=0))
        due, valid_for = FeeDue.AFTER_SUBMISSION, self.price_holds(request)
        return demanded_quote(request, (line,), due=due, valid_for=valid_for, source=CALCULATOR)

    @hookimpl
    async def nagorik_submit(self, request: SubmitRequest, context: Context) -> Accepted | Rejected:
        """File or look up, if BRTA takes files of that size."""
        uploads.check(request)
        return await super().nagorik_submit(request, context)

    def read(self, request: ApplicationRequest | FindRequest, standing: Standing) -> AgencyStatus:
        """How an application stands: an interim document stays good while the final one is made and posted.

        The day of a test to come goes into the sentence, and a refusal points at its remark where there is one.
        """
        status, texts = super().read(request, standing), self.data.texts
        issued = tuple(
            DELIVERABLES[one.kind].model_copy(update={"reference": one.number})
            for one in standing.issued
            if one.kind in DELIVERABLES
        )
        reason = status.reason
        if standing.appointment is not None and reason == texts.text("status.test-day-open"):
            reason = texts.text("status.test-day", day=dhaka_date(standing.appointment.start))
        elif status.state is ApplicationState.REJECTED and status.remark:
            reason = texts.text("status.rejected")
        return status.model_copy(update={"deliverables": issued, "reason": reason})

    @hookimpl
    async def nagorik_fetch_deliverable(self, request: DeliverableRequest, context: Context) -> FetchedDeliverable:
        """Fetch a document as a PDF from an address that the portal gives out for some minutes."""
        path = self.path(request, "documents", request.deliverable.kind)
        address = await context.http.read("document.address", "GET", path, expect=DocumentAddress)
        return await fetch_pdf(request, context, "document", address.href)


PLUGIN: Final = Brta()
basis = PLUGIN.basis
read_error = PLUGIN.read_error
