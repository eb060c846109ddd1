"""What an officer sees and decides of the cases that a reconciliation found; part of ``nagorik cases``."""

import argparse
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from nagorik_host.commands.running import CommandRefused
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document, print_facts, print_json, print_lines, print_table
from nagorik_platform.logs import get_logger
from nagorik_platform.number_mask import is_telling

if TYPE_CHECKING:
    from nagorik_host.host import Host
    from nagorik_host.store.payment_cases import PaymentCase

_log = get_logger("nagorik.host")
_CASE: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_TELLING: Final = (
    "--reason: leave out numbers and addresses that could be somebody's. The reason stays when the citizen's data are"
    " erased. --reason: কারও হতে পারে এমন নম্বর বা ঠিকানা বাদ দিন। নাগরিকের তথ্য মুছে ফেলার পরেও কারণটি থাকে।"
)


class OpenedCase(NamedTuple):
    """A case with what its payment is found by at the gateway.

    Attributes:
        case: The case.
        found_by: The gateway's number and the line of the file; empty once it was erased.
    """

    case: "PaymentCase"
    found_by: Mapping[str, Any]


async def find_payment_case(host: "Host", identity: str) -> OpenedCase | None:
    """The case by this id, or ``None`` where it is no case's."""
    from nagorik_host.store.payment_cases import NoSuchCase, find_case

    if not _CASE.fullmatch(identity.lower()):
        return None
    try:
        return OpenedCase(*await host.database.run(partial(find_case, vault=host.vault, identity=identity.lower())))
    except NoSuchCase:
        return None


async def close_payment_case(host: "Host", arguments: argparse.Namespace) -> int:
    """End a case on a named officer's word. What becomes of the payment itself is decided on its application."""
    from nagorik_host.store.payment_cases import NoSuchCase, close_case

    given = (arguments.to, arguments.reference, arguments.payment, arguments.payment_to)
    if any(one is not None for one in given) or arguments.accept_plugin or arguments.look_again:
        raise CommandRefused(
            "a payment's case is closed with --officer and --reason alone; decide on the payment with its application"
        )
    if is_telling(_CASE.sub("", arguments.reason.lower())):
        raise CommandRefused(_TELLING)
    identity = arguments.application.lower()
    close = partial(
        close_case, identity=identity, officer=arguments.officer, reason=arguments.reason, now=host.clock.now()
    )
    try:
        case = await host.database.run(close)
    except NoSuchCase:
        raise CommandRefused("this case has ended already") from None
    _log.warning("payment_case_closed", case=case.id, kind=case.kind, gateway=case.gateway)
    if arguments.json:
        print_json({"case": case.id, "standing": "decided"})
    else:
        print_lines(f"case: {case.id}", "closed. বন্ধ করা হয়েছে।")
    return ExitCode.OK


def payment_case_document(case: "PaymentCase") -> Document:
    """A case for machines; nothing in it leads to the payer."""
    text = _means(case.kind)
    return {
        "case": case.id,
        "kind": case.kind,
        "means": text,
        "standing": case.standing,
        "gateway": case.gateway,
        "date": case.day,
        "payment": case.payment,
        "application": case.application,
        "theirs": str(case.theirs) if case.theirs is not None else None,
        "found_at": case.found_at.isoformat(),
        "since": case.opened_at.isoformat() if case.opened_at is not None else None,
    }


def render_payment_cases(cases: "Sequence[PaymentCase]", number: int) -> None:
    """Those that wait for an officer, for a person."""
    from nagorik_host.commands.columns import when

    rows = (
        (
            case.id,
            case.kind,
            case.gateway,
            case.day,
            str(case.theirs) if case.theirs is not None else "–",
            when(case.opened_at or case.found_at),
        )
        for case in cases
    )
    headings = ("অমিল / case", "কী / what", "মাধ্যম / gateway", "তারিখ / date", "ওখানে / there", "কখন থেকে / since")
    print_table(headings, rows)
    for kind in dict.fromkeys(case.kind for case in cases):
        text = _means(kind)
        print_lines(f"{kind}: {text['bn']}", f"  {text['en']}")
    if number > len(cases):
        print_lines(f"{number} in all; --limit shows more.")


def render_payment_case(opened: OpenedCase, *, as_json: bool) -> None:
    """Everything that an officer decides by, the gateway's number among it."""
    case, found_by = opened
    document = payment_case_document(case) | {
        "gateway_number": found_by.get("reference"),
        "line": found_by.get("line"),
        "ended_at": case.ended_at.isoformat() if case.ended_at is not None else None,
        "officer": case.officer,
        "reason": case.reason,
    }
    if as_json:
        print_json(document)
        return
    text = document["means"]
    print_lines(f"{case.kind}: {text['bn']}", f"  {text['en']}")
    told = {
        "gateway": case.gateway,
        "date": case.day,
        "gateway's number": document["gateway_number"],
        "line": document["line"],
        "payment": case.payment,
        "application": case.application,
        "there": document["theirs"],
        "standing": case.standing,
        "officer": case.officer,
        "reason": case.reason,
    }
    print_facts((name, str(value) if value is not None else "–") for name, value in told.items())


def _means(kind: str) -> Document:
    from nagorik_host.texts import sentence

    text = sentence("payment-case", kind)
    return {"en": text.en, "bn": text.bn} if text is not None else {"en": kind, "bn": kind}
