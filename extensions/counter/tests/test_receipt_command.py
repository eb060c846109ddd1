"""The receipt at the counter: of what was paid, counted, and never of what was not."""

import sqlite3
import stat
import sys

import pytest

from nagorik.model.status import PaymentState
from nagorik_platform.lifecycle import state_label

BIRTH_REGISTRATION, PHONE = "19799910000000202", "+8801300000202"


@pytest.fixture
def paid(world) -> str:
    """The id of an application whose fee was paid and confirmed, and that is closed."""
    return world.closed()


def prints(place):
    with sqlite3.connect(place / "nagorik.db") as database:
        return database.execute("SELECT payment, copy FROM counter_prints ORDER BY copy").fetchall()


def test_receipt_is_a_page_for_its_owner_that_holds_no_number_of_the_citizen(ready, place, paid):
    done = ready("receipt", paid, "--output", "receipt.html", "--json")
    assert done.code == 0
    (payment,) = ready("track", paid, "--json").document["payments"]
    assert done.document == {
        "application": paid,
        "payment": payment["payment"],
        "copy": 1,
        "file": "receipt.html",
    }
    page = (place / "receipt.html").read_text()
    for told in (payment["payment"], payment["reference"], "Cash at the counter", "not verified", "যাচাই করা হয়নি"):
        assert told in page
    assert state_label(PaymentState.CONFIRMED).en in page
    for number in ("0099000202", BIRTH_REGISTRATION, PHONE, PHONE.removeprefix("+88")):
        assert number not in page
    assert stat.S_IMODE((place / "receipt.html").stat().st_mode) == 0o600


def test_every_further_print_is_a_copy_and_the_audit_knows_of_each(ready, place, paid):
    for number, told in ((1, None), (2, "কপি ২"), (3, "কপি ৩")):
        done = ready("receipt", paid, "--paper", "80mm", "--output", f"{number}.html")
        assert done.code == 0
        page = (place / f"{number}.html").read_text()
        assert ("কপি" in page) is (told is not None)
        assert told is None or (told in page and f"copy {number}" in page and f"copy {number}" in done.out)
    assert [copy for _, copy in prints(place)] == [1, 2, 3]
    assert ready("audit", "verify").code == 0


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM counter_prints",
        "UPDATE counter_prints SET copy = 2",
        "INSERT INTO counter_prints SELECT payment, 2, application, at FROM counter_prints",
    ],
)
def test_print_that_is_not_as_it_was_written_is_found(ready, place, paid, change):
    ready("receipt", paid, "--output", "receipt.html")
    with sqlite3.connect(place / "nagorik.db") as database:
        database.execute(change)
    verified = ready("audit", "verify")
    assert verified.code != 0
    assert "counter-prints-differ" in verified.out + verified.err


def test_application_without_a_payment_has_no_receipt(ready, place, applied):
    done = ready("receipt", applied, "--output", "receipt.html")
    assert done.code == 2
    assert "There is no receipt: no payment was ever begun" in done.err
    assert "রসিদ নেই" in done.err
    assert not (place / "receipt.html").exists()


def test_payment_of_another_is_none(ready, place, paid):
    done = ready("receipt", paid, "--payment", "0b6f4b8e-9d3e-4a53-9a5e-1c2d3e4f5a6b", "--output", "receipt.html")
    assert done.code == 2
    assert "This application has no payment of that number." in done.err
    (payment,) = ready("track", paid, "--json").document["payments"]
    assert payment["payment"] in done.err
    assert ready("receipt", paid, "--payment", payment["payment"], "--output", "receipt.html").code == 0


def test_pdf_without_its_extra_is_refused_by_name_and_nothing_is_counted(ready, place, paid, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    done = ready("receipt", paid, "--format", "pdf", "--output", "receipt.pdf")
    assert done.code == 2
    assert "pip install 'nagorik-counter[pdf]'" in done.err
    assert prints(place) == []
    assert not (place / "receipt.pdf").exists()


def test_code_leads_to_the_address_of_the_setting(ready, place, paid):
    ready("receipt", paid, "--output", "without.html")
    assert "there is no address here" in (place / "without.html").read_text()
    with (place / "nagorik.toml").open("a") as settings:
        settings.write('tracking_url = "https://track.nagorik.example/a"\n')
    assert ready("receipt", paid, "--output", "with.html").code == 0
    page = (place / "with.html").read_text()
    assert "Scan the code" in page


def test_erased_application_has_no_receipt_any_more(ready, place, paid):
    assert ready("erase", paid).code == 0
    done = ready("receipt", paid, "--output", "receipt.html")
    assert done.code == 2
    assert "erased" in done.err
