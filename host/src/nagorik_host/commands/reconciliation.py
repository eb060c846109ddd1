"""``nagorik payments reconcile``: the payments of a date against the gateways' own books."""

import argparse
from collections.abc import Iterator
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
    from nagorik_host.host import Host
    from nagorik_host.reconciliation.matching import BookComparison
    from nagorik_host.reconciliation.reconcile import FoundDifference, Reconciliation
    from nagorik_host.reconciliation.settlement_file import SettlementFile

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
    day = "the date in Dhaka on which the money was taken, YYYY-MM-DD or DD/MM/YYYY"
    parser.add_argument("--date", required=True, type=read_day, metavar="DATE", help=day)
    parser.add_argument("--gateway", metavar="ID", help="of this gateway; of all gateways without it")
    file = "with --gateway: also compare the gateway's settlement file"
    parser.add_argument("--settlement", type=Path, metavar="FILE", help=file)
    layout = "with --settlement: how the file is laid out, where the gateway's plugin does not say so"
    parser.add_argument("--layout", type=Path, metavar="FILE", help=layout)
    empty = "with --settlement: the file holds no payment, and that is right, though payments were taken here"
    parser.add_argument("--no-payments", action="store_true", help=empty)
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
            raise CommandRefused(f"there is no such gateway here; there is {', '.join(known) or 'no gateway'}")
        settlement = _settlement(host, arguments) if arguments.settlement is not None else None
        for gateway in [arguments.gateway] if arguments.gateway else await gateways_of(host, arguments.date):
            try:
                done.append(await reconcile(host, gateway, arguments.date, settlement, empty=arguments.no_payments))
            except SettlementRefused as refused:
                raise CommandRefused(f"{arguments.settlement.name} {refused}") from None
    documents = [_as_document(one) for one in done]
    if arguments.json:
        print_json({"date": arguments.date.isoformat(), "gateways": documents})
    else:
        for one, document in zip(done, documents, strict=True):
            _render(one, document["found"])
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
        given = folder / LAYOUT_FILE if folder is not None else None
        if given is None or not given.is_file():
            raise CommandRefused(f"no settlement file of {gateway} is known; say with --layout how it is laid out")
    try:
        layout = next((layout for layout in read_layouts(given) if layout.gateway == gateway), None)
        if layout is None:
            raise CommandRefused(f"{given.name} has no layout for {gateway}")
        return read_settlement(arguments.settlement, layout)
    except DataFileInvalid as problem:
        raise CommandRefused(str(problem)) from None


def _as_document(done: "Reconciliation") -> Document:
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
    }


def _found(one: "FoundDifference") -> Document:
    ours, theirs = one.difference.ours, one.difference.theirs
    back = theirs.refunded if theirs is not None else None
    return {
        "case": one.case,
        "kind": one.difference.kind.value,
        "means": _means(one.difference.kind.value),
        "outcome": one.outcome,
        "line": theirs and theirs.line,
        "payment": ours and ours.id,
        "application": ours and ours.application,
        "state": ours and ours.state.value,
        "ours": ours and str(ours.amount),
        "theirs": theirs and str(theirs.amount),
        "refunded": str(back) if back is not None else None,
    }


def _means(code: str) -> Document:
    from nagorik_host.texts import sentence

    found = sentence("payment-case", code)
    assert found is not None  # noqa: S101 - the file of sentences is part of the host
    return found.model_dump()


def _render(done: "Reconciliation", found: list[Document]) -> None:
    print_lines(*_summary(done))
    if found:
        print_lines("", "যা মেলে না / what differs")
        print_table(tuple(_DIFFERS), ([str(row[key] or "–") for key in _DIFFERS.values()] for row in found))
    for code in dict.fromkeys(row[key] for key in ("kind", "outcome") for row in found):
        means = _means(code)
        print_lines(f"{code}: {means['bn']}", f"  {means['en']}")
    if done.failed:
        print_error(f"{done.gateway} could not be asked for its list: {done.failed}")


def _summary(done: "Reconciliation") -> Iterator[str]:
    from nagorik import to_bangla_digits as bangla
    from nagorik_toolkit.texts import day_text

    day = day_text(done.day)
    yield f"{done.gateway}, {day.bn}: এখানে নেওয়া হয়েছে {bangla(str(done.taken_here))}টি পেমেন্ট।"
    yield f"  {day.en}: {_counted(done.taken_here)} taken here."
    for source, compared in done.books.items():
        if isinstance(compared, str):
            yield "  পেমেন্ট সেবার তালিকা পাওয়া যায়নি। / The gateway's list could not be had."
            continue
        entries, agree = bangla(str(compared.entries)), bangla(str(compared.agreeing))
        yield f"  পেমেন্ট সেবার {_BOOKS[source]} {entries}টি পেমেন্ট, মেলে {agree}টি।"
        yield f"  The gateway's {source}: {_counted(compared.entries)}, {compared.agreeing} agree."
    if not done.books:
        yield "  কিছুর সঙ্গে মেলানো হয়নি: পেমেন্ট সেবা তালিকা দেয় না, ফাইলও দেওয়া হয়নি।"
        yield "  Compared with nothing: the gateway offers no list, and no file was given."
    if done.settled:
        yield f"  আগের {bangla(str(done.settled))}টি অমিল পেমেন্ট সেবার উত্তরে মিটে গেছে।"
        yield f"  Settled by the gateway's response since: {done.settled}."
    if done.is_clean and done.books:
        yield "  সব মেলে। / Everything agrees."


def _counted(number: int) -> str:
    return f"{number} payment{'' if number == 1 else 's'}"
