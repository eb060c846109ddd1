"""Answers that a test writes itself: what does not agree, is not known or is not JSON is no payment that counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from nagorik import (
    AgencyRejected,
    ContractViolation,
    Layer,
    PaymentReport,
    PaymentState,
    RefundPaymentRequest,
    RefundReport,
    Text,
)
from nagorik.errors import OutcomeUnknown
from nagorik.values import Money
from nagorik_sslcommerz.attempts import (
    PAID,
    UNPAID,
    OrderValidation,
    SslCommerzAttempt,
    paid_among,
    to_doubtful_report,
    to_paid_report,
    to_unpaid_report,
)
from nagorik_sslcommerz.refunds import to_order

from .conftest import AMOUNT, GATEWAY, PAYMENT, TRAN_ID, Answers, Checkout

TRANSACTIONS = "/validator/api/merchantTransIDvalidationAPI.php"
VALIDATIONS = "/validator/api/validationserverAPI.php"
NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
SESSION = "F298BC45B0688E02768900C4F6B28C8B"


def attempt(**other: Any) -> dict[str, Any]:
    return {
        "status": "VALID",
        "tran_date": "2026-11-24 00:30:00",
        "tran_id": TRAN_ID,
        "val_id": "V1",
        "amount": "345.00",
        "store_amount": "336.00",
        "currency": "BDT",
        "bank_tran_id": "B1",
        "currency_type": "BDT",
        "currency_amount": "345.00",
        "risk_level": "0",
        **other,
    }


def found(*attempts: dict[str, Any]) -> dict[str, Any]:
    return {"APIConnect": "DONE", "no_of_trans_found": len(attempts), "element": list(attempts)}


def tell(answers: Answers, *attempts: dict[str, Any], validation: dict[str, Any] | None = None) -> None:
    answers.add(TRANSACTIONS, found(*attempts))
    if validation is not None:
        answers.add(VALIDATIONS, {"APIConnect": "DONE", **validation})


def read(told: dict[str, Any], validated: dict[str, Any]) -> PaymentReport:
    """What is made of an attempt and its validation."""
    answer = {"APIConnect": "DONE", **validated}
    return to_paid_report(SslCommerzAttempt.model_validate(told), OrderValidation.model_validate(answer), NOW)


async def test_agreeing_answers_are_a_payment(answers: Answers, wired: Checkout) -> None:
    tell(answers, attempt(), validation=attempt(status="VALIDATED"))
    assert await wired.query() == PaymentReport(
        state=PaymentState.CAPTURED,
        amount=AMOUNT,
        reference="B1",
        captured_at=datetime(2026, 11, 23, 18, 30, tzinfo=UTC),  # half past midnight is yesterday in UTC
        raw="VALIDATED",
    )


@pytest.mark.parametrize("risk", [0, "0", 1, "1", 2, "high", "", None, "১"])
def test_only_the_risk_level_nought_counts(risk: Any) -> None:
    safe = risk in (0, "0")
    assert read(attempt(), attempt(risk_level=risk)).state is (
        PaymentState.CAPTURED if safe else PaymentState.UNDER_INVESTIGATION
    )


@pytest.mark.parametrize("risk", [1, "1"])
def test_risk_in_the_list_alone_holds_it_too(risk: Any) -> None:
    report = read(attempt(risk_level=risk), attempt())
    assert (report.state, report.amount) == (PaymentState.UNDER_INVESTIGATION, AMOUNT)


@pytest.mark.parametrize("at", ["2026-11-25 10:00:01", "2099-01-01 00:00:00", "9999-12-31 23:59:59"])
async def test_payment_of_the_future_is_looked_at(answers: Answers, wired: Checkout, at: str) -> None:
    for told, validated in ((attempt(), attempt(tran_date=at)), (attempt(tran_date=at), attempt())):
        assert read(told, validated).state is PaymentState.UNDER_INVESTIGATION
    late = attempt(tran_date=at, risk_level="1")
    assert read(late, late).captured_at is None, "a time that is not believed is told nobody"
    tell(answers, attempt(tran_date=at, val_id=""))
    report = await wired.query()
    assert (report.state, report.captured_at) == (PaymentState.UNDER_INVESTIGATION, None)


@pytest.mark.parametrize("at", ["2026-11-25 09:59:59", "2026-11-25 10:00:00"])
def test_clock_that_runs_fast_by_a_day_at_most_is_believed(at: str) -> None:
    report = read(attempt(tran_date=at), attempt(tran_date=at))
    assert (report.state, report.captured_at) == (
        PaymentState.CAPTURED,
        datetime.fromisoformat(f"{at}+06:00"),
    )


@pytest.mark.parametrize("nothing", ["", " ", "0000-00-00 00:00:00", None])
def test_payment_without_a_time_has_none(nothing: str | None) -> None:
    report = read(attempt(tran_date=nothing), attempt(tran_date=nothing))
    assert (report.state, report.captured_at) == (PaymentState.CAPTURED, None)


@pytest.mark.parametrize("path", [TRANSACTIONS, VALIDATIONS])
@pytest.mark.parametrize("at", ["0001-01-01 00:00:00", "2026-02-30 10:00:00", "now"])
async def test_time_that_no_clock_shows_is_no_answer(answers: Answers, wired: Checkout, path: str, at: str) -> None:
    if path == VALIDATIONS:
        tell(answers, attempt(), validation=attempt(tran_date=at))
    else:
        tell(answers, attempt(tran_date=at))
    with pytest.raises(ContractViolation) as refused:
        await wired.query()
    assert "tran_date" in refused.value.detail


@pytest.mark.parametrize("written", ["345", "345.0", "345.00", 345, " 345.00 "])
def test_amount_is_read_as_the_gateway_writes_it(written: Any) -> None:
    told = attempt(amount=written, currency_amount=written)
    assert read(told, told).amount == AMOUNT


NO_AMOUNTS = [
    "৩৪৫.০০",
    "٣٤٥.٠٠",
    "Tk 345",
    "345 only",
    "345/=",
    "3,45",
    "345.",
    ".345",
    "+345",
    "-345",
    "3.45e2",
    "0x159",
    "345.000",
    "344.99999999999999999999",
    "344.995",
    "1000000000",
    10**9,
    "9" * 5000,
    "NaN",
    "Infinity",
    345.0,
    344.99,
    -345,
    10**400,
]


@pytest.mark.parametrize("field", ["amount", "currency_amount"])
@pytest.mark.parametrize("written", NO_AMOUNTS, ids=lambda written: str(written)[:30])
def test_what_people_write_is_no_amount_of_the_gateways(written: Any, field: str) -> None:
    told = attempt(amount=written, currency_amount=written)
    assert read(told, told).state is PaymentState.UNDER_INVESTIGATION
    assert read(attempt(), attempt(**{field: written})).state is PaymentState.UNDER_INVESTIGATION


ANOTHER = [
    {"tran_id": "ANOTHER-PAYMENT"},
    {"val_id": "V2"},
    {"bank_tran_id": "B2"},
    {"amount": "3450.00", "currency_amount": "3450.00"},
]
"""What only the validation can have otherwise; where both answers agree, it is another payment."""
NOT_AS_ASKED: list[dict[str, Any]] = [
    {"currency_amount": "300.00"},
    {"currency_amount": "many"},
    {"amount": "many"},
    {"amount": None},
    {"currency": "USD"},
    {"currency": None},
    {"currency_type": "USD"},
    {"currency": "USD", "currency_type": "USD"},
    {"currency_type": None},
    {"bank_tran_id": None},
]


@pytest.mark.parametrize("other", [*ANOTHER, *NOT_AS_ASKED], ids=str)
def test_validation_that_differs_is_looked_at(other: dict[str, Any]) -> None:
    assert read(attempt(), attempt(**other)).state is PaymentState.UNDER_INVESTIGATION


@pytest.mark.parametrize("other", NOT_AS_ASKED, ids=str)
def test_money_that_was_not_asked_for_so_is_looked_at(other: dict[str, Any]) -> None:
    report = read(attempt(**other), attempt(**other))
    assert report.state is PaymentState.UNDER_INVESTIGATION
    assert report.amount in (None, AMOUNT)


async def test_dollars_of_the_same_number_are_not_told_as_taka(answers: Answers, wired: Checkout) -> None:
    tell(
        answers, attempt(currency="USD", currency_type="USD"), validation=attempt(currency="USD", currency_type="USD")
    )
    report = await wired.query()
    assert (report.state, report.amount) == (PaymentState.UNDER_INVESTIGATION, None)


@pytest.mark.parametrize("status", ["INVALID_TRANSACTION", "PENDING", "FAILED", "valid", "ON_HOLD"])
def test_payment_that_the_validator_does_not_know_is_unknown(status: str) -> None:
    report = read(attempt(), {"status": status})
    assert (report.state, report.amount, report.raw) == (PaymentState.UNKNOWN, None, f"VALID, {status}")


def test_word_of_the_validators_is_told_in_the_length_of_one() -> None:
    assert read(attempt(), {"status": "X" * 300}).raw == f"VALID, {'X' * 193}"


WORDS_OF_THE_DOCUMENTATION = {
    "PENDING": PaymentState.PENDING,
    "FAILED": PaymentState.FAILED,
    "CANCELLED": PaymentState.CANCELLED,
    "UNATTEMPTED": PaymentState.EXPIRED,
    "EXPIRED": PaymentState.EXPIRED,
    "VALID": None,
    "VALIDATED": None,
    "INVALID_TRANSACTION": PaymentState.UNKNOWN,
}
"""Every word for an attempt in the documentation of notice, validation and query; none for what is paid."""


@pytest.mark.parametrize("word", [*WORDS_OF_THE_DOCUMENTATION, "pending", "Expired", "SUCCESS"])
def test_each_word_without_money_ends_a_payment_as_the_documentation_says(word: str) -> None:
    told = SslCommerzAttempt(status=word, tran_id="T", error="Declined by the bank")
    state = WORDS_OF_THE_DOCUMENTATION.get(word, PaymentState.UNKNOWN)
    if state is None:
        assert paid_among([told]) == [told]
        return
    assert paid_among([told]) == []
    ended = state not in {PaymentState.PENDING, PaymentState.UNKNOWN}
    assert to_unpaid_report([told]) == PaymentReport(
        state=state, raw=word, remark="Declined by the bank" if ended else None
    )


def test_of_nothing_at_all_nothing_is_known() -> None:
    assert to_unpaid_report([]) == PaymentReport(state=PaymentState.UNKNOWN)


def test_attempt_that_is_open_decides_over_those_that_ended() -> None:
    for words in (["FAILED", "PENDING"], ["PENDING", "FAILED"]):
        told = [SslCommerzAttempt(status=word, tran_id="T") for word in words]
        assert to_unpaid_report(told) == PaymentReport(state=PaymentState.PENDING, raw="PENDING")


@pytest.mark.parametrize(
    ("times", "last"),
    [
        ((None, None, None), 2),
        ((3, None, 1), 2),
        ((3, 2, 1), 0),
        ((1, 3, 2), 1),
        ((2, 2, 1), 1),
    ],
)
def test_last_attempt_is_the_latest_and_the_last_in_the_list_where_not_all_are_dated(
    times: tuple[int | None, ...], last: int
) -> None:
    words = ["FAILED", "CANCELLED", "EXPIRED"]
    told = [
        SslCommerzAttempt(status=word, tran_id="T", tran_date=None if day is None else NOW - timedelta(days=9 - day))
        for word, day in zip(words, times, strict=True)
    ]
    assert to_unpaid_report(told).raw == words[last]


def test_remark_is_cut_to_the_length_that_a_report_takes() -> None:
    told = SslCommerzAttempt(status="FAILED", tran_id="T", error="x" * 3000)
    assert to_unpaid_report([told]).remark == "x" * 2000


def doubtful(*others: dict[str, Any]) -> PaymentReport:
    return to_doubtful_report([SslCommerzAttempt.model_validate(attempt(**other)) for other in others], NOW)


def test_doubtful_payments_are_told_as_the_first_of_them_with_all_that_was_taken() -> None:
    report = doubtful({}, {"val_id": "V2", "bank_tran_id": "B2", "status": "VALIDATED"})
    assert report == PaymentReport(
        state=PaymentState.UNDER_INVESTIGATION,
        amount=Money.taka("690.00"),
        reference="B1",
        captured_at=datetime(2026, 11, 23, 18, 30, tzinfo=UTC),
        raw="VALID V1, VALIDATED V2",
    )


@pytest.mark.parametrize("nameless", ["", None])
def test_two_payments_without_a_validation_id_are_two(nameless: str | None) -> None:
    """Without its name nobody can say that one is the other, told again."""
    told = [attempt(val_id=nameless), attempt(val_id=nameless, status="VALIDATED")]
    assert len(paid_among([SslCommerzAttempt.model_validate(each) for each in told])) == 2
    report = doubtful(*told)
    assert (report.amount, report.raw) == (Money.taka("690.00"), "VALID, VALIDATED")


def test_doubtful_payments_of_which_one_amount_is_not_known_have_none() -> None:
    assert doubtful({}, {"val_id": "V2", "amount": "many"}).amount is None
    assert doubtful({"val_id": "", "bank_tran_id": ""}).reference is None


def test_doubtful_payments_are_named_in_the_length_that_a_report_takes() -> None:
    raw = doubtful(*({"val_id": f"V{number}"} for number in range(100, 140))).raw
    assert raw is not None
    assert (len(raw), raw.startswith("VALID V100, VALID V101")) == (200, True)


async def test_another_transactions_attempt_is_no_answer(answers: Answers, wired: Checkout) -> None:
    tell(answers, attempt(), attempt(tran_id="ANOTHER-PAYMENT", val_id="V2"))
    with pytest.raises(ContractViolation) as refused:
        await wired.query()
    assert refused.value.detail == "another-transaction"


async def test_two_validated_attempts_are_looked_at(answers: Answers, wired: Checkout) -> None:
    tell(answers, attempt(status="VALIDATED"), attempt(status="VALIDATED", val_id="V2", bank_tran_id="B2"))
    report = await wired.query()
    assert (report.state, report.amount) == (PaymentState.UNDER_INVESTIGATION, Money.taka("690.00"))
    assert report.raw == "VALIDATED V1, VALIDATED V2"


async def test_one_attempt_that_is_listed_twice_is_one(answers: Answers, wired: Checkout) -> None:
    tell(answers, attempt(), attempt(status="VALIDATED"), validation=attempt())
    assert (await wired.query()).state is PaymentState.CAPTURED


@pytest.mark.parametrize(
    "other",
    [
        {"bank_tran_id": "B2", "amount": "900.00", "currency_amount": "900.00"},
        {"bank_tran_id": "B2"},
        {"currency_amount": "900.00"},
        {"currency": "USD"},
        {"tran_date": "2026-11-24 00:31:00"},
        {"risk_level": "1"},
    ],
    ids=str,
)
async def test_one_payment_that_is_told_in_two_ways_is_looked_at(
    answers: Answers, wired: Checkout, other: dict[str, str]
) -> None:
    tell(answers, attempt(), attempt(**{"status": "VALIDATED", **other}))
    report = await wired.query()
    assert (report.state, report.amount) == (PaymentState.UNDER_INVESTIGATION, None), "which of them is true"


@pytest.mark.parametrize("field", ["amount", "currency_amount", "risk_level"])
@pytest.mark.parametrize("value", [True, False, ["345.00"], {"BDT": "345.00"}])
def test_truth_value_or_list_is_no_amount_and_no_risk(field: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        SslCommerzAttempt.model_validate(attempt(**{field: value}))


async def test_payment_without_a_validation_id_is_looked_at(answers: Answers, wired: Checkout) -> None:
    tell(answers, attempt(val_id=""))
    assert (await wired.query()).state is PaymentState.UNDER_INVESTIGATION


@pytest.mark.parametrize("word", ["ON_HOLD", "valid", "REVERSED", "X" * 300])
def test_unknown_word_captures_nothing(word: str) -> None:
    told = [attempt(status="PENDING", val_id=""), attempt(status=word)]
    report = to_unpaid_report([SslCommerzAttempt.model_validate(each) for each in told])
    assert (report.state, report.amount, report.raw) == (PaymentState.UNKNOWN, None, word[:200])


@pytest.mark.parametrize("word", ["REVERSED", "valid", "X" * 300])
async def test_unknown_word_beside_a_payment_leaves_it_unknown(answers: Answers, wired: Checkout, word: str) -> None:
    tell(answers, attempt(), attempt(status=word))
    report = await wired.query()
    assert (report.state, report.amount, report.raw) == (PaymentState.UNKNOWN, None, word[:200])


@pytest.mark.parametrize("connected", ["MAYBE", "done", "", None])
def test_validation_that_did_not_connect_validates_nothing(connected: str | None) -> None:
    assert read(attempt(), attempt(APIConnect=connected)).state is PaymentState.UNKNOWN


@pytest.mark.parametrize(
    "answer",
    [
        {"APIConnect": "DONE", "no_of_trans_found": 2, "element": [attempt()]},
        {"APIConnect": "DONE", "no_of_trans_found": 1, "element": attempt()},
        {"APIConnect": "DONE", "element": [attempt()]},
        {"no_of_trans_found": 1, "element": [attempt()]},
        {"APIConnect": "MAYBE", "no_of_trans_found": 1, "element": [attempt()]},
        [attempt()],
    ],
    ids=["too few", "no list", "no number", "not connected", "connected how", "no object"],
)
async def test_list_that_is_not_whole_is_no_answer(answers: Answers, wired: Checkout, answer: Any) -> None:
    answers.add(TRANSACTIONS, answer)
    with pytest.raises(ContractViolation):
        await wired.query()


@pytest.mark.parametrize("name", ["val_id", "bank_tran_id", "tran_id"])
@pytest.mark.parametrize("path", [TRANSACTIONS, VALIDATIONS])
async def test_id_of_boundless_length_is_no_answer(answers: Answers, wired: Checkout, path: str, name: str) -> None:
    long = attempt(**{name: "B" * 300_000})
    if path == VALIDATIONS:
        tell(answers, attempt(), validation=long)
    else:
        tell(answers, long)
    with pytest.raises(ContractViolation) as refused:
        await wired.query()
    assert name in refused.value.detail


@pytest.mark.parametrize("name", ["val_id", "bank_tran_id", "tran_id"])
@pytest.mark.parametrize("kind", [SslCommerzAttempt, OrderValidation])
def test_id_has_two_hundred_characters_at_most(
    kind: type[SslCommerzAttempt] | type[OrderValidation], name: str
) -> None:
    assert getattr(kind.model_validate(attempt(**{name: "B" * 200})), name) == "B" * 200
    with pytest.raises(ValidationError, match=name):
        kind.model_validate(attempt(**{name: "B" * 201}))


@pytest.mark.parametrize("path", [TRANSACTIONS, VALIDATIONS])
async def test_page_in_place_of_an_answer_is_none(answers: Answers, wired: Checkout, path: str) -> None:
    if path == VALIDATIONS:
        answers.add(TRANSACTIONS, found(attempt()))
    answers.add(path, html="<html>VALID</html>")
    with pytest.raises(ContractViolation):
        await wired.query()


async def test_page_in_place_of_a_session_leaves_the_payment_unknown(answers: Answers, wired: Checkout) -> None:
    answers.add("/gwprocess/v4/api.php", html="<html>SUCCESS</html>")
    with pytest.raises(OutcomeUnknown):
        await wired.start()


@pytest.mark.parametrize("nothing", [{"element": []}, {"element": ""}, {"element": None}, {}])
@pytest.mark.parametrize("status", ["PENDING", "EXPIRED"])
async def test_session_is_asked_about_where_no_attempt_is_listed(
    answers: Answers, wired: Checkout, nothing: dict[str, Any], status: str
) -> None:
    answers.add(TRANSACTIONS, {"APIConnect": "DONE", "no_of_trans_found": 0, **nothing})
    session = attempt(status=status, val_id="", tran_date="")
    answers.add(TRANSACTIONS, {"APIConnect": "DONE", "sessionkey": SESSION, **session})
    report = await wired.query(SESSION)
    assert (report.state, report.raw) == (UNPAID[status], status)


@pytest.mark.parametrize(
    "told", [{"refund_ref_id": "R2"}, {"bank_tran_id": "B2"}, {"tran_id": "ANOTHER-PAYMENT"}], ids=str
)
async def test_another_refunds_end_is_not_this_ones(answers: Answers, wired: Checkout, told: dict[str, str]) -> None:
    answer = {"APIConnect": "DONE", "refund_ref_id": "R1", "bank_tran_id": "B1", "tran_id": TRAN_ID}
    answers.add(TRANSACTIONS, {**answer, "status": "refunded", **told})
    with pytest.raises(ContractViolation) as refused:
        await wired.refund("B1", "R1")
    assert refused.value.detail == "another-refund"


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("refunded", PaymentState.REFUNDED),
        ("processing", PaymentState.REFUND_PENDING),
        ("cancelled", PaymentState.REFUND_FAILED),
        ("reversed", PaymentState.REFUND_PENDING),
        ("success", PaymentState.REFUND_PENDING),
    ],
)
async def test_only_refunded_is_refunded(answers: Answers, wired: Checkout, word: str, state: PaymentState) -> None:
    answer = {"APIConnect": "DONE", "refund_ref_id": "R1", "bank_tran_id": "B1", "tran_id": TRAN_ID, "status": word}
    answers.add(TRANSACTIONS, answer)
    assert await wired.refund("B1", "R1") == RefundReport(state=state, reference="R1")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            {"status": "success", "refund_ref_id": "R1"},
            RefundReport(state=PaymentState.REFUND_PENDING, reference="R1"),
        ),
        (
            {"status": "processing", "refund_ref_id": "R1", "trans_id": TRAN_ID},
            RefundReport(state=PaymentState.REFUND_PENDING, reference="R1"),
        ),
        ({"status": "failed", "refund_ref_id": ""}, RefundReport(state=PaymentState.REFUND_FAILED)),
        ({"status": "failed", "bank_tran_id": "", "trans_id": ""}, RefundReport(state=PaymentState.REFUND_FAILED)),
    ],
    ids=str,
)
async def test_order_that_is_accepted_is_under_way_and_no_more(
    answers: Answers, wired: Checkout, answer: dict[str, str], told: RefundReport
) -> None:
    answers.add(TRANSACTIONS, {"APIConnect": "DONE", "bank_tran_id": "B1", **answer})
    assert await wired.refund("B1") == told


def test_order_names_the_payment_and_its_one_refund_by_the_fields_of_the_documentation() -> None:
    request = RefundPaymentRequest(
        gateway=GATEWAY, payment=PAYMENT, reference="B1", amount=AMOUNT, reason=Text(bn="ভুল", en="In error")
    )
    assert to_order(request) == {
        "bank_tran_id": "B1",
        "refund_trans_id": f"RFND{TRAN_ID}",
        "refe_id": f"RFND{TRAN_ID}",
        "refund_amount": "345.00",
        "refund_remarks": "ভুল / In error",
    }


@pytest.mark.parametrize(
    ("word", "written", "told"),
    [
        ("refunded", "2026-11-20 09:05:30", datetime(2026, 11, 20, 3, 5, 30, tzinfo=UTC)),
        ("refunded", "20 November, in the morning", None),
        ("refunded", "", None),
        ("processing", "2026-11-20 09:05:30", None),
    ],
)
async def test_a_refund_says_when_the_money_went_back(
    answers: Answers, wired: Checkout, word: str, written: str, told: datetime | None
) -> None:
    answer = {"APIConnect": "DONE", "refund_ref_id": "R1", "bank_tran_id": "B1", "tran_id": TRAN_ID}
    answers.add(TRANSACTIONS, {**answer, "status": word, "refunded_on": written})
    assert (await wired.refund("B1", "R1")).refunded_at == told


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "success"},
        {"status": "processing", "refund_ref_id": ""},
        {"status": "done"},
        {"status": "failed", "refund_ref_id": "R1"},
        {"status": "success", "refund_ref_id": "R1", "bank_tran_id": "B2"},
        {"status": "success", "refund_ref_id": "R1", "trans_id": "ANOTHER-PAYMENT"},
        {"status": "failed", "trans_id": "ANOTHER-PAYMENT"},
    ],
    ids=str,
)
async def test_order_of_which_nothing_certain_is_said_is_unknown(
    answers: Answers, wired: Checkout, answer: dict[str, str]
) -> None:
    answers.add(TRANSACTIONS, {"APIConnect": "DONE", "bank_tran_id": "B1", **answer})
    with pytest.raises(OutcomeUnknown) as unknown:
        await wired.refund("B1")
    assert unknown.value.step == "refund"
    another = "B2" in answer.values() or "ANOTHER-PAYMENT" in answer.values()
    assert (unknown.value.because == "another-refund") is another
    assert (unknown.value.layer is Layer.GATEWAY) is another


@pytest.mark.parametrize("status", [202, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503])
@pytest.mark.parametrize("word", ["success", "processing", "Success "])
async def test_order_that_was_accepted_is_sent_once_whatever_its_http_status(
    answers: Answers, wired: Checkout, status: int, word: str
) -> None:
    answer = {"APIConnect": "DONE", "bank_tran_id": "B1", "status": word, "refund_ref_id": "R1"}
    answers.add(TRANSACTIONS, answer, status=status)
    if status == 202 and word != "Success ":
        assert (await wired.refund("B1")).reference == "R1"
        return
    with pytest.raises(OutcomeUnknown):
        await wired.refund("B1")


@pytest.mark.parametrize("connected", ["FAILED", "INACTIVE", "INVALID_REQUEST"])
@pytest.mark.parametrize("done", [{"status": "success"}, {"refund_ref_id": "R1"}, {"status": "processing"}], ids=str)
async def test_order_that_is_refused_and_accepted_in_one_answer_is_unknown(
    answers: Answers, wired: Checkout, connected: str, done: dict[str, str]
) -> None:
    answers.add(TRANSACTIONS, {"APIConnect": connected, **done})
    with pytest.raises(OutcomeUnknown):
        await wired.refund("B1")


@pytest.mark.parametrize("status", [400, 429, 500])
async def test_order_that_the_gateway_refuses_is_refused_whatever_its_http_status(
    answers: Answers, wired: Checkout, status: int
) -> None:
    answers.add(TRANSACTIONS, {"APIConnect": "DONE", "status": "failed", "errorReason": "no"}, status=status)
    with pytest.raises(AgencyRejected):
        await wired.refund("B1")


@pytest.mark.parametrize(
    ("status", "word", "reason"),
    [(429, "SUCCESS", ""), (200, "FAILED", "no"), (200, "FAILED", "Store Credential Error Or Store is De-active")],
)
async def test_session_that_is_opened_and_refused_in_one_answer_is_unknown(
    answers: Answers, wired: Checkout, status: int, word: str, reason: str
) -> None:
    answer = {"status": word, "failedreason": reason, "sessionkey": "A", "GatewayPageURL": ""}
    answers.add("/gwprocess/v4/api.php", answer, status=status)
    with pytest.raises(OutcomeUnknown):
        await wired.start()


WORDS = st.sampled_from([*PAID, *UNPAID]) | st.text(min_size=1, max_size=12).filter(str.strip)
ATTEMPTS = st.builds(
    SslCommerzAttempt, status=WORDS, tran_id=st.just("T"), val_id=st.sampled_from(["", "V1", "V2", "V3"])
)


@given(st.lists(ATTEMPTS, max_size=6))
def test_no_attempts_without_money_are_told_as_money(attempts: list[SslCommerzAttempt]) -> None:
    paid = paid_among(attempts)
    assert bool(paid) == any(each.status in PAID for each in attempts)
    rest = [each for each in attempts if each.status not in PAID]
    report = to_unpaid_report(rest)
    assert (report.amount, report.captured_at) == (None, None)
    assert report.state not in {PaymentState.CAPTURED, PaymentState.UNDER_INVESTIGATION}
    known = bool(rest) and all(each.status in UNPAID for each in rest)
    assert (report.state is PaymentState.UNKNOWN) == (not known)
    if any(each.status == "PENDING" for each in rest) and known:
        assert report.state is PaymentState.PENDING


@given(st.permutations(["FAILED", "CANCELLED", "EXPIRED", "FAILED"]))
def test_last_attempt_tells_how_it_ended_in_whatever_order_they_come(words: list[str]) -> None:
    days = {word: f"2026-11-2{4 + number} 10:00:00" for number, word in enumerate(["FAILED", "EXPIRED", "CANCELLED"])}
    attempts = [SslCommerzAttempt(status=word, tran_id="T", tran_date=days[word]) for word in words]  # type: ignore[arg-type]
    assert to_unpaid_report(attempts).state is PaymentState.CANCELLED
