"""``nagorik worker``: carries applications until it is stopped."""

import argparse
import asyncio
import errno
import os
import signal
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from nagorik_host.commands import HELP
from nagorik_host.commands.command import HostCommand, argument
from nagorik_host.commands.running import CommandRefused, opened_host
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_lines

if TYPE_CHECKING:
    from nagorik_host.engine.engine import Engine
    from nagorik_host.engine.reloads import ReadSettings
    from nagorik_host.host import Host
    from nagorik_host.metrics import MetricsServer
    from nagorik_platform import PluginConfiguration

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The first of them lets calls under way come to their end; the second does not."""
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
    workers: list[Engine] = []

    def heed() -> None:
        if not stop.is_set():
            stop.set()
            notify_supervisor("STOPPING=1")
        elif not at_once.is_set():
            held = workers[0].in_hand if workers else ()
            print_lines(f"Ending at once. {len(held)} applications are in hand; what was sent is looked up:")
            print_lines(*(f"  {one}" for one in held))
            at_once.set()
            # What is to be written down may wait for a database, and a plugin's code has no end that is known.
            loop.call_later(LAST_MOMENT, os._exit, int(ExitCode.FAILED))

    for number in SIGNALS:
        loop.add_signal_handler(number, heed)
    try:
        with watching(patience_of(settings.lease)):
            async with opened_host(settings) as host:
                with _metrics(host, settings.metrics, lambda: bool(workers) and not stop.is_set()) as served:
                    worker = await _ready_worker(host, arguments.name or settings.worker, served, arguments.only)
                    workers.append(worker)
                    given_up = await worker.run(stop, until_idle=arguments.once, at_once=at_once)
                    left = f"{given_up} calls were given up" if given_up else "nothing is in hand"
                    print_lines(f"Stopped; {left}.")
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)
    return ExitCode.FAILED if given_up else ExitCode.OK


async def _ready_worker(
    host: "Host", name: str, served: "MetricsServer | None", only: Collection[str] | None
) -> "Engine":
    """A worker, once all is printed that there is to print before it begins."""
    from nagorik_platform.registry.records import ADMISSION_CODES

    for plugin in only or ():
        if all(plugin != record.id for record in host.platform.plugins):
            raise CommandRefused(f"no plugin of the id {plugin} is installed: nagorik plugins lists them")
    # Before anything is claimed: no citizen's call waits for an import, and what cannot be imported is named here.
    await host.platform.import_plugins()
    usable = [record for record in host.platform.plugins if record.usable]
    if not usable:
        raise CommandRefused("no plugin can be used: nagorik plugins says why", ExitCode.FAILED)
    print_lines(f"Worker {name}: {len(host.platform.services)} services of {len(usable)} plugins.")
    for record in usable:
        print_lines(f"  {record.id}: {record.source.label}, imported in {record.import_seconds or 0.0:.2f} s")
    for one in host.platform.quarantined:
        if one.code not in ADMISSION_CODES:  # what the host itself keeps out is no news to it
            print_lines(f"  kept out: {one.code}: {one.reason} {one.hint}")
    for each in await host.take_over():
        waiting = "are left to newer workers" if each.left_alone else "wait for an officer: nagorik cases list"
        done = "are taken over" if each.taken_over else waiting
        print_lines(f"{each.applications} applications of {each.before} → {each.after}: {done}.")
    observer = served.observer if served is not None else None
    worker = host.worker(name, observer, read_settings=settings_reader(), only=only)
    print_lines("Working. Ctrl-C or SIGTERM stops it; calls under way are finished first.")
    notify_supervisor("READY=1")
    return worker


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
def _metrics(host: "Host", address: str | None, is_working: Callable[[], bool]) -> Iterator["MetricsServer | None"]:
    """Serve the worker's metrics, where that is wanted."""
    if address is None:
        yield None
        return
    try:
        from nagorik_host.metrics import MetricsServer, WorkerMetrics
    except ImportError:
        raise CommandRefused("the setting metrics needs: pip install 'nagorik-host[metrics]'") from None
    counted = WorkerMetrics(record.id for record in host.platform.plugins)
    server = MetricsServer(counted, host.database, host.clock, is_working)
    bound, _, port = address.rpartition(":")
    with ExitStack() as stack:
        try:
            served = stack.enter_context(server.serving(bound.strip("[]"), int(port)))
        except OSError as error:
            reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
            raise CommandRefused(f"the address of the setting metrics cannot be used: {reason}") from None
        print_lines(f"Metrics: http://{bound}:{served}/metrics, and /live and /ready.")
        yield server


def notify_supervisor(state: str) -> None:
    """Send a state to systemd, if it started this process and wants it, by the protocol of ``sd_notify``."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify, suppress(OSError):
        # If it is gone, work goes on. "@" stands for a name without a file.
        notify.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


command: Final = HostCommand(
    HELP["worker"],
    "worker:work",
    (
        argument(
            "--only",
            action="append",
            metavar="PLUGIN",
            help="make the calls of this plugin, and no others; may be repeated. Run other workers for the others",
        ),
        argument("--name", help="what this worker is known by; the setting worker by default"),
        argument("--once", action="store_true", help="stop as soon as nothing can be done now"),
    ),
    offers_json=False,
    epilog="Any number of workers may run on the same database; on SQLite, on the same machine. SIGTERM or Ctrl-C"
    " stops one once the calls under way are over, each of which ends by its deadline; a second one ends it at once."
    " A worker that is killed is missed when its lease has run out, and another takes over what it had in hand.",
)
