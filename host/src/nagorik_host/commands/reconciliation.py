"""``nagorik payments reconcile``: the payments of a date against the gateways' own books."""

import argparse
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from nagorik.data_files import DataFileInvalid, read_file
from nagorik.values import dhaka_date
from nagorik_host.commands.payment_cases import payment_case_sentences
from nagorik_host.commands.result import CommandResult, Headings, Part, Table
from nagorik_host.commands.running import CommandRefused, now, opened_host
from nagorik_host.host import Host
from nagorik_host.reconciliation import settlement_file as files
from nagorik_host.reconciliation.matching import BookEntry
from nagorik_host.reconciliation.reconcile import (
    FoundDifference,
    Reconciliation,
    SettlementRefused,
    gateways_of,
    reconcile,
)
from nagorik_host.texts import text_of
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document
from nagorik_toolkit.texts import day_text

_BOOKS: Final[Headings] = {
    "মাধ্যম / gateway": "gateway",
    "এখানে নেওয়া / taken here": "taken_here",
    "কীসের সঙ্গে / compared with": "source",
    "ওখানে / there": "payments",
    "মেলে / agree": "agree",
    "কর্মকর্তার কাছে / with an officer": "with_officer",
    "মিটেছে / settled": "settled",
}
_DIFFERS: Final[Headings] = {
    "অমিল / case": "case",
    "কী / what": "kind",
    "পেমেন্ট / payment": "payment",
    "লাইন / line": "line",
    "এখানে / here": "ours",
    "ওখানে / there": "theirs",
    "ফল / outcome": "outcome",
}


async def reconcile_payments(arguments: argparse.Namespace) -> CommandResult:
    """Reconcile; exit code 1 where anything is left to be done, 3 where a gateway's books could not be had."""
    options = (arguments.gateway, arguments.settlement, arguments.layout)
    if any(given and not needed for needed, given in pairwise(options)):
        raise CommandRefused("--settlement goes together with --gateway, and --layout with --settlement")
    if arguments.date > dhaka_date(now()):
        raise CommandRefused("--date is in the future: nothing was taken then")
    done: list[Reconciliation] = []
    async with opened_host() as host:
        settlement = _settlement(host, arguments) if arguments.settlement is not None else None
        for gateway in [arguments.gateway] if arguments.gateway else await gateways_of(host, arguments.date):
            try:
                done.append(await reconcile(host, gateway, arguments.date, settlement))
            except SettlementRefused as refused:
                raise CommandRefused(f"{arguments.settlement.name} {refused}") from None
    day, documents = day_text(arguments.date), [_as_document(one) for one in done]
    is_clean, failed = all(one.is_clean for one in done), {one.gateway: one.failed for one in done if one.failed}
    return CommandResult(
        {"date": arguments.date.isoformat(), "gateways": documents},
        [f"{day.bn} / {day.en}", *_shown(documents), *(["সব মেলে। / Everything agrees."] if is_clean else [])],
        ExitCode.FAILED if failed else ExitCode.OK if is_clean else ExitCode.FINDINGS,
        [f"{gateway} could not be asked for its list: {why}" for gateway, why in failed.items()],
    )


def _settlement(host: Host, arguments: argparse.Namespace) -> Sequence[BookEntry]:
    """Read the file, as the operator says that it is laid out, or else as the gateway's plugin does."""
    gateway, plugins = arguments.gateway, host.platform.plugins
    own = (one.directory / files.LAYOUT_FILE for one in plugins if one.directory and gateway.startswith(f"{one.id}."))
    given = arguments.layout or next(filter(Path.is_file, own), None)
    if given is None:
        raise CommandRefused(f"no settlement file of {gateway} is known; say with --layout how it is laid out")
    try:
        layout = next((layout for layout in files.read_layouts(given) if layout.gateway == gateway), None)
        if layout is None:
            raise CommandRefused(f"{given.name} has no layout for {gateway}")
        content = read_file(arguments.settlement, largest=files.LARGEST_SETTLEMENT)
        return files.parse_settlement(content, arguments.settlement.name, layout)
    except DataFileInvalid as problem:
        raise CommandRefused(str(problem)) from None


def _as_document(done: Reconciliation) -> Document:
    """What came of it, for machines. Nothing in it leads to a payer."""
    return {
        "gateway": done.gateway,
        "taken_here": done.taken_here,
        "compared": done.is_compared,
        "failed": done.failed,
        "books": [
            {"source": source, "payments": book.entries, "agree": book.agreeing, "with_officer": book.with_officer}
            for source, book in done.books.items()
        ],
        "settled": done.settled,
        "found": [_found(one) for one in done.found],
    }


def _found(one: FoundDifference) -> Document:
    ours, theirs = one.difference.ours, one.difference.theirs
    return {
        "case": one.case,
        "kind": one.difference.kind.value,
        "means": text_of("payment-case", one.difference.kind.value).model_dump(),
        "outcome": one.outcome,
        "line": theirs and theirs.line,
        "payment": ours and ours.id,
        "application": ours and ours.application,
        "state": ours and ours.state.value,
        "ours": ours and str(ours.amount),
        "theirs": theirs and str(theirs.amount),
        "refunded": theirs and theirs.refunded and str(theirs.refunded),
    }


def _shown(documents: Sequence[Document]) -> Iterator[Part]:
    nothing = {"source": "কিছু না / nothing", "payments": None, "agree": None, "with_officer": None}
    yield Table(_BOOKS, [one | book for one in documents for book in one["books"] or [nothing]])
    if found := [row for one in documents for row in one["found"]]:
        yield from ("", "যা মেলে না / what differs", Table(_DIFFERS, found))
    yield from payment_case_sentences(row[key] for key in ("kind", "outcome") for row in found)
