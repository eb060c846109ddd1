"""``nagorik inbox``: what agencies and gateways have sent, what became of it, and reading it again."""

import argparse
from functools import partial
from typing import Final

from nagorik_host.commands.result import CommandResult, Headings, Table
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.store.messages import PAGE, MessageFilter, count_messages, list_messages, read_page_again
from nagorik_platform.logs import get_logger

_COLUMNS: Final[Headings] = {
    "message": "id",
    "came to": "offer",
    "received": "received_at",
    "result": "result",
    "read next": "due_at",
}


async def list_all(arguments: argparse.Namespace) -> CommandResult:
    """List messages."""
    wanted = MessageFilter(arguments.offer, arguments.result)
    async with unlocked_database() as (database, _):
        numbers = await database.run(partial(count_messages, wanted=wanted))
        found = await database.run(partial(list_messages, wanted=wanted, limit=arguments.limit))
    rows = [one._asdict() for one in found]
    in_all = "; ".join(f"{number} {result}" for result, number in numbers.items())
    nothing = "No such message has come. এমন কোনো বার্তা আসেনি।"
    return CommandResult(
        {"numbers": numbers, "messages": rows}, [Table(_COLUMNS, rows), f"{in_all} in all."] if rows else [nothing]
    )


async def retry(arguments: argparse.Namespace) -> CommandResult:
    """Let one message, or all that a filter wants, be read again."""
    if (arguments.message is None) == (arguments.result is None):
        raise CommandRefused("name one message, or with --result which ones are to be read again")
    wanted, number, renewed = MessageFilter(arguments.offer, arguments.result, arguments.message), 0, PAGE
    async with unlocked_database() as (database, _):
        while renewed == PAGE:
            renewed = await database.run(partial(read_page_again, wanted=wanted, now=now()))
            number += renewed
    if arguments.message is not None and number == 0:
        raise CommandRefused("there is no such message, it counts already, waits anyway, or its content is gone")
    get_logger("nagorik.host").info("messages_to_be_read_again", messages=number)
    return CommandResult(
        {"messages": number}, [f"{number} messages will be read again by the next worker that looks."]
    )
