"""The land offices: mutations, copies and maps of a record room, the land development tax, and two enquiries.

A mutation has three payments: the court fee goes before the form, the notices are paid for next, and then it goes
through report, survey and hearing. Once it is approved the third one is due, after which its receipt (DCR) and the
new khatian are issued. Registering a holding costs nothing here: the union land office checks it and gives it a
number. The offices do not notice doubles, and know neither withdrawal nor correction. They publish no interface: the
reference interface stands in for it, for three portals under one origin.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final

from nagorik import (
    Accepted,
    AgencyResponse,
    AgencySettings,
    AgencyStatus,
    ApplicationRequest,
    ApplicationState,
    CallContext,
    ContractViolation,
    Criterion,
    Deliverable,
    FeeDue,
    FindRequest,
    Form,
    NagorikError,
    Nid,
    Quote,
    QuoteLine,
    QuoteRequest,
    Rejected,
    SubmitRequest,
    Text,
    dhaka_date,
    hookimpl,
    to_ascii_digits,
    to_bangla_digits,
)
from nagorik_land.data import DATA
from nagorik_land.enquiries import FoundKhatians, FoundMutation, khatians, mutation
from nagorik_land.forms import DevelopmentTaxForm, LandForm, MouzaMapForm, MutationStatusForm, OrderForm, Place
from nagorik_land.land_tax import NO_VAT, Demand, assess, kind_of
from nagorik_toolkit import (
    OWN_CHECK,
    AgencyPlugin,
    Applications,
    EligibilityCase,
    EligibilityCheck,
    FeeBasis,
    FiscalYear,
    LabelledForm,
    Lookup,
    Standing,
    demanded_quote,
    field_error_reader,
    is_about,
    number_of,
    own_application,
    until_midnight,
)

Context = CallContext[AgencySettings]

MUTATION, MAP, TAX, REGISTRATION = (
    "land.mutation",
    "land.mouza-map",
    "land.development-tax",
    "land.holding-registration",
)
SEARCH, STANDING = "land.khatian-search", "land.mutation-status"
ORDERS: Final = frozenset({"land.khatian-copy", MAP})
PAPERS: Final = frozenset({"dcr", "khatian"})
"""What a mutation issues, each once it is there."""
CASE_NUMBER: Final = "case-number"
HOLDING_NUMBER: Final = "holding-number"
"""The kind of what a registration brings; its reference is the number."""
IDENTIFIED: Final = ("pass", "cannot-tell")
_CASE: Final = re.compile(r"[0-9]{1,7}/[0-9]{4}-[0-9]{2}")


def identified(name: str, case: EligibilityCase) -> Criterion:
    """A form that is filled in names the land, or where to search."""
    return case.criteria.given(name, case.form, source=case.rules["land-identified"].source)


def own_number(name: str, case: EligibilityCase) -> Criterion:
    """Whether the NID number, by which alone the portal finds a mutation, is the applicant's own."""
    nid, applicant, same = case.field("nid"), case.applicant, None
    if applicant is not None and isinstance(nid, Nid):
        same = is_about(applicant, birth_date=applicant.birth_date, nid=nid)
    return case.criteria.criterion(name, same, source=OWN_CHECK)


def evidence(name: str, case: EligibilityCase) -> Criterion:
    """Whether the deed, where the form names one, is of no day to come. What it proves the land office decides."""
    signed = case.field("deed_date")
    holds = None if case.form is None else not isinstance(signed, date) or signed <= case.on
    return case.criteria.criterion(name, holds, source=case.rules[name].source)


def year_begun(name: str, case: EligibilityCase) -> Criterion:
    """Whether the fiscal year has begun: its tax falls due with it."""
    year, source = case.field("fiscal_year"), case.rules["tax-year"].source
    if not isinstance(year, FiscalYear):
        return case.criteria.criterion(name, None, source=source)
    return case.criteria.criterion(name, year.first_day <= case.on, source=source, day=year.first_day)


class Land(AgencyPlugin[AgencySettings]):
    """What is the land offices' own.

    No source names an age or another condition of the person. Whether a right is proved, disputed or already recorded
    is for the land office to decide; it would leave every citizen without an answer, and so is no criterion here. The
    portals find and register under an NID number alone, so it has to be the applicant's own.
    """

    api = "/sim/land/v1"
    data = DATA
    services = (
        Applications(MUTATION, "mutations"),
        Applications("land.khatian-copy", "khatian-copies"),
        Applications(MAP, "mouza-maps"),
        Applications(TAX, "receipts"),
        Applications(REGISTRATION, "registrations"),
        Lookup(SEARCH, "khatians", {}),
        Lookup(STANDING, "mutations", {}),
    )
    checks = (
        EligibilityCheck(
            "land-identified", "place", identified, {MUTATION, *ORDERS, TAX, REGISTRATION}, sentences=IDENTIFIED
        ),
        EligibilityCheck("mouza-identified", "place", identified, {SEARCH}, sentences=IDENTIFIED),
        EligibilityCheck("own-application", "nid", own_application, {REGISTRATION}),
        EligibilityCheck("own-application", "nid", own_number, {STANDING}),
        EligibilityCheck("evidence-of-acquisition", "deed_date", evidence, {MUTATION}),
        EligibilityCheck("year-begun", "fiscal_year", year_begun, {TAX}, priced=True),
    )
    due = MappingProxyType(
        {
            "application": FeeDue.BEFORE_SUBMISSION,
            "notice": FeeDue.AFTER_SUBMISSION,
            "dcr": FeeDue.AFTER_SUBMISSION,
        }
    )

    def day(self, value: date) -> str:
        """``31/01/2026``."""
        return f"{value:%d/%m/%Y}"

    def details(self, request: ApplicationRequest) -> dict[str, Any]:
        """With the applicant's name, in Bangla where there is one."""
        return super().details(request) | {"applicant": request.applicant.name.bn or request.applicant.name.en}

    def read_error(self, answer: AgencyResponse) -> NagorikError | None:
        """The parts of the place stand among the other fields."""
        parts = {Place.wire_name(name): f"/form/place/{name}" for name in Place.model_fields}
        return super().read_error(answer) or field_error_reader(parts, DATA.texts, self.field_refused)(answer)

    def price_holds(self, request: QuoteRequest) -> timedelta:
        """To midnight: interest grows by the day, a fiscal year begins, and a circular is in force from a day on."""
        return until_midnight(request.at)

    def basis(self, service: str, form: Form, on: date) -> FeeBasis:
        """Orders cost by how they are delivered, the tax by the land; a holding's arrears the office alone knows."""
        match form:
            case OrderForm():
                schedule = DATA.fees[service.removeprefix("land.")]
                return FeeBasis(schedule, self.due, {"delivery": lambda: form.delivery})
            case DevelopmentTaxForm():
                land: dict[str, Callable[[], int | str]] = {"land": lambda: kind_of(form, on)}
                land["parts"] = lambda: form.area.parts
                return replace(super().basis(service, form, on), dimensions=land, agency_adds=True)
            case _:
                return super().basis(service, form, on)

    def read(
        self, request: ApplicationRequest | FindRequest, standing: Standing, office: str | None = None
    ) -> AgencyStatus:
        """With the case number, the day of a hearing, and what has been issued.

        A case number is unique within its office and the fiscal year in it only. It identifies nothing by itself, so
        the remark names both.

        Raises:
            ContractViolation: ``no-case-number``.
        """
        if isinstance(request.form, LandForm):
            office = f"{request.form.place.upazila}, {request.form.place.district}"
        numbers = {one.kind: to_ascii_digits(one.number) for one in standing.issued}
        case = numbers.get(CASE_NUMBER)
        if case is not None and not _CASE.fullmatch(case):
            raise ContractViolation("no-case-number")
        said = ": ".join(filter(None, (case and office and f"{case}, {office}", standing.remarks)))
        if request.service == STANDING:  # a host shows the word or what an officer wrote
            said = "; ".join(filter(None, (standing.status, said)))
        status = self._status(request, standing.model_copy(update={"remarks": said}))
        more: dict[str, object] = {}
        if request.service == MUTATION:
            issued = [(kind, number) for kind, number in numbers.items() if kind in PAPERS]
            more["deliverables"] = tuple(Deliverable(kind=k, delivery="download", reference=n) for k, n in issued)
        if (number := numbers.get(HOLDING_NUMBER)) is not None:
            more["deliverables"] = (Deliverable(kind=HOLDING_NUMBER, delivery="none", reference=number),)
            written = Text(bn=to_bangla_digits(number), en=number)
            more["reason"] = DATA.texts.text("land.holding-registered", number=written)
        if status.state is ApplicationState.AWAITING_APPEARANCE:
            more["reason"] = DATA.texts.text("land.hearing-undated")
            if (hearing := standing.appointment) is not None:
                more["reason"] = DATA.texts.text("land.hearing", day=dhaka_date(hearing.start))
        return status.model_copy(update=more)

    def _status(self, request: ApplicationRequest | FindRequest, standing: Standing) -> AgencyStatus:
        """A record room's word, which issues what the order was for, means nothing of anything else."""
        meaning = DATA.statuses.meaning_of(standing.status)
        if (
            request.service in ORDERS
            or meaning is None
            or meaning.delivery is None
            or meaning.deliverable is not None
        ):
            return super().read(request, standing)
        unknown = super().read(request, standing.model_copy(update={"status": "?"}))
        return unknown.model_copy(update={"raw": standing.status})

    async def look_up(self, lookup: Lookup, request: SubmitRequest, context: Context) -> Accepted | Rejected:
        """Ask one of the two questions, whose answers are more than a word."""
        path, form = f"{self.api}/lookups/{lookup.path}", request.form_as(LabelledForm)
        question, http = form.to_wire(self.day), context.http
        if isinstance(form, MutationStatusForm):
            question["nid"] = number_of(form.nid, request.applicant.birth_date)
            found = await http.write("mutations.enquire", "POST", path, json=question, expect=FoundMutation)
            status = None if found.case is None else self.read(request, found.case, found.office)
            return mutation(found.number, status)
        return khatians(await http.write("khatians.search", "POST", path, json=question, expect=FoundKhatians))

    @hookimpl
    async def nagorik_quote_fees(self, request: QuoteRequest, context: Context) -> Quote:
        """Hold the office's own price against what is published; of a map no figure is confirmed, so there it is all.

        What a holding owes is asked by POST and yet only a question: what names it belongs in no address.
        """
        match request.form:
            case DevelopmentTaxForm() as form:
                if request.agency_reference is None:
                    self.basis(request.service, form, request.on).refuse_forbidden()
                path, question = f"{self.api}/lookups/demand", form.to_wire(self.day)
                demand = await context.http.read("demand", "POST", path, json=question, expect=Demand)
                lines, source = assess(form, demand, DATA.fees["development-tax"], request.on)
            case MouzaMapForm():
                amount, text = await self.demanded(request, context), DATA.texts.text("price.mouza-map")
                lines = (QuoteLine(code="mouza-map", text=text, amount=amount, vat=NO_VAT),)
                source = DATA.rules.on(request.on)["price-as-demanded"].source
            case _:
                return await super().nagorik_quote_fees(request, context)
        due, valid_for = FeeDue.BEFORE_SUBMISSION, self.price_holds(request)
        return demanded_quote(request, lines, due=due, valid_for=valid_for, source=source)


PLUGIN: Final = Land()
basis = PLUGIN.basis
read_error = PLUGIN.read_error
