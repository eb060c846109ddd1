"""``nagorik till``: opened with a float, closed with a count, printed to be signed, and never changed."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from nagorik_counter.denominations import read_denominations, sum_of_pieces, worths
from nagorik_counter.tills import TillRefused
from nagorik_host.application_file import ApplicationFile
from nagorik_host.commands import running
from nagorik_host.commands.checks import examine
from nagorik_platform.cli.checks import DoctorStatus

EXAMPLES = Path(__file__).parents[3] / "examples" / "host"
TILL = "centre-0042/operator-7"
MANAGER = "centre-0042/manager-1"
OPEN = ("till", "open", "--till", TILL, "--float", "2,000", "--by", TILL)
CLOSE = ("till", "close", "--by", TILL)


def test_a_day_of_a_till(ready, place):
    opened = ready(*OPEN, "--json")
    assert opened.code == 0
    assert (opened.document["session"], opened.document["float"]) == (1, "2000.00")
    assert "letter by letter" in opened.document["notes"][0]["en"]
    shown = ready("till", "show", "--json").document
    assert (shown["state"], shown["expected"], shown["counted"]) == ("open", "2000.00", None)
    closed = ready(*CLOSE, "--counted", "২,০০০", "--denominations", "৫০০x৪", "--sheet", "sheet.html", "--json")
    assert closed.code == 0
    assert closed.document | {"id": "", "opened_at": "", "closed_at": ""} == {
        "till": TILL,
        "session": 1,
        "id": "",
        "state": "closed",
        "gateway": "cashdesk.counter",
        "opened_at": "",
        "opened_by": TILL,
        "closed_at": "",
        "closed_by": TILL,
        "second": None,
        "reason": None,
        "float": "2000.00",
        "taken": "0.00",
        "given_back": "0.00",
        "expected": "2000.00",
        "counted": "2000.00",
        "difference": "0.00",
        "pieces": [{"worth": "500.00", "number": 4}],
        "entries": [],
        "late": [],
        "waiting": [],
        "unknown": 0,
        "notes": [],
        "by_hand": {"number": 0, "amount": "0.00"},
    }
    assert ready(*OPEN[:-3], "500", "--by", TILL).code == 0
    listed = ready("till", "list", "--json").document["sessions"]
    assert [(one["session"], one["state"], one["difference"]) for one in listed] == [
        (2, "open", None),
        (1, "closed", "0.00"),
    ]
    assert ready("till", "show", "--till", TILL, "--session", "১", "--json").document["state"] == "closed"
    assert "centre-0042/operator-7" in ready("till", "list").out


@pytest.mark.parametrize(
    ("words", "english", "bangla"),
    [
        (("open", "--till", "", "--float", "5", "--by", "x"), "--till: write an id", "--till: প্ল্যাটফর্মের"),
        (("open", "--till", "x", "--float", "5", "--by", "রহিম"), "--by: write an id", "--by: প্ল্যাটফর্মের"),
        (("open", "--till", "x19901234567890", "--float", "5", "--by", "x"), "--till: write an id", "আইডি লিখুন"),
        (("open", "--till", "x", "--float", "-5", "--by", "x"), "--float: The amount cannot be read", "--float: টাকার"),
        (("open", "--till", "x", "--float", "1.005", "--by", "x"), "--float: ", "--float: "),
        (("close", "--by", "x"), "Write what was counted", "গুনে কত পাওয়া গেছে লিখুন"),
        (("close", "--by", "x", "--counted", "many"), "--counted: ", "--counted: "),
        (("close", "--by", "x", "--denominations", "3x7"), "no note or coin of Tk 3.", "৩ টাকা মানের"),
        (("close", "--by", "x", "--denominations", "5x7,5x1"), "Tk 5 stands there twice", "৫ টাকা দুইবার"),
        (("close", "--by", "x", "--denominations", "all"), "--denominations: write each", "--denominations: প্রতিটি"),
        (
            ("close", "--by", "x", "--counted", "9", "--denominations", "5x2"),
            "--counted says Tk 9, and --denominations make Tk 10.",
            "--counted অনুযায়ী ৯ টাকা, কিন্তু --denominations যোগ করলে ১০ টাকা।",
        ),
        (("close", "--by", "x", "--counted", "9", "--reason", " "), "--reason: ", "--reason: "),
        (("close", "--by", "x", "--counted", "9", "--reason", ". 5"), "--reason: write in words", "তা কথায় লিখুন"),
        (("list", "--till", "x"), "The till x was never opened", "x ক্যাশবাক্স কখনো"),
        (("close", "--by", "x", "--counted", "9", "--reason", "a" * 501), "at most 500 letters", "সর্বোচ্চ ৫০০টি অক্ষর"),
        (("close", "--by", "x", "--counted", "9", "--reason", "NID 1990123456789"), "Leave out", "বাদ দিন"),
        (("close", "--by", "x", "--counted", "9", "--second", "X"), "No till is open", "কোনো ক্যাশবাক্স খোলা নেই"),
        (("close", "--till", "x", "--by", "x", "--counted", "9"), "The till x was never opened", "x ক্যাশবাক্স কখনো"),
        (("show", "--till", "x"), "The till x was never opened", "x ক্যাশবাক্স কখনো"),
        (("sheet", "--till", "x", "--sheet", "new.html"), "The till x was never opened", "x ক্যাশবাক্স কখনো"),
    ],
)
def test_what_is_refused_is_told_in_both_languages_with_its_option(ready, place, words, english, bangla):
    refused = ready("till", *words)
    assert (refused.code, refused.out) == (2, "")
    assert english in refused.err
    assert bangla in refused.err
    assert "1990123456789" not in refused.err
    assert not (place / "new.html").exists()


def test_a_difference_is_explained_by_two(ready):
    assert ready(*OPEN).code == 0
    alone = ready(*CLOSE, "--counted", "1990")
    assert alone.code == 2
    assert "Tk 2,000 should be there, and Tk 1,990 was counted: Tk 10 is missing." in alone.err
    assert "থাকার কথা ২,০০০ টাকা, গুনে পাওয়া গেছে ১,৯৯০ টাকা: ১০ টাকা কম।" in alone.err
    same = ready(*CLOSE, "--counted", "1990", "--reason", "Torn", "--second", "Centre-0042/OPERATOR-7")
    assert (same.code, "--second: this is the person of --by" in same.err) == (2, True)
    both = ready(*CLOSE, "--counted", "1990", "--reason", "ছেঁড়া নোট", "--second", MANAGER)
    assert both.code == 0
    assert "১০ টাকা কম · Tk 10 short" in both.out
    twice = ready(*CLOSE, "--till", TILL, "--counted", "1990")
    assert (twice.code, "Nothing is closed twice" in twice.err) == (2, True)


def test_sheet_has_a_place_before_anything_is_closed(ready, place):
    assert ready(*OPEN).code == 0
    (place / "there.html").write_text("kept")
    for name, said in (("there.html", "a file of this name"), ("nowhere/sheet.html", "no file can be written there")):
        refused = ready(*CLOSE, "--counted", "2000", "--sheet", name)
        assert (refused.code, said in refused.err) == (2, True)
    assert (place / "there.html").read_text() == "kept"
    short = ready(*CLOSE, "--counted", "1", "--sheet", "sheet.html")
    assert (short.code, (place / "sheet.html").exists()) == (2, False)
    assert "is open. A close sheet is made of" in ready("till", "sheet", "--sheet", "sheet.html").err
    assert ready(*CLOSE, "--counted", "2000").code == 0
    assert ready("till", "sheet", "--till", TILL, "--sheet", "again.html", "--json").document == {
        "till": TILL,
        "session": 1,
        "sheet": "again.html",
    }


def test_sheet_is_one_page_in_both_languages_with_places_for_two_signatures(ready, place):
    ready(*OPEN)
    reason = "<b>Torn</b> & kept"
    words = ("--denominations", "500x3,100x4,20x4,10x1", "--reason", reason, "--second", MANAGER)
    assert ready(*CLOSE, *words, "--sheet", "sheet.html").code == 0
    page = (place / "sheet.html").read_text("utf-8")
    assert (place / "sheet.html").stat().st_mode & 0o077 == 0
    assert "@page { size: A4;" in page
    assert "&lt;b&gt;Torn&lt;/b&gt; &amp; kept" in page
    assert reason not in page
    for said in ("২,০০০ টাকা", "Tk 2,000", "১,৯৯০ টাকা", "Tk 1,990", "১০ টাকা কম", "Tk 10 short", MANAGER, "১,৫০০ টাকা"):
        assert said in page
    assert "one thousand nine hundred ninety taka only" in page
    assert page.count('class="signatures"') == 1
    assert "যিনি গুনেছেন তাঁর স্বাক্ষর" in page
    assert "Signature of the second person" in page
    # Nothing is fetched from elsewhere, and nothing runs.
    assert re.findall(r"(?:src|href|@import|url\()", page) == []
    assert "<script" not in page
    again = ready("till", "sheet", "--till", TILL, "--sheet", "again.html")
    assert again.code == 0
    assert (place / "again.html").read_text("utf-8") == page


def test_a_till_that_is_open_since_yesterday_is_a_warning(ready):
    assert ready(*OPEN).code == 0
    name = f"host till {TILL}"
    at = running.now()
    assert name not in {check.name for check in examine(at)}
    told = {check.name: check for check in examine(at + timedelta(days=1))}[name]
    assert told.status is DoctorStatus.WARNING
    assert "an earlier day; centre-0042/operator-7 opened it" in told.message
    assert "nagorik till close" in told.hint


def test_cash_that_an_operator_took_is_expected_in_their_till_and_stays_so_when_the_citizen_is_erased(
    world, ready, monkeypatch
):
    monkeypatch.setattr(running, "CLOCK", world.clock)
    assert ready(*OPEN).code == 0

    async def hand_in(host):
        given = ApplicationFile.read(EXAMPLES / "nid-reissue.json")
        consent = given.consent.consent(host.platform.service(given.service), world.clock.now())
        draft = await world.draft(host, given)
        handed_in = await host.apply(draft, consent=consent.model_copy(update={"acting": TILL}))
        await world.carry(host)
        return handed_in

    application = world.run(hand_in)
    payment = ready("payments", "list", "--json").document["payments"][0]
    assert payment["state"] == "confirmed"
    shown = ready("till", "show", "--json").document
    assert [one["payment"] for one in shown["entries"]] == [payment["payment"]]
    assert (shown["taken"], shown["expected"]) == ("345.00", "2345.00")
    assert ready(*CLOSE, "--counted", "2345").code == 0
    world.clock.advance(timedelta(days=1))
    assert ready("erase", application).code == 0
    assert ready("till", "show", "--till", TILL, "--json").document["taken"] == "345.00"
    assert ready("audit", "verify").code == 0


def test_denominations_are_read_in_both_digits():
    assert worths()[0] == 100_000
    assert sorted(set(worths()), reverse=True) == list(worths())
    assert read_denominations("৫০০x৩; 0.50×4,1*2") == {50_000: 3, 50: 4, 100: 2}
    assert sum_of_pieces(read_denominations("1000X1,0.05x1")).plain() == "1000.05"
    assert read_denominations("০") == {}
    for wrong in ("", "500", "500x", "x3", "500x-1", "500x1.5", "1,000x1", "500x3 100x2", "500x9999999"):
        with pytest.raises(TillRefused):
            read_denominations(wrong)
