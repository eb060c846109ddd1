"""``nagorik worker``: carries applications until it is stopped."""

import argparse
import asyncio
import os
import signal
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from nagorik_host.commands import HELP
from nagorik_host.commands.command import HostCommand, argument
from nagorik_host.commands.running import CommandRefused, opened_host
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_lines

if TYPE_CHECKING:
    from nagorik_host.engine.engine import Engine
    from nagorik_host.engine.housekeeping import ReadSettings
    from nagorik_host.host import Host
    from nagorik_host.metrics import WorkerMetrics
    from nagorik_platform import PluginConfiguration

LAST_MOMENT: Final = 3.0
"""Seconds in which a worker that is to end at once writes down what it gives up; after that it ends regardless of
what a plugin's code still waits for."""


async def work(arguments: argparse.Namespace) -> int:
    """Work; exit code 0 when stopped, 3 when calls were given up or the database is outdated or goes away.

    A worker whose event loop stands still for its lease and half a minute ends with 1.
    """
    from nagorik_host.engine.watchdog import patience_of, watching
    from nagorik_host.settings import load_host_settings
    from nagorik_platform.logs import configure_logging

    settings = load_host_settings()
    configure_logging(level=settings.log_level)
    loop, stop, at_once = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    name = arguments.name or settings.worker
    worker: Engine | None = None

    def heed() -> None:
        """Let calls under way come to their end at the first signal, and not at the second."""
        if not stop.is_set():
            stop.set()
            notify_supervisor("STOPPING=1")
        elif not at_once.is_set():
            held = worker.in_hand if worker is not None else ()
            ending = f"Ending at once. {len(held)} applications are in hand; what was sent is looked up:"
            print_lines(ending, *(f"  {one}" for one in held))
            at_once.set()
            # What is to be written down may wait for a database, and a plugin's code has no end that is known.
            loop.call_later(LAST_MOMENT, os._exit, int(ExitCode.FAILED))

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, heed)
    with watching(patience_of(settings.lease)):
        async with opened_host(settings) as host:
            with _metrics(host, settings.metrics, lambda: worker is not None and not stop.is_set()) as observer:
                await _compose(host, name, arguments.only or ())
                worker = host.worker(name, observer, read_settings=settings_reader(), only=arguments.only)
                print_lines("Working. Ctrl-C or SIGTERM stops it; calls under way are finished first.")
                notify_supervisor("READY=1")
                given_up = await worker.run(stop, until_idle=arguments.once, at_once=at_once)
                left = f"{given_up} calls were given up" if given_up else "nothing is in hand"
                print_lines(f"Stopped; {left}.")
    return ExitCode.FAILED if given_up else ExitCode.OK


async def _compose(host: "Host", name: str, only: Collection[str]) -> None:
    """Import the plugins and take applications over, and print what comes of it."""
    from nagorik_platform.registry.records import ADMISSION_CODES

    if unknown := set(only) - {record.id for record in host.platform.plugins}:
        raise CommandRefused(f"no plugin of the id {min(unknown)} is installed: nagorik plugins lists them")
    # Before anything is claimed: no citizen's call waits for an import, and what cannot be imported is named here.
    await host.platform.import_plugins()
    usable = [record for record in host.platform.plugins if record.usable]
    if not usable:
        raise CommandRefused("no plugin can be used: nagorik plugins says why", ExitCode.FAILED)
    print_lines(
        f"Worker {name}: {len(host.platform.services)} services of {len(usable)} plugins.",
        *(f"  {one.id}: {one.source.label}, imported in {one.import_seconds or 0.0:.2f} s" for one in usable),
        *(
            f"  kept out: {one.code}: {one.reason} {one.hint}"
            for one in host.platform.quarantined
            if one.code not in ADMISSION_CODES  # what the host itself keeps out is no news to it
        ),
    )
    for each in await host.take_over():
        waiting = "are left to newer workers" if each.left_alone else "wait for an officer: nagorik cases list"
        done = "are taken over" if each.taken_over else waiting
        print_lines(f"{each.applications} applications of {each.before} → {each.after}: {done}.")


def settings_reader() -> "ReadSettings":
    """Reads what the host says of each plugin, as its file and this process's environment have it then.

    A file that was there at first, and is gone, says nothing: its plugins would lose all their settings.
    """
    from nagorik_host.settings import HostSettingsRejected, load_host_settings, settings_file

    file = settings_file()

    def read() -> "Mapping[str, PluginConfiguration]":
        if file is not None and settings_file() is None:
            raise HostSettingsRejected([f"{file.name} is missing"])
        return load_host_settings().platform().plugins

    return read


@contextmanager
def _metrics(host: "Host", address: str | None, is_working: Callable[[], bool]) -> Iterator["WorkerMetrics | None"]:
    """Serve the worker's metrics, where that is wanted."""
    if address is None:
        yield None
        return
    try:
        from nagorik_host.metrics import MetricsServer, WorkerMetrics
    except ImportError:
        raise CommandRefused("the setting metrics needs: pip install 'nagorik-host[metrics]'") from None
    counted = WorkerMetrics()
    with MetricsServer(counted, host.database, host.clock, is_working).serving(address) as url:
        print_lines(f"Metrics: {url}/metrics, and /live and /ready.")
        yield counted


def notify_supervisor(state: str) -> None:
    """Send a state to systemd, if it started this process and wants it, by the protocol of ``sd_notify``."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify, suppress(OSError):
            # If it is gone, work goes on. "@" stands for a name without a file.
            notify.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


command: Final = HostCommand(
    HELP["worker"],
    "worker:work",
    argument("--only", action="append", metavar="PLUGIN", help="make this plugin's calls alone; may be repeated"),
    argument("--name", help="what this worker is known by; the setting worker by default"),
    argument("--once", action="store_true", help="stop as soon as nothing can be done now"),
    offers_json=False,
)
