"""Paying at the simulated gateway through a real client, from the session to the refund."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, strategies as st

from nagorik import (
    AgencyRejected,
    AgencyResponse,
    CredentialsRejected,
    InputRejected,
    Payer,
    PaymentState,
    SettingsRejected,
    Text,
)
from nagorik.errors import OutcomeUnknown
from nagorik.values import Money
from nagorik_sslcommerz.answers import read_error, without_quoting
from nagorik_sslcommerz.data import BOUNDS, TEXTS
from nagorik_sslcommerz.sessions import OpenedSession, to_session, to_started
from nagorik_sslcommerz.settings import SslCommerzSettings
from nagorik_sslcommerz.signature import SIGNATURES, digest_of
from nagorik_sslcommerz.simulator.session_form import amount_of, fault_of
from nagorik_testing import AnswerLost, InjectedResponse, SyntheticCitizens

from .conftest import AMOUNT, AN_HOUR, NOTICE, PAYMENT, PURPOSE, RETURN, TRAN_ID, Checkout, to_order

OPEN = "POST /gwprocess/v4/api.php"
ASK = "GET /validator/api/merchantTransIDvalidationAPI.php"
A_LONG_NAME = "Syeda Nurjahan Ferdousi Begum Chowdhury Nakshikatha Mahbuba"


async def test_payer_is_sent_to_the_gateways_page(checkout: Checkout) -> None:
    started = await checkout.start()
    session = checkout.gateway.session_of(PAYMENT)
    assert (started.reference, started.instructions, started.expires_at) == (session.key, None, None)
    assert started.pay_at == f"http://127.0.0.1/gwprocess/v4/gw.php?Q=PAY&SESSIONKEY={session.key}"
    form = dict(session.form)
    assert (form["tran_id"], form["total_amount"], form["currency"]) == (TRAN_ID, "345.00", "BDT")
    assert {form[name] for name in ("success_url", "fail_url", "cancel_url")} == {RETURN}
    assert form["ipn_url"] == NOTICE
    assert (form["cus_name"], form["cus_phone"]) == (checkout.payer.name.en, checkout.payer.phone.local)
    assert form["product_name"] == f"{PURPOSE.bn} / {PURPOSE.en}"
    assert (form["cus_email"], form["cus_add1"]) == ("receipts@nagorik.example", "1 Specimen Road")


async def test_money_is_captured_when_the_validator_says_so(checkout: Checkout) -> None:
    started = await checkout.start()
    waiting = await checkout.query(started.reference)
    assert (waiting.state, waiting.amount, waiting.raw) == (PaymentState.PENDING, None, "PENDING")

    checkout.gateway.clock.advance(AN_HOUR)
    paid = await checkout.query(started.reference)
    bank_tran_id = checkout.gateway.ledger.effects("capture")[0].reference
    assert (paid.state, paid.amount, paid.reference) == (PaymentState.CAPTURED, AMOUNT, bank_tran_id)
    assert paid.captured_at == datetime(2026, 11, 24, 4, 1, tzinfo=UTC), "10:01 on the clocks in Dhaka"
    assert (paid.raw, paid.payer_name) == ("VALID", None)

    again = await checkout.query(bank_tran_id)
    assert (again.state, again.amount, again.raw) == (PaymentState.CAPTURED, AMOUNT, "VALIDATED")


@pytest.mark.parametrize(
    ("outcome", "state", "raw"),
    [
        ("fail", PaymentState.FAILED, "FAILED"),
        ("cancel", PaymentState.CANCELLED, "CANCELLED"),
        ("never", PaymentState.EXPIRED, "EXPIRED"),
        ("late", PaymentState.CAPTURED, "VALID"),
        ("risky", PaymentState.UNDER_INVESTIGATION, "VALID, risk 1"),
    ],
)
async def test_each_end_of_a_payment_is_told_as_it_was(
    checkout: Checkout, outcome: str, state: PaymentState, raw: str
) -> None:
    checkout.gateway.script.set(PAYMENT, outcome)
    await checkout.start()
    checkout.gateway.clock.advance(timedelta(days=2))
    report = await checkout.query()
    assert (report.state, report.raw) == (state, raw)
    assert report.remark == ("Transaction is declined by the bank." if outcome == "fail" else None)


async def test_success_after_a_cancel_is_a_success(checkout: Checkout) -> None:
    checkout.gateway.script.set(PAYMENT, "late")
    await checkout.start()
    checkout.gateway.clock.advance(timedelta(minutes=2))
    assert (await checkout.query()).state is PaymentState.CANCELLED
    checkout.gateway.clock.advance(2 * AN_HOUR)
    assert (await checkout.query()).state is PaymentState.CAPTURED


async def test_attempt_that_was_paid_decides_over_those_that_failed(checkout: Checkout) -> None:
    checkout.gateway.script.set(PAYMENT, "never")
    await checkout.start()
    session = checkout.gateway.session_of(PAYMENT)
    checkout.gateway.fail(session)
    paid = checkout.gateway.pay(session)
    checkout.gateway.fail(session)
    report = await checkout.query()
    assert (report.state, report.reference, report.amount) == (PaymentState.CAPTURED, paid.bank_tran_id, AMOUNT)


async def test_two_payments_of_one_bill_are_looked_at_by_a_person(checkout: Checkout) -> None:
    checkout.gateway.script.set(PAYMENT, "pay-twice")
    await checkout.start()
    checkout.gateway.clock.advance(timedelta(minutes=2))
    assert (await checkout.query()).state is PaymentState.CAPTURED
    checkout.gateway.clock.advance(AN_HOUR)
    report = await checkout.query()
    first, second = checkout.gateway.session_of(PAYMENT).attempts
    assert (report.state, report.amount) == (PaymentState.UNDER_INVESTIGATION, Money.taka("690.00"))
    assert report.raw == f"VALIDATED {first.val_id}, VALID {second.val_id}"


async def test_another_amount_is_reported_as_it_was_taken(checkout: Checkout) -> None:
    checkout.gateway.script.set(PAYMENT, "other-amount", values={"amount": "300.00"})
    await checkout.start()
    checkout.gateway.clock.advance(AN_HOUR)
    report = await checkout.query()
    assert (report.state, report.amount) == (PaymentState.CAPTURED, Money.taka("300.00"))


async def test_payment_that_the_gateway_does_not_know_is_unknown(checkout: Checkout) -> None:
    assert (await checkout.query()).state is PaymentState.UNKNOWN
    assert (await checkout.query("0" * 32)).state is PaymentState.UNKNOWN


async def test_session_whose_answer_was_lost_is_opened_once_and_asked_about(checkout: Checkout) -> None:
    checkout.gateway.faults.add(OPEN, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await checkout.start()
    assert len(checkout.gateway.ledger.effects("session")) == 1
    assert (await checkout.query()).state is PaymentState.PENDING


async def test_refund_is_ordered_once_and_then_asked_about(checkout: Checkout) -> None:
    await checkout.start()
    checkout.gateway.clock.advance(AN_HOUR)
    reference = (await checkout.query()).reference or ""
    ordered = await checkout.refund(reference)
    assert ordered.state is PaymentState.REFUND_PENDING
    assert await checkout.refund(reference) == ordered, "the same name is the same refund"
    assert await checkout.refund(reference, ordered.reference) == ordered
    assert checkout.gateway.ledger.effects("refund") == ()

    checkout.gateway.clock.advance(timedelta(days=3))
    done = await checkout.refund(reference, ordered.reference)
    assert (done.state, done.reference) == (PaymentState.REFUNDED, ordered.reference)
    assert [effect.amount for effect in checkout.gateway.ledger.effects("refund")] == ["345.00"]
    assert len(checkout.gateway.ledger.effects("refund-order")) == 1


async def test_refund_that_the_gateway_cancels_has_failed(checkout: Checkout) -> None:
    checkout.gateway.script.set(PAYMENT, "pay", values={"refund": "cancelled"})
    await checkout.start()
    checkout.gateway.clock.advance(AN_HOUR)
    reference = (await checkout.query()).reference or ""
    ordered = await checkout.refund(reference)
    checkout.gateway.clock.advance(timedelta(days=4))
    assert (await checkout.refund(reference, ordered.reference)).state is PaymentState.REFUND_FAILED
    assert checkout.gateway.ledger.effects("refund") == ()


@pytest.mark.parametrize(("reference", "amount"), [("of-nobody", "345.00"), (None, "345.01")])
async def test_refund_of_what_was_not_taken_fails(checkout: Checkout, reference: str | None, amount: str) -> None:
    await checkout.start()
    checkout.gateway.clock.advance(AN_HOUR)
    known = (await checkout.query()).reference or ""
    refund = await checkout.refund(reference or known, amount=Money.taka(amount))
    assert (refund.state, refund.reference) == (PaymentState.REFUND_FAILED, None)


async def test_order_whose_answer_is_lost_is_not_sent_again(checkout: Checkout) -> None:
    await checkout.start()
    checkout.gateway.clock.advance(AN_HOUR)
    reference = (await checkout.query()).reference or ""
    checkout.gateway.faults.add(ASK, AnswerLost())
    with pytest.raises(OutcomeUnknown):
        await checkout.refund(reference)
    assert len(checkout.gateway.ledger.effects("refund-order")) == 1


@pytest.mark.parametrize("outcome", ["pay", "fail", "cancel", "never", "risky"])
async def test_notice_names_its_payment_whatever_became_of_it(checkout: Checkout, outcome: str) -> None:
    checkout.gateway.script.set(PAYMENT, outcome)
    await checkout.start()
    checkout.gateway.clock.advance(timedelta(days=2))
    body = checkout.gateway.payment_notice(PAYMENT).body
    assert (await checkout.notice(body)).payment == PAYMENT


async def test_notice_says_why_it_names_nobody(checkout: Checkout) -> None:
    password = checkout.settings.store_password.get_secret_value()
    fields = {"tran_id": "x" * 26, "amount": "345.00", "currency": "BDT", "status": "FAILED"}
    signatures = {name: digest_of(fields, password, digest) for name, digest in SIGNATURES.items()}
    form = {**fields, **signatures, "verify_key": ",".join(fields)}
    for body, code in (
        (b"{}", "notice-not-a-form"),
        (urlencode({**form, "amount": "1.00"}).encode(), "notice-signature"),
        (urlencode(form).encode(), "notice-of-no-payment"),
    ):
        with pytest.raises(AgencyRejected) as refused:
            await checkout.notice(body)
        assert refused.value.reason_code == f"sslcommerz.{code}"


async def test_notice_that_is_altered_names_nobody(checkout: Checkout) -> None:
    await checkout.start()
    checkout.gateway.clock.advance(AN_HOUR)
    posted = checkout.posted()
    for name, value in posted.items():
        forged = urlencode({**posted, name: (value[:-1] + "7") if value[-1:] != "7" else f"{value}7"}).encode()
        with pytest.raises(AgencyRejected):
            await checkout.notice(forged)


@pytest.mark.parametrize(("amount", "taken"), [("9.99", False), ("10", True), ("500000", True), ("500000.01", False)])
async def test_amount_out_of_bounds_is_refused_before_anything_is_sent(
    checkout: Checkout, amount: str, taken: bool
) -> None:
    if taken:
        assert (await checkout.start(Money.taka(amount))).reference
        return
    with pytest.raises(AgencyRejected) as refused:
        await checkout.start(Money.taka(amount))
    assert refused.value.reason_code == "sslcommerz.amount-out-of-bounds"
    assert refused.value.reason is not None
    assert "Tk 10 to Tk 5,00,000" in refused.value.reason.en
    assert "১০ টাকা থেকে ৫,০০,০০০ টাকা" in refused.value.reason.bn
    assert checkout.gateway.ledger.requests() == ()


async def test_dollars_are_refused_before_anything_is_sent(checkout: Checkout) -> None:
    with pytest.raises(AgencyRejected) as refused:
        await checkout.start(Money.of("345.00", "USD"))
    assert refused.value.reason_code == "sslcommerz.currency"
    assert checkout.gateway.ledger.requests() == ()


@pytest.mark.parametrize(
    ("payer", "pointers"),
    [
        (Payer(), {"/payer/name", "/payer/mobile"}),
        (Payer(name="  ", mobile=SyntheticCitizens().citizen(1).phone), {"/payer/name"}),
        (Payer(name=A_LONG_NAME, mobile=SyntheticCitizens().citizen(1).phone), {"/payer/name"}),
        (Payer(name="Specimen"), {"/payer/mobile"}),
    ],
)
async def test_payer_is_whole_or_the_payment_is_not_opened(
    checkout: Checkout, payer: Payer, pointers: set[str]
) -> None:
    with pytest.raises(InputRejected) as refused:
        await checkout.start(payer=payer)
    assert {problem.pointer for problem in refused.value.fields} == pointers
    assert checkout.gateway.ledger.requests() == ()


@pytest.mark.parametrize(
    ("given", "named"),
    [({"return_url": None}, ("return_url",)), ({"notice_url": f"https://x.example/{'n' * 250}"}, ("notice_url",))],
)
async def test_host_without_an_address_hears_which(
    checkout: Checkout, given: dict[str, str | None], named: tuple[str, ...]
) -> None:
    with pytest.raises(SettingsRejected) as refused:
        await checkout.start(**given)
    assert refused.value.names == named
    assert checkout.gateway.ledger.requests() == ()


async def test_store_that_is_not_let_in_is_told_apart_from_a_refusal(checkout: Checkout) -> None:
    for reason, error in (
        ("Store Credential Error Or Store is De-active", CredentialsRejected),
        ("Invalid Information! 'cus_phone' is missing or empty.", AgencyRejected),
    ):
        refuse_session(checkout, reason)
        with pytest.raises(error):
            await checkout.start()


def refuse_session(checkout: Checkout, reason: str) -> None:
    answer = json.dumps({"status": "FAILED", "failedreason": reason})
    checkout.gateway.faults.add(OPEN, InjectedResponse(status=200, body=answer))


async def test_payer_hears_why_in_the_gateways_own_words_beside_ours(checkout: Checkout) -> None:
    refuse_session(checkout, "Invalid Information! 'cus_phone' is missing or empty.")
    with pytest.raises(AgencyRejected) as refused:
        await checkout.start()
    reason = refused.value.reason
    assert reason is not None
    said = "“Invalid Information! 'cus_phone' is missing or empty.”"
    assert reason.en.startswith("SSLCommerz did not open this payment")
    assert reason.en.endswith(f"SSLCommerz says: {said}")
    assert reason.bn.startswith("এসএসএলকমার্জ এই লেনদেন শুরু করেনি")
    assert reason.bn.endswith(f"এসএসএলকমার্জের নিজের কথায়: {said}")


async def test_gateways_words_that_quote_what_was_sent_are_not_passed_on(checkout: Checkout) -> None:
    settings, payer = checkout.settings, checkout.payer
    password = settings.store_password.get_secret_value()
    for quoted in (password, settings.store_id, payer.phone.local, *payer.name.en.split(), "a@b.example", "x" * 300):
        refuse_session(checkout, f"Invalid value {quoted} given")
        with pytest.raises(AgencyRejected) as refused:
            await checkout.start()
        assert refused.value.reason == TEXTS.text("sslcommerz.session-refused")


@pytest.mark.parametrize(
    "number",
    ["01712 345678", "(01712) 345678.", "০১৭১২ ৩৪৫৬৭৮", "4111 1111 1111 1111", "1234 567 890", "0 1 7 1 2 3 4 5"],
)
async def test_numbers_in_groups_are_numbers(checkout: Checkout, number: str) -> None:
    refuse_session(checkout, f"Invalid value {number} given")
    with pytest.raises(AgencyRejected) as refused:
        await checkout.start()
    assert refused.value.reason == TEXTS.text("sslcommerz.session-refused")


def test_sums_in_prose_are_no_number_of_anybodys() -> None:
    said = "Amount must be between 10.00 and 500000.00"
    error = read_error(AgencyResponse(200, [], json.dumps({"status": "FAILED", "failedreason": said}).encode()))
    assert isinstance(error, AgencyRejected)
    assert error.reason is not None
    assert said in error.reason.en


@pytest.mark.parametrize(
    ("sent", "quoted"),
    [("রহিমা", "রহি\u200dমা"), ("শা\u09dfলা", "শা\u09af\u09bcলা"), ("ডাক্তার১২", "ডাক্তার12")],
)
def test_what_was_sent_is_found_however_it_is_spelt(sent: str, quoted: str) -> None:
    ours = TEXTS.text("sslcommerz.session-refused")
    said = Text(bn=f"{ours.bn} “{quoted}”", en=f"{ours.en} “{quoted}”")
    with pytest.raises(AgencyRejected) as refused, without_quoting([sent]):
        raise AgencyRejected("sslcommerz.session-refused", reason=said)
    assert refused.value.reason == ours


@pytest.mark.parametrize(
    ("status", "document", "code"),
    [
        (200, {"APIConnect": "INVALID_REQUEST", "errorReason": "Bank id is missing"}, "sslcommerz.invalid-request"),
        (400, {"APIConnect": "INVALID_REQUEST", "error": "Bank id is missing"}, "sslcommerz.invalid-request"),
        (422, {"errorReason": "Bank id is missing"}, "sslcommerz.refused"),
        (429, {"APIConnect": "DONE", "status": "failed", "errorReason": "Bank id is missing"}, "sslcommerz.refused"),
    ],
    ids=str,
)
def test_every_refusal_says_why_in_both_languages(status: int, document: dict[str, str], code: str) -> None:
    error = read_error(AgencyResponse(status, [], json.dumps(document).encode()))
    assert isinstance(error, AgencyRejected)
    assert error.reason_code == code
    assert error.reason is not None
    ours = TEXTS.text(code)
    assert (error.reason.bn.startswith(ours.bn), error.reason.en.startswith(ours.en)) == (True, True)
    assert "“Bank id is missing”" in error.reason.bn
    assert "“Bank id is missing”" in error.reason.en


def test_refusal_without_words_of_its_own_has_ours() -> None:
    error = read_error(AgencyResponse(200, [], b'{"APIConnect": "INVALID_REQUEST"}'))
    assert isinstance(error, AgencyRejected)
    assert error.reason == TEXTS.text("sslcommerz.invalid-request")


SETTINGS = SslCommerzSettings(
    base_url="https://securepay.sslcommerz.com",
    store_id="specimen",
    store_password="specimen@ssl",
    receipt_email="receipts@nagorik.example",
    address="1 Specimen Road",
    city="Dhaka",
    postcode="1000",
)


@pytest.mark.parametrize(
    ("page", "is_trusted"),
    [
        ("https://securepay.sslcommerz.com/gwprocess/v4/gw.php?Q=PAY&SESSIONKEY=A", True),
        ("https://epay.sslcommerz.com/A", True),
        ("http://securepay.sslcommerz.com/A", False),
        ("https://sslcommerz.com.evil.example/A", False),
        ("https://evilsslcommerz.com/A", False),
        ("https://securepay.sslcommerz.com@evil.example/A", False),
        ("https://epay.sslcommerz.com:8443/A", False),
        ("https://evil.example/?https://securepay.sslcommerz.com", False),
        ("https://evil.example\\.sslcommerz.com/A", False),
        ("https://evil.example%2f.sslcommerz.com/A", False),
        ("https://epay.sslcommerz.com:port/A", False),
        ("https://[epay.sslcommerz.com/A", False),
        ("https://epay.sslcommerz.com/A\\B", False),
    ],
)
def test_payer_is_sent_to_no_other_page(page: str, is_trusted: bool) -> None:
    session = OpenedSession(status="SUCCESS", sessionkey="A", GatewayPageURL=page)
    if is_trusted:
        assert to_started(session, SETTINGS).pay_at == page
    else:
        with pytest.raises(OutcomeUnknown):
            to_started(session, SETTINGS)


CITIZEN = SyntheticCitizens().citizen(2121)


@given(st.integers(1, 60_000_000).map(lambda poisha: Money(poisha=poisha)))
def test_every_amount_is_written_as_the_gateway_reads_it_or_refused(amount: Money) -> None:
    if BOUNDS.least.poisha <= amount.poisha <= BOUNDS.most.poisha:
        form = to_session(to_order(CITIZEN, amount), SETTINGS)
        assert parse_qs(urlencode(form))["total_amount"] == [amount.plain()]
        assert fault_of(form) is None
        assert amount_of(form) == amount
    else:
        with pytest.raises(AgencyRejected):
            to_session(to_order(CITIZEN, amount), SETTINGS)
