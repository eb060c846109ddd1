"""``nagorik agencies`` and ``nagorik workers``: how every agency fares, and which machine has what in hand."""

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from nagorik_host.commands.running import (
    CommandRefused,
    now,
    opened_database,
    run_command,
    unlocked_database,
)
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import Document, add_json_argument, print_json, print_lines, print_table

if TYPE_CHECKING:
    from nagorik_host.settings import HostSettings
    from nagorik_host.store.database import Transaction
    from nagorik_host.store.overview import AgencyOverview, WorkerOverview

_SECOND: Final = timedelta(seconds=1)


class AgenciesCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "tell of each agency how long its queue is, and whether it can be reached"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.epilog = (
            "An agency that refuses the platform's credentials is tried four times on the first day and once on each"
            " other, since some lock an account. With other credentials: nagorik settings reload."
        )
        parser.add_argument(
            "--try-again",
            metavar="ID",
            help="have an agency tried once, at once, with the credentials that it has refused: it takes them again",
        )
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Tell it; exit code 2 where the agency to be tried is not known, or has refused no credentials."""
        return run_command(lambda: _agencies(arguments.try_again, as_json=arguments.json))


class WorkersCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "tell which workers there are, when they were last heard of, and what each has in hand"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.epilog = (
            "A worker that was not heard of for a minute is lost: others take over what it had in hand. It is listed"
            " for a day."
        )
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Tell it."""
        return run_command(lambda: _workers(as_json=arguments.json))


async def _agencies(tried: str | None, *, as_json: bool) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.overview import COUNTED, counted, read_agencies
    from nagorik_host.store.upgrade import require_newest

    at = now()
    settings = load_host_settings()
    if tried is not None:
        await _try_again(settings, tried, at)
    async with opened_database(settings) as database:
        await require_newest(database)
        found = await database.run(lambda transaction: read_agencies(transaction, at))
    if as_json:
        print_json({"counted_to": COUNTED, "agencies": [_agency(one) for one in found]})
        return ExitCode.OK
    if not found:
        print_lines("Nothing is queued for any agency. কোনো সংস্থার জন্য কিছু অপেক্ষায় নেই।")
        return ExitCode.OK
    print_table(
        ("agency", "due", "waiting", "in flight", "next call", "reached"),
        (
            (
                one.plugin,
                f"{counted(one.due)}{_since(one, at)}",
                counted(one.waiting),
                str(one.in_flight),
                _next_call(one, at),
                _reached(one),
            )
            for one in found
        ),
    )
    return ExitCode.OK


async def _try_again(settings: "HostSettings", plugin: str, at: datetime) -> None:
    """Have an agency tried that has refused the platform's credentials.

    Raises:
        CommandRefused: It has refused none.
    """
    from nagorik_platform.logs import get_logger

    async with unlocked_database(settings) as (database, _):
        if not await database.run(partial(_write_try_again, plugin=plugin, at=at)):
            raise CommandRefused(
                "no agency of that id refuses this platform's credentials. এই আইডির কোনো সংস্থা প্ল্যাটফর্মের পরিচয়"
                " প্রত্যাখ্যান করেনি।"
            )
    get_logger("nagorik.host").warning("credentials_tried_again", plugin=plugin)


def _write_try_again(transaction: "Transaction", *, plugin: str, at: datetime) -> bool:
    from nagorik_host.engine.health import try_refused
    from nagorik_host.engine.tokens import try_refused_again

    was_refused = try_refused_again(transaction, plugin)
    is_tried = try_refused(transaction, [plugin], at)
    return was_refused or is_tried


async def _workers(*, as_json: bool) -> int:
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.overview import read_workers
    from nagorik_host.store.upgrade import require_newest
    from nagorik_platform.system_clock import SystemClock

    # Workers live and die by the machine's own time.
    at = SystemClock().now()
    async with opened_database(load_host_settings()) as database:
        await require_newest(database)
        found = await database.run(lambda transaction: read_workers(transaction, at))
    if as_json:
        print_json({"workers": [_worker(one) for one in found]})
    elif found:
        _print_workers(found, at)
    else:
        print_lines("No worker was heard of within a day. Start one: nagorik worker.")
    return ExitCode.OK


def _print_workers(found: "Sequence[WorkerOverview]", at: datetime) -> None:
    print_table(
        ("worker", "is", "heard of", "started", "in hand"),
        (
            (
                one.name,
                "at work" if one.is_alive else "lost",
                _ago(at - one.beat_at),
                _when(one.started_at),
                _by_plugin(one.in_hand),
            )
            for one in found
        ),
    )


def _by_plugin(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {plugin}" for plugin, number in numbers.items()) or "none"


def _since(one: "AgencyOverview", at: datetime) -> str:
    late = at - one.first_due if one.first_due is not None else timedelta(0)
    return f", the first for {_duration(late)}" if one.due and late > timedelta(minutes=1) else ""


def _next_call(one: "AgencyOverview", at: datetime) -> str:
    if one.down_since is not None:
        return f"probe {_when(one.probe_at)}" if one.probe_at is not None and one.probe_at > at else "probe now"
    if one.paced_to is None or one.paced_to <= at + _SECOND:
        return "now"
    return f"in {_duration(one.paced_to - at)}"


def _reached(one: "AgencyOverview") -> str:
    if one.down_since is not None:
        return f"down since {_when(one.down_since)}: {one.cause or 'unreachable'}, {one.failures} calls in vain"
    return f"yes, after {one.failures} calls in vain" if one.failures else "yes"


def _agency(one: "AgencyOverview") -> Document:
    times = ("first_due", "paced_to", "down_since", "probe_at")
    told = one._asdict()
    return {**told, **{name: told[name].isoformat() if told[name] is not None else None for name in times}}


def _worker(one: "WorkerOverview") -> Document:
    return {
        "id": one.id,
        "name": one.name,
        "alive": one.is_alive,
        "started_at": one.started_at.isoformat(),
        "heard_of_at": one.beat_at.isoformat(),
        "in_hand": dict(one.in_hand),
        "kept_out": [found.plugin for found in one.kept_out],
    }


def _ago(time: timedelta) -> str:
    return f"{_duration(time)} ago" if time >= _SECOND else "now"


def _duration(time: timedelta) -> str:
    """A time in its largest whole unit."""
    seconds = int(time.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{max(seconds, 0)} s"


def _when(at: datetime) -> str:
    from nagorik.values import dhaka_time

    return f"{dhaka_time(at):%d %b %Y %H:%M}"


agencies_command: Final = AgenciesCommand()
workers_command: Final = WorkersCommand()
