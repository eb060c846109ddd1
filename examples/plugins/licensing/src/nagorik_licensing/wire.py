"""What the invented office writes and reads: XML, with Bangla digits and Dhaka's time, errors with the status 200."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from pydantic import AfterValidator, SecretStr

from nagorik import (
    AgencyRejected,
    AgencyResponse,
    AgencyStatus,
    CredentialProblem,
    CredentialsRejected,
    FormPart,
    InputRejected,
    NagorikError,
    PaymentReceipt,
    RateLimited,
    SubmitRequest,
    to_ascii_digits,
)
from nagorik_licensing.data import STATUSES, TEXTS
from nagorik_licensing.forms import ApplicationForm
from nagorik_toolkit import DhakaTime, TakaAmount
from nagorik_toolkit.formats.xml import XmlModel, element, read_xml

APPLICATIONS: Final = "/applications"
SPACE: Final = "urn:example:licensing-office"
FORM_FIELDS: Final = {"address": "/form/address", "mobile": "/form/mobile"}
"""Where the citizen filled in what the office calls by these names."""

OfficeTime = Annotated[datetime, DhakaTime("%d-%m-%Y %H:%M:%S")]
"""``২৬-১১-২০২৬ ১৫:০৪:০৫``: the clocks in Dhaka, without an offset."""
FileNumber = Annotated[str, AfterValidator(to_ascii_digits)]
"""``L-১২৩৪৫৬`` in an answer, ``L-123456`` in an address."""


class Session(XmlModel, tag="session", nsmap={"": SPACE}):
    """What a login brings."""

    token: SecretStr = element(min_length=1)
    valid_until: OfficeTime = element(tag="valid-until")


class Application(XmlModel, tag="application", nsmap={"": SPACE}):
    """One application, as the office shows it."""

    reference: FileNumber = element(tag="number", pattern=r"^L-\d{6}$")
    state: str = element(min_length=1, max_length=40)
    since: OfficeTime = element()
    due: TakaAmount = element()
    """What is to be paid now; ``০.০০`` where nothing is."""


class FoundApplications(XmlModel, tag="applications", nsmap={"": SPACE}):
    """What the office holds under one reference of ours."""

    items: tuple[Application, ...] = element(tag="application", default=())
    complete: bool = element()


class Receipt(XmlModel, tag="receipt", nsmap={"": SPACE}):
    """What the office says to a payment."""

    confirmed: bool = element()


class Details(XmlModel, tag="details", nsmap={"": SPACE}):
    """What the citizen filled in, as the office takes it."""

    address: str = element()
    mobile: str = element()


class PaymentMessage(XmlModel, tag="payment", nsmap={"": SPACE}):
    """A payment, as the office takes it."""

    reference: str = element()
    amount: str = element()


def to_filing(request: SubmitRequest, form: ApplicationForm) -> list[FormPart]:
    """An application in parts: our reference, the details in XML, and each paper under its kind."""
    return [
        FormPart("clientReference", request.client_reference),
        FormPart("details", Details(address=form.address, mobile=form.mobile.e164)),
        *(FormPart(paper.kind, paper, filename=paper.kind) for paper in request.documents),
    ]


def to_payment(receipt: PaymentReceipt) -> PaymentMessage:
    """A payment as the office takes it."""
    return PaymentMessage(reference=receipt.reference, amount=receipt.amount.plain())


def to_status(application: Application) -> AgencyStatus:
    """A word that is not in statuses.toml has no state: it is shown as it is, flagged, and never guessed at."""
    return STATUSES.status(application.state, at=application.since, fee_amount=application.due)


def read_error(answer: AgencyResponse) -> NagorikError | None:
    """The office's errors, which come with the status 200; ``None`` for any other answer, and for an unknown code."""
    root = read_xml(answer) if answer.status == HTTPStatus.OK else None
    if root is None or root.tag != f"{{{SPACE}}}error":
        return None
    code, field = (root.findtext(f"{{{SPACE}}}{name}") for name in ("code", "field"))
    match code:
        case "FIELD-REFUSED":
            pointers = [FORM_FIELDS[field]] if field in FORM_FIELDS else []
            return InputRejected([TEXTS.field_problem(pointer, "licensing.field-refused") for pointer in pointers])
        case "SESSION-ENDED":
            return CredentialsRejected(CredentialProblem.EXPIRED)  # the client logs in and sends it once more
        case "NOT-LET-IN":
            return CredentialsRejected(CredentialProblem.WRONG)
        case "TOO-MANY-LOGINS":
            return RateLimited()
        case "NO-SUCH-FILE" | "PAYMENT-USED":
            return AgencyRejected(code.lower())
    return None
