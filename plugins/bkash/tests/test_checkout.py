"""Paying at the simulated gateway, through a real client, and reading answers that a test writes itself."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import respx
from pydantic import ValidationError

from nagorik import (
    AgencyRejected,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    InputRejected,
    OutcomeUnknown,
    PaymentReport,
    PaymentState,
)
from nagorik.values import Money
from nagorik_bkash.codes import CODES, SENTENCES, CodeMeaning
from nagorik_bkash.settings import BkashSettings
from nagorik_bkash.simulator import gateway
from nagorik_testing import AnswerLost, InjectedResponse, MaintenancePage
from nagorik_testing.validation.checks import validate_path

PAYMENT: Final = "payment-1"
NUMBER: Final = "TR0011abcdefg1795500000000"
TRX: Final = "BKR7QJ2M0X"
AMOUNT: Final = Money.taka("1170.00")
HOME: Final = f"https://tokenized.pay.bka.sh{gateway.CHECKOUT}"
EXECUTE: Final = f"POST {gateway.CHECKOUT}/execute"
CREATE: Final = f"POST {gateway.CHECKOUT}/create"
REFUND: Final = f"POST {gateway.CHECKOUT}/payment/refund"
STATUS: Final = f"POST {gateway.CHECKOUT}/payment/status"
DOUBTFUL: Final = ("2029", "2056", "2060", "2062", "2068", "2117", "2119", "2003", "2065", "503", "9999", "")

COMPLETED: Final[Mapping[str, Any]] = {
    "statusCode": "0000",
    "paymentID": NUMBER,
    "merchantInvoice": PAYMENT,
    "transactionStatus": "Completed",
    "userVerificationStatus": "Complete",
    "amount": "1170.00",
    "currency": "BDT",
    "trxID": TRX,
    "paymentExecuteTime": "2026-11-24T10:01:02:345 GMT+0600",
}
REFUND_OF_ANOTHER: Final = {
    "originalTrxID": "another",
    "refundTrxID": TRX,
    "transactionStatus": "Completed",
    "amount": "1170",
}
INITIATED: Final[Mapping[str, Any]] = {
    **{name: COMPLETED[name] for name in ("statusCode", "paymentID", "merchantInvoice", "amount", "currency")},
    "transactionStatus": "Initiated",
    "userVerificationStatus": "Complete",
}


def answering(mock: respx.Router, path: str, answer: object) -> respx.Route:
    """Let the gateway grant a token, and answer one operation."""
    mock.post(f"{HOME}/token/grant").respond(json={"statusCode": "0000", "id_token": "made-up", "expires_in": "3600"})
    if path == "execute":
        mock.post(f"{HOME}/payment/status").respond(json=dict(INITIATED))
    route = mock.post(f"{HOME}/{path}")
    if isinstance(answer, bytes):
        return route.respond(content=answer, headers={"content-type": "text/html"})
    return route.respond(json=answer)


def test_plugin_is_usable_as_it_lies_here() -> None:
    found = validate_path(Path(__file__).parents[1], on=date(2026, 11, 27), run=True)
    assert [finding for finding in found if finding.severity == "error"] == []


async def test_a_payment_is_begun_at_the_page_that_bkash_names(wired: Any) -> None:
    page = "https://payment.bkash.com/?paymentId=TR0011&hash=made-up"
    answer = {
        "statusCode": "0000",
        "paymentID": NUMBER,
        "bkashURL": page,
        "amount": "1170",
        "currency": "BDT",
        "merchantInvoiceNumber": PAYMENT,
    }
    with respx.mock(assert_all_called=False) as mock:
        route = answering(mock, "create", answer)
        begun = await wired.start(mobile="+8801770618575")
    assert (begun.reference, begun.pay_at) == (NUMBER, page)
    assert begun.expires_at == wired.gateway.clock.now() + timedelta(hours=2)
    sent = route.calls.last.request
    assert json.loads(sent.content) == {
        "mode": "0011",
        "payerReference": "01770618575",
        "callbackURL": f"https://portal.example/payments/return/bkash.checkout/{PAYMENT}",
        "amount": "1170.00",
        "currency": "BDT",
        "intent": "sale",
        "merchantInvoiceNumber": PAYMENT,
    }
    assert (sent.headers["authorization"], sent.headers["x-app-key"]) == ("made-up", gateway.APP_KEY)


@pytest.mark.parametrize(
    "changed",
    [
        {"amount": "11.70"},
        {"currency": "USD"},
        {"merchantInvoiceNumber": "payment-2"},
        {"bkashURL": "http://payment.bkash.com/"},
        {"bkashURL": "https://evil.example/pay"},
        {"bkashURL": "https://evil-bkash.com/"},
        {"bkashURL": "https://bkash.com.evil.example/"},
        {"bkashURL": "https://payment.bkash.com@evil.example/"},
        {"bkashURL": "https://evil.example@payment.bkash.com/"},
        {"bkashURL": "https://evil.example\\@sandbox.bka.sh/"},
        {"bkashURL": "https://payment.bkash.com/pay\n/x"},
        {"bkashURL": "https://payment.bkash.com/\\evil.example"},
        {"bkashURL": "https://payment.bkash.com:444/"},
        {"bkashURL": "//payment.bkash.com/"},
        {"bkashURL": "https://[x"},
        {"bkashURL": ""},
        {"bkashURL": "javascript:alert(1)"},
        {"bkashURL": None},
        {"paymentID": "../../token"},
    ],
    ids=str,
)
async def test_nobody_is_sent_to_pay_what_was_not_asked_for(wired: Any, changed: dict[str, str]) -> None:
    answer = {
        "paymentID": NUMBER,
        "bkashURL": "https://payment.bkash.com/",
        "amount": "1170.00",
        "currency": "BDT",
        "merchantInvoiceNumber": PAYMENT,
    }
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "create", answer | changed)
        with pytest.raises(OutcomeUnknown):
            await wired.start()


@pytest.mark.parametrize(
    ("page", "domains"),
    [
        ("https://payment.bkash.com/?paymentId=TR0011&hash=4Sy!g(x)C*_-&mode=0011", None),
        ("https://sandbox.payment.bkash.com/redirect/tokenized/?paymentID=TR0011", None),
        ("https://tokenized.sandbox.bka.sh", None),
        ("https://pay.bkash.example/", "bkash.com bkash.example"),
    ],
)
async def test_a_payer_is_sent_below_bkashs_domains(wired: Any, page: str, domains: str | None) -> None:
    if domains:
        wired.settings = wired.settings.model_copy(update={"page_domains": domains})
    answer = {
        "paymentID": NUMBER,
        "bkashURL": page,
        "amount": "1170.00",
        "currency": "BDT",
        "merchantInvoiceNumber": PAYMENT,
    }
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "create", answer)
        assert (await wired.start()).pay_at == page


@pytest.mark.parametrize("domains", ["", "bkash", "https://bkash.com", "bkash.com,bka.sh", ".com", "*"])
def test_a_domain_of_pages_is_a_domain(domains: str) -> None:
    with pytest.raises(ValidationError):
        BkashSettings(**gateway.BkashSimulator().settings("http://127.0.0.1") | {"page_domains": domains})


async def test_a_payment_is_authorised_before_it_is_captured(shop: Any) -> None:
    await shop.start()
    assert (await shop.query()).state is PaymentState.PENDING
    shop.gateway.clock.advance(timedelta(minutes=1))
    agreed = await shop.query()
    assert (agreed.state, agreed.amount, shop.captures) == (PaymentState.AUTHORISED, None, [])

    taken = await shop.complete()
    assert (taken.state, taken.amount, taken.raw) == (PaymentState.CAPTURED, AMOUNT, "Completed")
    assert taken.captured_at == datetime(2026, 11, 24, 4, 1, tzinfo=UTC)
    trx = shop.gateway.ledger.effects("capture")[0].reference
    assert taken.reference == f"{shop.reference}-{trx}"
    assert await shop.query(taken.reference) == taken
    assert shop.captures == ["1170.00"]


async def test_one_token_serves_all_calls(shop: Any) -> None:
    await shop.paid()
    await shop.query()
    assert shop.asked("token/grant") == 1


async def test_a_lost_execution_is_asked_about_and_not_repeated(shop: Any) -> None:
    await shop.agreed()
    shop.gateway.faults.add(EXECUTE, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await shop.complete()
    assert shop.asked("execute") == 1
    assert (await shop.query()).state is PaymentState.CAPTURED
    assert shop.captures == ["1170.00"]


@pytest.mark.parametrize("outcome", ["empty", "html"])
async def test_an_answer_that_says_nothing_leaves_the_execution_unknown(shop: Any, outcome: str) -> None:
    if outcome == "empty":
        shop.gateway.script.set(PAYMENT, "pay", values={"execute": "empty"})
    else:
        shop.gateway.faults.add(EXECUTE, MaintenancePage(processed=True))
    await shop.agreed()
    with pytest.raises(OutcomeUnknown):
        await shop.complete()
    assert shop.asked("execute") == 1
    assert (await shop.query()).state is PaymentState.CAPTURED


@pytest.mark.parametrize("code", DOUBTFUL)
@pytest.mark.parametrize("name", ["statusCode", "errorCode"])
async def test_a_doubtful_code_after_an_execution_leaves_it_unknown(wired: Any, code: str, name: str) -> None:
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        route = answering(mock, "execute", {name: code})
        with pytest.raises(OutcomeUnknown):
            await wired.complete()
    assert route.call_count == 1


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422, 500, 502])
@pytest.mark.parametrize("document", [{"statusCode": "2062"}, {"errorCode": "2117"}, {"errorCode": 2056}], ids=str)
async def test_another_status_makes_no_refusal_of_an_execution_that_was_done(
    wired: Any, status: int, document: dict[str, str]
) -> None:
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        route = answering(mock, "execute", document)
        route.respond(status, json=document)
        with pytest.raises(OutcomeUnknown):
            await wired.complete()
    assert route.call_count == 1


@pytest.mark.parametrize("status", [302, 400, 401, 403, 409, 429])
@pytest.mark.parametrize(
    "document",
    [
        {"statusCode": "2062"},
        {"errorCode": "2117"},
        dict(COMPLETED),
        {name: value for name, value in COMPLETED.items() if name != "statusCode"},
        {"errorCode": "2023", "statusCode": "2062"},
        {"statusCode": "2023", "transactionStatus": "Completed"},
        {"statusCode": "2001", "trxID": TRX},
    ],
    ids=["2062", "2117", "completed", "completed-without-code", "two-codes", "refused-and-completed", "2001-and-trx"],
)
async def test_bkashs_own_body_decides_whatever_the_status(wired: Any, status: int, document: dict[str, str]) -> None:
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        route = answering(mock, "execute", document)
        route.respond(status, json=document, headers={"location": "https://tokenized.pay.bka.sh/login"})
        with pytest.raises(OutcomeUnknown):
            await wired.complete()
    assert route.call_count == 1


@pytest.mark.parametrize("status", [302, 400, 401, 403, 429])
@pytest.mark.parametrize("document", [{"statusCode": "2062"}, {"statusCode": "0000", "paymentID": NUMBER}], ids=str)
async def test_a_creation_is_not_repeated_whatever_the_status(
    wired: Any, status: int, document: dict[str, str]
) -> None:
    with respx.mock(assert_all_called=False) as mock:
        route = answering(mock, "create", document)
        route.respond(status, json=document)
        with pytest.raises(OutcomeUnknown):
            await wired.start()
    assert route.call_count == 1


@pytest.mark.parametrize("status", [401, 403, 429])
@pytest.mark.parametrize("document", [{"statusCode": "2034"}, {"refundTrxID": TRX}], ids=str)
async def test_a_refund_is_not_repeated_whatever_the_status(
    wired: Any, status: int, document: dict[str, str]
) -> None:
    wired.reference = f"{NUMBER}-{TRX}"
    with respx.mock(assert_all_called=False) as mock:
        route = answering(mock, "payment/refund", {})
        none, ordered = respx.MockResponse(json={"statusCode": "2033"}), respx.MockResponse(status, json=document)
        route.side_effect = [none, ordered, ordered, ordered, ordered]
        with pytest.raises(OutcomeUnknown):
            await wired.refund()
    assert route.call_count == 2


async def test_a_token_that_is_not_let_in_is_replaced_whatever_it_is_called(wired: Any) -> None:
    with respx.mock(assert_all_called=False) as mock:
        route = answering(mock, "payment/status", {})
        ended = respx.MockResponse(401, json={"statusCode": "9999", "statusMessage": "made up"})
        route.side_effect = [ended, respx.MockResponse(json=dict(COMPLETED))]
        assert (await wired.query(NUMBER)).state is PaymentState.CAPTURED


@pytest.mark.parametrize("status", [400, 404, 409, 422])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"message": "made up"}'], ids=str)
@pytest.mark.parametrize(
    ("now", "end"),
    [
        (INITIATED, (AgencyRejected, InputRejected)),
        (COMPLETED, PaymentState.CAPTURED),
        (COMPLETED | {"statusCode": "2003"}, PaymentState.UNKNOWN),
        ({"statusCode": "503"}, OutcomeUnknown),
        ({}, OutcomeUnknown),
    ],
    ids=["open", "taken", "uncertain", "closed", "unreadable"],
)
async def test_a_refusal_of_an_execution_by_its_status_alone_is_asked_about(
    wired: Any, status: int, body: bytes, now: Mapping[str, Any], end: Any
) -> None:
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        route = answering(mock, "execute", {})
        route.respond(status, content=body, headers={"content-type": "application/json"})
        asked = mock.post(f"{HOME}/payment/status")
        asked.side_effect = [respx.MockResponse(json=dict(each)) for each in (INITIATED, now)]
        if isinstance(end, PaymentState):
            assert (await wired.complete()).state is end
        else:
            with pytest.raises(end):
                await wired.complete()
    assert (route.call_count, asked.call_count) == (1, 2)


@pytest.mark.parametrize("status", [200, 400, 404, 409, 422])
async def test_a_request_that_is_wrong_by_bkashs_code_is_unknown(wired: Any, status: int) -> None:
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "execute", {}).respond(status, json={"statusCode": "2065"})
        with pytest.raises(OutcomeUnknown):
            await wired.complete()


@pytest.mark.parametrize("status", [200, 400, 403, 409])
@pytest.mark.parametrize(
    ("now", "state"), [(INITIATED, PaymentState.FAILED), (COMPLETED, PaymentState.CAPTURED)], ids=["open", "taken"]
)
async def test_a_refusal_of_an_execution_is_believed_once_bkash_was_asked(
    wired: Any, status: int, now: Mapping[str, Any], state: PaymentState
) -> None:
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        refused = {"statusCode": "2023", "statusMessage": "Insufficient Balance"}
        answering(mock, "execute", {}).respond(status, json=refused)
        asked = mock.post(f"{HOME}/payment/status")
        asked.side_effect = [respx.MockResponse(json=dict(each)) for each in (INITIATED, now)]
        report = await wired.complete()
    assert report.state is state
    assert asked.call_count == 2
    assert report.remark == ("Insufficient Balance" if state is PaymentState.FAILED else None)


@pytest.mark.parametrize("answer", [{"statusCode": "2065"}, {"statusCode": "2062"}], ids=str)
async def test_a_login_that_is_refused_settles_no_payment(wired: Any, answer: dict[str, str]) -> None:
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        mock.post(f"{HOME}/token/grant").respond(400, json=answer)
        with pytest.raises((CredentialsRejected, AgencyUnavailable)):
            await wired.complete()


async def test_an_execution_that_fails_as_a_login_does_is_unknown(wired: Any) -> None:
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "execute", {"status": "fail", "msg": "made up"})
        with pytest.raises(OutcomeUnknown):
            await wired.complete()


async def test_two_executions_at_once_take_the_money_once(shop: Any) -> None:
    await shop.agreed()
    reports = await asyncio.gather(shop.complete(), shop.complete(), return_exceptions=True)
    assert {getattr(report, "state", type(report)) for report in reports} <= {PaymentState.CAPTURED, OutcomeUnknown}
    assert (await shop.query()).state is PaymentState.CAPTURED
    assert shop.captures == ["1170.00"]


@pytest.mark.parametrize("repeated", ["2062", "2117"])
async def test_an_execution_that_was_done_before_is_asked_about(shop: Any, repeated: str) -> None:
    shop.gateway.script.set(PAYMENT, "pay", values={"repeated": repeated})
    await shop.agreed()
    late = INITIATED | {"paymentID": shop.reference}
    await shop.complete()
    shop.gateway.faults.add(STATUS, InjectedResponse(status=200, document=late))
    with pytest.raises(OutcomeUnknown):
        await shop.complete()
    assert shop.asked("execute") == 2
    assert (await shop.query()).state is PaymentState.CAPTURED
    assert shop.captures == ["1170.00"]


async def test_what_the_payer_has_not_agreed_to_is_not_executed(shop: Any) -> None:
    await shop.start()
    assert (await shop.complete()).state is PaymentState.PENDING
    assert shop.asked("execute") == 0


@pytest.mark.parametrize("changed", [{"amount": "34500.00"}, {"amount": "1169.99"}, {"currency": "USD"}], ids=str)
async def test_another_amount_than_was_asked_for_is_not_executed(wired: Any, changed: dict[str, str]) -> None:
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        route = answering(mock, "execute", dict(COMPLETED))
        answering(mock, "payment/status", INITIATED | changed)
        with pytest.raises(ContractViolation):
            await wired.complete()
    assert route.call_count == 0


async def test_nothing_is_executed_where_bkash_cannot_be_asked_first(shop: Any) -> None:
    await shop.agreed()
    shop.gateway.faults.add(STATUS, MaintenancePage())
    with pytest.raises(ContractViolation):
        await shop.complete()
    assert shop.asked("execute") == 0


async def test_a_wallet_without_money_fails_the_payment(shop: Any) -> None:
    shop.gateway.script.set(PAYMENT, "decline-fail")
    await shop.agreed()
    report = await shop.complete()
    assert (report.state, report.raw, shop.captures) == (PaymentState.FAILED, "2023", [])
    assert report.remark == "Insufficient Balance"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        *(("Wrong  PIN\n", "Wrong PIN"), ("", None), (None, None), (7, None), ({"en": "x"}, None)),
        *(("x" * 900, "x" * 255), ("Wrong \ud800PIN", "Wrong PIN"), ("\udfff", None)),
    ],
    ids=ascii,
)
async def test_what_bkash_says_of_a_refusal_is_passed_on(wired: Any, said: object, told: str | None) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answer = json.dumps(INITIATED | {"statusCode": "2014", "statusMessage": said})
        answering(mock, "payment/status", answer.encode())
        assert (await wired.query(NUMBER)).remark == told


async def test_a_payment_that_is_completed_is_not_executed_again(shop: Any) -> None:
    await shop.paid()
    assert (await shop.complete()).state is PaymentState.CAPTURED
    assert shop.asked("execute") == 1


async def test_a_refusal_that_cannot_be_asked_about_is_unknown(shop: Any) -> None:
    shop.gateway.script.set(PAYMENT, "decline-fail")
    await shop.agreed()
    shop.gateway.faults.add(STATUS, MaintenancePage(), first=2)
    with pytest.raises(OutcomeUnknown):
        await shop.complete()


@pytest.mark.parametrize(("outcome", "state"), [("cancel", PaymentState.CANCELLED), ("fail", PaymentState.FAILED)])
async def test_cancelled_and_failed_are_told_apart(shop: Any, outcome: str, state: PaymentState) -> None:
    shop.gateway.script.set(PAYMENT, outcome)
    await shop.start()
    shop.gateway.clock.advance(timedelta(minutes=1))
    assert (await shop.query()).state is state


async def test_a_payer_who_never_comes_lets_the_payment_lapse(shop: Any) -> None:
    shop.gateway.script.set(PAYMENT, "never")
    await shop.start()
    assert (await shop.query(ago=timedelta(minutes=119))).state is PaymentState.PENDING
    assert (await shop.query(ago=timedelta(hours=2))).state is PaymentState.EXPIRED


async def test_a_payer_who_agreed_in_time_is_not_too_late(shop: Any) -> None:
    await shop.agreed()
    assert (await shop.query(ago=timedelta(hours=5))).state is PaymentState.AUTHORISED


async def test_a_payment_without_a_number_is_unknown_and_nobody_is_asked(shop: Any) -> None:
    assert await shop.query() == PaymentReport(state=PaymentState.UNKNOWN)
    assert shop.gateway.ledger.requests() == ()


async def test_a_payment_that_bkash_does_not_know_is_unknown(shop: Any) -> None:
    report = await shop.query(NUMBER)
    assert (report.state, report.raw) == (PaymentState.UNKNOWN, "2002")


@pytest.mark.parametrize("amount", ["1170.00", "1170.0", "1170", 1170, 1170.0])
async def test_an_amount_is_the_same_however_it_is_written(wired: Any, amount: Any) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", COMPLETED | {"amount": amount})
        assert (await wired.query(NUMBER)).amount == AMOUNT


@pytest.mark.parametrize(
    ("written", "is_believed"), [("2026-11-25", True), ("2026-11-26", False), ("2099-12-31", False)]
)
async def test_a_payment_that_is_dated_ahead_has_no_date(wired: Any, written: str, is_believed: bool) -> None:
    answer = COMPLETED | {"paymentExecuteTime": f"{written}T09:00:00:000 GMT+0600"}
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", answer)
        report = await wired.query(NUMBER)
    assert (report.state, report.captured_at is not None) == (PaymentState.CAPTURED, is_believed)


async def test_a_success_without_a_code_is_one(wired: Any) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", {n: value for n, value in COMPLETED.items() if n != "statusCode"})
        assert (await wired.query(NUMBER)).state is PaymentState.CAPTURED


@pytest.mark.parametrize(
    "changed",
    [
        {"currency": "USD"},
        {"currency": "bdt"},
        {"transactionStatus": "Authorized"},
        {"transactionStatus": "Complete"},
        {"transactionStatus": "x" * 300},
        {"statusCode": "2062"},
        {"statusCode": "9999"},
        {"errorCode": "2056"},
        {"statusCode": "2023"},
        {"statusCode": "2069"},
        {"errorCode": "2023"},
        {"statusCode": "2023", "transactionStatus": "Initiated"},
        {"statusCode": "2023", "transactionStatus": "Initiated", "trxID": None},
        {"statusCode": "503"},
        {"transactionStatus": "Initiated"},
        {"transactionStatus": "Initiated", "trxID": None},
        {"transactionStatus": "Initiated", "paymentExecuteTime": None},
        {"transactionStatus": "Initiated", "userVerificationStatus": "Incomplete"},
    ],
    ids=str,
)
async def test_what_does_not_say_that_taka_were_taken_captures_nothing(wired: Any, changed: dict[str, str]) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", COMPLETED | changed)
        report = await wired.query(NUMBER)
    assert (report.state, report.amount) == (PaymentState.UNKNOWN, None)


async def test_what_is_begun_and_has_a_transaction_does_not_lapse(wired: Any) -> None:
    contradiction = COMPLETED | {"transactionStatus": "Initiated", "userVerificationStatus": "Incomplete"}
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", contradiction)
        assert (await wired.query(NUMBER, ago=timedelta(hours=3))).state is PaymentState.UNKNOWN


@pytest.mark.parametrize("code", ["2023", "2069"])
@pytest.mark.parametrize(
    "named",
    [
        {"paymentID": "TR0011zzzzzzz1795500000000"},
        {"merchantInvoice": "payment-2"},
        {"merchantInvoice": PAYMENT, "merchantInvoiceNumber": "payment-2"},
    ],
    ids=str,
)
async def test_a_refusal_of_another_payment_ends_none(wired: Any, code: str, named: dict[str, str]) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", {"statusCode": code} | named)
        assert (await wired.query(NUMBER)).state is PaymentState.UNKNOWN


@pytest.mark.parametrize(
    "changed",
    [
        {"paymentID": "TR0011zzzzzzz1795500000000"},
        {"merchantInvoiceNumber": "payment-2"},
        {"statusCode": False},
        {"statusCode": []},
        {"statusCode": {}},
        {"statusCode": 0.0},
        {"statusCode": 0},
        {"errorCode": False},
        {"merchantInvoice": "payment-2"},
        {"merchantInvoice": None},
        {"amount": "১১৭০.০০"},
        {"amount": "1170.001"},
        {"amount": "-1170.00"},
        {"amount": None},
        {"amount": True},
        {"trxID": "<script>"},
        {"paymentExecuteTime": "yesterday"},
    ],
    ids=str,
)
async def test_an_answer_about_another_payment_is_none(wired: Any, changed: dict[str, Any]) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", COMPLETED | changed)
        with pytest.raises(ContractViolation):
            await wired.query(NUMBER)
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "execute", COMPLETED | changed)
        with pytest.raises(OutcomeUnknown):
            await wired.complete()


@pytest.mark.parametrize("body", [b"<html>maintenance</html>", b"", b"[]", b"{}", b'{"message": "Forbidden"}'])
async def test_a_page_is_no_answer(wired: Any, body: bytes) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", body)
        with pytest.raises(ContractViolation):
            await wired.query(NUMBER)


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ({"userVerificationStatus": "Complete"}, PaymentState.AUTHORISED),
        ({"userVerificationStatus": "Completed"}, PaymentState.AUTHORISED),
        ({"userVerificationStatus": None, "verificationStatus": "Complete"}, PaymentState.AUTHORISED),
        ({"userVerificationStatus": "Incomplete"}, PaymentState.PENDING),
        ({"userVerificationStatus": "Complete", "verificationStatus": "Incomplete"}, PaymentState.PENDING),
        ({"userVerificationStatus": None}, PaymentState.PENDING),
        ({"userVerificationStatus": "Perhaps"}, PaymentState.PENDING),
    ],
)
async def test_only_a_verified_payer_has_agreed(wired: Any, words: dict[str, str], state: PaymentState) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", INITIATED | words)
        assert (await wired.query(NUMBER)).state is state


@pytest.mark.parametrize("nothing", ["", None])
async def test_what_is_not_executed_may_have_empty_fields(wired: Any, nothing: object) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", INITIATED | {"trxID": nothing, "paymentExecuteTime": nothing})
        assert (await wired.query(NUMBER)).state is PaymentState.AUTHORISED


async def test_an_execution_of_another_amount_is_reported_as_it_was_taken(wired: Any) -> None:
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "execute", COMPLETED | {"amount": "11.70"})
        report = await wired.complete()
    assert (report.state, report.amount) == (PaymentState.CAPTURED, Money.taka("11.70"))


@pytest.mark.parametrize("currency", ["USD", "XYZ"])
async def test_an_execution_in_another_currency_is_unknown(wired: Any, currency: str) -> None:
    wired.reference = NUMBER
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "execute", COMPLETED | {"currency": currency})
        with pytest.raises(OutcomeUnknown):
            await wired.complete()


@pytest.mark.parametrize("code", sorted(CODES.keys() - {"0000", "2001"}))
async def test_every_code_of_a_status_captures_nothing(wired: Any, code: str) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", INITIATED | {"statusCode": code})
        if CODES[code] is CodeMeaning.UNAVAILABLE:
            with pytest.raises(AgencyUnavailable):
                await wired.query(NUMBER)
            return
        report = await wired.query(NUMBER)
    ends = {CodeMeaning.CANCELLED: PaymentState.CANCELLED, CodeMeaning.DECLINED: PaymentState.FAILED}
    assert (report.state, report.amount) == (ends.get(CODES[code], PaymentState.UNKNOWN), None)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("2006", AgencyRejected),
        ("2049", AgencyRejected),
        ("2029", OutcomeUnknown),
        ("2003", OutcomeUnknown),
        ("9999", OutcomeUnknown),
        ("503", AgencyUnavailable),
        ("2001", CredentialsRejected),
    ],
)
async def test_a_refused_creation(wired: Any, code: str, error: type[Exception]) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "create", {"statusCode": code, "statusMessage": "made up"})
        with pytest.raises(error) as caught:
            await wired.start()
    assert "made up" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 400, 403])
@pytest.mark.parametrize("code", ["2006", "2042", "2044"])
async def test_a_refused_creation_tells_bkashs_reason_beside_ours(wired: Any, status: int, code: str) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "create", {}).respond(status, json={"statusCode": code, "statusMessage": "made up"})
        with pytest.raises(AgencyRejected) as refused:
            await wired.start()
    reason = refused.value.reason
    assert (refused.value.reason_code, reason is not None) == (f"bkash.{code}", True)
    for sentence, ours in ((reason.en, "did not accept this payment"), (reason.bn, "বিকাশ এই পরিশোধ গ্রহণ করেনি")):
        assert ours in sentence
        assert f"“{SENTENCES[code].rstrip('.')}”" in sentence
        assert "made up" not in sentence


async def test_a_creation_that_is_refused_without_a_code_is_told_in_our_words(wired: Any) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "create", {}).respond(404, json={"message": "made up"})
        with pytest.raises(AgencyRejected) as refused:
            await wired.start()
    assert refused.value.reason is not None
    assert "{" not in refused.value.reason.bn + refused.value.reason.en


async def test_a_refused_refund_tells_bkashs_reason_beside_ours(wired: Any) -> None:
    wired.reference = f"{NUMBER}-{TRX}"
    with respx.mock(assert_all_called=False) as mock:
        route = answering(mock, "payment/refund", {})
        route.side_effect = [respx.MockResponse(json={"statusCode": code}) for code in ("2033", "2042")]
        with pytest.raises(AgencyRejected) as refused:
            await wired.refund()
    assert refused.value.reason is not None
    assert SENTENCES["2042"].rstrip(".") in refused.value.reason.bn


async def test_a_lost_creation_is_not_repeated(shop: Any) -> None:
    shop.gateway.faults.add(CREATE, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await shop.start()
    assert shop.asked("create") == 1


async def test_only_taka_and_only_with_an_address_to_come_back_to(shop: Any) -> None:
    with pytest.raises(AgencyRejected) as refused:
        await shop.start(Money.of("12.00", "USD"))
    assert refused.value.reason_code == "bkash.currency"
    with pytest.raises(InputRejected) as unset:
        await shop.start(return_url=None)
    assert [field.pointer for field in unset.value.fields] == ["/return_url"]
    assert shop.gateway.ledger.requests() == ()


# Refunds


async def test_a_refund_is_ordered_once_however_often_it_is_asked_for(shop: Any) -> None:
    await shop.paid()
    first = await shop.refund()
    again = await shop.refund(refund_reference=first.reference)
    assert (first, first.state) == (again, PaymentState.REFUNDED)
    assert first.reference == shop.gateway.ledger.effects("refund")[0].reference
    assert [effect.amount for effect in shop.gateway.ledger.effects("refund")] == ["1170.00"]


async def test_a_refund_says_when_the_money_went_back(shop: Any) -> None:
    await shop.paid()
    first = await shop.refund()
    (effect,) = shop.gateway.ledger.effects("refund")
    assert first.refunded_at is not None
    assert abs(first.refunded_at - effect.at) < timedelta(seconds=1)


async def test_a_lost_refund_is_found_by_asking_first(shop: Any) -> None:
    await shop.paid()
    shop.gateway.faults.add(REFUND, AnswerLost(), first=2)
    with pytest.raises(OutcomeUnknown):
        await shop.refund()
    assert (await shop.refund()).state is PaymentState.REFUNDED
    assert len(shop.gateway.ledger.effects("refund")) == 1


async def test_a_refund_asks_for_the_transaction_that_it_does_not_know(shop: Any) -> None:
    await shop.paid()
    shop.reference = shop.reference.partition("-")[0]
    assert (await shop.refund()).state is PaymentState.REFUNDED


async def test_nothing_is_given_back_of_what_was_not_paid(shop: Any) -> None:
    await shop.agreed()
    with pytest.raises(AgencyRejected):
        await shop.refund()
    assert shop.gateway.ledger.effects("refund") == ()


async def test_a_refund_with_a_number_that_is_not_found_is_not_ordered_again(shop: Any) -> None:
    await shop.paid()
    with pytest.raises(ContractViolation):
        await shop.refund(refund_reference="BKR7QJ2M0Y")
    assert shop.gateway.ledger.effects("refund") == ()


async def test_another_refund_than_the_one_that_was_ordered_is_not_taken_for_it(shop: Any) -> None:
    await shop.paid()
    ordered = await shop.refund()
    with pytest.raises(ContractViolation) as found:
        await shop.refund(refund_reference="BKR7QJ2M0Y")
    assert found.value.detail == "another-refund"
    assert (await shop.refund(refund_reference=ordered.reference)).state is PaymentState.REFUNDED


async def test_a_part_that_was_given_back_by_hand_is_a_persons(shop: Any) -> None:
    report = await shop.paid()
    checkout = next(iter(shop.gateway.book.by_id.values()))
    shop.gateway.book.reverse(checkout, Money.taka("100.00"), shop.gateway.clock.now())
    assert report.amount == AMOUNT
    assert (await shop.refund()).state is PaymentState.REFUND_MANUAL
    assert len(shop.gateway.ledger.effects("refund")) == 1


@pytest.mark.parametrize(
    ("question", "order", "expected"),
    [
        ({"statusCode": "2033"}, {"statusCode": "2034"}, PaymentState.REFUND_PENDING),
        ({"statusCode": "2033"}, {"statusCode": "2026"}, AgencyRejected),
        ({"statusCode": "2033"}, {"statusCode": "2035"}, AgencyRejected),
        ({"statusCode": "2033"}, {"statusCode": "2003"}, OutcomeUnknown),
        ({"statusCode": "2033"}, {"statusCode": "503"}, AgencyUnavailable),
        ({"statusCode": "503"}, None, AgencyUnavailable),
        ({"statusCode": "2065"}, None, ContractViolation),
        ({"errorCode": "2033"} | REFUND_OF_ANOTHER, None, ContractViolation),
        ({"errorCode": "2033"} | REFUND_OF_ANOTHER | {"originalTrxID": TRX}, None, ContractViolation),
        ({"errorCode": "2033", "statusCode": "0000"}, None, ContractViolation),
        ({"statusCode": "2033"}, {"statusCode": "2026"} | REFUND_OF_ANOTHER, OutcomeUnknown),
        ({"statusCode": "2033"}, {"statusCode": "503"} | REFUND_OF_ANOTHER, OutcomeUnknown),
        ({"statusCode": "9999"}, None, ContractViolation),
        (REFUND_OF_ANOTHER, None, ContractViolation),
    ],
)
async def test_what_becomes_of_a_refund(wired: Any, question: Any, order: Any, expected: Any) -> None:
    wired.reference = f"{NUMBER}-{TRX}"
    with respx.mock(assert_all_called=False) as mock:
        route = answering(mock, "payment/refund", {})
        route.side_effect = [respx.MockResponse(json=answer) for answer in (question, order) if answer is not None]
        if isinstance(expected, PaymentState):
            assert (await wired.refund()).state is expected
        else:
            with pytest.raises(expected):
                await wired.refund()
    assert route.call_count == (1 if order is None else 2)


@pytest.mark.parametrize("word", ["Initiated", "Pending", "Perhaps"])
async def test_a_refund_that_is_not_completed_is_pending(wired: Any, word: str) -> None:
    wired.reference = f"{NUMBER}-{TRX}"
    answer = {"originalTrxID": TRX, "refundTrxID": "BKR8", "transactionStatus": word, "amount": "1170.00"}
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/refund", answer)
        report = await wired.refund()
    assert (report.state, report.reference) == (PaymentState.REFUND_PENDING, "BKR8")


# Letting in


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": "fail", "msg": "made up"}, CredentialsRejected),
        ({"statusCode": "2001"}, CredentialsRejected),
        ({"errorCode": "2001", "errorMessage": "made up"}, CredentialsRejected),
        ({"statusCode": "503"}, AgencyUnavailable),
        ({"statusCode": "9999"}, ContractViolation),
        ({"statusCode": "0000"}, ContractViolation),
        ({"statusCode": "0000", "id_token": ""}, ContractViolation),
        ({"statusCode": "0000", "id_token": " "}, ContractViolation),
        ({"statusCode": "0000", "id_token": "made\r\nup"}, ContractViolation),
        ({"statusCode": "0000", "id_token": "টোকেন"}, ContractViolation),
    ],
)
async def test_a_login_that_brings_no_token(wired: Any, answer: dict[str, str], error: type[Exception]) -> None:
    with respx.mock(assert_all_called=False) as mock:
        mock.post(f"{HOME}/token/grant").respond(json=answer)
        with pytest.raises(error):
            await wired.query(NUMBER)


@pytest.mark.parametrize("life", ["3600", 3600, None, "", "soon", -1, 0])
async def test_the_life_of_a_token_may_be_anything(wired: Any, life: object) -> None:
    with respx.mock(assert_all_called=False) as mock:
        answering(mock, "payment/status", dict(COMPLETED))
        grant = mock.post(f"{HOME}/token/grant").respond(json={"id_token": "made-up", "expires_in": life})
        for _ in range(2):
            assert (await wired.query(NUMBER)).state is PaymentState.CAPTURED
    assert grant.call_count == 1


async def test_a_token_that_has_ended_is_replaced(shop: Any) -> None:
    await shop.start()
    shop.gateway.restart()
    assert (await shop.query()).state is PaymentState.PENDING
    assert shop.asked("token/grant") == 2


def test_thirty_seconds_are_waited_for_an_answer(shop: Any) -> None:
    assert shop.settings.read_timeout == 30
    assert BkashSettings.model_fields["read_timeout"].default == 30
