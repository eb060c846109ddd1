"""What an officer sees and decides of the cases that a reconciliation found; part of ``nagorik cases``."""

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import Row

from nagorik import Money
from nagorik_host.commands.result import CommandResult, Headings, NameValues, Part, Table
from nagorik_host.commands.running import CommandRefused
from nagorik_host.host import Host
from nagorik_host.store.payment_cases import close_case, standing_of
from nagorik_host.texts import text_of
from nagorik_platform.cli.output import Document
from nagorik_platform.logs import get_logger
from nagorik_platform.number_mask import is_telling

_log = get_logger("nagorik.host")
_CASE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_TELLING: Final = (
    "--reason: leave out numbers and addresses that could lead to a person. The reason stays when the citizen's data"
    " are erased. --reason: কারও হতে পারে এমন নম্বর বা ঠিকানা বাদ দিন। নাগরিকের তথ্য মুছে ফেলার পরেও কারণটি থাকে।"
)
_COLUMNS: Final[Headings] = {
    "অমিল / case": "case",
    "কী / what": "kind",
    "মাধ্যম / gateway": "gateway",
    "তারিখ / date": "date",
    "ওখানে / there": "theirs",
    "কখন থেকে / since": "since",
}


async def close_payment_case(host: Host, arguments: argparse.Namespace) -> CommandResult:
    """End a case on a named officer's word. What becomes of the payment itself is decided on its application."""
    given = (arguments.to, arguments.reference, arguments.payment, arguments.payment_to)
    if any(one is not None for one in given) or arguments.accept_plugin or arguments.look_again:
        raise CommandRefused(
            "a payment's case is closed with --officer and --reason alone; decide on the payment with its application"
        )
    if is_telling(_CASE.sub("", arguments.reason.lower())):
        raise CommandRefused(_TELLING)
    decided = {"officer": arguments.officer, "reason": arguments.reason, "now": host.clock.now()}
    case = await host.database.run(partial(close_case, identity=arguments.application.lower(), **decided))
    if case is None:
        raise CommandRefused("this case has ended already")
    _log.warning("payment_case_closed", case=case.id, kind=case.kind, gateway=case.gateway)
    return CommandResult({"case": case.id, "standing": "decided"}, [f"case: {case.id}", "closed. বন্ধ করা হয়েছে।"])


def payment_case_document(case: Row[Any]) -> Document:
    """A case for machines; nothing in it leads to the payer."""
    return {
        "case": case.id,
        "kind": case.kind,
        "means": text_of("payment-case", case.kind).model_dump(),
        "standing": standing_of(case),
        "gateway": case.gateway,
        "date": case.day,
        "payment": case.payment,
        "application": case.application,
        "theirs": str(Money(poisha=case.poisha, currency=case.currency)) if case.poisha is not None else None,
        "found_at": case.found_at,
        "since": case.opened_at,
    }


def payment_case_sentences(codes: Iterable[str]) -> Iterator[str]:
    """Say once what each kind or outcome means."""
    for code in dict.fromkeys(codes):
        text = text_of("payment-case", code)
        yield from (f"{code}: {text.bn}", f"  {text.en}")


def payment_case_table(cases: Sequence[Document], number: int) -> Iterator[Part]:
    """Those that wait for an officer, for a person."""
    yield Table(_COLUMNS, cases)
    yield from payment_case_sentences(case["kind"] for case in cases)
    if number > len(cases):
        yield f"{number} in all; --limit shows more."


def payment_case_result(case: Row[Any], found_by: Mapping[str, Any]) -> CommandResult:
    """All that an officer decides by, with the gateway's number."""
    document = payment_case_document(case) | {
        "gateway_number": found_by.get("reference"),
        "line": found_by.get("line"),
        "ended_at": case.ended_at,
        "officer": case.officer,
        "reason": case.reason,
    }
    facts = {name.replace("_", " "): value for name, value in document.items() if name != "means"}
    return CommandResult(document, [*payment_case_sentences([case.kind]), NameValues(facts)])
