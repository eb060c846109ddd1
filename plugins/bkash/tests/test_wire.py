"""Amounts, times, codes and references as they cross the wire, whatever they are."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from bkash_pgw_tokenized import BKASH_ERROR_CODES
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError

from nagorik import AgencyResponse, Payer, RefundPaymentRequest, StartPaymentRequest, Text
from nagorik.values import MobileNumber, Money
from nagorik_bkash import wire
from nagorik_bkash.codes import CODES, CREDENTIALS, SENTENCES, CodeMeaning, code_in, meaning_of, word_of
from nagorik_bkash.settings import BkashSettings
from nagorik_bkash.simulator import BkashSimulator, gateway
from nagorik_bkash.simulator.checkout import bkash_time

amounts = st.integers(0, 10**14).map(lambda poisha: Money(poisha=poisha))
references = st.text("ABCDEFabcdef0123456789", min_size=1, max_size=40)


def read(answer: dict[str, Any], **written: str) -> wire.PaymentAnswer:
    """As it comes over the wire, with some members as they are written there."""
    body = json.dumps(answer | dict.fromkeys(written, "?"))
    for name, text in written.items():
        body = body.replace(f'"{name}": "?"', f'"{name}": {text}')
    return wire.PaymentAnswer.answer_reader().read(AgencyResponse(200, (), body.encode()))


@pytest.mark.parametrize("number", ["1170", "1170.0", "1170.00"])
def test_a_number_of_json_is_read_as_it_is_written(number: str) -> None:
    assert read({}, amount=number, statusCode='"2003"').amount == Money.taka(1170)


@pytest.mark.parametrize("number", ["1169.99999999999999999999", "1170.000", "1.17e3", "-1170"])
def test_a_number_of_json_is_never_rounded_to_an_amount(number: str) -> None:
    with pytest.raises(ValidationError, match="amount"):
        read({}, amount=number, statusCode='"2003"')


@given(amounts, references, st.booleans())
def test_only_ascii_digits_reach_the_wire(amount: Money, payment: str, known: bool) -> None:
    mobile = MobileNumber.parse("০১৭৭০৬১৮৫৭৫") if known else None
    request = StartPaymentRequest(
        gateway="bkash.checkout",
        payment=payment,
        amount=amount,
        purpose=Text(bn="ফি ১১৭০ টাকা", en="Fee Tk 1,170"),
        payer=Payer(name="নমুনা নাগরিক", mobile=mobile),
    )
    sent = wire.to_payment(request, "https://portal.example/payments/return/bkash.checkout/1")
    assert all(value.isascii() for value in sent.values())
    assert sent["payerReference"] == ("01770618575" if known else payment)
    assert sent["amount"] == amount.plain()


@given(st.text(min_size=1, max_size=600))
def test_a_refunds_reason_is_what_bkash_takes(reason: str) -> None:
    try:
        text = Text(bn="ফেরত ১", en=reason)
    except ValueError:
        return
    request = RefundPaymentRequest(
        gateway="bkash.checkout", payment="payment-1", reference="TR0011", amount=Money.taka(15), reason=text
    )
    sent = wire.to_refund(request, "TR0011", "BKR7QJ2M0X")["reason"]
    assert sent.isascii()
    assert sent.isprintable()
    assert 1 <= len(sent) <= 255
    assert not set(sent) & set("<>&")


@pytest.mark.parametrize(
    ("reason", "sent"),
    [
        ("Tax <b>&</b> extra", "Tax b /b extra"),
        ("ফেরত", "refund"),
        ("x" * 300, "x" * 255),
        ("two\u00a0 words", "two words"),
    ],
)
def test_a_refund_is_ordered_by_the_fields_of_published_clients(reason: str, sent: str) -> None:
    request = RefundPaymentRequest(
        gateway="bkash.checkout",
        payment="payment-1",
        reference="TR0011",
        amount=Money.taka(15),
        reason=Text(bn="ফেরত", en=reason),
    )
    question = {"paymentID": "TR0011", "trxID": "BKR7QJ2M0X"}
    assert wire.to_refund_question("TR0011", "BKR7QJ2M0X") == question
    assert wire.to_refund(request, "TR0011", "BKR7QJ2M0X") == {
        **question,
        "amount": "15.00",
        "sku": "payment-1",
        "reason": sent,
    }


@pytest.mark.parametrize(
    ("named", "is_one"), [("", False), ("x", True), ("x" * 255, True), ("x" * 256, False), (7, False), (None, False)]
)
def test_our_number_is_a_text_of_255_characters_at_most(named: object, is_one: bool) -> None:
    assert wire.is_invoice(named) is is_one


instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - made aware at once
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
)


read_time: Callable[[object], datetime] = TypeAdapter(wire.BkashTime).validate_python


@given(instants)
def test_a_time_is_read_as_it_was_written(at: datetime) -> None:
    if at.year == 2009:  # summer time in Dhaka, which the simulator's +0600 does not know
        return
    assert read_time(bkash_time(at)) == at


@given(instants, st.integers(-12 * 4, 14 * 4))
def test_a_time_of_any_offset_is_the_same_instant(at: datetime, quarters: int) -> None:
    zone = timezone(timedelta(minutes=15 * quarters))
    local = at.astimezone(zone)
    written = f"{local:%Y-%m-%dT%H:%M:%S}:{local.microsecond // 1000:03d} GMT{local:%z}"
    assert read_time(written) == at


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2019-08-07T11:15:56:336 GMT+0600", datetime(2019, 8, 7, 5, 15, 56, 336_000, tzinfo=UTC)),
        ("2021-02-21T15:40:17:162 GMT+0000", datetime(2021, 2, 21, 15, 40, 17, 162_000, tzinfo=UTC)),
        ("2019-08-07T11:15:56 GMT+0600", datetime(2019, 8, 7, 5, 15, 56, tzinfo=UTC)),
        ("2019-08-07T11:15:56.336 GMT+0600", datetime(2019, 8, 7, 5, 15, 56, 336_000, tzinfo=UTC)),
    ],
)
def test_times_that_clients_publish(written: str, read: datetime) -> None:
    assert read_time(written) == read


@pytest.mark.parametrize(
    "written",
    [
        "2019-08-07T11:15:56:336",
        "2019-08-07T11:15:56:336 +0600",
        "2019-02-30T11:15:56:336 GMT+0600",
        "2019-08-07T25:15:56:336 GMT+0600",
        "২০১৯-০৮-০৭T১১:১৫:৫৬:৩৩৬ GMT+০৬০০",
        "2019-08-07T11:15:56:336 GMT+9900",
        "0001-01-01T05:59:59:999 GMT+0600",
        "",
        None,
        1565154956,
    ],
)
def test_a_time_that_is_none_is_not_read_as_one(written: object) -> None:
    with pytest.raises(ValidationError):
        read_time(written)


@pytest.mark.parametrize("written", ["", "yesterday", 20190807, None])
def test_a_time_that_cannot_be_read_does_not_undo_a_refund(written: object) -> None:
    answer = {"originalTrxID": "6H7801QFYM", "refundTrxID": "6H7801QFYN", "transactionStatus": "Completed"}
    told = wire.RefundAnswer.model_validate({**answer, "amount": "1170.00", "completedTime": written})
    assert (told.meaning, told.completed_at) == (CodeMeaning.DONE, None)


def test_every_published_code_has_one_meaning() -> None:
    assert CODES.keys() == BKASH_ERROR_CODES.keys()


def test_each_code_has_the_sentence_that_is_published() -> None:
    assert SENTENCES == BKASH_ERROR_CODES
    assert gateway.SENTENCES.items() <= BKASH_ERROR_CODES.items()


MEANINGS = {
    CodeMeaning.DONE: r"Successful",
    CodeMeaning.CREDENTIALS: r"Invalid App Key",
    CodeMeaning.UNAVAILABLE: r"System is undergoing maintenance.*",
    CodeMeaning.UNCERTAIN: r"Process failed|Exception [Oo]ccurred",
    CodeMeaning.NO_SUCH: r"Invalid Payment ID|Transaction not found|.*serial number does not exist",
    CodeMeaning.CANCELLED: r"Transaction has already been cancelled",
    CodeMeaning.ALREADY: r"Duplicate for all transactions|.*original transaction has been reversed|"
    r"(The (authorized )?payment|Transaction)( execution)? has already been (completed|processed)",
    CodeMeaning.STATE: r"Invalid Payment State|Payment execution pre-requisite.*",
    CodeMeaning.DECLINED: r".*(Wallet|\bPIN\b|\bOTP\b|Wrong verification|Resend Limit|Insufficient|debit party"
    r"|credential of the subscriber|MSISDN of the customer|Not a bKash Account).*",
}
"""Which published sentences say what; every other is of a request that is wrong, or not allowed."""


@pytest.mark.parametrize("code", sorted(BKASH_ERROR_CODES))
def test_a_code_means_what_its_published_sentence_says(code: str) -> None:
    sentence = BKASH_ERROR_CODES[code]
    said = [
        meaning
        for meaning, words in MEANINGS.items()
        if re.fullmatch(words, sentence, re.IGNORECASE if meaning is CodeMeaning.DECLINED else 0)
    ]
    assert [meaning_of(code)] == (said or [CodeMeaning.REFUSED])


def test_the_code_of_credentials_is_the_one_of_the_app_key() -> None:
    assert BKASH_ERROR_CODES[CREDENTIALS] == "Invalid App Key"


def test_no_code_at_all_is_how_some_successes_come() -> None:
    assert meaning_of(None) is CodeMeaning.DONE
    assert word_of(None) == "bkash.unknown-code"


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ({}, None),
        ({"statusCode": "0000"}, "0000"),
        ({"statusCode": "0000", "errorCode": "2001"}, "2001"),
        ({"statusCode": "2006", "errorCode": "0000"}, "2006"),
        ({"statusCode": "2006", "errorCode": "2001"}, "2001"),
        ({"statusCode": "503"}, "503"),
    ],
    ids=str,
)
def test_the_code_that_is_told_is_the_one_that_refuses(codes: dict[str, str], told: str | None) -> None:
    assert wire.Grant.model_validate(codes).code == told


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        *(("3600", 3600.0), (3600, 3600.0), (" 60 ", 60.0), ("999999999", 999999999.0), ("1000000000", None)),
        *((None, None), ("", None), ("soon", None), ("-1", None), (0, None), ("৩৬০০", None), ([1], None)),
    ],
    ids=ascii,
)
def test_the_life_of_a_token_is_a_number_of_seconds_or_none(written: object, seconds: float | None) -> None:
    grant = wire.Grant.model_validate({"id_token": "made-up", "expires_in": written})
    assert grant.expires_in == seconds


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        ({"status": "fail"}, True),
        ({"status": "fail", "id_token": "made-up"}, False),
        ({"status": "success"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_a_user_that_is_not_known_fails_without_a_code(answer: dict[str, str], failed: bool) -> None:
    assert wire.Grant.model_validate(answer).failed is failed


@pytest.mark.parametrize(
    ("name", "value", "is_taken"),
    [
        *(("payment_lifetime", life, True) for life in (600, 86_400)),
        *(("payment_lifetime", life, False) for life in (599, 86_401)),
        ("page_domains", "bkash.com", True),
        ("page_domains", "bkash.com bka.sh pay-1.bkash.example", True),
        ("notice_topic", "arn:aws:sns:ap-southeast-1:000000000000:a-topic", True),
        ("notice_topic", "arn:aws:sns:ap-southeast-1:00000000000:a-topic", False),
        ("notice_topic", "arn:aws:sqs:ap-southeast-1:000000000000:a-topic", False),
        ("notice_topic", "arn:aws:sns:ap-southeast-1:000000000000:", False),
        ("notice_origin", "https://sns.ap-southeast-1.amazonaws.com", True),
        ("notice_origin", "http://127.0.0.1:8080", True),
        ("notice_origin", "http://127.0.0.1:8080/?x", False),
    ],
)
def test_a_setting_is_within_its_bounds(name: str, value: object, is_taken: bool) -> None:
    given = BkashSimulator().settings("http://127.0.0.1:8080") | {name: value}
    if is_taken:
        assert getattr(BkashSettings(**given), name) in {value, timedelta(seconds=value if type(value) is int else 0)}
    else:
        with pytest.raises(ValidationError) as refused:
            BkashSettings(**given)
        kinds = {problem["type"] for problem in refused.value.errors()}
        assert kinds <= {"greater_than_equal", "less_than_equal", "string_pattern_mismatch", "not_amazon_sns"}


def test_the_settings_that_have_a_default_are_bkashs_own_places() -> None:
    given = BkashSimulator().settings("https://tokenized.pay.bka.sh/v1.2.0-beta")
    own = {name: value for name, value in given.items() if name not in {"notice_origin", "notice_topic"}}
    made = BkashSettings(**own)
    assert (made.notice_origin, made.notice_topic) == ("https://sns.ap-southeast-1.amazonaws.com", None)
    assert made.page_domains == "bkash.com bka.sh"
    assert made.payment_lifetime == timedelta(hours=2)


def test_a_reason_is_read_back_as_its_code() -> None:
    assert [code_in(word_of(code)) for code in CODES] == list(CODES)
    assert [code_in(word) for word in ("http-404", "2023", "bkash.unknown-code", "bkash.")] == [None] * 4


@given(st.text(max_size=8))
def test_a_code_that_is_not_listed_says_nothing(code: str) -> None:
    if code in CODES:
        return
    assert meaning_of(code) is CodeMeaning.UNCERTAIN
    assert word_of(code) == "bkash.unknown-code"


def test_only_one_code_is_a_success() -> None:
    assert [code for code, meaning in CODES.items() if meaning is CodeMeaning.DONE] == ["0000"]


@pytest.mark.parametrize(
    "code", ["E-104", "2062; DROP", "২০৬২", {"code": "2062"}, [2062], True, False, [], {}, 0.0, 0]
)
def test_a_code_of_another_form_breaks_the_contract(code: object) -> None:
    with pytest.raises(ValueError, match="statusCode"):
        wire.PaymentAnswer.model_validate({"statusCode": code})


@pytest.mark.parametrize(("code", "read"), [(2062, "2062"), ("", None), (None, None)])
def test_a_code_may_be_a_number_or_empty(code: object, read: str | None) -> None:
    assert wire.RefundAnswer.model_validate({"statusCode": "2033", "errorCode": code}).error_code == read


@pytest.mark.parametrize(
    ("codes", "meaning"),
    [
        ((None, "2033"), CodeMeaning.NO_SUCH),
        (("2033", None), CodeMeaning.NO_SUCH),
        (("2033", 2033), CodeMeaning.NO_SUCH),
        (("2002", "2033"), CodeMeaning.NO_SUCH),
        (("0000", "2033"), CodeMeaning.UNCERTAIN),
        (("2033", "0000"), CodeMeaning.UNCERTAIN),
        (("2062", "2023"), CodeMeaning.UNCERTAIN),
        (("2023", "2062"), CodeMeaning.UNCERTAIN),
    ],
)
def test_of_two_codes_that_disagree_neither_counts(codes: tuple[object, object], meaning: CodeMeaning) -> None:
    answer = {"statusCode": codes[0], "errorCode": codes[1]}
    assert wire.RefundAnswer.model_validate(answer).meaning is meaning


@given(references, st.none() | references)
def test_a_reference_is_taken_apart_as_it_was_joined(payment_id: str, transaction: str | None) -> None:
    assert wire.split_reference(wire.joined_reference(payment_id, transaction)) == (payment_id, transaction)


@pytest.mark.parametrize("reference", ["", "-", "TR 1", "TR1-", "TR1-A-B", "TR1/../x", "ক", "T" * 65])
def test_a_reference_of_somebody_else_is_none(reference: str) -> None:
    assert wire.split_reference(reference) is None
