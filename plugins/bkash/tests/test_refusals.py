"""What each no, each doubt and each silence of bKash becomes: which error, by which code, and where it arose."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
import respx

from nagorik import (
    AgencyRejected,
    AgencyResponse,
    AgencyUnavailable,
    ContractViolation,
    CredentialsRejected,
    InputRejected,
    NagorikError,
    OutcomeUnknown,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    RefundReport,
)
from nagorik.values import Money
from nagorik_bkash.access import read_error
from nagorik_bkash.codes import SENTENCES
from nagorik_bkash.simulator import gateway
from nagorik_bkash.wire import TEXTS

PAYMENT: Final = "payment-1"
NUMBER: Final = "TR0011abcdefg1795500000000"
TRX: Final = "BKR7QJ2M0X"
HOME: Final = f"https://tokenized.pay.bka.sh{gateway.CHECKOUT}"
PAGE: Final = "https://payment.bkash.com/?paymentId=TR0011"
CREATED: Final[Mapping[str, Any]] = {
    "statusCode": "0000",
    "paymentID": NUMBER,
    "bkashURL": PAGE,
    "amount": "1170.00",
    "currency": "BDT",
    "merchantInvoiceNumber": PAYMENT,
}
INITIATED: Final[Mapping[str, Any]] = {
    "statusCode": "0000",
    "paymentID": NUMBER,
    "merchantInvoice": PAYMENT,
    "transactionStatus": "Initiated",
    "userVerificationStatus": "Complete",
    "amount": "1170.00",
    "currency": "BDT",
}
COMPLETED: Final[Mapping[str, Any]] = {
    **INITIATED,
    "transactionStatus": "Completed",
    "trxID": TRX,
    "paymentExecuteTime": "2026-11-24T10:01:02:345 GMT+0600",
}
REFUNDED: Final[Mapping[str, Any]] = {
    "statusCode": "0000",
    "originalTrxID": TRX,
    "refundTrxID": "BKR8",
    "transactionStatus": "Completed",
    "amount": "1170.00",
    "currency": "BDT",
}


def told(error: NagorikError | None) -> tuple[str, ...]:
    """An error as a host tells it: its kind, what is said of it, and where it arose."""
    match error:
        case None:
            return ("nothing",)
        case OutcomeUnknown(step=step, because=because):
            said = (step, because)
        case AgencyRejected(reason_code=code) | AgencyUnavailable(because=code) | ContractViolation(detail=code):
            said = (code,)
        case CredentialsRejected(kind=kind):
            said = (kind.value,)
        case InputRejected(fields=fields):
            said = tuple(f"{field.pointer} {field.code}" for field in fields)
        case _:
            pytest.fail(f"another error: {error!r}")
    return (error.code, *said, error.layer.value)


def unknown(step: str, because: str) -> tuple[str, ...]:
    return ("outcome-unknown", step, because, "gateway")


def rejected(code: str, layer: str = "gateway") -> tuple[str, ...]:
    return ("agency-rejected", code, layer)


def broken(detail: str, layer: str = "agency") -> tuple[str, ...]:
    return ("contract-violation", detail, layer)


CLOSED: Final = ("agency-unavailable", "maintenance", "gateway")


async def outcome(call: Awaitable[Any], answers: Mapping[str, list[Any]], *, status: int = 200) -> Any:
    """What a call brings, or how it fails, before these answers, by path; the first path's last has ``status``."""
    answers = {"token/grant": [{"statusCode": "0000", "id_token": "made-up"}], **answers}
    refusing = list(answers)[1 if len(answers) > 1 else 0]
    with respx.mock(assert_all_called=False) as mock:
        for path, documents in answers.items():
            statuses = [200] * len(documents)
            if path == refusing:
                statuses[-1] = status
            mock.post(f"{HOME}/{path}").side_effect = [
                respx.MockResponse(each, json=dict(document))
                for each, document in zip(statuses, documents, strict=True)
            ]
        try:
            return await call
        except NagorikError as error:
            return error


async def ends(call: Awaitable[Any], answers: Mapping[str, list[Any]], *, status: int = 200) -> Any:
    """As ``outcome``, an error as a host tells it."""
    end = await outcome(call, answers, status=status)
    return told(end) if isinstance(end, NagorikError) else end


# Creating a payment


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        *(({"statusCode": code}, rejected(f"bkash.{code}")) for code in ("2006", "2009", "2002", "2069", "2056")),
        *(({"statusCode": code}, unknown("create", f"bkash.{code}")) for code in ("2029", "2062", "2003")),
        ({"errorCode": "9999"}, unknown("create", "bkash.unknown-code")),
        ({"statusCode": "503"}, CLOSED),
        ({"statusCode": "2006", "paymentID": NUMBER}, unknown("create", "bkash.2006")),
        ({"statusCode": "2006", "bkashURL": PAGE}, unknown("create", "bkash.2006")),
        *(
            (CREATED | changed, unknown("create", "another-payment"))
            for changed in (
                {"amount": "1170.01"},
                {"currency": "USD"},
                {"merchantInvoiceNumber": "payment-2"},
                {"bkashURL": "https://evil.example/"},
                {"bkashURL": "http://payment.bkash.com/"},
            )
        ),
    ],
    ids=str,
)
async def test_what_becomes_of_a_creation(wired: Any, answer: Mapping[str, Any], end: tuple[str, ...]) -> None:
    assert await ends(wired.start(), {"create": [answer]}) == end


async def test_a_creation_tells_where_the_payer_goes_and_until_when(wired: Any) -> None:
    assert await ends(wired.start(), {"create": [CREATED]}) == PaymentStarted(
        reference=NUMBER,
        pay_at=PAGE,
        instructions=TEXTS.text("bkash.instructions"),
        expires_at=wired.gateway.clock.now() + timedelta(hours=2),
    )


@pytest.mark.parametrize(
    ("base", "page", "is_trusted"),
    [
        ("https://tokenized.pay.bka.sh", "https://bkash.com/pay", True),
        ("https://tokenized.pay.bka.sh", "https://bka.sh", True),
        ("https://gateway.example", "https://gateway.example/pay", True),
        ("https://gateway.example", "https://sub.gateway.example/pay", False),
        ("http://gateway.example", "http://gateway.example/pay", False),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/pay", True),
        ("http://localhost:8080", "http://localhost:8080/pay", True),
        ("http://localhost:8080", "http://localhost:8081/pay", False),
        ("http://127.0.0.1:8080", "http://payment.bkash.com/pay", False),
    ],
)
async def test_a_page_is_bkashs_or_where_the_interface_is(wired: Any, base: str, page: str, is_trusted: bool) -> None:
    wired.settings = wired.settings.model_copy(update={"base_url": base})
    end = await ends(wired.start(), {"create": [CREATED | {"bkashURL": page}]})
    assert getattr(end, "pay_at", end) == (page if is_trusted else unknown("create", "another-payment"))


async def test_what_the_plugin_itself_refuses_arises_in_the_plugin(wired: Any) -> None:
    assert await ends(wired.start(Money.of("12.00", "USD")), {}) == rejected("bkash.currency", "plugin")
    missing = ("input-rejected", "/return_url bkash.return-url-missing", "plugin")
    assert await ends(wired.start(return_url=None), {}) == missing
    with pytest.raises(AgencyRejected) as refused:
        await wired.start(Money.of("12.00", "USD"))
    assert refused.value.reason == TEXTS.text("bkash.currency")


@pytest.mark.parametrize(
    ("call", "path", "before", "sentence"),
    [
        ("start", "create", [], "bkash.refused"),
        ("refund", "payment/refund", [{"statusCode": "2033"}], "bkash.refund-refused"),
    ],
)
async def test_a_write_that_is_refused_without_a_code_is_told_in_our_words(
    wired: Any, call: str, path: str, before: list[Any], sentence: str
) -> None:
    wired.reference = f"{NUMBER}-{TRX}"
    refused = await outcome(getattr(wired, call)(), {path: [*before, {}]}, status=404)
    assert told(refused) == rejected("http-404")
    assert refused.reason == TEXTS.text(sentence)


# Asking


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        ({"statusCode": "503"}, CLOSED),
        (COMPLETED | {"merchantInvoice": "payment-2"}, broken("another-payment")),
        (
            COMPLETED,
            PaymentReport(
                state=PaymentState.CAPTURED,
                amount=Money.taka("1170.00"),
                reference=f"{NUMBER}-{TRX}",
                captured_at="2026-11-24T04:01:02.345+00:00",
                raw="Completed",
            ),
        ),
        (INITIATED, PaymentReport(state=PaymentState.AUTHORISED, raw="Initiated")),
        (INITIATED | {"transactionStatus": "x" * 300}, PaymentReport(state=PaymentState.UNKNOWN, raw="x" * 200)),
        (
            {"statusCode": "2069", "statusMessage": "made up"},
            PaymentReport(state=PaymentState.CANCELLED, remark="made up", raw="2069"),
        ),
        (
            {"errorCode": "2023", "errorMessage": "made up"},
            PaymentReport(state=PaymentState.FAILED, remark="made up", raw="2023"),
        ),
        (
            {"statusCode": "2023", "paymentID": NUMBER, "merchantInvoice": PAYMENT, "transactionStatus": "INITIATED"},
            PaymentReport(state=PaymentState.FAILED, raw="2023"),
        ),
        ({"statusCode": "2056"}, PaymentReport(state=PaymentState.UNKNOWN, raw="2056")),
        ({"statusCode": "2023", "merchantInvoice": "other"}, PaymentReport(state=PaymentState.UNKNOWN, raw="2023")),
        ({"statusCode": "2023", "paymentID": "other"}, PaymentReport(state=PaymentState.UNKNOWN, raw="2023")),
    ],
    ids=str,
)
async def test_what_becomes_of_a_question(wired: Any, answer: Mapping[str, Any], end: Any) -> None:
    if isinstance(end, PaymentReport):
        end = PaymentReport.model_validate(end.model_dump())
    assert await ends(wired.query(NUMBER), {"payment/status": [answer]}) == end


WHOLE: Final = (
    (
        "query",
        "payment/status",
        COMPLETED,
        {"paymentID", "merchantInvoice", "transactionStatus", "amount", "currency"},
    ),
    ("start", "create", CREATED, {"paymentID", "bkashURL", "amount", "currency", "merchantInvoiceNumber"}),
    ("refund", "payment/refund", REFUNDED, {"originalTrxID", "refundTrxID", "transactionStatus", "amount"}),
)
"""What each success has by which published clients know it."""


@pytest.mark.parametrize(
    ("call", "path", "whole", "name", "is_needed"),
    [(call, path, whole, name, name in needed) for call, path, whole, needed in WHOLE for name in whole],
)
async def test_a_success_that_lacks_what_was_asked_for_is_none(
    wired: Any, call: str, path: str, whole: Mapping[str, Any], name: str, is_needed: bool
) -> None:
    wired.reference = f"{NUMBER}-{TRX}"
    part = {other: value for other, value in whole.items() if other != name}
    end = await ends(getattr(wired, call)(), {path: [part]})
    assert (isinstance(end, tuple) and end[0] in {"contract-violation", "outcome-unknown"}) is is_needed


@pytest.mark.parametrize(("written", "is_believed"), [("10:00:00:000", True), ("10:00:00:001", False)])
async def test_a_date_is_believed_until_a_day_ahead(wired: Any, written: str, is_believed: bool) -> None:
    answer = COMPLETED | {"paymentExecuteTime": f"2026-11-25T{written} GMT+0600"}
    report = await ends(wired.query(NUMBER), {"payment/status": [answer]})
    assert (report.captured_at is not None) is is_believed


# Executing


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        *(
            ({"statusCode": code}, unknown("execute", f"bkash.{code}"))
            for code in ("2062", "2117", "2003", "2065", "503")
        ),
        ({"statusCode": "9999"}, unknown("execute", "bkash.unknown-code")),
        (COMPLETED | {"merchantInvoice": "payment-2"}, unknown("execute", "another-payment")),
        (COMPLETED | {"paymentID": "TR1"}, unknown("execute", "another-payment")),
        (INITIATED, unknown("execute", "not-completed")),
        (COMPLETED | {"currency": "USD"}, unknown("execute", "not-completed")),
    ],
    ids=str,
)
async def test_what_becomes_of_an_execution(wired: Any, answer: Mapping[str, Any], end: tuple[str, ...]) -> None:
    wired.reference = NUMBER
    assert await ends(wired.complete(), {"payment/status": [INITIATED], "execute": [answer]}) == end


@pytest.mark.parametrize("code", ["2023", "2069"])
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    ("now", "end"),
    [
        (INITIATED, None),
        (COMPLETED, PaymentState.CAPTURED),
        (INITIATED | {"transactionStatus": "Perhaps"}, PaymentState.UNKNOWN),
        ({"statusCode": "503"}, "closed"),
    ],
    ids=["open", "taken", "uncertain", "closed"],
)
async def test_a_refused_execution_ends_as_bkash_says_when_it_is_asked_again(
    wired: Any, code: str, status: int, now: Mapping[str, Any], end: Any
) -> None:
    wired.reference = NUMBER
    said = {"statusCode": code, "statusMessage": "made up"}
    answers = {"execute": [said], "payment/status": [INITIATED, now]}
    report = await ends(wired.complete(), answers, status=status)
    if end is None:
        # With another status, what the platform tells is the code alone, and its sentence is the published one.
        remark = "made up" if status == 200 else SENTENCES[code]
        state = {"2023": PaymentState.FAILED, "2069": PaymentState.CANCELLED}[code]
        assert report == PaymentReport(state=state, remark=remark, raw=code)
    elif end == "closed":
        assert report == unknown("execute", f"bkash.{code}")
    else:
        assert report.state is end


async def test_a_refusal_by_status_alone_that_cannot_be_asked_about_says_so(wired: Any) -> None:
    wired.reference = NUMBER
    answers = {"execute": [{}], "payment/status": [INITIATED, {"statusCode": "503"}]}
    assert await ends(wired.complete(), answers, status=404) == unknown("execute", "refused-without-code")


async def test_nothing_is_executed_that_is_not_what_was_asked_for(wired: Any) -> None:
    wired.reference = NUMBER
    for changed in ({"amount": "1170.01"}, {"currency": "USD"}):
        end = await ends(wired.complete(), {"payment/status": [INITIATED | changed]})
        assert end == broken("another-amount", "gateway")
    wired.reference = "no number"
    assert await ends(wired.complete(), {}) == broken("bkash-reference")


# Giving back


@pytest.mark.parametrize(
    ("answers", "end"),
    [
        ([{"statusCode": "503"}], CLOSED),
        ([{"statusCode": "2065"}], broken("refund-status-bkash.2065")),
        ([{"statusCode": "2033"}, {"statusCode": "503"}], CLOSED),
        ([{"statusCode": "2033"}, {"statusCode": "2003"}], unknown("refund", "bkash.2003")),
        ([{"statusCode": "2033"}, {"statusCode": "2026"}], rejected("bkash.2026")),
        *(
            ([{"statusCode": "2033"}, {"statusCode": "2026"} | claim], unknown("refund", "bkash.2026"))
            for claim in ({"refundTrxID": "BKR8"}, {"transactionStatus": "Completed"})
        ),
        ([{"statusCode": "2028"}, {"statusCode": "2034"}], RefundReport(state=PaymentState.REFUND_PENDING)),
        ([{"statusCode": "2033"}, REFUNDED], RefundReport(state=PaymentState.REFUNDED, reference="BKR8")),
        ([REFUNDED], RefundReport(state=PaymentState.REFUNDED, reference="BKR8")),
        ([REFUNDED | {"currency": None}], RefundReport(state=PaymentState.REFUNDED, reference="BKR8")),
        (
            [REFUNDED | {"transactionStatus": "COMPLETED"}],
            RefundReport(state=PaymentState.REFUNDED, reference="BKR8"),
        ),
        (
            [REFUNDED | {"transactionStatus": "Sent"}],
            RefundReport(state=PaymentState.REFUND_PENDING, reference="BKR8"),
        ),
        ([REFUNDED | {"amount": "1169.99"}], RefundReport(state=PaymentState.REFUND_MANUAL, reference="BKR8")),
        ([REFUNDED | {"currency": "USD"}], RefundReport(state=PaymentState.REFUND_MANUAL, reference="BKR8")),
        ([REFUNDED | {"originalTrxID": "another"}], broken("another-payment")),
    ],
    ids=str,
)
async def test_how_a_refund_ends(wired: Any, answers: list[Any], end: Any) -> None:
    wired.reference = f"{NUMBER}-{TRX}"
    assert await ends(wired.refund(), {"payment/refund": answers}) == end


async def test_a_refund_of_another_number_is_not_the_one_that_was_ordered(wired: Any) -> None:
    wired.reference = f"{NUMBER}-{TRX}"
    asked: Callable[[], Awaitable[Any]] = lambda: wired.refund(refund_reference="BKR9")  # noqa: E731
    assert await ends(asked(), {"payment/refund": [REFUNDED]}) == broken("another-refund")
    assert await ends(asked(), {"payment/refund": [{"statusCode": "2033"}]}) == broken("refund-status-bkash.2033")


@pytest.mark.parametrize(
    ("reference", "asked"),
    [
        ("no number", None),
        (NUMBER, INITIATED),
        (NUMBER, COMPLETED | {"trxID": None}),
        (NUMBER, {"statusCode": "2002"}),
    ],
    ids=str,
)
async def test_without_a_transaction_nothing_is_given_back(wired: Any, reference: str, asked: Any) -> None:
    wired.reference = reference
    refused = await outcome(wired.refund(), {"payment/status": [asked or {}]})
    assert told(refused) == rejected("bkash.no-transaction", "agency")
    assert refused.reason == TEXTS.text("bkash.refund-refused")


# Letting in


@pytest.mark.parametrize(
    ("status", "answer", "end"),
    [
        (200, {"status": "fail"}, ("credentials-rejected", "wrong", "agency")),
        (200, {"statusCode": "2001"}, ("credentials-rejected", "wrong", "agency")),
        (400, {}, ("credentials-rejected", "wrong", "agency")),
        (404, {}, ("credentials-rejected", "wrong", "agency")),
        (400, {"statusCode": "2065"}, ("credentials-rejected", "wrong", "agency")),
        (400, {"statusCode": "2062"}, ("agency-unavailable", "bkash.2062", "agency")),
        (200, {"statusCode": "503"}, ("agency-unavailable", "maintenance", "agency")),
        (200, {"statusCode": "9999"}, broken("bkash.unknown-code")),
        (200, {"statusCode": "9999", "id_token": "made-up"}, broken("bkash.unknown-code")),
        (200, {"statusCode": "0000"}, broken("bkash.0000")),
        (200, {"status": "failed"}, broken("bkash.unknown-code")),
        (200, {"id_token": " "}, broken("token")),
    ],
    ids=str,
)
async def test_what_becomes_of_a_login(wired: Any, status: int, answer: Mapping[str, Any], end: Any) -> None:
    assert await ends(wired.query(NUMBER), {"token/grant": [answer]}, status=status) == end


async def test_a_login_names_the_merchant_as_published_clients_do(wired: Any) -> None:
    with respx.mock(assert_all_called=False) as mock:
        granted = mock.post(f"{HOME}/token/grant").respond(json={"id_token": "made-up"})
        mock.post(f"{HOME}/payment/status").respond(json=dict(COMPLETED))
        await wired.query(NUMBER)
    sent, settings = granted.calls.last.request, wired.settings
    assert json.loads(sent.content) == {
        "app_key": settings.app_key.get_secret_value(),
        "app_secret": settings.app_secret.get_secret_value(),
    }
    assert sent.headers["username"] == settings.username.get_secret_value()
    assert sent.headers["password"] == settings.password.get_secret_value()


@pytest.mark.parametrize(("life", "logins"), [("3600", 2), (3600, 2), ("soon", 1), (None, 1), (0, 1)])
async def test_a_token_is_replaced_when_its_life_is_over(wired: Any, life: object, logins: int) -> None:
    with respx.mock(assert_all_called=False) as mock:
        granted = mock.post(f"{HOME}/token/grant").respond(json={"id_token": "made-up", "expires_in": life})
        mock.post(f"{HOME}/payment/status").respond(json=dict(COMPLETED))
        for _ in range(2):
            await wired.query(NUMBER)
            wired.gateway.clock.advance(timedelta(hours=1))
    assert granted.call_count == logins


# What means the same whatever was asked


def read(status: int, document: Any) -> tuple[str, ...]:
    return told(read_error(AgencyResponse(status, [], json.dumps(document).encode())))


NOTHING: Final = ("nothing",)
WRONG: Final = ("credentials-rejected", "wrong", "agency")
CLAIMS: Final = ("trxID", "refundTrxID", "paymentExecuteTime", "bkashURL", "transactionStatus")
NUMBERS: Final = ("paymentID", "merchantInvoice", "merchantInvoiceNumber", "originalTrxID")


def test_a_code_decides_beside_every_status_that_no_hook_reads() -> None:
    """Hooks read what comes with 2xx; of a server that failed, the outcome is unknown already."""
    statuses = {100, 199, 200, 202, 299, 300, 302, 400, 401, 403, 404, 409, 429, 499, 500, 501, 503, 599}
    by_hooks = {200, 202, 299, 500, 501, 503, 599}
    for code, end in (
        ("2006", rejected("bkash.2006")),
        ("2023", rejected("bkash.2023")),
        ("2069", rejected("bkash.2069")),
        ("2062", unknown("answer", "bkash.2062")),
        ("2002", unknown("answer", "bkash.2002")),
        ("503", unknown("answer", "bkash.503")),
    ):
        for name in ("statusCode", "errorCode"):
            assert {status for status in statuses if read(status, {name: code}) == NOTHING} == by_hooks
            assert {read(status, {name: code}) for status in statuses} == {NOTHING, end}
    assert {read(status, {"statusCode": "2001"}) for status in statuses} == {WRONG}


def test_a_code_that_is_not_listed_may_be_of_a_token_that_has_ended() -> None:
    doubt = unknown("answer", "bkash.unknown-code")
    quiet = {status for status in range(400, 500) if read(status, {"statusCode": "9999"}) == NOTHING}
    assert quiet == {401}
    assert read(401, {"statusCode": "9999", "trxID": TRX}) == doubt
    assert read(401, {"paymentID": NUMBER}) == NOTHING
    assert [read(400, {"statusCode": code}) for code in ("12345", "1234", 1234)] == [doubt] * 3
    assert [read(400, {"statusCode": code}) for code in ("123456", "404", 404, "", None, "২০০৬")] == [NOTHING] * 6


@pytest.mark.parametrize("name", CLAIMS)
def test_what_only_a_success_has_speaks_against_a_refusal(name: str) -> None:
    assert read(400, {"statusCode": "2006", name: "x"}) == unknown("answer", "bkash.2006")
    assert read(200, {"statusCode": "2001", name: "x"}) == NOTHING
    assert read(400, {"statusCode": "2001", name: "x"}) == unknown("answer", "bkash.2001")
    assert read(400, {"statusCode": "2006", name: ""}) == rejected("bkash.2006")


@pytest.mark.parametrize("name", [*CLAIMS, *NUMBERS])
def test_what_bkash_alone_writes_makes_a_status_doubtful(name: str) -> None:
    assert read(400, {name: "x"}) == unknown("answer", "bkash.unknown-code")
    assert read(400, {name: ""}) == NOTHING


@pytest.mark.parametrize(
    ("error", "status", "end"),
    [
        ("2006", "2007", rejected("bkash.2006")),
        ("2006", "2023", unknown("answer", "bkash.2006")),
        ("2001", "2001", WRONG),
        ("2001", "2006", unknown("answer", "bkash.2001")),
        ("2006", "400", rejected("bkash.2006")),
        ("2006", "0000", unknown("answer", "bkash.2006")),
    ],
)
def test_of_two_codes_both_have_to_refuse(error: str, status: str, end: tuple[str, ...]) -> None:
    assert read(400, {"errorCode": error, "statusCode": status}) == end


@pytest.mark.parametrize("document", [[], "2006", 2006, {}, {"message": "Forbidden"}], ids=str)
def test_what_is_not_bkashs_is_left_to_the_platform(document: Any) -> None:
    assert read(400, document) == NOTHING
