"""``nagorik payments reconcile``: the payments of a date against the gateways' own books."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nagorik_host.commands.running import CommandRefused, now, opened_host
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import (
    Document,
    add_json_argument,
    print_error,
    print_json,
    print_lines,
    print_table,
    read_day,
)

if TYPE_CHECKING:
    from nagorik import Text
    from nagorik_host.host import Host
    from nagorik_host.reconciliation.reconcile import ComparedBook, FoundDifference, Reconciliation, SettlementRefused
    from nagorik_host.reconciliation.settlement_file import SettlementFile, SettlementLayout, UnreadLine

_SHOWN: Final = 50
"""Differences, and lines that could not be read, that are shown to a person; --json has all."""


def add_reconcile(parser: argparse.ArgumentParser) -> None:
    """Add the action's arguments."""
    parser.add_argument(
        "--date",
        required=True,
        type=read_day,
        metavar="DATE",
        help="the date in Dhaka on which the money was taken, YYYY-MM-DD or DD/MM/YYYY",
    )
    parser.add_argument("--gateway", metavar="ID", help="of this gateway; of all gateways if none is given")
    parser.add_argument(
        "--settlement", type=Path, metavar="FILE", help="with --gateway: also compare the gateway's settlement file"
    )
    parser.add_argument(
        "--layout",
        type=Path,
        metavar="FILE",
        help="with --settlement: how the file is laid out, where the gateway's plugin does not say so",
    )
    parser.add_argument(
        "--no-payments",
        action="store_true",
        help="with --settlement: the file holds no payment, and that is right, though payments were taken here",
    )
    add_json_argument(parser)


async def reconcile_payments(arguments: argparse.Namespace) -> int:
    """Reconcile; exit code 1 where anything is left to a person, 3 where a gateway's books could not be had."""
    from nagorik.values import dhaka_date
    from nagorik_host.reconciliation.reconcile import SettlementRefused, left_out, reconcile
    from nagorik_host.settings import load_host_settings

    if arguments.settlement is not None and arguments.gateway is None:
        raise CommandRefused("--settlement is one gateway's file: give --gateway")
    if arguments.settlement is None and (arguments.layout is not None or arguments.no_payments):
        raise CommandRefused("--layout and --no-payments go together with --settlement")
    if arguments.date > dhaka_date(now()):
        raise CommandRefused("--date is in the future: nothing was taken then")
    done: list[Reconciliation] = []
    async with opened_host(load_host_settings()) as host:
        gateways = _gateways(host, arguments.gateway)
        settlement = _settlement(host, arguments) if arguments.settlement is not None else None
        for gateway in gateways:
            try:
                done.append(await reconcile(host, gateway, arguments.date, settlement, empty=arguments.no_payments))
            except SettlementRefused as refused:
                raise CommandRefused(_why_refused(arguments.settlement.name, refused)) from None
        if arguments.gateway is None:
            done += await left_out(host, arguments.date)
    if arguments.json:
        print_json({"date": arguments.date.isoformat(), "gateways": [as_document(one) for one in done]})
    else:
        _render(done)
    return _exit_code(done)


def _gateways(host: "Host", wanted: str | None) -> list[str]:
    known = sorted(one.id for one in host.platform.gateways)
    if wanted is None:
        return known
    if wanted not in known:
        raise CommandRefused(f"there is no such gateway here; there is {', '.join(known) or 'none'}")
    return [wanted]


def _settlement(host: "Host", arguments: argparse.Namespace) -> "SettlementFile":
    from nagorik.data_files import DataFileInvalid
    from nagorik_host.reconciliation.settlement_file import read_settlement

    try:
        layout = _layout(host, arguments.gateway, arguments.layout)
        return read_settlement(arguments.settlement, layout)
    except DataFileInvalid as problem:
        raise CommandRefused(str(problem)) from None


def _layout(host: "Host", gateway: str, given: Path | None) -> "SettlementLayout":
    """How the gateway's file is laid out: as the operator says, or else as its plugin does."""
    from nagorik_host.reconciliation.settlement_file import LAYOUT_FILE, read_layouts

    if given is None:
        plugin = gateway.partition(".")[0]
        folder = next((one.directory for one in host.platform.plugins if one.id == plugin), None)
        given = folder / LAYOUT_FILE if folder is not None else None
        if given is None or not given.is_file():
            raise CommandRefused(f"no settlement file of {gateway} is known; say with --layout how it is laid out")
    for layout in read_layouts(given):
        if layout.gateway == gateway:
            return layout
    raise CommandRefused(f"{given.name} has no layout for {gateway}")


def _why_refused(file: str, refused: "SettlementRefused") -> str:
    from nagorik_toolkit.texts import day_text

    match refused.reason:
        case "no-payments":
            return (
                f"{file} holds no payment, but payments were taken here on that date."
                " If that is right, say so with --no-payments"
            )
        case "other-gateway":
            return f"{file} holds payments of another gateway; nothing was compared"
    assert refused.dates is not None  # noqa: S101 - it holds payments
    first, last = (day_text(one).en for one in refused.dates)
    held = first if first == last else f"{first} to {last}"
    return f"{file} holds no payment of that date; its payments are of {held}. Nothing was compared"


def _exit_code(done: "Sequence[Reconciliation]") -> ExitCode:
    if any(book.failed is not None for one in done for book in one.books):
        return ExitCode.FAILED
    return ExitCode.OK if all(one.is_clean for one in done) else ExitCode.FINDINGS


def as_document(done: "Reconciliation") -> Document:
    """What came of it, for machines. Nothing in it leads to a payer."""
    return {
        "gateway": done.gateway,
        "taken_here": done.taken_here,
        "compared": done.is_compared,
        "books": [_book(book) for book in done.books],
        "settled": done.settled,
        "found": [_found(one) for one in done.found],
    }


def _book(book: "ComparedBook") -> Document:
    compared = book.comparison
    return {
        "source": book.source,
        "failed": book.failed,
        "payments": compared.entries if compared is not None else None,
        "agree": compared.agreeing if compared is not None else None,
        "with_officer": compared.with_officer if compared is not None else None,
        "withheld": compared.withheld if compared is not None else None,
        "other_dates": book.other_dates,
        "not_taken": book.not_taken,
        "unread": [_unread(line) for line in book.unread],
    }


def _unread(line: "UnreadLine") -> Document:
    return {
        "line": line.line,
        "last_line": line.last or line.line,
        "column": line.column or None,
        "problem": line.problem,
        "means": _text(_sentence("settlement", line.problem)),
    }


def _found(one: "FoundDifference") -> Document:
    ours, theirs = one.difference.ours, one.difference.theirs
    return {
        "case": one.case,
        "kind": one.difference.kind.value,
        "means": _text(_sentence("payment-case", one.difference.kind.value)),
        "outcome": one.outcome,
        "sources": list(one.sources),
        "line": theirs.line if theirs is not None else None,
        "payment": ours.id if ours is not None else None,
        "application": ours.application if ours is not None else None,
        "state": ours.state.value if ours is not None else None,
        "ours": str(ours.amount) if ours is not None else None,
        "theirs": str(theirs.amount) if theirs is not None else None,
        "refunded": str(theirs.refunded) if theirs is not None and theirs.refunded is not None else None,
    }


def _sentence(table: str, code: str) -> "Text":
    from nagorik_host.texts import sentence

    found = sentence(table, code)  # type: ignore[arg-type]
    assert found is not None  # noqa: S101 - the file of sentences is part of the host
    return found


def _text(text: "Text") -> Document:
    return {"en": text.en, "bn": text.bn}


def _render(done: "Sequence[Reconciliation]") -> None:
    if not done:
        print_lines("No gateway is installed here. এখানে কোনো পেমেন্ট সেবা নেই।")
    for number, one in enumerate(done):
        if number:
            print_lines("")
        print_lines(*_summary(one))
        _render_unread(one)
        _render_found(one)
    for one in done:
        for book in one.books:
            if book.failed is not None:
                print_error(f"{one.gateway} could not be asked for its list: {book.failed}")


def _summary(done: "Reconciliation") -> Iterator[str]:
    from nagorik import to_bangla_digits
    from nagorik_toolkit.texts import day_text

    day, taken = day_text(done.day), done.taken_here
    yield f"{done.gateway}, {day.bn}: এখানে নেওয়া হয়েছে {to_bangla_digits(str(taken))}টি পেমেন্ট।"
    yield f"  {day.en}: {_counted(taken, 'payment')} taken here."
    for book in done.books:
        compared = book.comparison
        if compared is None:
            yield "  পেমেন্ট সেবার তালিকা পাওয়া যায়নি। / The gateway's list could not be had."
            continue
        name = {"list": ("তালিকায়", "list"), "file": ("ফাইলে", "file")}[book.source]
        entries, agree = (to_bangla_digits(str(n)) for n in (compared.entries, compared.agreeing))
        yield f"  পেমেন্ট সেবার {name[0]} {entries}টি পেমেন্ট, মেলে {agree}টি।"
        yield f"  The gateway's {name[1]}: {_counted(compared.entries, 'payment')}, {compared.agreeing} agree."
        if compared.withheld:
            number = to_bangla_digits(str(compared.withheld))
            yield f"  {number}টি পেমেন্ট আছে কি না, পড়া না যাওয়া লাইন ঠিক না হলে বলা যায় না।"
            yield f"  {compared.withheld} cannot be told as long as there are lines that could not be read."
    if not done.books:
        yield "  কিছুর সঙ্গে মেলানো হয়নি: পেমেন্ট সেবা তালিকা দেয় না, ফাইলও দেওয়া হয়নি।"
        yield "  Compared with nothing: the gateway offers no list, and no file was given."
    if done.settled:
        yield f"  আগের {to_bangla_digits(str(done.settled))}টি অমিল পেমেন্ট সেবার উত্তরে মিটে গেছে।"
        yield f"  Settled by the gateway's answer since: {done.settled}."
    if done.is_clean and done.books:
        yield "  সব মেলে। / Everything agrees."


def _render_unread(done: "Reconciliation") -> None:
    unread = [line for book in done.books for line in book.unread]
    if not unread:
        return
    print_lines("", "যে লাইন পড়া যায়নি / lines that could not be read")
    rows = ((_numbers(line), line.column or "–", line.problem) for line in unread[:_SHOWN])
    print_table(("লাইন / line", "কলাম / column", "সমস্যা / problem"), rows)
    _explain("settlement", [line.problem for line in unread])
    _more(len(unread))


def _numbers(line: "UnreadLine") -> str:
    return str(line.line) if line.last is None else f"{line.line}–{line.last}"


def _render_found(done: "Reconciliation") -> None:
    if not done.found:
        return
    print_lines("", "যা মেলে না / what differs")
    rows = (_row(_found(one)) for one in done.found[:_SHOWN])
    headings = (
        "অমিল / case",
        "কী / what",
        "পেমেন্ট / payment",
        "লাইন / line",
        "এখানে / here",
        "ওখানে / there",
        "ফল / outcome",
    )
    print_table(headings, rows)
    _explain("payment-case", [one.difference.kind.value for one in done.found])
    _explain("payment-case", [one.outcome for one in done.found])
    _more(len(done.found))


def _row(one: Document) -> tuple[str, ...]:
    line = str(one["line"]) if one["line"] is not None else "–"
    return (
        one["case"],
        one["kind"],
        one["payment"] or "–",
        line,
        one["ours"] or "–",
        one["theirs"] or "–",
        one["outcome"],
    )


def _explain(table: str, codes: Sequence[str]) -> None:
    for code in dict.fromkeys(codes):
        text = _sentence(table, code)
        print_lines(f"{code}: {text.bn}", f"  {text.en}")


def _more(number: int) -> None:
    if number > _SHOWN:
        print_lines(f"{number} in all; --json has them all.")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
