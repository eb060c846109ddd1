"""A payment through the platform at the simulated ekPay, from its announcement to its end."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from nagorik import (
    AgencyRejected,
    Consent,
    ContractViolation,
    InputRejected,
    MobileNumber,
    Money,
    NagorikError,
    Operation,
    OutcomeUnknown,
    Payer,
    PaymentNoticeRequest,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    QueryPaymentRequest,
    StartPaymentRequest,
    Text,
)
from nagorik_ekpay.simulator import BASE, EkpaySimulator
from nagorik_platform import PaymentAddresses, Platform, PlatformSettings, PluginConfiguration
from nagorik_platform.registry import Admission, Registry
from nagorik_testing import AnswerLost, InjectedResponse, MaintenancePage, SimulatedClock, SimulatorTransport
from nagorik_testing.validation.checks import validate_path

GATEWAY, PAYMENT, HOST = "ekpay.checkout", "payment-1", "ekpay.example"
AMOUNT = Money.taka("345.00")
ANNOUNCE, STATUS = f"POST {BASE}/merchant-api", f"POST {BASE}/get-status"
ADDRESSES = PaymentAddresses(returns="https://portal.example/back", notices="https://portal.example/notices")
P = PaymentState


@dataclass
class Checkout:
    """A platform with this plugin before the simulated ekPay; one payment at most is under way."""

    ekpay: EkpaySimulator
    addresses: PaymentAddresses = ADDRESSES
    platform: Platform = field(init=False)
    started: PaymentStarted | None = None
    started_at: datetime | None = None

    def __post_init__(self) -> None:
        configuration = PluginConfiguration(
            settings=self.ekpay.settings(f"https://{HOST}"),
            egress=frozenset({HOST}),
            transport_factory=partial(SimulatorTransport, self.ekpay),
        )
        settings = PlatformSettings(clock=self.ekpay.clock, plugins={"ekpay": configuration})
        self.platform = Platform(Registry.discover(admission=Admission(allow=frozenset({"ekpay"}))), settings)

    async def start(self, payment: str = PAYMENT) -> PaymentStarted:
        now = self.ekpay.clock.now()
        self.started_at = now
        request = StartPaymentRequest(
            gateway=GATEWAY,
            payment=payment,
            amount=AMOUNT,
            purpose=Text(bn="নমুনা ফি", en="Specimen fee"),
            payer=Payer(name="NOMUNA NAGORIK 1", mobile=MobileNumber.parse("01700000000")),
            return_url=self.addresses.return_url(GATEWAY, payment),
            notice_url=self.addresses.notice_url(GATEWAY, payment),
        )
        consent = Consent(
            id="consent-1",
            service="specimen.service",
            operations=frozenset(Operation),
            fee_ceiling=Money.taka(1000),
            given_at=now,
            expires_at=now + timedelta(days=30),
        )
        self.started = await self.platform.start_payment(
            request, service="specimen.service", consent=consent, key=f"key-of-{payment}"
        )
        return self.started

    async def query(self, payment: str = PAYMENT) -> PaymentReport:
        reference = self.started.reference if self.started else None
        began = self.started_at or self.ekpay.clock.now()
        request = QueryPaymentRequest(gateway=GATEWAY, payment=payment, reference=reference, started_at=began)
        return await self.platform.query_payment(request)

    async def noticed(self, body: bytes, content_type: str = "application/json") -> str:
        request = PaymentNoticeRequest(gateway=GATEWAY, headers={"content-type": content_type}, body=body)
        return (await self.platform.parse_payment_notice(request)).payment

    async def press(self, act: str) -> httpx.Response:
        """Let the payer's browser open the page and press a button."""
        assert self.started is not None
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.ekpay.app)) as browser:
            page = str(self.started.pay_at)
            assert (await browser.get(page)).status_code == 200
            return await browser.post(page, content=urlencode({"act": act}))

    def wait(self, **length: float) -> None:
        self.ekpay.clock.advance(timedelta(**length))


def checkout_at(year: int, month: int, day: int, hour: int, minute: int) -> Checkout:
    """One at which the clocks in Dhaka show this time."""
    begins = datetime(year, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=6)
    return Checkout(EkpaySimulator(clock=SimulatedClock(begins)))


@pytest.fixture
def checkout() -> Checkout:
    return Checkout(EkpaySimulator())


def test_plugin_is_usable_as_it_lies_here() -> None:
    found = validate_path(Path(__file__).parents[1], on=date(2026, 11, 27), run=True)
    assert [finding for finding in found if finding.severity == "error"] == []


async def test_payer_pays_on_the_page_and_the_status_says_so(checkout: Checkout) -> None:
    checkout.ekpay.script.set(PAYMENT, "never")
    started = await checkout.start()
    assert (await checkout.query()).state is P.PENDING
    checkout.wait(minutes=5)
    back = await checkout.press("pay")
    assert back.headers["location"] == f"https://portal.example/back/{GATEWAY}/{PAYMENT}?transId={PAYMENT}"
    report = await checkout.query()
    (capture,) = checkout.ekpay.ledger.effects("capture")
    assert (report.state, report.amount, report.raw) == (P.CAPTURED, AMOUNT, "1020")
    assert (report.reference, report.captured_at) == (capture.reference, checkout.ekpay.clock.now())
    assert report.payer_name == "NOMUNA NAGORIK 1"
    assert started.expires_at == checkout.ekpay.clock.now() + timedelta(minutes=25)


@pytest.mark.parametrize(("act", "state"), [("fail", P.FAILED), ("cancel", P.CANCELLED)])
async def test_failed_and_cancelled_are_told_apart(checkout: Checkout, act: str, state: PaymentState) -> None:
    await checkout.start()
    await checkout.press(act)
    report = await checkout.query()
    assert (report.state, report.amount) == (state, None)


async def test_tab_that_is_closed_is_waited_for_and_then_expired(checkout: Checkout) -> None:
    checkout.ekpay.script.set(PAYMENT, "never")
    await checkout.start()
    told = []
    for _ in range(7):
        told.append((await checkout.query()).state)
        checkout.wait(minutes=30)
    assert told == [P.PENDING] * 5 + [P.EXPIRED] * 2


async def test_late_money_of_a_page_that_is_over_is_found(checkout: Checkout) -> None:
    checkout.ekpay.script.set(PAYMENT, "late")
    await checkout.start()
    checkout.wait(minutes=31)
    assert (await checkout.query()).state is P.PENDING
    checkout.wait(minutes=30)
    assert (await checkout.query()).state is P.CAPTURED


async def test_other_amount_is_told_as_it_was_taken(checkout: Checkout) -> None:
    checkout.ekpay.script.set(PAYMENT, "other-amount", values={"amount": "300.00"})
    await checkout.start()
    checkout.wait(minutes=1)
    assert (await checkout.query()).amount == Money.taka("300.00")


@pytest.mark.parametrize("day", [(2026, 11, 30), (2027, 12, 31), (2028, 2, 29)])
async def test_begun_before_midnight_and_paid_after_it(day: tuple[int, int, int]) -> None:
    checkout = checkout_at(*day, 23, 59)
    checkout.ekpay.script.set(PAYMENT, "never")
    await checkout.start()
    checkout.wait(minutes=2)
    await checkout.press("pay")
    assert (await checkout.query()).state is P.CAPTURED
    checkout.wait(days=2)
    assert (await checkout.query()).state is P.CAPTURED


async def test_paid_before_midnight_and_asked_about_the_next_day() -> None:
    checkout = checkout_at(2026, 11, 30, 22, 0)
    await checkout.start()
    checkout.wait(hours=9)
    report = await checkout.query()
    assert (report.state, report.captured_at) == (P.CAPTURED, datetime(2026, 11, 30, 16, 1, tzinfo=UTC))


def told_as_paid(checkout: Checkout, **changed: str) -> dict[str, Any]:
    """What ekPay says of the payment once it is paid, with ``changed`` in its ``trnx_info``."""
    told: dict[str, Any] = json.loads(checkout.ekpay.payment_notice(PAYMENT).body)
    return told | {"trnx_info": told["trnx_info"] | changed}


@pytest.mark.parametrize(
    "first",
    [
        InjectedResponse(status=400, document={"responseCode": "400", "responseMessage": "trans_date"}),
        InjectedResponse(status=404, document={"responseCode": "404", "responseMessage": "none"}),
        InjectedResponse(status=404, body="<html>none"),
        MaintenancePage(),
    ],
)
async def test_date_that_cannot_be_read_hides_no_money_of_another(first: Any) -> None:
    checkout = checkout_at(2026, 11, 30, 23, 58)
    checkout.ekpay.script.set(PAYMENT, "never")
    await checkout.start()
    checkout.wait(minutes=3)
    checkout.ekpay.faults.add(STATUS, first, count=1)
    assert (await checkout.query()).state is P.UNKNOWN
    await checkout.press("pay")
    checkout.ekpay.faults.add(STATUS, first, count=1)
    report = await checkout.query()
    assert (report.state, report.amount) == (P.CAPTURED, AMOUNT)


@pytest.mark.parametrize(("amount", "taken"), [("345.00", "690.00"), ("300.00", "645.00")])
async def test_paid_on_both_sides_of_midnight_is_a_case_for_a_person(amount: str, taken: str) -> None:
    checkout = checkout_at(2026, 11, 30, 23, 59)
    await checkout.start()
    checkout.wait(minutes=1)
    first = told_as_paid(checkout, trnx_id="EK000000000000", trnx_amt=amount)
    checkout.ekpay.faults.add(STATUS, InjectedResponse(status=200, document=first), count=1)
    report = await checkout.query()
    assert (report.state, report.amount) == (P.UNDER_INVESTIGATION, Money.taka(taken))


async def test_amount_is_the_one_that_was_written_and_none_near_it(checkout: Checkout) -> None:
    await checkout.start()
    checkout.wait(minutes=1)
    body = json.dumps(told_as_paid(checkout, trnx_amt="X")).replace('"X"', "344.99999999999999999999", 1)
    checkout.ekpay.faults.add(STATUS, InjectedResponse(status=200, body=body), count=1)
    with pytest.raises(ContractViolation):
        await checkout.query()
    assert (await checkout.query()).amount == AMOUNT


async def test_one_date_is_asked_for_in_the_middle_of_the_day(checkout: Checkout) -> None:
    await checkout.start()
    await checkout.query()
    assert len([one for one in checkout.ekpay.ledger.requests() if one.operation == STATUS]) == 1


# What goes wrong


async def test_lost_announcement_is_asked_about_and_never_sent_again(checkout: Checkout) -> None:
    checkout.ekpay.script.set(PAYMENT, "never")
    checkout.ekpay.faults.add(ANNOUNCE, AnswerLost(), count=None)
    with pytest.raises(OutcomeUnknown):
        await checkout.start()
    assert len(checkout.ekpay.ledger.requests()) == 1
    assert (await checkout.query()).state is P.UNKNOWN
    checkout.wait(minutes=41)
    assert (await checkout.query()).state is P.EXPIRED


async def test_lost_announcement_whose_page_was_paid_all_the_same_is_captured(checkout: Checkout) -> None:
    checkout.ekpay.faults.add(ANNOUNCE, AnswerLost(), count=None)
    with pytest.raises(OutcomeUnknown):
        await checkout.start()
    checkout.wait(minutes=1)
    assert (await checkout.query()).state is P.CAPTURED


@pytest.mark.parametrize(
    "answer",
    [
        MaintenancePage(processed=True),
        InjectedResponse(status=200, body="<html>login</html>", processed=True),
        InjectedResponse(status=200, body="", processed=True),
        InjectedResponse(status=200, document={"msg_code": "1000", "secure_token": None}, processed=True),
        InjectedResponse(status=200, document={"msg_code": "1000"}, processed=True),
        InjectedResponse(status=200, document=[], processed=True),
        InjectedResponse(status=400, document={"msg_code": "1000", "secure_token": "a.b.c"}, processed=True),
        InjectedResponse(status=429, document={"msg_code": "1000", "secure_token": "a.b.c"}, processed=True),
    ],
)
async def test_announcement_that_is_answered_with_nonsense_is_unknown(checkout: Checkout, answer: Any) -> None:
    checkout.ekpay.faults.add(ANNOUNCE, answer, count=None)
    with pytest.raises(OutcomeUnknown):
        await checkout.start()
    assert (await checkout.query()).state is P.UNKNOWN


@pytest.mark.parametrize("status", [200, 400, 404, 409, 422])
async def test_refusal_fails_the_payment_in_the_plugins_own_words(checkout: Checkout, status: int) -> None:
    refusal = {"responseCode": "500", "responseMessage": "CANARY Invalid mer_pas_key specimen-key"}
    checkout.ekpay.faults.add(ANNOUNCE, InjectedResponse(status=status, document=refusal), count=None)
    with pytest.raises(AgencyRejected) as refused:
        await checkout.start()
    assert refused.value.reason_code == "ekpay.refused"
    assert refused.value.reason is not None
    assert "code 500" in refused.value.reason.en
    assert "কোড ৫০০" in refused.value.reason.bn
    assert "CANARY" not in json.dumps(dict(refused.value.details()), default=str) + repr(refused.value)


@pytest.mark.parametrize("answer", [MaintenancePage(), InjectedResponse(status=200, body="<html>")])
async def test_status_in_html_says_nothing(checkout: Checkout, answer: Any) -> None:
    await checkout.start()
    checkout.wait(minutes=1)
    checkout.ekpay.faults.add(STATUS, answer, count=None)
    with pytest.raises(ContractViolation):
        await checkout.query()


async def test_error_of_the_status_is_neither_a_failure_nor_the_end(checkout: Checkout) -> None:
    """An address that is not on ekPay's list would be told so in some way; every payment would look unpaid."""
    await checkout.start()
    refusal = {"responseCode": "401", "responseMessage": "Not allowed"}
    checkout.ekpay.faults.add(STATUS, InjectedResponse(status=200, document=refusal), count=None)
    for _ in range(3):
        assert (await checkout.query()).state is P.UNKNOWN
        checkout.wait(days=1)


async def test_code_that_one_client_takes_for_paid_is_not(checkout: Checkout) -> None:
    await checkout.start()
    checkout.wait(minutes=1)
    told = json.loads(checkout.ekpay.payment_notice(PAYMENT).body) | {"msg_code": "1000"}
    checkout.ekpay.faults.add(STATUS, InjectedResponse(status=200, document=told), count=None)
    report = await checkout.query()
    assert (report.state, report.amount, report.raw) == (P.UNKNOWN, None, "1000")


@pytest.mark.parametrize(
    "changed", [{"mer_trnx_id": "payment-2"}, {"curr": "EUR"}, {"curr": None}, {"trnx_amt": "345.001"}]
)
async def test_paid_with_another_id_or_currency_is_not_captured(checkout: Checkout, changed: dict[str, Any]) -> None:
    await checkout.start()
    checkout.wait(minutes=1)
    told = json.loads(checkout.ekpay.payment_notice(PAYMENT).body)
    told["trnx_info"] |= changed
    checkout.ekpay.faults.add(STATUS, InjectedResponse(status=200, document=told), count=None)
    with pytest.raises(ContractViolation):
        await checkout.query()


async def test_forged_and_repeated_notices_capture_nothing(checkout: Checkout) -> None:
    checkout.ekpay.script.set(PAYMENT, "never")
    await checkout.start()
    forged = checkout.ekpay.payment_notice(PAYMENT).body
    assert json.loads(forged)["msg_code"] == "1020"
    for _ in range(2):
        assert await checkout.noticed(forged) == PAYMENT
        assert (await checkout.query()).state is P.PENDING
    with pytest.raises(AgencyRejected):
        await checkout.noticed(b"{}")


async def test_payer_who_comes_back_names_the_payment_and_proves_nothing(checkout: Checkout) -> None:
    checkout.ekpay.script.set(PAYMENT, "never")
    await checkout.start()
    query = urlencode({"transId": PAYMENT, "status": "success"}).encode()
    assert await checkout.noticed(query, "application/x-www-form-urlencoded") == PAYMENT
    assert (await checkout.query()).state is P.PENDING


async def test_host_without_addresses_announces_nothing() -> None:
    checkout = Checkout(EkpaySimulator(), PaymentAddresses())
    with pytest.raises(InputRejected) as refused:
        await checkout.start()
    assert [field.pointer for field in refused.value.fields] == ["/return_url", "/notice_url"]
    assert not checkout.ekpay.ledger.requests()


async def test_neither_key_nor_token_nor_payer_is_in_an_error(checkout: Checkout) -> None:
    checkout.ekpay.faults.add(STATUS, MaintenancePage(), count=None)
    started = await checkout.start()
    token = dict(parse_qsl(urlsplit(str(started.pay_at)).query))["sToken"]
    with pytest.raises(NagorikError) as failed:
        await checkout.query()
    told = repr(failed.value) + str(failed.value) + json.dumps(dict(failed.value.details()), default=str)
    assert not [word for word in (token, "specimen-key", "NOMUNA", "01700000000") if word in told]
    assert token not in repr(started)
