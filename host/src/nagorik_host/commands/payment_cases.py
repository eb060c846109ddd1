"""What an officer sees and decides of the cases that a reconciliation found; part of ``nagorik cases``."""

import argparse
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

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
    "--reason: leave out numbers and addresses that could lead to a person. The reason stays when the citizen's data"
    " are erased. --reason: কারও হতে পারে এমন নম্বর বা ঠিকানা বাদ দিন। নাগরিকের তথ্য মুছে ফেলার পরেও কারণটি থাকে।"
)
_COLUMNS: Final = {
    "অমিল / case": "case",
    "কী / what": "kind",
    "মাধ্যম / gateway": "gateway",
    "তারিখ / date": "date",
    "ওখানে / there": "theirs",
    "কখন থেকে / since": "since",
}


async def find_payment_case(host: "Host", identity: str) -> "tuple[PaymentCase, Mapping[str, Any]] | None":
    """The case by this id and what its payment is found by at the gateway, or ``None`` where it is no case's."""
    from nagorik_host.store.payment_cases import find_case

    if not _CASE.fullmatch(identity.lower()):
        return None
    return await host.database.run(partial(find_case, vault=host.vault, identity=identity.lower()))


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
    decided = {"officer": arguments.officer, "reason": arguments.reason, "now": host.clock.now()}
    try:
        case = await host.database.run(partial(close_case, identity=arguments.application.lower(), **decided))
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
    from nagorik_host.texts import sentence

    text = sentence("payment-case", case.kind)
    return {
        "case": case.id,
        "kind": case.kind,
        "means": {"en": text.en, "bn": text.bn} if text is not None else {"en": case.kind, "bn": case.kind},
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
    """Print those that wait for an officer, for a person."""
    documents = [payment_case_document(case) for case in cases]
    print_table(tuple(_COLUMNS), ([str(one[key] or "–") for key in _COLUMNS.values()] for one in documents))
    for kind, means in {one["kind"]: one["means"] for one in documents}.items():
        print_lines(f"{kind}: {means['bn']}", f"  {means['en']}")
    if number > len(cases):
        print_lines(f"{number} in all; --limit shows more.")


def render_payment_case(case: "PaymentCase", found_by: Mapping[str, Any], *, as_json: bool) -> None:
    """Print all that an officer decides by, with the gateway's number."""
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
    means = document.pop("means")
    print_lines(f"{case.kind}: {means['bn']}", f"  {means['en']}")
    print_facts((name.replace("_", " "), str(value)) for name, value in document.items() if value is not None)
