"""What a receipt says, in both languages, and that nobody's writing becomes part of the page."""

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import given, strategies as st

from nagorik import Applicant, Text
from nagorik.model.fee import LineNature, Source
from nagorik.model.status import PaymentState
from nagorik.values import Money
from nagorik_counter.receipt.content import Basis, ReceiptRefused, receipt_content, receipted_payment
from nagorik_counter.receipt.page import receipt_page, refusal_sentence, tracking_address
from nagorik_platform.lifecycle import state_label

ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "h1", "h2", "p", "b"),
    *("dl", "div", "dt", "dd", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "ul", "li", "span", "code"),
    *("svg", "g", "path"),
}
"""The elements that a receipt is made of."""


class Page(HTMLParser):
    """A page's elements, and what a person reads on it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._silent = 0
        self.feed(page)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._silent += tag in {"style", "title"}

    def handle_endtag(self, tag):
        self._silent -= tag in {"style", "title"}

    def handle_data(self, data):
        if not self._silent:
            self.words.append(data)


@pytest.fixture(params=["a4", "80mm"])
def read(request):
    """Reads a receipt's page, on each paper."""
    return lambda content: Page(receipt_page(content, request.param))


def test_all_that_was_paid_stands_on_it_in_both_languages(read, make_content):
    text = read(make_content()).text
    for told in (
        "NGK-0123456789ABCDEF",
        "নমুনা সনদের রি-ইস্যু",
        "Reissue of a sample certificate",
        "কাউন্টারে নগদ টাকা",
        "Cash at the counter",
        "CD-000123",
        "২৪ নভেম্বর ২০২৬, সকাল ১০:০১",
        "24 November 2026, 10:01 am",
        "প্রাপক: নমুনা লাইসেন্স দপ্তর",
        "Payee: Sample licence office",
        "২৩০.০০ 230.00",
        "৩৪.৫০ 34.50",
        "মোট Total ২৬৪.৫০ টাকা Tk 264.50",
        "দুইশত চৌষট্টি টাকা পঞ্চাশ পয়সা মাত্র",
        "two hundred sixty-four taka and fifty poisha only",
        "Sample fee rules",
        "১ নভেম্বর ২০২৬",
        "1 November 2026; not verified",
        "যাচাই করা হয়নি",
    ):
        assert told in text


def test_only_the_agencys_price_is_told_as_compared_with_the_agencys_publication(read, make_content):
    known = Source(title="Office order 1 of the centre", as_of=date(2026, 11, 1), verified=True)
    help_ = Text(bn="সহায়তা", en="Help")
    text = read(replace(make_content(), bases=(Basis(None, known), Basis(help_, known)))).text
    price, _, charge = text.partition("Basis, Help")
    assert "compared with the agency's own publication" in price
    assert "agency's own publication" not in charge
    assert "checked against its source" in charge
    assert "উৎসের সঙ্গে মিলিয়ে দেখা হয়েছে" in charge


@pytest.mark.parametrize("state", ["captured", "advised", "confirmed", "under_investigation", "refunded", "disputed"])
def test_state_is_told_as_it_is(read, make_content, state):
    page = read(make_content(state=state))
    label = state_label(PaymentState(state))
    assert label.bn in page.text
    assert label.en in page.text
    classes = [attrs.get("class") for tag, attrs in page.elements if tag == "section"]
    assert classes == ["state settled" if state == "confirmed" else "state open"]


@pytest.mark.parametrize(
    ("copy", "bn", "en"),
    [(2, "কপি ২", "copy 2"), (11, "কপি ১১", "copy 11")],
)
def test_every_print_but_the_first_says_which_it_is(read, make_content, copy, bn, en):
    text = read(make_content(copy=copy)).text
    assert f"{bn} {en}" in text
    first = read(make_content()).text
    assert "কপি" not in first
    assert "copy" not in first


def test_lines_stand_by_payee_and_each_payee_has_a_sum(make_content, make_line, read):
    centre = Text(bn="সেবা কেন্দ্র ০০৪২", en="Service centre 0042")
    text = read(
        make_content(
            make_line(1),
            make_line(2, amount="50", vat="0", nature="penalty"),
            make_line(3, amount="20", vat="3", nature="centre-charge", payee=centre),
        )
    ).text
    places = [
        text.index(told)
        for told in (
            "Payee: Sample licence office",
            "part 1 ২৩০.০০",
            "part 2 (penalty)",
            "Total for this payee ৩১৪.৫০ টাকা Tk 314.50",
            "Payee: Service centre 0042",
            "part 3 (service centre's charge)",
            "Total for this payee ২৩.০০ টাকা Tk 23.00",
            "Total ৩৩৭.৫০ টাকা Tk 337.50",
        )
    ]
    assert places == sorted(places)


def test_other_sum_than_was_asked_for_is_told_and_written_in_words(read, make_content):
    text = read(make_content(state="under_investigation", taken=Money.taka(200))).text
    assert "Total asked for ২৬৪.৫০ টাকা Tk 264.50" in text
    assert "Taken by the payment service ২০০.০০ টাকা Tk 200.00" in text
    assert "two hundred taka only" in text


def test_dollars_are_shown_as_dollars_without_words(read, make_content, make_line):
    usd = make_line(1)
    dollars = type(usd)(usd.text, Money.of("1234.50", "USD"), Money.of(0, "USD"), LineNature.FEE, usd.payee)
    text = read(make_content(dollars)).text
    assert "US dollars" in text
    assert "১,২৩৪.৫০ 1,234.50" in text
    assert "Total ১,২৩৪.৫০ মার্কিন ডলার 1,234.50 US dollars" in text
    assert "In words" not in text


def test_sum_that_the_gateway_did_not_say_is_not_known(read, make_content):
    text = read(make_content(state="under_investigation", sum_is_known=False)).text
    assert "Total asked for ২৬৪.৫০ টাকা Tk 264.50" in text
    assert "পেমেন্ট সেবা নিয়েছে Taken by the payment service জানা নেই not known" in text
    assert "পেমেন্ট সেবা কত টাকা নিয়েছে, তা জানায়নি। The payment service has not said how much it took." in text
    assert "only" not in text
    assert "In words" not in text


def test_who_paid_is_told_only_where_the_gateway_says_so(read, make_content):
    paid = read(make_content(payer="SOMEBODY ELSE")).text
    assert "Paid by SOMEBODY ELSE" in paid
    assert "PORIKKHA" not in paid
    unknown = read(make_content(payer=None)).text
    assert "Paid by" not in unknown
    assert "Applicant পরীক্ষা নাগরিক ২০২ PORIKKHA NAGORIK 202" in unknown


@pytest.mark.parametrize("paper", ["a4", "80mm"])
def test_writing_of_others_is_never_markup(make_content, make_line, paper):
    hostile = "</style><script>alert(1)</script><img src=x onerror=y>&\"'\u202e\x00"
    line = make_line()
    told = type(line)(
        Text(bn=hostile, en=hostile), line.amount, line.vat, LineNature.FEE, Text(bn=hostile, en=hostile)
    )
    page = receipt_page(make_content(told, payer=hostile, reference=hostile), paper)
    read = Page(page)
    assert {tag for tag, _ in read.elements} <= ALLOWED
    assert not {
        name for _, attrs in read.elements for name in attrs if name.startswith("on") or name in {"src", "href"}
    }
    assert page.count("<style>") == page.count("</style>") == 1
    assert "<script>alert(1)</script>" in read.text
    assert "\u202e" not in page
    assert "\x00" not in page


@given(
    parts=st.lists(
        st.tuples(
            st.integers(0, 10**9),
            st.integers(0, 10**8),
            st.sampled_from(LineNature),
            st.sampled_from(["a", "b", "c"]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_sums_by_payee_add_up_to_the_total(make_content, make_line, parts):
    given_lines = [make_line(n) for n in range(len(parts))]
    lines = [
        type(one)(one.text, Money(poisha=amount), Money(poisha=vat), nature, Text(bn=payee, en=payee))
        for one, (amount, vat, nature, payee) in zip(given_lines, parts, strict=True)
    ]
    content = make_content(*lines)
    rows = re.findall(
        r'<tr class="(subtotal|total)">.*?<span class="en" lang="en">Tk ([0-9,.]+)</span></td>',
        receipt_page(content, "a4"),
    )
    sums = {kind: sum(Money.taka(sum_).poisha for one, sum_ in rows if one == kind) for kind in ("subtotal", "total")}
    assert sums["total"] == sum(amount + vat for amount, vat, _, _ in parts)
    assert sums["subtotal"] in {0, sums["total"]}


def test_tracking_address_ends_with_the_number_whatever_is_in_it():
    assert (
        tracking_address("https://track.nagorik.example/a/", "A/B?c") == "https://track.nagorik.example/a/A%2FB%3Fc"
    )
    assert tracking_address(None, "A") is None


def test_without_an_address_the_page_says_what_its_code_is(read, make_content):
    text = read(make_content(address=None)).text
    assert "The code holds the tracking number only" in text
    assert "কোডটিতে শুধু আবেদন নম্বর আছে" in text
    assert "Scan the code" not in text


def progress_with(make_content, *states):
    """An application with payments in these states; one whose state begins with ``+`` has been captured."""
    payment = make_content().payment
    payments = [
        payment.model_copy(
            update={
                "id": f"payment-{number}",
                "state": PaymentState(state.removeprefix("+")),
                "captured_at": payment.captured_at if state.startswith("+") else None,
            }
        )
        for number, state in enumerate(states)
    ]
    return type("OfPayments", (), {"payments": tuple(payments), "client_reference": "NGK-1"})()


@pytest.mark.parametrize(
    ("states", "wanted", "found"),
    [
        (["+captured"], None, "payment-0"),
        (["expired", "+confirmed"], None, "payment-1"),
        (["+refunded", "+captured"], "payment-0", "payment-0"),
        (["+under_investigation"], None, "payment-0"),
    ],
)
def test_payment_that_took_money_has_a_receipt(make_content, states, wanted, found):
    assert receipted_payment(progress_with(make_content, *states), wanted).id == found


@pytest.mark.parametrize(
    ("states", "wanted", "code"),
    [
        ([], None, "no-payment"),
        ([], "payment-0", "no-payment"),
        (["pending"], None, "not-captured"),
        (["unknown"], "payment-0", "not-captured"),
        # It was looked into, and there was no money.
        (["+failed"], None, "not-captured"),
        (["under_investigation"], None, "not-captured"),
        (["+captured"], "payment-9", "no-such-payment"),
        (["+refunded", "+captured"], None, "several"),
    ],
)
def test_what_took_no_money_has_none(make_content, states, wanted, code):
    with pytest.raises(ReceiptRefused) as refused:
        receipted_payment(progress_with(make_content, *states), wanted)
    assert refused.value.code == code
    text = refusal_sentence(refused.value)
    assert re.search("[\u0980-\u09ff]", text.bn)
    if code == "not-captured":
        label = state_label(PaymentState(states[-1].removeprefix("+")))
        assert text.bn.endswith(label.bn)
        assert text.en.endswith(label.en)
    if code == "several":
        assert text.en.endswith("payment-0, payment-1")


def test_price_that_the_journal_does_not_hold_is_a_defect(make_content):
    content = make_content()
    with pytest.raises(LookupError):
        receipt_content(
            progress_with(make_content, "+captured"),
            [],
            content.payment,
            names=content.names,
            applicant=Applicant(name=content.applicant, birth_date=date(1979, 1, 1)),
            copy=1,
            printed_at=content.printed_at,
            tracking_url=None,
        )
