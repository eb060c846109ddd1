"""The interface of the land portals, between the forms and the model of it that the simulator speaks.

Modelled, not the Ministry's own: ``simulator/WIRE.md`` describes it. All times on the wire are Dhaka's, areas are
acres with four places in Bangla digits.
"""

from collections.abc import Mapping
from datetime import UTC, date
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import BeforeValidator, Field, field_validator

from nagorik import (
    AdvisePaymentRequest,
    ApplicationRequest,
    DeliverableRequest,
    PaymentReceipt,
    StatusRequest,
    WireModel,
    to_ascii_digits,
    to_bangla_digits,
)
from nagorik_land.data import TEXTS
from nagorik_land.fields import LandForm, Plot
from nagorik_land.forms import (
    DevelopmentTaxForm,
    HoldingRegistrationForm,
    KhatianCopyForm,
    MouzaMapForm,
    MutationForm,
    OrderForm,
)
from nagorik_toolkit import (
    DayMonthYear,
    DhakaMinute,
    FiscalYear,
    LandArea,
    TakaAmount,
    field_error_reader,
    hashes_of,
    number_of,
    wire_word,
)


class Desk(NamedTuple):
    """Where the applications for a service are."""

    api: str
    collection: str

    @property
    def applications(self) -> str:
        """All of them."""
        return f"{self.api}/{self.collection}"


_ORDERS: Final = Desk("/sim/land/porcha/v1", "orders")

DESKS: Final[Mapping[str, Desk]] = MappingProxyType(
    {
        "land.mutation": Desk("/sim/land/mutation/v1", "applications"),
        "land.khatian-copy": _ORDERS,
        "land.mouza-map": _ORDERS,
        "land.development-tax": Desk("/sim/land/ldtax/v1", "receipts"),
        "land.holding-registration": Desk("/sim/land/ldtax/v1", "registrations"),
    }
)

STAGES: Final[Mapping[str, str]] = MappingProxyType({"application": "1", "notice": "2", "dcr": "3"})
"""The land offices' numbers of a mutation's three payments; every other service has one."""

FORM_FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "district": "/form/place/district",
        "upazila": "/form/place/upazila",
        "mouza": "/form/place/mouza",
        "jlNo": "/form/place/jl_number",
        "khatianNo": "/form/khatian_number",
        "holdingNo": "/form/holding_number",
        "sheetNo": "/form/sheet_number",
        "fy": "/form/fiscal_year",
        "area": "/form/area",
        "dags": "/form/plots",
        "deed": "/form/deed_number",
        "survey": "/form/survey",
        "dagNo": "/form/plot_number",
        "mobile": "/form/mobile",
        "nid": "/form/nid",
        "dob": "/form/birth_date",
        "division": "/form/division",
        "applicationId": "/form/application_number",
    }
)
"""Where the citizen filled in what the land offices call by these names."""

read_error = field_error_reader(FORM_FIELDS, TEXTS, "land.field-refused", statuses={400})
"""The land offices' own refusals, as far as they name a field of the form."""


def _year(written: object) -> object:
    return FiscalYear.parse(written) if isinstance(written, str) else written


Year = Annotated[FiscalYear, BeforeValidator(_year)]


# What the land offices answer


class StageFee(WireModel):
    """What a stage of an application costs."""

    total: TakaAmount


class Arrear(WireModel):
    """What is still owed for an earlier year, without interest."""

    year: Year = Field(alias="fy")
    amount: TakaAmount


class Demand(WireModel):
    """What a holding owes on one day."""

    year: Year = Field(alias="fy")
    as_of: DayMonthYear = Field(alias="asOf")
    """Interest grows by the day, so that the sums hold for this one only."""
    exempt: bool
    current: TakaAmount
    """The tax of the year itself or, for exempt land, the price of the receipt."""
    arrears: tuple[Arrear, ...] = ()
    interest: TakaAmount
    total: TakaAmount


class Paper(WireModel):
    """Something that has been issued."""

    kind: Literal["dcr", "khatian", "land-tax-receipt", "waiver-receipt"]
    number: str = Field(min_length=1, max_length=60)


class Standing(WireModel):
    """How an application stands."""

    status: str = Field(min_length=1)
    office: str | None = None
    case_number: str | None = Field(default=None, alias="caseNo", pattern=r"^[0-9]{1,7}/[0-9]{4}-[0-9]{2}$")
    """Unique within the office and the fiscal year in it only, so that it identifies nothing by itself."""
    remarks: str | None = None
    hearing: DhakaMinute | None = None
    updated_at: DhakaMinute | None = Field(default=None, alias="updatedAt")
    sequence: int | None = Field(default=None, ge=0)
    papers: tuple[Paper, ...] = ()
    holding_number: str | None = Field(default=None, alias="holdingNo", min_length=1, max_length=24)
    """The number under which land has been registered for the tax."""

    @field_validator("case_number", "holding_number", mode="before")
    @classmethod
    def _in_ascii_digits(cls, written: object) -> object:
        return to_ascii_digits(written) if isinstance(written, str) else written


class Filed(Standing):
    """An application that a land office holds."""

    reference: str = Field(alias="applicationId", pattern=r"^[A-Z0-9-]+$", max_length=40)
    """Unique in the country. Goes into the path of what is asked next, so it is held to what a path takes."""


class AdviceTaken(WireModel):
    """What a land office says to a payment: ``PENDING`` until the money has reached it."""

    status: Literal["TAKEN", "PENDING"]

    @property
    def confirmed(self) -> bool:
        """Whether the money has reached it."""
        return self.status == "TAKEN"


# What the land offices are told


def path_of(request: AdvisePaymentRequest | DeliverableRequest | StatusRequest) -> str:
    """Where an application that a land office holds is."""
    return f"{DESKS[request.service].applications}/{request.agency_reference}"


def acres(area: LandArea) -> str:
    """``০.১২৫০``."""
    return to_bangla_digits(area.plain("acre"))


def to_price_question(request: ApplicationRequest, stage: str) -> dict[str, str]:
    """What an office has to know to price a stage of an application for anything but the tax."""
    form = request.form
    if isinstance(form, OrderForm):
        return {"type": _order_type(form), "delivery": form.delivery.upper()}
    return {"stage": STAGES[stage]}


def to_application(request: ApplicationRequest, client_reference: str) -> dict[str, Any]:
    """An application as it is filed."""
    form = request.form_as(LandForm)
    return {
        "clientReference": client_reference,
        **_to_place(form),
        "applicant": request.applicant.name.bn or request.applicant.name.en,
        "documents": hashes_of(request.documents),
        **_details(form),
    }


def to_payment(receipt: PaymentReceipt) -> dict[str, str]:
    """The payment as an office is told of it; its reference is what makes a second telling harmless."""
    return {
        "reference": receipt.reference,
        "amount": receipt.amount.plain(),
        "paidAt": receipt.captured_at.astimezone(UTC).isoformat(),
    }


def _to_place(form: LandForm) -> dict[str, str]:
    place = form.place
    return {
        "district": place.district,
        "upazila": place.upazila,
        "mouza": place.mouza,
        "jlNo": place.jl_number,
    }


def _details(form: LandForm) -> dict[str, Any]:
    match form:
        case MutationForm():
            return {
                "khatianNo": form.khatian_number,
                "dags": _to_plots(form.plots),
                "recordedOwner": form.recorded_owner,
                "acquisition": _ACQUISITIONS[form.acquisition],
                "deed": _deed(form.deed_number, form.deed_date),
                "mobile": form.mobile.e164,
            }
        case DevelopmentTaxForm():
            return to_holding(form)
        case HoldingRegistrationForm():
            return {
                "nid": number_of(form.nid, form.birth_date),
                "dob": f"{form.birth_date:%d/%m/%Y}",
                "mobile": form.mobile.e164,
                "survey": form.survey.upper(),
                "khatianNo": form.khatian_number,
                "dags": _to_plots(form.plots),
                "holdingNo": form.holding_number,
            }
        case OrderForm():
            return {"type": _order_type(form), "delivery": form.delivery.upper(), **_order(form)}
        case _:
            raise TypeError("no service of this plugin has this form")


def _to_plots(plots: tuple[Plot, ...]) -> list[dict[str, str]]:
    return [{"dagNo": plot.number, "area": acres(plot.area)} for plot in plots]


_ACQUISITIONS: Final = MappingProxyType(
    {"purchase": "PURCHASE", "inheritance": "INHERIT", "gift": "GIFT", "decree": "DECREE"}
)


def to_demand_question(form: DevelopmentTaxForm) -> dict[str, str | None]:
    """Which holding's demand is wanted. In the body, not in the path: addresses are written to logs."""
    return {**_to_place(form), **to_holding(form)}


def to_holding(form: DevelopmentTaxForm) -> dict[str, str | None]:
    """A holding and the year whose tax is meant."""
    return {
        "holdingNo": form.holding_number,
        "fy": form.fiscal_year.label,
        "area": acres(form.area),
        "areaClass": wire_word(form.area_class),
        "use": wire_word(form.use),
        "familyArea": acres(form.family_area) if form.family_area else None,
    }


def _deed(number: str | None, day: date | None) -> dict[str, str] | None:
    return {"no": number, "date": f"{day:%d/%m/%Y}"} if number and day else None


def _order_type(form: OrderForm) -> str:
    return "MAP" if isinstance(form, MouzaMapForm) else "KHATIAN"


def _order(form: OrderForm) -> dict[str, Any]:
    address = form.address
    written = (address.home, address.upazila, address.district, address.postcode) if address else ()
    order: dict[str, Any] = {"address": ", ".join(written) or None, "mobile": form.mobile.e164}
    if isinstance(form, KhatianCopyForm):
        order |= {"survey": form.survey.upper(), "khatianNo": form.khatian_number}
    if isinstance(form, MouzaMapForm):
        order["sheetNo"] = form.sheet_number
    return order
