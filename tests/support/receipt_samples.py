"""Receipts of a made-up agency, and a browser to draw them in."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Browser, sync_playwright

from nagorik import Text
from nagorik.model.fee import LineNature, Source
from nagorik.model.status import PaymentState
from nagorik.values import Money, PersonName
from nagorik_counter.receipt.content import Basis, ReceiptContent, ReceiptLine, ReceiptNames
from nagorik_counter.receipt.page import tracking_address
from nagorik_platform.lifecycle import Payment

AGENCY = Text(bn="নমুনা লাইসেন্স দপ্তর", en="Sample licence office")
CENTRE = Text(bn="সেবা কেন্দ্র ০০৪২", en="Service centre 0042")
REFERENCE = "NGK-0123456789ABCDEF"
ADDRESS = "https://track.nagorik.example/a"


def receipt_line(
    number: int = 1, *, amount: str = "230", vat: str = "34.50", nature: str = "fee", payee: Text = AGENCY
) -> ReceiptLine:
    text = Text(bn="জরুরি রি-ইস্যু, স্ত্রী ও ক্ষুদ্র র‍্যাব", en=f"Urgent reissue, part {number}")
    return ReceiptLine(text, Money.taka(amount), Money.taka(vat), LineNature(nature), payee)


@pytest.fixture(scope="session")
def make_line() -> Callable[..., ReceiptLine]:
    """Makes one line of a receipt."""
    return receipt_line


@pytest.fixture(scope="session")
def make_content() -> Callable[..., ReceiptContent]:
    """Makes what stands on a receipt: one line of Tk 264.50, captured, printed for the first time."""

    def make(
        *lines: ReceiptLine,
        state: PaymentState = PaymentState.CAPTURED,
        copy: int = 1,
        payer: str | None = "PORIKKHA NAGORIK 202",
        taken: Money | None = None,
        sum_is_known: bool = True,
        address: str | None = ADDRESS,
        reference: str | None = "CD-000123",
    ) -> ReceiptContent:
        parts = lines or (receipt_line(),)
        asked = Money(poisha=sum(one.total.poisha for one in parts), currency=parts[0].amount.currency)
        captured_at = datetime(2026, 11, 24, 4, 1, tzinfo=UTC)
        payment = Payment(
            id="0b6f4b8e-9d3e-4a53-9a5e-1c2d3e4f5a6b",
            quote="q-1",
            stage="application",
            gateway="sample.counter",
            amount=asked,
            taken=taken,
            state=state,
            opened_at=captured_at,
            captured_at=captured_at,
            reference=reference,
        )
        return ReceiptContent(
            payment=payment,
            reference=REFERENCE,
            names=ReceiptNames(
                AGENCY,
                Text(bn="নমুনা সনদের রি-ইস্যু", en="Reissue of a sample certificate"),
                Text(bn="কাউন্টারে নগদ টাকা", en="Cash at the counter"),
            ),
            taken=payment.sum if sum_is_known else None,
            gateway_reference=reference,
            payer=payer,
            applicant=PersonName(bn="পরীক্ষা নাগরিক ২০২", en="PORIKKHA NAGORIK 202"),
            lines=parts,
            bases=(Basis(None, Source(title="Sample fee rules", as_of=date(2026, 11, 1), verified=False)),),
            captured_at=captured_at,
            copy=copy,
            printed_at=datetime(2026, 11, 24, 12, 30, tzinfo=UTC),
            tracking_url=tracking_address(address, REFERENCE),
        )

    return make


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module: while it is open, no other test can run a loop in this thread.

    Without one the tests are skipped, unless ``NAGORIK_BROWSER=required`` says that it must be there.
    """
    program = os.environ.get("NAGORIK_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing = pytest.fail if os.environ.get("NAGORIK_BROWSER") == "required" else pytest.skip
        missing("no Chromium is installed; NAGORIK_CHROMIUM can name one")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()
