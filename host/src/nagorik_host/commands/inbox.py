"""``nagorik inbox``: what agencies and gateways have sent, what became of it, and reading it again."""

import argparse
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from nagorik_host.commands.running import CommandRefused, now, opened_host, run_command
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import (
    Document,
    add_json_argument,
    add_limit_argument,
    print_facts,
    print_json,
    print_lines,
    print_table,
)

if TYPE_CHECKING:
    from nagorik_host.store.messages import KeptMessage, MessageFilter

LIMIT: Final = 100
_SETTLED_HINT: Final = "such as waiting, taken, repeated, unknown-reference, defect or plugin-fault"


class InboxCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "look at what agencies and gateways have sent, and let it be read again; what it says is never shown"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
        listed = actions.add_parser("list", help="messages, the latest first", allow_abbrev=False)
        _add_filter(listed)
        add_limit_argument(listed, default=LIMIT)
        add_json_argument(listed)
        show = actions.add_parser("show", help="one message", allow_abbrev=False)
        show.add_argument("message", metavar="ID", help="the message's id, as list tells it")
        add_json_argument(show)
        retry = actions.add_parser(
            "retry",
            help="let messages be read again",
            description="Let one message, or all that were refused or failed in one way, be read again, as if they"
            " had just come. What counts already is never read again.",
            allow_abbrev=False,
        )
        retry.add_argument(
            "message", metavar="ID", nargs="?", help="the message's id; without it, --result is needed"
        )
        _add_filter(retry)
        add_json_argument(retry)

    def run(self, arguments: argparse.Namespace) -> int:
        """List, show, or let be read again."""
        match arguments.action:
            case "list":
                return run_command(lambda: _list(arguments))
            case "show":
                return run_command(lambda: _show(arguments))
        return run_command(lambda: _retry(arguments))


def _add_filter(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--offer", metavar="ID", help="only those that came to this service or gateway")
    parser.add_argument("--result", metavar="CODE", help=f"only those with this result, {_SETTLED_HINT}")
    parser.add_argument("--older-than", type=_days, metavar="DAYS", help="only those that came so long ago")


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5):  # noqa: PLR2004 - more than two centuries
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days")
    return int(text)


async def _list(arguments: argparse.Namespace) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.messages import count_messages, list_messages

    wanted, limit = _wanted(arguments), arguments.limit
    async with opened_host(load_host_settings()) as host:
        numbers = await host.database.run(partial(count_messages, wanted=wanted))
        found = await host.database.run(partial(list_messages, wanted=wanted, limit=limit))
    if arguments.json:
        print_json({"numbers": numbers, "messages": [_document(one) for one in found]})
        return ExitCode.OK
    if not found:
        print_lines("No such message has come. এমন কোনো বার্তা আসেনি।")
        return ExitCode.OK
    rows = (
        (one.id, one.offer, _when(one.received_at), one.result, str(one.looks), _when(one.due_at)) for one in found
    )
    print_table(("message", "came to", "received", "result", "read", "read next"), rows)
    print_lines("; ".join(f"{number} {result}" for result, number in numbers.items()) + " in all.")
    return ExitCode.OK


async def _show(arguments: argparse.Namespace) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.messages import NoSuchMessage, message_of

    async with opened_host(load_host_settings()) as host:
        try:
            found = await host.database.run(partial(message_of, identity=arguments.message))
        except NoSuchMessage:
            raise CommandRefused("the database holds no message by this id") from None
    if arguments.json:
        print_json(_document(found))
    else:
        print_facts(
            (name.replace("_", " "), str(told)) for name, told in _document(found).items() if told is not None
        )
    return ExitCode.OK


async def _retry(arguments: argparse.Namespace) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.messages import PAGE, NoSuchMessage, NotReadAgain, read_again, read_page_again
    from nagorik_platform.logs import get_logger

    if (arguments.message is None) == (arguments.result is None):
        raise CommandRefused("name one message, or with --result which ones are to be read again")
    async with opened_host(load_host_settings()) as host:
        at = host.clock.now()
        number = 1
        if arguments.message is not None:
            try:
                await host.database.run(partial(read_again, identity=arguments.message, now=at))
            except NoSuchMessage:
                raise CommandRefused("the database holds no message by this id") from None
            except NotReadAgain:
                raise CommandRefused(
                    "this message is not read again: it counts already, waits anyway, or its content is gone"
                ) from None
        else:
            unit = partial(read_page_again, wanted=_wanted(arguments), now=at)
            number = renewed = await host.database.run(unit)
            while renewed == PAGE:
                renewed = await host.database.run(unit)
                number += renewed
    get_logger("nagorik.host").info("messages_to_be_read_again", messages=number)
    if arguments.json:
        print_json({"messages": number})
    else:
        print_lines(f"{number} messages will be read again by the next worker that looks.")
    return ExitCode.OK


def _wanted(arguments: argparse.Namespace) -> "MessageFilter":
    from nagorik_host.store.messages import MessageFilter

    before = None if arguments.older_than is None else now() - timedelta(days=arguments.older_than)
    return MessageFilter(arguments.offer, arguments.result, before)


def _document(one: "KeptMessage") -> Document:
    return {name: told.isoformat() if isinstance(told, datetime) else told for name, told in one._asdict().items()}


def _when(at: datetime | None) -> str:
    from nagorik.values import dhaka_time

    return f"{dhaka_time(at):%d %b %Y %H:%M}" if at is not None else "–"


command: Final = InboxCommand()
