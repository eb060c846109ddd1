"""The lines that are printed where there is no terminal."""

from datetime import UTC, datetime, timedelta
from io import StringIO

from rich.console import Console

from nagorik import Source, Text
from nagorik.model.fee import FeeDue, Quote, QuoteLine
from nagorik.values import Money
from nagorik_platform.lifecycle.events import QuoteReceived
from nagorik_simulation.demo.display import ProgressPrinter

AT = datetime(2026, 11, 24, 4, tzinfo=UTC)


def quoted(taka: str, at: datetime) -> QuoteReceived:
    line = QuoteLine(code="fee", text=Text(bn="ফি", en="Fee"), amount=Money.taka(taka), vat=Money.taka("0"))
    quote = Quote(
        id=at.isoformat(),
        lines=(line,),
        total=Money.taka(taka),
        due=FeeDue.BEFORE_SUBMISSION,
        issued_at=at,
        expires_at=at + timedelta(hours=1),
        source=Source(title="Circular", verified=False),
    )
    return QuoteReceived(at=at, quote=quote)


def printed(*prices: str) -> list[str]:
    file = StringIO()
    printer = ProgressPrinter(Console(file=file, width=120))
    printer.begin(("nid",), ["one", "application-with-a-long-name"])
    for hour, price in enumerate(prices):
        printer.event("one", quoted(price, AT + timedelta(hours=hour)))
    return file.getvalue().splitlines()[1:]


def test_price_that_is_asked_for_again_is_no_news_until_it_changes() -> None:
    assert [line.split("fee ")[1] for line in printed("300", "300", "345", "345", "300")] == [
        "Tk 300 = Fee Tk 300",
        "Tk 345 = Fee Tk 345",
        "Tk 300 = Fee Tk 300",
    ]


def test_every_name_has_its_room() -> None:
    (line,) = printed("300")
    assert line.index("fee") == len("24 Nov 10:00  application-with-a-long-name ")


def test_every_change_is_one_line_however_long() -> None:
    file = StringIO()
    printer = ProgressPrinter(Console(file=file, width=40))
    printer.begin(tuple(f"agency{number}" for number in range(20)), ["one"])
    printer.event("one", quoted("300", AT))
    assert len(file.getvalue().splitlines()) == 2
