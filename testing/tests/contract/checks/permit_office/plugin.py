"""The hooks, as they should be. ``broken`` derives from them."""

import hmac
import json
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime, Field

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyStatus,
    ApplicationState,
    CallbackReport,
    CallContext,
    ContractViolation,
    Criterion,
    DefinitelyAbsent,
    Deliverable,
    EligibilityDecision,
    FeeDue,
    FetchedDeliverable,
    FormPart,
    Found,
    Health,
    HealthState,
    NagorikError,
    PaymentAdvice,
    PaymentNotice,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    Quote,
    RefundReport,
    Slot,
    SlotBooking,
    Slots,
    Text,
    Token,
    Verdict,
    WireModel,
    Withdrawal,
    hookimpl,
)
from nagorik.values import Money, dhaka_zone
from nagorik_toolkit.bangladesh import age_on
from nagorik_toolkit.fees import read_schedules

Context = CallContext[Any]
FEES = read_schedules(__package__)["shop"]
STATES = {
    "RECEIVED": ApplicationState.SUBMITTED,
    "REVIEW": ApplicationState.IN_REVIEW,
    "PAPERS MISSING": ApplicationState.CORRECTION_REQUESTED,
    "PERMITTED": ApplicationState.ISSUED,
    "REFUSED": ApplicationState.REJECTED,
    "TAKEN BACK": ApplicationState.WITHDRAWN,
}
PAID = {"OPEN": PaymentState.PENDING, "PAID": PaymentState.CAPTURED, "TORN UP": PaymentState.CANCELLED}
SEEN: list[str] = []
"""Stays empty, unless a broken variant remembers a call."""


class Filed(WireModel):
    number: str = Field(pattern=r"^[A-Z0-9-]+$")
    word: str
    since: AwareDatetime
    remark: Text | None = None


class Told(Filed):
    sent_at: AwareDatetime


class Free(WireModel):
    id: str = Field(pattern=r"^[0-9T:-]+$")
    free: int


class Page(WireModel):
    slots: tuple[Free, ...]
    following: int | None


class Seat(WireModel):
    booked: bool


class Tariff(WireModel):
    name: str


class Matches(WireModel):
    items: tuple[Filed, ...]


class Bill(WireModel):
    receipt: str = Field(pattern=r"^[A-Z0-9-]+$")
    word: str
    amount: str
    paid_at: datetime | None = None


class Refund(WireModel):
    word: str
    number: str | None = None


async def login(http: Any, settings: Any, _clock: Any) -> Token:
    """The office takes any token."""
    return Token("token-of-nobody", expires_in=3600)


class Session(WireModel):
    token: str


async def login_by_request(http: Any, settings: Any, _clock: Any) -> Token:
    session = await http.read("login", "POST", "/login", json={}, expect=Session)
    return Token(session.token, expires_in=3600)


async def login_at_the_desk(http: Any, settings: Any, _clock: Any) -> Token:
    session = await http.read("session", "POST", "/desk", json={}, expect=Session)
    return Token(session.token, expires_in=3600)


def read_error(answer: Any) -> NagorikError | None:
    error = answer.document.get("error") if isinstance(answer.document, dict) else None
    if error is not None and answer.status < 300:
        return ContractViolation("error-with-success-status")
    return AgencyRejected("office-shut") if error == "the office is shut" else None


def status_of(filed: Filed) -> AgencyStatus:
    state = STATES.get(filed.word)
    return AgencyStatus(
        state=state,
        raw=filed.word,
        at=filed.since,
        reason=filed.remark,
        deliverables=(Deliverable(kind="permit", delivery="download"),) if state is ApplicationState.ISSUED else (),
        final=state in {ApplicationState.ISSUED, ApplicationState.REJECTED, ApplicationState.WITHDRAWN},
    )


def criterion(name: str, verdict: Verdict) -> Criterion:
    return Criterion(id=name, verdict=verdict, text=Text(bn="বয়স ও কার্ড", en="Age and card"))


class Hooks:
    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        born = request.applicant.birth_date
        grown = born <= request.on and age_on(born, request.on) >= 18
        card = Verdict.CANNOT_TELL if request.applicant.nid is None else Verdict.PASS
        return EligibilityDecision(
            criteria=(criterion("age", Verdict.PASS if grown else Verdict.FAIL), criterion("card", card))
        )

    @hookimpl
    async def nagorik_quote_fees(self, request: Any, context: Context) -> Quote:
        return FEES.quote(request, due=FeeDue.AFTER_SUBMISSION, valid_for=timedelta(hours=24))

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        content = {"clientReference": request.client_reference, **self.content(request)}
        filed = await self.file(context, content, await self.papers(request, context))
        return Accepted(reference=filed.number, status=status_of(filed))

    def content(self, request: Any) -> dict[str, str]:
        form = request.form
        return {"nid": form.nid.value, "name": form.name, "mobile": form.mobile.e164, "road": form.address.road}

    async def file(self, context: Context, content: dict[str, str], papers: list[FormPart]) -> Filed:
        parts = self.parts(content, papers)
        return await context.http.write("file", "POST", "/permits", parts=parts, expect=Filed)

    def parts(self, content: dict[str, str], papers: list[FormPart]) -> list[FormPart]:
        return [*(FormPart(name, text) for name, text in content.items()), *papers]

    async def papers(self, request: Any, context: Context) -> list[FormPart]:
        return [FormPart(paper.kind, paper, filename=paper.kind) for paper in request.documents]

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        asked = context.clock.now()
        query = {"clientReference": request.client_reference}
        found = await context.http.read("search", "GET", "/permits", params=query, expect=Matches)
        for filed in found.items:
            return Found(reference=filed.number, status=status_of(filed))
        return DefinitelyAbsent(as_of=asked)

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> AgencyStatus:
        return status_of(await self.ask(context, request.agency_reference))

    async def ask(self, context: Context, number: str) -> Filed:
        return await context.http.read("status", "GET", f"/permits/{number}", expect=Filed)

    @hookimpl
    async def nagorik_answer_correction(self, request: Any, context: Context) -> AgencyStatus:
        path = f"/permits/{request.agency_reference}/papers"
        content = {**self.content(request), "papers": [paper.sha256 for paper in request.documents]}
        return status_of(await context.http.write("papers", "POST", path, json=content, expect=Filed))

    @hookimpl
    async def nagorik_advise_payment(self, request: Any, context: Context) -> PaymentAdvice:
        path = f"/permits/{request.agency_reference}/payment"
        content = {"reference": request.receipt.reference, "amount": request.receipt.amount.plain()}
        told = await context.http.write("advise", "POST", path, json=content, expect=Refund)
        return PaymentAdvice(confirmed=told.word == "PAID")

    @hookimpl
    async def nagorik_withdraw(self, request: Any, context: Context) -> Withdrawal:
        path = f"/permits/{request.agency_reference}/withdrawal"
        filed = await context.http.write("withdraw", "POST", path, json={}, expect=Filed)
        return Withdrawal(withdrawn=filed.word == "TAKEN BACK", status=status_of(filed))

    @hookimpl
    async def nagorik_fetch_deliverable(self, request: Any, context: Context) -> FetchedDeliverable:
        file = await context.http.download("paper", f"/permits/{request.agency_reference}/paper")
        if file.content_type != "application/pdf" or not file.content.startswith(b"%PDF-"):
            raise ContractViolation("paper-not-a-pdf")
        document = await context.documents.put("permit", "application/pdf", file)
        return FetchedDeliverable(deliverable=request.deliverable, document=document)

    @hookimpl
    async def nagorik_start_payment(self, request: Any, context: Context) -> PaymentStarted:
        content = {"payment": request.payment, "amount": request.amount.plain()}
        bill = await context.http.write("open", "POST", "/bills", json=content, expect=Bill)
        return PaymentStarted(reference=bill.receipt, instructions=Text(bn="কাউন্টারে দিন", en="Pay at the counter"))

    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        bill = await context.http.read_or_none("look", "GET", f"/bills/{request.payment}", expect=Bill)
        return PaymentReport(state=PaymentState.UNKNOWN) if bill is None else self.report(bill)

    def report(self, bill: Bill) -> PaymentReport:
        state = PAID.get(bill.word, PaymentState.UNKNOWN)
        captured = state is PaymentState.CAPTURED
        return PaymentReport(
            state=state, amount=Money.taka(bill.amount) if captured else None, reference=bill.receipt, raw=bill.word
        )

    @hookimpl
    async def nagorik_refund_payment(self, request: Any, context: Context) -> RefundReport:
        path, content = f"/bills/{request.payment}/refund", {"amount": request.amount.plain()}
        refund = await context.http.write("refund", "POST", path, json=content, expect=Refund)
        return RefundReport(state=self.refunded(refund.word))

    def refunded(self, word: str) -> Any:
        return PaymentState.REFUNDED if word == "REFUNDED" else PaymentState.REFUND_PENDING

    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any, context: Context) -> PaymentNotice:
        self.prove(request, context)
        return PaymentNotice(payment=json.loads(request.body)["payment"])

    @hookimpl
    async def nagorik_parse_callback(self, request: Any, context: Context) -> CallbackReport:
        self.prove(request, context)
        told = Told.model_validate_json(request.body)
        self.prove_fresh(told, context)
        return CallbackReport(agency_reference=told.number, status=status_of(told))

    def prove(self, request: Any, context: Context) -> None:
        key = context.settings.password.get_secret_value().encode()
        mac = hmac.new(key, request.body, "sha256").hexdigest().encode()
        given = {name.lower(): value for name, value in request.headers.items()}.get("x-signature", "")
        if not hmac.compare_digest(mac, given.encode()):
            raise AgencyRejected("message-not-signed")

    def prove_fresh(self, told: "Told", context: Context) -> None:
        if context.clock.now() - told.sent_at > timedelta(minutes=5):
            raise AgencyRejected("message-too-late")

    @hookimpl
    async def nagorik_list_slots(self, request: Any, context: Context) -> Slots:
        path, found, page = f"/permits/{request.agency_reference}/slots", list[Slot](), 1
        while page:
            params = {"page": str(page)}
            answer = await context.http.read(f"slots-{page}", "GET", path, params=params, expect=Page)
            found += [self.slot(one) for one in answer.slots]
            page = self.following(answer)
        return Slots(slots=tuple(one for one in found if request.earliest <= one.starts_at < request.latest))

    def slot(self, one: "Free") -> Slot:
        begins = datetime.fromisoformat(one.id).replace(tzinfo=dhaka_zone())
        ends, place = begins + timedelta(minutes=30), Text(bn="দপ্তর", en="Office")
        return Slot(id=one.id, starts_at=begins, ends_at=ends, place=place, free=one.free)

    def following(self, answer: "Page") -> int:
        return answer.following or 0

    @hookimpl
    async def nagorik_book_slot(self, request: Any, context: Context) -> SlotBooking:
        path, content = f"/permits/{request.agency_reference}/slots", {"slot": self.chosen(request)}
        seat = await context.http.write("book", "POST", path, json=content, expect=Seat)
        return SlotBooking(booked=seat.booked)

    def chosen(self, request: Any) -> str:
        return request.slot.id

    @hookimpl
    async def nagorik_check_health(self, context: Context) -> Health:
        await context.http.read("health", "GET", "/tariff", expect=Tariff)
        return Health(state=HealthState.UP)


hooks = Hooks()
