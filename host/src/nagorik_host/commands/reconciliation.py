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
    from nagorik_host.reconciliation.matching import BookComparison
    from nagorik_host.reconciliation.reconcile import FoundDifference, Reconciliation, SettlementRefused
    from nagorik_host.reconciliation.settlement_file import SettlementFile

_SHOWN: Final = 50
"""Differences that are shown to a person; --json has all."""
_BOOKS: Final = {"list": "তালিকায়", "file": "ফাইলে"}
_DIFFERS: Final = {
    "অমিল / case": "case",
    "কী / what": "kind",
    "পেমেন্ট / payment": "payment",
    "লাইন / line": "line",
    "এখানে / here": "ours",
    "ওখানে / there": "theirs",
    "ফল / outcome": "outcome",
}


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
    """Reconcile; exit code 1 where anything is left to be done, 3 where a gateway's books could not be had."""
    from nagorik.values import dhaka_date
    from nagorik_host.reconciliation.reconcile import SettlementRefused, gateways_of, reconcile
    from nagorik_host.settings import load_host_settings

    if arguments.settlement is not None and arguments.gateway is None:
        raise CommandRefused("--settlement is one gateway's file: give --gateway")
    if arguments.settlement is None and (arguments.layout is not None or arguments.no_payments):
        raise CommandRefused("--layout and --no-payments go together with --settlement")
    if arguments.date > dhaka_date(now()):
        raise CommandRefused("--date is in the future: nothing was taken then")
    done: list[Reconciliation] = []
    async with opened_host(load_host_settings()) as host:
        known = sorted(one.id for one in host.platform.gateways)
        if arguments.gateway is not None and arguments.gateway not in known:
            raise CommandRefused(f"there is no such gateway here; there is {', '.join(known) or 'none'}")
        settlement = _settlement(host, arguments) if arguments.settlement is not None else None
        for gateway in [arguments.gateway] if arguments.gateway else await gateways_of(host, arguments.date):
            try:
                done.append(await reconcile(host, gateway, arguments.date, settlement, empty=arguments.no_payments))
            except SettlementRefused as refused:
                raise CommandRefused(_why_refused(arguments.settlement.name, refused)) from None
    documents = [as_document(one) for one in done]
    if arguments.json:
        print_json({"date": arguments.date.isoformat(), "gateways": documents})
    else:
        _render(done, documents)
    if any(one.failed for one in done):
        return ExitCode.FAILED
    return ExitCode.OK if all(one.is_clean for one in done) else ExitCode.FINDINGS


def _settlement(host: "Host", arguments: argparse.Namespace) -> "SettlementFile":
    """Read the file, as the operator says that it is laid out, or else as the gateway's plugin does."""
    from nagorik.data_files import DataFileInvalid
    from nagorik_host.reconciliation.settlement_file import LAYOUT_FILE, read_layouts, read_settlement

    gateway, given = arguments.gateway, arguments.layout
    if given is None:
        plugin = gateway.partition(".")[0]
        folder = next((one.directory for one in host.platform.plugins if one.id == plugin), None)
        given = (folder or Path()) / LAYOUT_FILE
        if folder is None or not given.is_file():
            raise CommandRefused(f"no settlement file of {gateway} is known; say with --layout how it is laid out")
    try:
        layout = next((layout for layout in read_layouts(given) if layout.gateway == gateway), None)
        if layout is None:
            raise CommandRefused(f"{given.name} has no layout for {gateway}")
        return read_settlement(arguments.settlement, layout)
    except DataFileInvalid as problem:
        raise CommandRefused(str(problem)) from None


def _why_refused(file: str, refused: "SettlementRefused") -> str:
    from nagorik_toolkit.texts import day_text

    if refused.reason == "no-payments":
        return (
            f"{file} holds no payment, but payments were taken here on that date."
            " If that is right, say so with --no-payments"
        )
    if refused.dates is None:
        return f"{file} holds payments of another gateway; nothing was compared"
    held = " to ".join(dict.fromkeys(day_text(one).en for one in refused.dates))
    return f"{file} holds no payment of that date; its payments are of {held}. Nothing was compared"


def as_document(done: "Reconciliation") -> Document:
    """What came of it, for machines. Nothing in it leads to a payer."""
    return {
        "gateway": done.gateway,
        "taken_here": done.taken_here,
        "compared": done.is_compared,
        "books": [_book(source, book) for source, book in done.books.items()],
        "settled": done.settled,
        "found": [_found(one) for one in done.found],
    }


def _book(source: str, compared: "BookComparison | str") -> Document:
    if isinstance(compared, str):
        return {"source": source, "failed": compared}
    return {
        "source": source,
        "failed": None,
        "payments": compared.entries,
        "agree": compared.agreeing,
        "with_officer": compared.with_officer,
        "other_dates": compared.other_dates,
    }


def _found(one: "FoundDifference") -> Document:
    ours, theirs = one.difference.ours, one.difference.theirs
    return {
        "case": one.case,
        "kind": one.difference.kind.value,
        "means": _sentence(one.difference.kind.value).model_dump(),
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


def _sentence(code: str) -> "Text":
    from nagorik_host.texts import sentence

    found = sentence("payment-case", code)
    assert found is not None  # noqa: S101 - the file of sentences is part of the host
    return found


def _render(done: "Sequence[Reconciliation]", documents: Sequence[Document]) -> None:
    if not done:
        print_lines("No gateway is installed here. এখানে কোনো পেমেন্ট সেবা নেই।")
    for one, document in zip(done, documents, strict=True):
        print_lines(*_summary(one))
        if document["found"]:
            print_lines("", "যা মেলে না / what differs")
            rows = document["found"][:_SHOWN]
            print_table(tuple(_DIFFERS), (tuple(str(row[key] or "–") for key in _DIFFERS.values()) for row in rows))
        if len(document["found"]) > _SHOWN:
            print_lines(f"{len(document['found'])} in all; --json has them all.")
        for code in dict.fromkeys(found[key] for key in ("kind", "outcome") for found in document["found"]):
            text = _sentence(code)
            print_lines(f"{code}: {text.bn}", f"  {text.en}")
        if one.failed:
            print_error(f"{one.gateway} could not be asked for its list: {one.failed}")


def _summary(done: "Reconciliation") -> Iterator[str]:
    from nagorik import to_bangla_digits
    from nagorik_toolkit.texts import day_text

    day, taken = day_text(done.day), done.taken_here
    yield f"{done.gateway}, {day.bn}: এখানে নেওয়া হয়েছে {to_bangla_digits(str(taken))}টি পেমেন্ট।"
    yield f"  {day.en}: {_counted(taken)} taken here."
    for source, compared in done.books.items():
        if isinstance(compared, str):
            yield "  পেমেন্ট সেবার তালিকা পাওয়া যায়নি। / The gateway's list could not be had."
            continue
        entries, agree = (to_bangla_digits(str(n)) for n in (compared.entries, compared.agreeing))
        yield f"  পেমেন্ট সেবার {_BOOKS[source]} {entries}টি পেমেন্ট, মেলে {agree}টি।"
        yield f"  The gateway's {source}: {_counted(compared.entries)}, {compared.agreeing} agree."
    if not done.books:
        yield "  কিছুর সঙ্গে মেলানো হয়নি: পেমেন্ট সেবা তালিকা দেয় না, ফাইলও দেওয়া হয়নি।"
        yield "  Compared with nothing: the gateway offers no list, and no file was given."
    if done.settled:
        yield f"  আগের {to_bangla_digits(str(done.settled))}টি অমিল পেমেন্ট সেবার উত্তরে মিটে গেছে।"
        yield f"  Settled by the gateway's response since: {done.settled}."
    if done.is_clean and done.books:
        yield "  সব মেলে। / Everything agrees."


def _counted(number: int) -> str:
    return f"{number} payment{'' if number == 1 else 's'}"
