"""``nagorik worker``: carries applications until it is told to stop."""

import argparse
import asyncio
import signal
from collections.abc import Sequence
from typing import Final

from nagorik_host.commands.running import CommandRefused, opened_host, run_command
from nagorik_host.engine.plugins import PluginTakeover
from nagorik_host.host import Host
from nagorik_host.settings import HostSettings, load_host_settings
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_lines
from nagorik_platform.registry import QuarantineCode

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
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
        parser.add_argument(
            "--once", action="store_true", help="stop as soon as nothing is in hand and nothing can be done now"
        )

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
            # Before anything is taken in hand: no citizen's call waits for an import, and what cannot be imported is
            # told here.
            await host.platform.import_plugins()
            _print_composition(host, name)
            _print_takeovers(await host.take_over())
            print_lines("Working. Ctrl-C or SIGTERM stops it; calls under way are finished first.")
            await host.worker(name).run(stop, until_idle=once)
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
    print_lines("Stopped; nothing is in hand.")
    return ExitCode.OK


def _print_composition(host: Host, name: str) -> None:
    usable = [record for record in host.platform.plugins if record.usable]
    if not usable:
        raise CommandRefused("no plugin can be used: nagorik plugins tells why", ExitCode.FAILED)
    print_lines(f"Worker {name}: {len(host.platform.services)} services of {len(usable)} plugins.")
    print_lines(
        *(
            f"  {record.id}: {record.source.label}, imported in {record.import_seconds or 0.0:.2f} s"
            for record in usable
        )
    )
    broken = (one for one in host.platform.quarantined if one.code not in _CHOSEN)
    print_lines(*(f"  kept out: {one.code}: {one.reason} {one.hint}" for one in broken))


def _print_takeovers(takeovers: Sequence[PluginTakeover]) -> None:
    for takeover in takeovers:
        if takeover.taken_over:
            done = "are taken over"
        elif takeover.left_alone:
            done = "are left to workers that have the newer release"
        else:
            done = "wait for an officer, since it is another release line: nagorik cases list"
        print_lines(f"{takeover.applications} applications of {takeover.before} → {takeover.after}: {done}.")


command: Final = WorkerCommand()
