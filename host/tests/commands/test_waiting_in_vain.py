"""No application waits for ever: what waiting does not mend is a case or an outage, and both sides read which."""

from datetime import timedelta
from pathlib import Path

import pytest
from host_site import Desk, price, rows

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyStatus,
    CredentialsRejected,
    PaymentReport,
    PaymentStarted,
    Text,
)
from nagorik.errors import CredentialProblem, OutcomeUnknown
from nagorik.values import Money
from nagorik_platform import Platform, PluginConfiguration
from nagorik_toolkit.fees import agreed_quote

TEXT = Text(en="Anybody may apply.", bn="যে কেউ আবেদন করতে পারেন।")
OFFICER = ("--officer", "A. Rahman", "--reason", "Asked the bank.")
PAY = "Pay the fee if you have not."
NOTHING_TO_PAY = "There is nothing to pay yet: how much it is and where to pay is told here once it is settled."


def demanded(taka: int):
    """What the plugin quotes where the schedule has 8,000 taka and the agency demands so much after filing."""
    return lambda now, stage: (
        price(now, stage, 0) if stage == "application" else agreed_quote(price(now, stage, 8_000), Money.taka(taka))
    )


class Office(Desk):
    """A real host with one plugin, whose answers are what a test puts there, on simulated time."""

    def __init__(self, place: Path, ready, answers, take_in) -> None:
        at = {"base_url": "http://127.0.0.1:9"}
        super().__init__(place, {"office": PluginConfiguration(settings=at, egress=frozenset({"127.0.0.1"}))})
        self.ready, self.answers, self.take_in = ready, answers, take_in

    def apply(self, **more: object) -> str:
        return self.take_in("office.well", {"depth": "120", "plot": "9"}, **more)

    def pages(self, application: str) -> tuple[str, str]:
        """What the citizen reads, and the officer."""
        return self.ready("track", application).out, self.ready("cases", "show", application).out

    def cases(self) -> list[str]:
        items = self.ready("cases", "list", "--json").document["items"]
        return [one["blocked"] or one["hold"] for one in items]


@pytest.fixture
def office(place, ready, answers, take_in):
    answers.QUOTE = demanded(8_000)
    answers.SUBMIT = Accepted(reference="WELL-1", status=AgencyStatus(state="submitted", raw="NEW"))
    answers.STATUS = AgencyStatus(state="in_review", raw="REVIEW")
    answers.START = PaymentStarted(reference="TILL-1", instructions=TEXT)
    answers.QUERY = PaymentReport(state="pending")
    return Office(place, ready, answers, take_in)


LATE_PRICES = {
    "differs": (demanded(5_000), "fee-differs-from-schedule", "fee-not-settled"),
    "own code": (
        lambda now, stage: price(now, stage, 0) if stage == "application" else AgencyRejected("office.no-such-bill"),
        "office.no-such-bill",
        "fee-not-settled",
    ),
    "fault": (
        lambda now, stage: price(now, stage, 0) if stage == "application" else ValueError("no schedule"),
        "raised",
        "plugin-fault",
    ),
}


@pytest.mark.parametrize("kind", LATE_PRICES)
def test_late_price_that_is_refused_is_a_case_and_nobody_is_asked_to_pay(office, kind):
    office.answers.QUOTE, code, case = LATE_PRICES[kind]
    application = office.apply()
    office.answers.STATUS = AgencyStatus(state="approved", raw="INSPECTED", fee_due="inspection")
    office.work(timedelta(minutes=3))
    early = office.ready("track", application, "--json").document
    assert (early["state"], early["waits_for"]) == ("awaiting_payment", None)
    citizen, _ = office.pages(application)
    assert NOTHING_TO_PAY in citizen
    assert PAY not in citizen
    # A refusal is told by its code; what went wrong inside is the staff's alone.
    assert (code in citizen) is (kind == "own code")

    office.work(timedelta(hours=3))
    assert office.cases() == [case]
    citizen, officer = office.pages(application)
    assert case in officer
    for page in (citizen, officer):
        assert PAY not in page
        assert "The fee could not be worked out." in page
        assert "ফি নির্ণয় করা যায়নি।" in page
        assert "cannot be reached" not in page
    officer = office.ready("cases", "show", application, "--json").document
    assert officer["refusals"][0]["code"] == code
    assert "manual_review" in officer["may_become"]


def test_agency_that_does_not_let_the_platform_in_is_an_outage_told_as_what_it_is(office):
    application = office.apply()
    office.work(timedelta(minutes=1))
    office.answers.STATUS = CredentialsRejected(CredentialProblem.EXPIRED)
    office.work(timedelta(hours=6))
    assert office.ready("track", application, "--json").document["unreachable"]["cause"] is None
    told = office.ready("cases", "show", application, "--json").document
    assert told["unreachable"]["cause"] == "credentials-expired"
    citizen, page = office.pages(application)
    assert "Office of wells has not been reachable since" in citizen
    assert "Office of wells has not let this platform in since" in page
    assert "কূপ দপ্তর এই প্ল্যাটফর্মকে ঢুকতে দিচ্ছে না" in page
    assert "This platform itself was not let in (code expired)." in page
    assert "expired" not in citizen
    office.answers.STATUS = AgencyStatus(state="in_review", raw="REVIEW")
    # It is tried seldom by now, unless somebody says that it lets the platform in again.
    assert office.ready("agencies", "--try-again", "office").code == 0
    office.work(timedelta(hours=2))
    after = office.ready("track", application, "--json").document
    assert (after["unreachable"], after["waits_for"], after["state"]) == (None, None, "in_review")


def with_a_fee_to_pay(office) -> str:
    """An application whose fee the citizen is paying at the till."""
    application = office.apply()
    office.answers.QUOTE = demanded(8_000)
    office.answers.STATUS = AgencyStatus(state="approved", raw="INSPECTED", fee_due="inspection")
    office.work(timedelta(hours=1))
    assert office.ready("act", application, "pay", "--gateway", "office.till").code == 0
    office.work(timedelta(hours=1))
    return application


def test_officer_is_shown_what_a_gateway_says_against_their_decision_and_orders_no_refund_of_nothing(office):
    application = with_a_fee_to_pay(office)
    (payment,) = office.ready("cases", "show", application, "--json").document["payments"]
    decided = ("cases", "decide", application, *OFFICER, "--payment", payment["payment"], "--payment-to")
    assert office.ready(*decided, "under_investigation").code == 0

    seen = office.ready("cases", "show", application, "--json").document
    assert (seen["payments_may_become"][payment["payment"]], seen["gateways_say"]) == (
        ["captured", "confirmed", "failed", "under_investigation"],
        {},
    )
    refused = office.ready(*decided, "refund_requested")
    assert refused.code == 2
    assert "refund-without-capture: " in refused.err
    assert '--payment-to "captured"' in refused.err
    assert "টাকা ফেরত দেওয়া যায় না" in refused.err

    assert office.ready(*decided, "failed").code == 0
    office.answers.QUERY = PaymentReport(state="captured", amount=Money.taka(8_000), reference="TX-9")
    office.work(timedelta(minutes=30))
    assert office.cases() == ["payment-under-investigation"]
    assert f"the gateway says of {payment['payment']}" in office.ready("cases", "show", application).out
    assert office.ready(*decided, "failed").code == 0
    office.work(timedelta(days=2))
    told = office.ready("cases", "show", application, "--json").document
    assert [one["state"] for one in told["payments"] if one["payment"] == payment["payment"]] == ["failed"]
    assert told["gateways_say"] == {payment["payment"]: "captured, 8000.00 BDT"}


def test_where_to_pay_is_told_on_the_citizens_page_and_on_no_other(office, monkeypatch):
    page, slip = "http://127.0.0.1:9/session?token=CANARY-TOKEN", Text(en="Slip CANARY-SLIP", bn="স্লিপ CANARY-SLIP")
    office.answers.START = PaymentStarted(
        reference="TILL-1", pay_at=page, instructions=slip, expires_at=office.clock.now() + timedelta(days=9)
    )
    application = with_a_fee_to_pay(office)
    citizen, officer = office.pages(application)
    for told in (page, "CANARY-SLIP", "You can pay until"):
        assert told in citizen
        assert told not in officer
    (payment,) = office.ready("cases", "show", application, "--json").document["payments"]
    assert (payment["pay_at"], payment["instructions"], payment["pay_until"]) == (None, None, None)

    rows(office.place, "UPDATE applications SET blocked = 'defect'")
    assert page not in office.ready("track", application).out  # nobody would ask whether it was paid
    rows(office.place, "UPDATE applications SET blocked = NULL")
    assert page in office.ready("track", application).out
    with monkeypatch.context() as without:
        without.setattr(Platform, "gateways", ())
        assert page not in office.ready("track", application).out

    decided = ("cases", "decide", application, *OFFICER, "--payment", payment["payment"], "--payment-to")
    assert office.ready(*decided, "failed").code == 0
    assert rows(office.place, "SELECT count(*) FROM checkouts") == [(0,)]


def test_officer_who_is_to_give_money_back_reads_that_the_gateway_may_have_done_it(office):
    """The order was lost and its repetition refused: nobody is told that the gateway cannot, beside the sum."""
    application = office.apply(gateway="office.till")
    office.answers.STATUS = AgencyStatus(state="approved", raw="INSPECTED", fee_due="inspection")
    office.work(timedelta(hours=1))
    office.answers.QUERY = PaymentReport(state="captured", amount=Money.taka(8_000), reference="TILL-1")
    office.answers.STATUS = AgencyStatus(state="rejected", raw="REFUSED", final=True)
    office.answers.REFUND = OutcomeUnknown(step="refund", because="read-timeout")
    office.work(timedelta(hours=2))
    told = office.ready("track", application, "--json").document
    assert [(one["state"], one["refunded_at"]) for one in told["payments"]] == [("refund_requested", None)]
    assert told["payments"][0]["refund_ordered_at"] is not None

    office.answers.REFUND = AgencyRejected("office.refunded-already")
    office.work(timedelta(hours=2))
    assert office.cases() == ["refund-in-doubt"]
    for page in office.pages(application):
        assert "asks the payment service first" in page
        assert "cannot give this money back" not in page
        assert "The payment service was told to give money of this payment back, or may have been" in page
    assert office.ready("audit", "verify").code == 0
    decided = ("cases", "decide", application, *OFFICER, "--payment", told["payments"][0]["payment"])
    assert office.ready(*decided, "--payment-to", "refunded").code == 0
    assert "Money of this payment was given back" in office.ready("track", application).out
    assert office.cases() == []
