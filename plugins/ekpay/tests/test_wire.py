"""What ekPay says, as the platform takes it: answers that a test writes itself, most of them wrong."""

import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from nagorik import (
    AgencyRejected,
    AgencyResponse,
    ContractViolation,
    InputRejected,
    Layer,
    MobileNumber,
    Money,
    NagorikError,
    Payer,
    PaymentReport,
    PaymentState,
    QueryPaymentRequest,
    StartPaymentRequest,
    Text,
)
from nagorik.model.status import LONGEST_REMARK
from nagorik_ekpay import wire
from nagorik_ekpay.gateway import gateway_facts
from nagorik_ekpay.settings import EkpaySettings

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
PAYMENT = "0b7e6d2c-5a14-4f3e-9d1c-2f8a6b7c9d10"
SETTINGS = EkpaySettings(
    base_url="https://pg.ekpay.gov.bd/ekpaypg/v1",
    merchant_id="specimen_mer",
    merchant_key="specimen-key",
    whitelisted_address="192.0.2.10",
)
START = StartPaymentRequest(
    gateway="ekpay.checkout",
    payment=PAYMENT,
    amount=Money.taka("1170.50"),
    purpose=Text(bn="এনআইডি রি-ইস্যু", en="NID reissue"),
    payer=Payer(name="নমুনা অপারেটর", mobile=MobileNumber.parse("01700000000")),
    return_url=f"https://portal.example/back/ekpay.checkout/{PAYMENT}",
    notice_url=f"https://portal.example/notices/ekpay.checkout/{PAYMENT}",
)
QUERY = QueryPaymentRequest(gateway="ekpay.checkout", payment=PAYMENT, reference=PAYMENT, started_at=NOW)
NOT_FOUND = {"responseCode": gateway_facts().not_found.response_code, "responseMessage": "none"}


def paid(**changed: Any) -> dict[str, Any]:
    """A status of a paid payment; ``changed`` is in its ``trnx_info``."""
    money = {"trnx_amt": "1170.50", "trnx_id": "EK0001", "mer_trnx_id": PAYMENT, "curr": "BDT"} | changed
    return {
        "msg_code": "1020",
        "cust_info": {"cust_name": "নমুনা অপারেটর"},
        "trnx_info": money,
        "pi_det_info": {"pay_timestamp": "2026-11-24 10:01:00"},
    }


def read(answer: Any) -> PaymentReport | None:
    return wire.to_report(wire.StatusAnswer.model_validate(answer), QUERY, NOW + timedelta(hours=1))


def read_body(body: str) -> PaymentReport | None:
    """As it comes over the wire."""
    answer = wire.StatusAnswer.answer_reader().read(AgencyResponse(200, (), body.encode()))
    return wire.to_report(answer, QUERY, NOW + timedelta(hours=1))


def token(claims: Any) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzUxMiJ9.{middle}.c2lnbmVk"


# What is asked


def test_session_is_announced_as_clients_do() -> None:
    assert wire.to_session(START, SETTINGS, NOW) == {
        "mer_info": {"mer_reg_id": "specimen_mer", "mer_pas_key": "specimen-key"},
        "req_timestamp": "2026-11-24 10:00:00 GMT+6",
        "feed_uri": dict.fromkeys(("s_uri", "f_uri", "c_uri"), START.return_url),
        "cust_info": {
            "cust_id": "",
            "cust_name": "নমুনা অপারেটর",
            "cust_mobo_no": "01700000000",
            "cust_email": "",
            "cust_mail_addr": "",
        },
        "trns_info": {
            "trnx_id": PAYMENT,
            "trnx_amt": "1170.50",
            "trnx_currency": "BDT",
            "ord_id": PAYMENT,
            "ord_det": "এনআইডি রি-ইস্যু / NID reissue",
        },
        "ipn_info": {"ipn_channel": "3", "ipn_email": "", "ipn_uri": START.notice_url},
        "mac_addr": "192.0.2.10",
    }


def test_unknown_payer_is_told_as_nothing_and_an_email_opens_both_channels() -> None:
    settings = SETTINGS.model_copy(update={"notice_email": "ipn@portal.example"})
    told = wire.to_session(START.model_copy(update={"payer": Payer()}), settings, NOW)
    assert set(told["cust_info"].values()) == {""}
    assert told["ipn_info"]["ipn_channel"] == "1"


@pytest.mark.parametrize("missing", [["return_url"], ["notice_url"], ["return_url", "notice_url"]])
def test_host_without_addresses_is_told_which_are_missing(missing: list[str]) -> None:
    with pytest.raises(InputRejected) as refused:
        wire.to_session(START.model_copy(update=dict.fromkeys(missing)), SETTINGS, NOW)
    assert [field.pointer for field in refused.value.fields] == [f"/{name}" for name in missing]
    assert refused.value.layer is Layer.PLUGIN


def test_dollars_are_announced_to_nobody() -> None:
    with pytest.raises(AgencyRejected) as refused:
        wire.to_session(START.model_copy(update={"amount": Money.of("10.00", "USD")}), SETTINGS, NOW)
    assert (refused.value.reason_code, refused.value.layer) == ("ekpay.currency", Layer.PLUGIN)


# What merchant-api says


def test_payer_goes_to_the_page_of_the_token_until_it_ends() -> None:
    end = NOW + timedelta(minutes=30)
    given_token = token({"sub": "ekpaycore", "exp": int(end.timestamp())})
    started = wire.to_started(wire.SessionAnswer.model_validate({"secure_token": given_token}), START, SETTINGS)
    assert started.pay_at is not None
    split = urlsplit(started.pay_at)
    assert f"{split.scheme}://{split.netloc}{split.path}" == SETTINGS.base_url
    assert parse_qs(split.query) == {"sToken": [given_token], "trnsID": [PAYMENT]}
    assert (started.reference, started.expires_at) == (PAYMENT, end)


@pytest.mark.parametrize(
    "answer",
    [
        {"responseCode": "401", "responseMessage": "x"},
        {"msg_code": "1001", "msg_det": "x"},
        {"msg_code": 1001, "secure_token": None},
        {"msg_code": "1001", "secure_token": ""},
        {"secure_token": None, "responseCode": 500},
    ],
)
def test_refusal_with_200_begins_nothing(answer: Any) -> None:
    with pytest.raises(AgencyRejected) as refused:
        wire.to_started(wire.SessionAnswer.model_validate(answer), START, SETTINGS)
    assert refused.value.reason_code == "ekpay.refused"


@pytest.mark.parametrize("code", ["x", "E-401", "0b7e6d2c", "1234567", "৪০১"])
def test_word_of_a_refusal_that_is_no_code_is_shown_to_nobody(code: str) -> None:
    with pytest.raises(AgencyRejected) as refused:
        wire.to_started(wire.SessionAnswer(error_code=code, code="1001"), START, SETTINGS)
    assert refused.value.reason == wire.TEXTS.text("ekpay.refused")


@pytest.mark.parametrize(
    ("status", "document"),
    [
        *((200, {"responseCode": "401"}), (401, {"responseCode": "401"}), (429, {"responseCode": "429"})),
        *((502, {"responseCode": "502"}), (400, {}), (400, []), (400, {"responseCode": None})),
        *((400, {"responseCode": True}), (400, {"responseCode": "400", "secure_token": ""}), (500, paid())),
    ],
)
def test_answer_that_is_no_refusal_of_ekpays_own_is_left_to_the_platform(status: int, document: Any) -> None:
    assert wire.read_error(AgencyResponse(status, (), json.dumps(document).encode())) is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429])
@pytest.mark.parametrize(
    "document",
    [
        {"secure_token": "a.b.c", "msg_code": "1000"},
        {"responseCode": "400", "secure_token": "a.b.c"},
        {"msg_code": 1000},
        paid(),
        {"trnx_info": {"mer_trnx_id": PAYMENT}},
    ],
    ids=str,
)
def test_status_that_says_no_beside_a_yes_is_believed_in_neither(status: int, document: Any) -> None:
    error = wire.read_error(AgencyResponse(status, (), json.dumps(document).encode()))
    assert isinstance(error, ContractViolation)


@pytest.mark.parametrize(
    "answer",
    [
        *(
            {},
            {"secure_token": None},
            {"secure_token": ""},
            {"msg_code": "1000"},
            {"msg_code": "1000", "secure_token": ""},
        ),
        *(
            {"secure_token": "a b"},
            {"secure_token": "x&trnsID=other"},
            {"secure_token": 7},
            {"secure_token": "x" * 5000},
        ),
        {"secure_token": "a.b.c", "msg_code": "1001"},
        *({"secure_token": "a.b.c", "responseCode": "500"}, {"msg_code": True}, [], "<html>", None),
    ],
)
def test_answer_that_is_neither_token_nor_refusal_is_not_understood(answer: Any) -> None:
    with pytest.raises(ValidationError):
        wire.SessionAnswer.model_validate(answer)


@pytest.mark.parametrize(
    "written",
    [
        *(
            "opaque",
            "a.b",
            "a.b.c.d",
            "a.!.c",
            token([1]),
            token({}),
            token({"exp": "1795790330"}),
            token({"exp": True}),
        ),
        *(token({"exp": 0}), token({"exp": -1}), token({"exp": 1e3}), token({"exp": 10**30})),
    ],
)
def test_token_that_does_not_say_when_it_ends_is_none_the_worse(written: str) -> None:
    assert wire.token_end(written) is None


# What get-status says


def test_paid_is_what_was_paid() -> None:
    assert read(paid()) == PaymentReport(
        state=PaymentState.CAPTURED,
        amount=Money.taka("1170.50"),
        reference="EK0001",
        captured_at=datetime(2026, 11, 24, 4, 1, tzinfo=UTC),
        payer_name="নমুনা অপারেটর",
        raw="1020",
    )


@pytest.mark.parametrize(
    ("written", "taka"),
    [
        ("1170.5", "1170.50"),
        ("300", "300.00"),
        (300, "300.00"),
        (Decimal("300.5"), "300.50"),
        ("0.10", "0.10"),
    ],
)
def test_another_amount_is_told_as_it_was_taken(written: object, taka: str) -> None:
    report = read(paid(trnx_amt=written))
    assert report is not None
    assert (report.state, report.amount) == (PaymentState.CAPTURED, Money.taka(taka))


@pytest.mark.parametrize(("number", "taka"), [("345", "345.00"), ("345.0", "345.00"), ("345.00", "345.00")])
def test_number_of_json_is_read_as_it_is_written(number: str, taka: str) -> None:
    report = read_body(json.dumps(paid(trnx_amt=0)).replace('"trnx_amt": 0', f'"trnx_amt": {number}'))
    assert report is not None
    assert report.amount == Money.taka(taka)


@pytest.mark.parametrize("number", ["344.99999999999999999999", "345.0000", "3.45e2", "-345", "1" * 5000])
def test_number_of_json_is_never_rounded_to_an_amount(number: str) -> None:
    with pytest.raises(ContractViolation):
        read_body(json.dumps(paid(trnx_amt=0)).replace('"trnx_amt": 0', f'"trnx_amt": {number}'))


@pytest.mark.parametrize(
    "body",
    [
        '{"msg_code": "1021", "msg_code": "1020"}',
        '{"msg_code": "1020", "trnx_info": {"trnx_amt": "1.00", "trnx\\u005famt": "2.00"}}',
        '{"msg_code": NaN}',
        "",
        "<html>",
    ],
)
def test_body_that_says_a_thing_twice_or_is_no_json_is_not_read(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what a reader may raise
        read_body(body)


def test_dollars_are_not_taken_for_taka() -> None:
    report = read(paid(curr="USD"))
    assert report is not None
    assert report.amount == Money.of("1170.50", "USD") != Money.taka("1170.50")


@pytest.mark.parametrize(
    "changed",
    [
        *({"mer_trnx_id": "another"}, {"mer_trnx_id": None}, {"mer_trnx_id": PAYMENT.upper()}),
        *({"curr": None}, {"curr": ""}, {"curr": "EUR"}, {"curr": "taka"}),
        *({"trnx_amt": None}, {"trnx_amt": ""}, {"trnx_amt": "many"}, {"trnx_amt": "-1.00"}, {"trnx_amt": "1.001"}),
        *(
            {"trnx_amt": "1170.505000"},
            {"trnx_amt": "1170.5000"},
            {"trnx_amt": "১১৭০.৫০"},
            {"trnx_amt": "Tk 1170.50"},
        ),
        *({"trnx_amt": "1170 only"}, {"trnx_amt": "1,170.50"}, {"trnx_amt": "1170."}, {"trnx_amt": "1170.50/-"}),
        *({"trnx_amt": "1" * 14}, {"trnx_amt": "1169.99999999999999999999"}, {"trnx_amt": "1.17e3"}),
    ],
)
def test_paid_that_does_not_agree_is_no_payment(changed: dict[str, Any]) -> None:
    with pytest.raises(ContractViolation):
        read(paid(**changed))


@pytest.mark.parametrize("money", [None, {}, {"trnx_id": PAYMENT}])
def test_code_of_success_without_its_money_is_no_payment(money: object) -> None:
    with pytest.raises(ContractViolation):
        read(paid() | {"trnx_info": money})


def test_ekpays_own_id_is_never_taken_for_ours() -> None:
    with pytest.raises(ContractViolation):
        read(paid(trnx_id=PAYMENT, mer_trnx_id="another"))


@pytest.mark.parametrize("written", ["0001-01-01 00:00:00", "2026-12-24 10:00:00", "soon", "", None, 7, {}])
def test_instant_that_cannot_be_read_does_not_undo_a_payment(written: object) -> None:
    report = read(paid() | {"pi_det_info": {"pay_timestamp": written}})
    assert report is not None
    assert (report.state, report.captured_at) == (PaymentState.CAPTURED, None)


UNWRITTEN = ("Rahim\ud800", "Rahim\x00", "Ra\nhim", "\u202emihaR", "Rahim\u200b", "\ue000")


@pytest.mark.parametrize(
    "name", ["ক" * 300_000, "x" * 201, "", " ", None, 7, [], *UNWRITTEN], ids=lambda name: ascii(name)[:20]
)
def test_name_that_cannot_be_shown_is_left_out_whole(name: object) -> None:
    report = read(paid() | {"cust_info": {"cust_name": name}})
    assert report is not None
    assert (report.state, report.payer_name) == (PaymentState.CAPTURED, None)


def test_name_that_is_spelt_with_joiners_is_whole() -> None:
    report = read(paid() | {"cust_info": {"cust_name": "র\u200d্যাবেয়া"}})
    assert report is not None
    assert report.payer_name == "র\u200d্যাবেয়া"


@pytest.mark.parametrize("error", ["500", "404", 500, "0"])
@pytest.mark.parametrize("code", ["1020", "1021", "1022"])
def test_code_beside_an_error_is_unknown(code: str, error: object) -> None:
    report = read(paid() | {"msg_code": code, "responseCode": error})
    assert report is not None
    assert (report.state, report.amount, report.raw) == (PaymentState.UNKNOWN, None, f"{code}, {error}")


@pytest.mark.parametrize("number", [None, "", "https://evil.example/", "x" * 65, "এক"])
def test_number_that_is_none_is_shown_to_nobody(number: object) -> None:
    report = read(paid(trnx_id=number))
    assert report is not None
    assert (report.state, report.reference) == (PaymentState.CAPTURED, None)


@pytest.mark.parametrize(("code", "state"), [("1021", PaymentState.FAILED), ("1022", PaymentState.CANCELLED)])
def test_failed_and_cancelled_are_this_payments_own(code: str, state: PaymentState) -> None:
    answer = paid() | {"msg_code": code, "msg_det": "Balance too small"}
    assert read(answer) == PaymentReport(state=state, raw=code, remark="Balance too small")  # type: ignore[arg-type]
    assert read(paid(trnx_amt=None, curr=None) | {"msg_code": int(code), "pi_det_info": None}) is not None
    unnamed = read({"msg_code": code})
    assert unnamed is not None
    assert unnamed.state is PaymentState.UNKNOWN
    with pytest.raises(ContractViolation):
        read(paid(mer_trnx_id="another") | {"msg_code": code})


CODES = st.one_of(
    st.integers(),
    st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1),
    st.sampled_from(["1020", 1020, "1000", "100", "01020", "1020.0", 1020.5, "১০২০", "PAID"]),
)


@given(code=CODES)
def test_only_one_code_is_paid_and_what_nobody_knows_is_unknown(code: float | str) -> None:
    known = gateway_facts().codes.get(str(code))
    report = read(paid() | {"msg_code": code})
    assert report is not None
    assert report.state is (known.means if known else PaymentState.UNKNOWN)
    assert (report.state is PaymentState.CAPTURED) == (str(code) == "1020")
    assert report.raw == str(code)[:200]


@given(poisha=st.integers(1, 10**13), places=st.integers(0, 2))
def test_amounts_are_read_to_the_poisha_however_they_are_written(poisha: int, places: int) -> None:
    whole, rest = divmod(poisha, 100)
    written = f"{whole}.{rest:02d}"
    if rest % 10 ** (2 - places) == 0:
        written = f"{whole}.{rest:02d}"[: -2 + places or None].rstrip(".")
    assert wire.read_amount(written, "BDT") == Money(poisha=poisha)


@pytest.mark.parametrize(
    ("written", "currency", "wrong"),
    [("10.00", "EUR", "currency"), ("10.00", None, "currency"), ("10.001", "BDT", "amount"), (None, "BDT", "amount")],
)
def test_amount_that_cannot_be_read_says_whether_it_is_the_sum_or_its_currency(
    written: str | None, currency: str | None, wrong: str
) -> None:
    with pytest.raises(ContractViolation) as broken:
        wire.read_amount(written, currency)
    assert broken.value.detail == wrong


@pytest.mark.parametrize("answer", [{}, {"msg_code": None}, {"msg_code": ""}, {"msg_code": True}, [], None, "ok"])
def test_answer_that_says_nothing_is_not_understood(answer: object) -> None:
    with pytest.raises(ValidationError):
        wire.StatusAnswer.model_validate(answer)


@pytest.mark.parametrize(("said", "remark"), [(None, None), ("", None), (7, "7"), ("x" * 5000, "x" * LONGEST_REMARK)])
def test_what_ekpay_says_of_a_failure_is_passed_on_as_far_as_a_remark_goes(said: object, remark: str | None) -> None:
    report = read(paid() | {"msg_code": "1021", "msg_det": said})
    assert report is not None
    assert report.remark == remark


def test_nothing_found_is_told_from_any_other_error() -> None:
    assert read(NOT_FOUND) is None
    for other in ({"responseCode": "401"}, NOT_FOUND | {"msg_code": "1020x"}):
        report = read(other)
        assert report is not None
        assert report.state is PaymentState.UNKNOWN


# All dates together


def captured(taka: str, number: str | None = "EK0001", **changed: Any) -> PaymentReport:
    told = {"amount": Money.taka(taka), "reference": number, "raw": "1020"} | changed
    return PaymentReport(state=PaymentState.CAPTURED, **told)


def investigated(taka: str | None, raw: str) -> PaymentReport:
    amount = None if taka is None else Money.taka(taka)
    return PaymentReport(state=PaymentState.UNDER_INVESTIGATION, amount=amount, reference="EK0001", raw=raw)


UNREAD = AgencyRejected("http-404")
UNKNOWN, FAILED, CANCELLED = (
    PaymentReport(state=PaymentState.UNKNOWN, raw="7"),
    PaymentReport(state=PaymentState.FAILED),
    PaymentReport(state=PaymentState.CANCELLED),
)


@pytest.mark.parametrize(
    ("found", "one"),
    [
        ([None, None], None),
        ([FAILED, None], FAILED),
        ([FAILED, CANCELLED], CANCELLED),
        ([UNKNOWN, FAILED], UNKNOWN),
        ([FAILED, UNKNOWN, None], UNKNOWN),
        ([UNREAD, captured("345")], captured("345")),
        ([captured("345"), UNREAD], captured("345")),
        ([FAILED, UNKNOWN, captured("345"), None], captured("345")),
        ([UNREAD, None], PaymentReport(state=PaymentState.UNKNOWN, raw="agency-rejected")),
        ([FAILED, UNREAD], PaymentReport(state=PaymentState.UNKNOWN, raw="agency-rejected")),
        ([UNREAD, UNKNOWN], UNKNOWN),
        # One payment that is found for two dates.
        ([captured("345"), captured("345")], captured("345")),
        # Two payments.
        ([captured("345"), captured("345", "EK0002")], investigated("690", "1020 EK0001, 1020 EK0002")),
        ([captured("300"), captured("345", "EK0002")], investigated("645", "1020 EK0001, 1020 EK0002")),
        ([captured("345"), captured("345", None)], investigated("690", "1020 EK0001, 1020")),
        # How much it is in all cannot be told.
        ([captured("300"), captured("345")], investigated(None, "1020 EK0001, 1020 EK0001")),
        ([captured("345"), ContractViolation("amount")], investigated(None, "1020 EK0001")),
        (
            [captured("345"), captured("345", "EK0002", amount=Money.of("345", "USD"))],
            investigated(None, "1020 EK0001, 1020 EK0002"),
        ),
        ([captured("345"), ContractViolation("another-payment")], captured("345")),
    ],
)
def test_dates_are_told_as_one(found: list[PaymentReport | NagorikError | None], one: PaymentReport | None) -> None:
    assert wire.to_one_report(found) == one


def test_dates_none_of_which_can_be_read_are_an_error() -> None:
    with pytest.raises(AgencyRejected):
        wire.to_one_report([UNREAD, ContractViolation("html")])


@pytest.mark.parametrize(
    ("reference", "minutes", "state"),
    [
        (PAYMENT, 0, PaymentState.PENDING),
        (PAYMENT, 31, PaymentState.PENDING),
        (PAYMENT, 149, PaymentState.PENDING),
        (PAYMENT, 150, PaymentState.EXPIRED),
        (None, 0, PaymentState.UNKNOWN),
        (None, 39, PaymentState.UNKNOWN),
        (None, 40, PaymentState.EXPIRED),
    ],
)
def test_nothing_found_is_no_failure_while_the_payer_may_pay(
    reference: str | None, minutes: int, state: PaymentState
) -> None:
    question = QUERY.model_copy(update={"reference": reference})
    assert wire.to_report_of_nothing(question, NOW + timedelta(minutes=minutes)).state is state


# Notices


def notice(body: bytes, content_type: str = "application/json") -> str:
    return wire.noticed_payment({"Content-Type": content_type}, body)


def test_notice_names_our_payment_and_is_believed_in_nothing_else() -> None:
    assert notice(json.dumps(paid()).encode()) == PAYMENT
    assert notice(json.dumps(paid(trnx_amt="1.00") | {"msg_code": "1"}).encode(), "text/plain") == PAYMENT


def test_payer_who_comes_back_names_the_payment() -> None:
    form = "application/x-www-form-urlencoded; charset=utf-8"
    assert notice(f"transId={PAYMENT}".encode(), form) == PAYMENT
    for body in (b"", b"transId=", f"transId={PAYMENT}&transId=x".encode(), b"transId=a/b", b"\xff", b"a=1&" * 60):
        with pytest.raises(AgencyRejected):
            notice(body, form)
    assert notice(f"transId={PAYMENT}".encode() + b"&a=1" * 49, form) == PAYMENT
    with pytest.raises(AgencyRejected):
        notice(f"transId={PAYMENT}".encode() + b"&a=1" * 50, form)


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"{}",
            b"null",
            b"[]",
            b'{"trnx_info": null}',
            b'{"trnx_info": {"trnx_id": "x"}}',
            b"\xff\xfe",
            b"{" * 100_000,
        ),
        *(b'{"trnx_info": {"mer_trnx_id": ""}}', b'{"trnx_info": {"mer_trnx_id": "a b"}}', b"transId=x", b"<xml/>"),
        *(b'{"trnx_info": {"mer_trnx_id": true}}', b'{"trnx_info": {"mer_trnx_id": ["x"]}}'),
        *(b'{"trnx_info": {"mer_trnx_id": NaN}}', b'{"trnx_info": {"mer_trnx_id": Infinity}}'),
        b'{"trnx_info": {"mer_trnx_id": "a", "mer_trnx_id": "b"}}',
        b'{"trnx_info": {"mer_trnx_id": "a"}, "trnx_info": {"mer_trnx_id": "b"}}',
    ],
)
def test_message_that_names_no_payment_is_refused(body: bytes) -> None:
    with pytest.raises(AgencyRejected) as refused:
        notice(body)
    assert refused.value.reason_code == "ekpay.no-notice"


# What is known


def test_every_code_and_length_of_time_says_where_it_is_from() -> None:
    facts = gateway_facts()
    entries = [*facts.codes.values(), facts.not_found, facts.session, facts.late, facts.clocks]
    assert all(entry.source for entry in entries)
    assert not any(entry.verified for entry in entries if entry.source == "modelled")
    assert [code for code, entry in facts.codes.items() if entry.means is PaymentState.CAPTURED] == ["1020"]
