"""``nagorik inbox``: what agencies and gateways have sent, what became of it, and reading it again."""

import argparse
from datetime import datetime, timedelta
from functools import partial

from nagorik_host.commands.columns import when
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.settings import load_host_settings
from nagorik_host.store.messages import (
    PAGE,
    KeptMessage,
    MessageFilter,
    NoSuchMessage,
    NotReadAgain,
    count_messages,
    list_messages,
    message_of,
    read_again,
    read_page_again,
)
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document, print_facts, print_json, print_lines, print_table
from nagorik_platform.logs import get_logger

_UNKNOWN = "the database holds no message by this id"


async def list_all(arguments: argparse.Namespace) -> int:
    """List messages."""
    wanted = _wanted(arguments)
    async with unlocked_database(load_host_settings()) as (database, _):
        numbers = await database.run(partial(count_messages, wanted=wanted))
        found = await database.run(partial(list_messages, wanted=wanted, limit=arguments.limit))
    if arguments.json:
        print_json({"numbers": numbers, "messages": [_document(one) for one in found]})
    elif not found:
        print_lines("No such message has come. এমন কোনো বার্তা আসেনি।")
    else:
        rows = (
            (
                one.id,
                one.offer,
                when(one.received_at),
                one.result,
                str(one.looks),
                when(one.due_at) if one.due_at is not None else "–",
            )
            for one in found
        )
        print_table(("message", "came to", "received", "result", "read", "read next"), rows)
        print_lines("; ".join(f"{number} {result}" for result, number in numbers.items()) + " in all.")
    return ExitCode.OK


async def show(arguments: argparse.Namespace) -> int:
    """Show one message, without its content."""
    async with unlocked_database(load_host_settings()) as (database, _):
        try:
            found = _document(await database.run(partial(message_of, identity=arguments.message)))
        except NoSuchMessage:
            raise CommandRefused(_UNKNOWN) from None
    if arguments.json:
        print_json(found)
    else:
        print_facts((name.replace("_", " "), str(value)) for name, value in found.items() if value is not None)
    return ExitCode.OK


async def retry(arguments: argparse.Namespace) -> int:
    """Let one message, or all that a filter wants, be read again."""
    if (arguments.message is None) == (arguments.result is None):
        raise CommandRefused("name one message, or with --result which ones are to be read again")
    async with unlocked_database(load_host_settings()) as (database, _):
        number, at = 1, now()
        if arguments.message is not None:
            try:
                await database.run(partial(read_again, identity=arguments.message, now=at))
            except NoSuchMessage:
                raise CommandRefused(_UNKNOWN) from None
            except NotReadAgain:
                text = "this message is not read again: it counts already, waits anyway, or its content is gone"
                raise CommandRefused(text) from None
        else:
            unit = partial(read_page_again, wanted=_wanted(arguments), now=at)
            number = renewed = await database.run(unit)
            while renewed == PAGE:
                renewed = await database.run(unit)
                number += renewed
    get_logger("nagorik.host").info("messages_to_be_read_again", messages=number)
    if arguments.json:
        print_json({"messages": number})
    else:
        print_lines(f"{number} messages will be read again by the next worker that looks.")
    return ExitCode.OK


def _wanted(arguments: argparse.Namespace) -> MessageFilter:
    before = None if arguments.older_than is None else now() - timedelta(days=arguments.older_than)
    return MessageFilter(arguments.offer, arguments.result, before)


def _document(one: KeptMessage) -> Document:
    return {name: part.isoformat() if isinstance(part, datetime) else part for name, part in one._asdict().items()}
