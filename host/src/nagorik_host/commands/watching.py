"""``nagorik agencies`` and ``nagorik workers``: how every agency fares, and which machine has what in hand."""

import argparse
from datetime import datetime, timedelta
from functools import partial

from nagorik_host.commands.result import CommandResult, Headings, Table, duration, when
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.store.database import Transaction
from nagorik_host.store.overview import read_agencies, read_workers
from nagorik_platform.cli.output import Document
from nagorik_platform.system_clock import SystemClock


async def agencies(arguments: argparse.Namespace) -> CommandResult:
    """List the agencies; exit code 2 where the one to be tried again has refused no credentials."""
    at, tried = now(), arguments.try_again
    async with unlocked_database() as (database, _):
        if tried is not None:
            if not await database.run(partial(_try_again, plugin=tried, at=at)):
                raise CommandRefused(
                    "no agency of that id refuses this platform's credentials. এই আইডির কোনো সংস্থা প্ল্যাটফর্মের"
                    " পরিচয় প্রত্যাখ্যান করেনি।"
                )
            from nagorik_platform.logs import get_logger

            get_logger("nagorik.host").warning("credentials_tried_again", plugin=tried)
        found = await database.run(lambda transaction: read_agencies(transaction, at))
    rows = [one._asdict() for one in found]
    columns: Headings = {
        "agency": "plugin",
        "due": partial(_due, at=at),
        "waiting": "waiting",
        "in flight": "in_flight",
        "next call": partial(_next_call, at=at),
        "reached": _reached,
    }
    nothing = "Nothing is queued for any agency. কোনো সংস্থার জন্য কিছু অপেক্ষায় নেই।"
    return CommandResult({"agencies": rows}, [Table(columns, rows) if rows else nothing])


def _try_again(transaction: Transaction, *, plugin: str, at: datetime) -> bool:
    from nagorik_host.engine.health import try_refused
    from nagorik_host.engine.tokens import try_refused_again

    was_refused = try_refused_again(transaction, plugin)
    return try_refused(transaction, [plugin], at) or was_refused


async def workers(_: argparse.Namespace) -> CommandResult:
    """List the workers."""
    # Workers live and die by the machine's own time.
    at = SystemClock().now()
    async with unlocked_database() as (database, _vault):
        found = await database.run(lambda transaction: read_workers(transaction, at))
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "alive": one.is_alive,
            "started_at": one.started_at,
            "heard_of_at": one.beat_at,
            "in_hand": dict(one.in_hand),
            "kept_out": [kept_out.plugin for kept_out in one.kept_out],
        }
        for one in found
    ]
    columns: Headings = {
        "worker": "name",
        "is": lambda one: "at work" if one["alive"] else "lost",
        "heard of": lambda one: f"{duration(at - one['heard_of_at'])} ago",
        "started": "started_at",
        "in hand": lambda one: ", ".join(f"{number} {plugin}" for plugin, number in one["in_hand"].items()),
    }
    nothing = "No worker was heard of within a day. Start one: nagorik worker."
    return CommandResult({"workers": rows}, [Table(columns, rows) if rows else nothing])


def _due(one: Document, at: datetime) -> str:
    late = at - (one["first_due"] or at)
    waits = f", the first for {duration(late)}" if one["due"] and late > timedelta(minutes=1) else ""
    return f"{one['due']}{waits}"


def _next_call(one: Document, at: datetime) -> str:
    if one["down_since"] is not None:
        probe = one["probe_at"]
        return f"probe {when(probe)}" if probe is not None and probe > at else "probe now"
    paced = one["paced_to"] or at
    return f"in {duration(paced - at)}" if paced > at + timedelta(seconds=1) else "now"


def _reached(one: Document) -> str:
    failed = f"{one['failures']} calls in vain"
    if one["down_since"] is not None:
        return f"down since {when(one['down_since'])}: {one['cause'] or 'unreachable'}, {failed}"
    return f"yes, after {failed}" if one["failures"] else "yes"
