"""``nagorik worker``: carries applications until it is told to stop."""

import argparse
import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from sqlalchemy import func, or_, select

from nagorik.cli.command import ExitCode
from nagorik.cli.output import print_lines
from nagorik.loading import QuarantineCode
from nagorik_host.commands.running import Refused, opened_host, run_command
from nagorik_host.engine.versions import Change
from nagorik_host.host import Host
from nagorik_host.settings import HostSettings, load_host_settings
from nagorik_host.store.database import Transaction
from nagorik_host.store.schema import applications

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
GLANCE: Final = 0.2
"""Seconds between two looks whether there is nothing left to do, with ``--once``."""
_CHOSEN: Final = frozenset({QuarantineCode.NOT_ALLOWED, QuarantineCode.DENIED})
"""What the host itself keeps out is no news to it."""


class WorkerCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "carry applications: make the calls that are due, until stopped"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.epilog = (
            "Any number of workers may run on the same database; on SQLite, on the same machine. SIGTERM or Ctrl-C"
            " stops one once the calls under way are over. A worker that is killed is missed within a minute, and"
            " another takes over what it had in hand."
        )
        parser.add_argument("--name", help="what this worker is known by; the setting worker by default")
        parser.add_argument("--once", action="store_true", help="stop as soon as nothing is due now")

    def run(self, arguments: argparse.Namespace) -> int:
        """Work; exit code 0 when stopped, 3 when the database is outdated or goes away."""

        async def do() -> int:
            settings = load_host_settings()
            return await _work(settings, arguments.name or settings.worker, once=arguments.once)

        try:
            level = load_host_settings().log_level
        except ValueError:
            level = "WARNING"  # what is wrong is told when the settings are read for use
        return run_command(do, log_level=level)


async def _work(settings: HostSettings, name: str, *, once: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        async with opened_host(settings) as host:
            _tell_composition(host, name)
            _tell_changes(await host.take_over())
            print_lines("Working. Ctrl-C or SIGTERM stops it; calls under way are finished first.")
            working = asyncio.create_task(host.worker(name).run(stop))
            watching = asyncio.create_task(_stop_when_done(host, stop)) if once else None
            try:
                await working
            finally:
                if watching is not None:
                    watching.cancel()
                    with suppress(asyncio.CancelledError):
                        await watching
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
    print_lines("Stopped; nothing is in hand.")
    return ExitCode.OK


async def _stop_when_done(host: Host, stop: asyncio.Event) -> None:
    while await host.database.run(lambda transaction: _has_work(transaction, host)):  # noqa: ASYNC110
        await asyncio.sleep(GLANCE)  # the database alone knows, and tells nobody
    stop.set()


def _has_work(transaction: Transaction, host: Host) -> bool:
    due = or_(applications.c.due_at <= host.clock.now(), applications.c.lease.is_not(None))
    query = select(func.count()).select_from(applications).where(due)
    return bool(transaction.connection.scalar(query))


def _tell_composition(host: Host, name: str) -> None:
    usable = [record for record in host.platform.plugins if record.usable]
    if not usable:
        raise Refused("no plugin can be used: nagorik plugins tells why", ExitCode.FAILED)
    print_lines(f"Worker {name}: {len(host.platform.services)} services of {len(usable)} plugins.")
    print_lines(*(f"  {record.id}: {record.source.label}" for record in usable))
    broken = (one for one in host.platform.quarantined if one.code not in _CHOSEN)
    print_lines(*(f"  kept out: {one.code}: {one.reason} {one.hint}" for one in broken))


def _tell_changes(changes: Sequence[Change]) -> None:
    for change in changes:
        if change.taken_over:
            done = "are taken over"
        else:
            done = "wait for an officer, since it is another release line: nagorik work list"
        print_lines(f"{change.applications} applications of {change.before} → {change.after}: {done}.")


command: Final = WorkerCommand()
