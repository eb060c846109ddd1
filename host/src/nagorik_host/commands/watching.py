"""``nagorik agencies`` and ``nagorik workers``: how every agency fares, and which machine has what in hand."""

import argparse
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from nagorik_host.commands.columns import duration, when
from nagorik_host.commands.running import CommandRefused, now, unlocked_database
from nagorik_host.settings import load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_host.store.overview import (
    AgencyOverview,
    WorkerOverview,
    read_agencies,
    read_workers,
)
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document, print_json, print_lines, print_table
from nagorik_platform.system_clock import SystemClock

_SECOND: Final = timedelta(seconds=1)


async def agencies(arguments: argparse.Namespace) -> int:
    """List the agencies; exit code 2 where the one to be tried again has refused no credentials."""
    at, tried = now(), arguments.try_again
    async with unlocked_database(load_host_settings()) as (database, _):
        if tried is not None:
            if not await database.run(partial(_try_again, plugin=tried, at=at)):
                raise CommandRefused(
                    "no agency of that id refuses this platform's credentials. এই আইডির কোনো সংস্থা প্ল্যাটফর্মের"
                    " পরিচয় প্রত্যাখ্যান করেনি।"
                )
            from nagorik_platform.logs import get_logger

            get_logger("nagorik.host").warning("credentials_tried_again", plugin=tried)
        found = await database.run(lambda transaction: read_agencies(transaction, at))
    if arguments.json:
        print_json({"agencies": [_agency(one) for one in found]})
    elif not found:
        print_lines("Nothing is queued for any agency. কোনো সংস্থার জন্য কিছু অপেক্ষায় নেই।")
    else:
        rows = (
            (
                one.plugin,
                f"{one.due}{_since(one, at)}",
                str(one.waiting),
                str(one.in_flight),
                _next_call(one, at),
                _reached(one),
            )
            for one in found
        )
        print_table(("agency", "due", "waiting", "in flight", "next call", "reached"), rows)
    return ExitCode.OK


def _try_again(transaction: Transaction, *, plugin: str, at: datetime) -> bool:
    from nagorik_host.engine.health import try_refused
    from nagorik_host.engine.tokens import try_refused_again

    was_refused = try_refused_again(transaction, plugin)
    is_tried = try_refused(transaction, [plugin], at)
    return was_refused or is_tried


async def workers(arguments: argparse.Namespace) -> int:
    """List the workers."""
    # Workers live and die by the machine's own time.
    at = SystemClock().now()
    async with unlocked_database(load_host_settings()) as (database, _):
        found = await database.run(lambda transaction: read_workers(transaction, at))
    if arguments.json:
        print_json({"workers": [_worker(one) for one in found]})
    elif found:
        rows = (
            (
                one.name,
                "at work" if one.is_alive else "lost",
                f"{duration(at - one.beat_at)} ago" if at - one.beat_at >= _SECOND else "now",
                when(one.started_at),
                _by_plugin(one.in_hand),
            )
            for one in found
        )
        print_table(("worker", "is", "heard of", "started", "in hand"), rows)
    else:
        print_lines("No worker was heard of within a day. Start one: nagorik worker.")
    return ExitCode.OK


def _by_plugin(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {plugin}" for plugin, number in numbers.items()) or "none"


def _since(one: AgencyOverview, at: datetime) -> str:
    late = at - one.first_due if one.first_due is not None else timedelta(0)
    return f", the first for {duration(late)}" if one.due and late > timedelta(minutes=1) else ""


def _next_call(one: AgencyOverview, at: datetime) -> str:
    if one.down_since is not None:
        return f"probe {when(one.probe_at)}" if one.probe_at is not None and one.probe_at > at else "probe now"
    if one.paced_to is None or one.paced_to <= at + _SECOND:
        return "now"
    return f"in {duration(one.paced_to - at)}"


def _reached(one: AgencyOverview) -> str:
    if one.down_since is not None:
        return f"down since {when(one.down_since)}: {one.cause or 'unreachable'}, {one.failures} calls in vain"
    return f"yes, after {one.failures} calls in vain" if one.failures else "yes"


def _agency(one: AgencyOverview) -> Document:
    return {name: part.isoformat() if isinstance(part, datetime) else part for name, part in one._asdict().items()}


def _worker(one: WorkerOverview) -> Document:
    return {
        "id": one.id,
        "name": one.name,
        "alive": one.is_alive,
        "started_at": one.started_at.isoformat(),
        "heard_of_at": one.beat_at.isoformat(),
        "in_hand": dict(one.in_hand),
        "kept_out": [found.plugin for found in one.kept_out],
    }
