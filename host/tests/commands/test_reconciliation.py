"""``nagorik payments reconcile`` and the cases that come of it, as an operator and an officer type them."""

import json
from datetime import timedelta

import pytest
from host_site import rows

from nagorik import Money
from nagorik_host.commands import running
from nagorik_host.reconciliation.matching import DifferenceKind
from nagorik_host.texts import codes

DATE = "2026-11-24"
HEADING = "Payment ID,Receipt No,Amount,Refunded,Currency,Taken At,Status"
GATEWAY = ("--gateway", "cashdesk.counter")


@pytest.fixture
def till(world, agencies):
    """The till on a socket, with the book that the citizens' payments of this database are in."""
    world.closed()
    agencies["cashdesk"]._slips |= world.simulators["cashdesk"]._slips  # noqa: SLF001
    return agencies["cashdesk"]


@pytest.fixture
def later(place, monkeypatch):
    """The command's time is after the simulated weeks in which the application went its way."""
    at = running.CLOCK.now() + timedelta(days=90)
    monkeypatch.setattr(type(running.CLOCK), "now", lambda self: at)


@pytest.fixture
def reconcile(ready, till, later):
    def run(*words):
        return ready("payments", "reconcile", "--date", DATE, *words)

    return run


def payment_of(place) -> str:
    ((payment,),) = rows(place, "SELECT id FROM payments")
    return payment


def test_day_that_agrees_ends_with_zero(reconcile, till):
    done = reconcile("--json")
    assert done.code == 0
    (one,) = done.document["gateways"]
    assert (one["gateway"], one["taken_here"], one["compared"], one["found"]) == ("cashdesk.counter", 1, True, [])
    shown = reconcile(*GATEWAY)
    assert shown.code == 0
    for text in ("২৪ নভেম্বর ২০২৬", "24 November 2026", "সব মেলে।", "Everything agrees."):
        assert text in shown.out


def test_date_is_read_as_people_write_it(ready, till, later):
    for written in ("24/11/2026", "২৪/১১/২০২৬"):
        assert ready("payments", "reconcile", "--date", written, *GATEWAY).code == 0
    assert "not a date" in ready("payments", "reconcile", "--date", "yesterday").err
    future = ready("payments", "reconcile", "--date", "2150-01-01")
    assert (future.code, future.out) == (2, "")
    assert "in the future" in future.err


def test_difference_is_an_officers_case_until_one_closes_it_by_name(reconcile, ready, till, place):
    payment = payment_of(place)
    (slip,) = till._slips.values()  # noqa: SLF001
    slip.taken = Money.taka("1.50")
    found = reconcile(*GATEWAY)
    assert found.code == 1
    for text in ("other-amount", payment, "1.50 BDT", "opened", "পেমেন্ট সেবার টাকার পরিমাণ এখানকার সঙ্গে মেলে না।"):
        assert text in found.out
    assert slip.receipt not in found.out
    document = reconcile("--json").document
    assert slip.receipt not in json.dumps(document)
    (one,) = document["gateways"][0]["found"]
    assert (one["kind"], one["outcome"], one["theirs"]) == ("other-amount", "waiting", "1.50 BDT")

    listed = ready("cases", "list", "--json").document
    assert (listed["payment_number"], [case["case"] for case in listed["payments"]]) == (1, [one["case"]])
    assert one["case"] in ready("cases", "list").out
    shown = ready("cases", "show", one["case"], "--json").document
    assert (shown["gateway_number"], shown["payment"], shown["standing"]) == (slip.receipt, payment, "waiting")
    assert slip.receipt in ready("cases", "show", one["case"]).out

    deciding = ("cases", "decide", one["case"], "--officer", "A. Rahman", "--reason")
    closing = (*deciding, f"The till was wrong: case {one['case']}, slip CD-000123 of 24/11/2026, Tk 1,170.00.")
    assert ready(*deciding, "Paid by 01711-223344").code == 2
    assert ready(*closing, "--to", "closed").code == 2
    assert ready(*closing).code == 0
    again = ready(*closing)
    assert (again.code, "has ended already" in again.err) == (2, True)
    assert ready("cases", "list", "--json").document["payment_number"] == 0
    assert reconcile().code == 0
    assert ready("cases", "show", one["case"], "--json").document["officer"] == "A. Rahman"


def test_settlement_file_is_compared_once_all_its_lines_can_be_read(reconcile, till, place):
    payment = payment_of(place)
    (slip,) = till._slips.values()  # noqa: SLF001
    good = f'{payment},{slip.receipt},"৳ ৩৪৫.০০",,BDT,২৪/১১/২০২৬ ১০:০২,PAID'
    file = place / "till.csv"
    bad = f"{payment},x,1.005,,BDT,24/11/2026 10:00,PAID"
    file.write_text(f"{HEADING}\r\n{good}\r\n{bad}\r\n", "utf-8-sig")
    refused = reconcile(*GATEWAY, "--settlement", file)
    assert (refused.code, refused.out) == (2, "")
    assert "line 3: amount: no amount" in refused.err
    file.write_text(f"{HEADING}\r\n{good}\r\n", "utf-8-sig")
    books = reconcile(*GATEWAY, "--settlement", file, "--json").document["gateways"][0]["books"]
    assert [(book["source"], book["agree"]) for book in books] == [("list", 1), ("file", 1)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "it is empty"),
        (HEADING, "holds no payment of that date; payments were taken here"),
        ("trxID,Amount,Status\nA,1,PAID\n", "no column is headed Payment ID"),
        (
            f"{HEADING}\nx,y,1,,BDT,23/11/2026 10:00,PAID\n",
            "holds no payment of that date; its payments are of 23 November 2026",
        ),
    ],
)
def test_file_that_cannot_be_the_dates_is_refused_with_what_to_do(reconcile, place, content, said):
    file = place / "till.csv"
    file.write_text(content, "utf-8")
    refused = reconcile(*GATEWAY, "--settlement", file)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err


def test_layout_of_the_operators_own_is_read(reconcile, till, place):
    (slip,) = till._slips.values()  # noqa: SLF001
    (place / "own.toml").write_text(
        '[[layouts]]\ngateway = "cashdesk.counter"\ntimes = ["%d.%m.%Y"]\ndelimiter = ";"\n'
        'source = { title = "The centre\'s own till", as_of = 2026-11-24, verified = true }\n'
        '[layouts.columns]\nreference = ["Slip"]\namount = ["Taka"]\ntaken_at = ["Day"]\n',
        "utf-8",
    )
    file = place / "own.csv"
    file.write_text(f"Day;Slip;Taka\n24.11.2026;{slip.receipt};345\n", "utf-8")
    assert reconcile(*GATEWAY, "--settlement", file, "--layout", place / "own.toml").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--settlement", "x.csv"), "--settlement goes together with --gateway"),
        ((*GATEWAY, "--layout", "x.toml"), "--layout with --settlement"),
        (("--gateway", "cashdesk.counte", "--settlement", "x.csv"), "no layout for cashdesk.counte"),
        ((*GATEWAY, "--settlement", "none.csv"), "none.csv: not a readable file"),
    ],
)
def test_what_does_not_go_together_is_refused(ready, words, said):
    refused = ready("payments", "reconcile", "--date", DATE, *words)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.err


def test_gateway_that_cannot_be_asked_ends_the_command_with_three(ready, world, place, later):
    world.closed()
    (place / "nagorik.toml").open("a").write(
        "[plugins.cashdesk]\negress = ['127.0.0.1']\n[plugins.cashdesk.settings]\nbase_url = 'http://127.0.0.1:9'\n"
    )
    done = ready("payments", "reconcile", "--date", DATE, "--json")
    assert done.code == 3
    assert done.document["gateways"][0]["failed"] == "agency-unavailable"


def test_money_that_a_gateway_took_which_is_not_let_in_any_more_is_not_passed_over(reconcile, place):
    settings = place / "nagorik.toml"
    settings.write_text(settings.read_text().replace('"cashdesk"', '"nid"'))
    done = reconcile()
    assert done.code == 3
    assert "cashdesk.counter could not be asked for its list: service-not-offered" in done.err
    assert "Everything agrees" not in done.out


def test_every_code_of_a_reconciliation_has_a_sentence():
    assert set(DifferenceKind) | {"asked", "opened", "waiting", "decided"} == set(codes("payment-case"))


def test_payments_are_listed_by_date(ready, world, place):
    world.closed()
    payment = payment_of(place)
    for words, found in (
        (("--date", DATE), True),
        (("--date", "25/11/2026"), False),
        (("--date", DATE, "--gateway", "cashdesk.counter"), True),
    ):
        listed = ready("payments", "list", *words, "--json")
        assert [one["payment"] for one in listed.document["payments"]] == [payment] * found, words
