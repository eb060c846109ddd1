"""What the gateway is told of a payment that is opened, and to which pages its payer is sent."""

from typing import Any

import pytest

from nagorik import (
    AgencyRejected,
    InputRejected,
    Layer,
    OutcomeUnknown,
    Payer,
    PaymentStarted,
    SettingsRejected,
    Text,
)
from nagorik.values import MobileNumber, Money
from nagorik_sslcommerz.sessions import OpenedSession, both_languages, to_session, to_started
from nagorik_sslcommerz.settings import SslCommerzSettings
from nagorik_testing import SyntheticCitizens

from .conftest import AMOUNT, NOTICE, RETURN, TRAN_ID, to_order

CITIZEN = SyntheticCitizens().citizen(2121)
MOBILE = MobileNumber.parse("01770618575")
AN_ADDRESS = "https://portal.example/"


def settings_at(base_url: str = "https://securepay.sslcommerz.com") -> SslCommerzSettings:
    return SslCommerzSettings(
        base_url=base_url,
        store_id="specimen",
        store_password="specimen@ssl",
        receipt_email="receipts@nagorik.example",
        address="1 Specimen Road",
        city="Dhaka",
        postcode="1000",
    )


def session_of(amount: Money = AMOUNT, **other: Any) -> dict[str, str]:
    return to_session(to_order(CITIZEN, amount, **other), settings_at())


def test_session_is_opened_with_the_fields_of_the_documentation_and_no_other() -> None:
    payer = Payer(name="Specimen Begum", mobile=MOBILE)
    assert session_of(payer=payer, purpose=Text(bn="পাসপোর্ট", en="Passport")) == {
        "store_id": "specimen",
        "store_passwd": "specimen@ssl",
        "total_amount": "345.00",
        "currency": "BDT",
        "tran_id": TRAN_ID,
        "success_url": RETURN,
        "fail_url": RETURN,
        "cancel_url": RETURN,
        "ipn_url": NOTICE,
        "emi_option": "0",
        "cus_name": "Specimen Begum",
        "cus_email": "receipts@nagorik.example",
        "cus_add1": "1 Specimen Road",
        "cus_city": "Dhaka",
        "cus_postcode": "1000",
        "cus_country": "Bangladesh",
        "cus_phone": "01770618575",
        "shipping_method": "NO",
        "num_of_item": "1",
        "product_name": "পাসপোর্ট / Passport",
        "product_category": "government service",
        "product_profile": "non-physical-goods",
    }


@pytest.mark.parametrize(
    ("bn", "en", "written"),
    [
        ("ক" * 100, "e" * 152, f"{'ক' * 100} / {'e' * 152}"),
        ("ক" * 100, "e" * 153, "ক" * 100),
        ("ক" * 255, "e", "ক" * 255),
        ("ক" * 256, "e" * 255, "e" * 255),
        ("ক" * 256, "e" * 256, "e" * 255),
    ],
    ids=len,
)
def test_text_is_told_in_both_languages_as_far_as_255_characters_go(bn: str, en: str, written: str) -> None:
    text = Text(bn=bn, en=en)
    assert both_languages(text) == written
    assert session_of(purpose=text)["product_name"] == written


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (Money.taka("9.99"), "sslcommerz.amount-out-of-bounds"),
        (Money.taka("500000.01"), "sslcommerz.amount-out-of-bounds"),
        (Money.of("345.00", "USD"), "sslcommerz.currency"),
        (Money.taka("10.00"), None),
        (Money.taka("500000.00"), None),
    ],
    ids=str,
)
def test_amount_that_the_gateway_does_not_take_is_refused_by_the_plugin(amount: Money, code: str | None) -> None:
    if code is None:
        assert session_of(amount)["total_amount"] == amount.plain()
        return
    with pytest.raises(AgencyRejected) as refused:
        session_of(amount)
    assert (refused.value.reason_code, refused.value.layer) == (code, Layer.PLUGIN)
    assert refused.value.reason is not None
    assert refused.value.reason.en.endswith("choose another way to pay.")


@pytest.mark.parametrize(
    ("payer", "problems"),
    [
        (Payer(name="N" * 50, mobile=MOBILE), []),
        (Payer(name="N" * 51, mobile=MOBILE), [("/payer/name", "sslcommerz.payer-name-too-long")]),
        (Payer(name=" ", mobile=MOBILE), [("/payer/name", "sslcommerz.payer-name-missing")]),
        (Payer(mobile=MOBILE), [("/payer/name", "sslcommerz.payer-name-missing")]),
        (Payer(name="N"), [("/payer/mobile", "sslcommerz.payer-mobile-missing")]),
        (
            Payer(),
            [
                ("/payer/name", "sslcommerz.payer-name-missing"),
                ("/payer/mobile", "sslcommerz.payer-mobile-missing"),
            ],
        ),
    ],
)
def test_payer_has_a_name_of_fifty_characters_at_most_and_a_mobile_number(
    payer: Payer, problems: list[tuple[str, str]]
) -> None:
    if not problems:
        assert session_of(payer=payer)["cus_name"] == payer.name
        return
    with pytest.raises(InputRejected) as refused:
        session_of(payer=payer)
    assert [(problem.pointer, problem.code) for problem in refused.value.fields] == problems
    if "too-long" in problems[0][1]:
        assert "at most 50 characters" in refused.value.fields[0].text.en


LONGEST, TOO_LONG = (AN_ADDRESS + "x" * (length - len(AN_ADDRESS)) for length in (255, 256))


@pytest.mark.parametrize(
    ("back", "notice", "reasons"),
    [
        (LONGEST, LONGEST, {}),
        (None, NOTICE, {"return_url": "missing"}),
        (RETURN, None, {"notice_url": "missing"}),
        (TOO_LONG, NOTICE, {"return_url": "too-long"}),
        (RETURN, TOO_LONG, {"notice_url": "too-long"}),
        (None, TOO_LONG, {"return_url": "missing", "notice_url": "too-long"}),
        (None, None, {"return_url": "missing", "notice_url": "missing"}),
    ],
    ids=range(7),
)
def test_host_has_both_addresses_of_255_characters_at_most(
    back: str | None, notice: str | None, reasons: dict[str, str]
) -> None:
    if not reasons:
        form = session_of(return_url=back, notice_url=notice)
        assert {form[name] for name in ("success_url", "fail_url", "cancel_url")} == {back}
        assert form["ipn_url"] == notice
        return
    with pytest.raises(SettingsRejected) as refused:
        session_of(return_url=back, notice_url=notice)
    assert (refused.value.plugin, refused.value.names) == ("sslcommerz", tuple(reasons))
    assert refused.value.reasons == reasons


@pytest.mark.parametrize(
    ("base_url", "page", "is_trusted"),
    [
        ("https://sandbox.sslcommerz.com", "https://sandbox.sslcommerz.com/A", True),
        ("https://sandbox.sslcommerz.com", "https://epay.SSLCommerz.com/A", True),
        ("https://sandbox.sslcommerz.com", "https://epay.sslcommerz.com.bd/A", False),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/A", True),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8081/A", False),
        ("http://127.0.0.1:8080", "https://127.0.0.1:8080/A", False),
        ("http://127.0.0.1:8080", "http://securepay.sslcommerz.com/A", False),
    ],
)
def test_page_lies_where_the_gateway_does(base_url: str, page: str, is_trusted: bool) -> None:
    """Below its own domain, or where the settings have the gateway; a simulator vouches for no other."""
    session = OpenedSession(status="SUCCESS", sessionkey="A1", GatewayPageURL=page)
    if is_trusted:
        assert to_started(session, settings_at(base_url)) == PaymentStarted(reference="A1", pay_at=page)
        return
    with pytest.raises(OutcomeUnknown) as unknown:
        to_started(session, settings_at(base_url))
    error = unknown.value
    assert (error.step, error.because, error.layer) == ("session", "page-elsewhere", Layer.GATEWAY)
