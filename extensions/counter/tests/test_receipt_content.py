"""What a receipt takes out of an application's journal, and what it leaves there."""

from datetime import UTC, date, datetime, timedelta

import pytest

from nagorik import Applicant, Payer, Text
from nagorik.model.fee import FeeDue, LineNature, Quote, QuoteLine, Source
from nagorik.model.status import PaymentState
from nagorik.values import BirthRegistrationNumber, MobileNumber, Money, Nid, PersonName
from nagorik_counter.receipt.content import receipt_content
from nagorik_counter.receipt.page import receipt_page
from nagorik_platform.lifecycle.events import PaymentMoved, QuoteReceived

AT = datetime(2026, 11, 24, 4, 1, tzinfo=UTC)
PAYMENT = "0b6f4b8e-9d3e-4a53-9a5e-1c2d3e4f5a6b"
NID, BIRTH_REGISTRATION = "0099000202", "19799910000000202"
APPLICANT = Applicant(
    name=PersonName(bn="পরীক্ষা নাগরিক ২০২", en="PORIKKHA NAGORIK 202"),
    birth_date=date(1979, 1, 1),
    identifiers=(Nid(value=NID), BirthRegistrationNumber(value=BIRTH_REGISTRATION)),
)


def quoted(text="Urgent reissue") -> QuoteReceived:
    line = QuoteLine(code="fee", text=Text(bn=text, en=text), amount=Money.taka(230), vat=Money.taka("34.50"))
    return QuoteReceived(
        at=AT,
        quote=Quote(
            id="q-1",
            lines=(line,),
            total=line.total,
            due=FeeDue.BEFORE_SUBMISSION,
            issued_at=AT,
            expires_at=AT + timedelta(days=1),
            source=Source(title="Sample fee rules", verified=False),
        ),
    )


def moved(to="captured", code="reported", actor="gateway", **changes) -> PaymentMoved:
    return PaymentMoved(at=AT, payment=PAYMENT, to=PaymentState(to), actor=actor, code=code, **changes)


@pytest.fixture
def receipt_of(make_content):
    """Makes the receipt that a journal gives."""
    sample = make_content()

    def make(
        *events, applicant=APPLICANT, payer=None, client_reference="NGK-1", charges=(), tracking_url=None, **payment
    ):
        changed = sample.payment.model_copy(update={"charges": charges, **payment})
        progress = type("Paid", (), {"client_reference": client_reference, "service": "sample.reissue"})()
        return receipt_content(
            progress,
            events or (quoted(),),
            changed,
            names=sample.names,
            applicant=applicant,
            payer=payer,
            copy=1,
            printed_at=AT,
            tracking_url=tracking_url,
        )

    return make


@pytest.mark.parametrize("written", [NID, BIRTH_REGISTRATION, "০০৯৯০০০২০২", "0099-000 202"])
def test_number_of_the_applicant_is_masked_wherever_somebody_wrote_it(receipt_of, written):
    applicant = APPLICANT.model_copy(update={"name": PersonName(en=f"RAHIM {written}")})
    content = receipt_of(
        quoted(f"Reissue of {written}"),
        applicant=applicant,
        client_reference=f"A-{written}",
        payer_name=f"RAHIM {written}",
        tracking_url=f"https://track.nagorik.example/{written}",
    )
    for shown in (content, receipt_of(applicant=applicant, payer_name=None)):
        page = receipt_page(shown, "a4")
        assert "RAHIM *" in page
        assert written not in page
    assert content.reference.startswith("A-*")
    assert content.tracking_url is None


@pytest.mark.parametrize("written", ["01300000202", "+8801300000202", "০১৪০০-০০০৩০৩", "1400000303"])
def test_telephone_of_applicant_or_payer_is_masked_wherever_somebody_wrote_it(receipt_of, written):
    content = receipt_of(
        applicant=APPLICANT.model_copy(update={"phone": MobileNumber(e164="+8801300000202")}),
        payer=Payer(mobile=MobileNumber(e164="+8801400000303")),
        client_reference=f"A-{written}",
        payer_name=f"RAHIM {written}",
        tracking_url=f"https://track.nagorik.example/{written}",
    )
    page = receipt_page(content, "a4")
    assert "RAHIM " in page
    assert written not in page
    assert content.tracking_url is None


@pytest.mark.parametrize("written", ["01711-223344", "NID 1234567890", "১৯৯০১২৩৪৫৬৭৮৯"])
def test_number_in_a_payers_name_is_nobodys_to_read(receipt_of, written):
    page = receipt_page(receipt_of(payer_name=f"KARIM {written}"), "80mm")
    assert "KARIM " in page
    assert written not in page


@pytest.mark.parametrize("name", ["\u200b\u2060", "   ", "\x00\u202e"])
def test_payer_of_whom_nothing_can_be_read_is_not_told(receipt_of, name):
    content = receipt_of(payer_name=name)
    assert content.payer is None
    assert APPLICANT.name.en in receipt_page(content, "a4")


def test_what_holds_no_number_of_the_applicant_is_shown_as_it_is(receipt_of):
    content = receipt_of(payer_name="RAHIM 202", tracking_url="https://track.nagorik.example/NGK-1")
    assert (content.reference, content.payer, content.applicant) == ("NGK-1", "RAHIM 202", APPLICANT.name)
    assert content.tracking_url == "https://track.nagorik.example/NGK-1"


@pytest.mark.parametrize(
    ("moves", "printed"),
    [
        ([moved(reference="TX-1")], "TX-1"),
        ([moved("under_investigation", "doubted-by-gateway", reference="TX-2")], "TX-2"),
        ([moved("pending", "reported", reference="SESSION"), moved()], None),
        ([moved(reference="TX-3"), moved("refund_pending", "decided", reference="RF-1")], "TX-3"),
        ([moved(reference=f"TX-{NID}")], "TX-**********"),
        ([], None),
    ],
)
def test_only_what_came_with_the_capture_is_printed_as_the_gateways_number(receipt_of, moves, printed):
    content = receipt_of(quoted(), *moves, reference="SESSION")
    assert content.gateway_reference == printed
    page = receipt_page(content, "a4")
    assert "SESSION" not in page
    assert ("Payment service&#x27;s number" in page) is (printed is not None)


@pytest.mark.parametrize(
    ("moves", "taken"),
    [
        ([moved("under_investigation", "amount-mismatch")], None),
        ([moved("under_investigation", "amount-mismatch"), moved("refund_pending", "decided", "person")], None),
        ([moved("under_investigation", "amount-mismatch", taken=Money.of(345, "USD"))], Money.of(345, "USD")),
        # It took what was asked for, and doubts the payer.
        ([moved("under_investigation", "doubted-by-gateway")], Money.taka("264.50")),
        (
            [moved("under_investigation", "amount-mismatch"), moved("captured", "decided", "person")],
            Money.taka("264.50"),
        ),
        ([moved()], Money.taka("264.50")),
    ],
)
def test_sum_taken_is_known_only_where_somebody_said_it(receipt_of, moves, taken):
    content = receipt_of(quoted(), *moves, taken=moves[0].taken)
    assert content.taken == taken


def test_charge_stands_apart_from_the_price_whatever_it_and_its_payee_are_called(receipt_of, make_content):
    agency = make_content().names.agency
    title = Text(bn="সরকারি ফি", en="Government fee")
    charge = QuoteLine(
        code="centre",
        text=title,
        amount=Money.taka(50),
        vat=Money.taka(0),
        nature=LineNature.CENTRE_CHARGE,
        payee=agency,
    )
    page = receipt_page(receipt_of(charges=(charge,)), "a4")
    apart = page.index("Charged by the service centre or payment service, not by the agency")
    assert page.index("Urgent reissue") < apart < page.index("Government fee")
    assert page.index("264.50") < apart
    assert page.count("Total for this payee") == 2
    assert "not by the agency" not in receipt_page(receipt_of(), "a4")
