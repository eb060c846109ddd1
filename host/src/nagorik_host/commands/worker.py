"""``nagorik worker``: carries applications until it is told to stop."""

import argparse
import asyncio
import errno
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from nagorik_host.commands import HELP
from nagorik_host.commands.running import CommandRefused, opened_host, run_command
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import print_lines

if TYPE_CHECKING:
    from nagorik_host.engine.engine import Engine
    from nagorik_host.engine.observers import WorkerObserver
    from nagorik_host.engine.plugins import PluginTakeover
    from nagorik_host.engine.reloads import ReadSettings
    from nagorik_host.host import Host
    from nagorik_host.metrics import MetricsServer
    from nagorik_host.settings import HostSettings
    from nagorik_platform import PluginConfiguration

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The first of them lets calls under way come to their end; the second does not."""
CLOSING: Final = 10.0
"""Seconds in which threads that a plugin left behind have to end once all is done."""
LAST_MOMENT: Final = 3.0
"""Seconds in which a worker that is to end at once writes down what it gives up; after that it ends regardless of
what a plugin's code still waits for."""


class WorkerCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = HELP["worker"]

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.epilog = (
            "Any number of workers may run on the same database; on SQLite, on the same machine. SIGTERM or Ctrl-C"
            " stops one once the calls under way are over, each of which ends by its deadline; a second one ends it"
            " at once. A worker that is killed is missed when its lease has run out, and another takes over what it"
            " had in hand."
        )
        parser.add_argument(
            "--only",
            action="append",
            metavar="PLUGIN",
            help="make the calls of this plugin, and no others; may be repeated. Run other workers for the others",
        )
        parser.add_argument("--name", help="what this worker is known by; the setting worker by default")
        parser.add_argument(
            "--once", action="store_true", help="stop as soon as nothing is in hand and nothing can be done now"
        )

    def run(self, arguments: argparse.Namespace) -> int:
        """Work; exit code 0 when stopped, 3 when calls were given up or the database is outdated or goes away.

        A worker whose event loop stands still for its lease and half a minute ends with 1.
        """
        from nagorik_host.settings import load_host_settings

        stop, at_once = asyncio.Event(), asyncio.Event()

        async def do() -> int:
            settings = load_host_settings()
            name, only = arguments.name or settings.worker, arguments.only
            return await _work(settings, name, stop, at_once, once=arguments.once, only=only)

        try:
            level = load_host_settings().log_level
        except ValueError:
            level = "WARNING"  # what is wrong is told when the settings are read for use
        return run_command(do, log_level=level, run=_run)


async def _work(
    settings: "HostSettings",
    name: str,
    stop: asyncio.Event,
    at_once: asyncio.Event,
    *,
    once: bool,
    only: Collection[str] | None,
) -> int:
    from nagorik_host.engine.watchdog import patience_of, watching

    loop = asyncio.get_running_loop()
    workers: list[Engine] = []

    def heed() -> None:
        if not stop.is_set():
            stop.set()
        elif not at_once.is_set():
            held = workers[0].in_hand if workers else ()
            _print_given_up(held)
            at_once.set()
            # What is to be written down may wait for a database, and a plugin's code for nobody knows what.
            loop.call_later(LAST_MOMENT, os._exit, int(ExitCode.FAILED))

    for number in SIGNALS:
        loop.add_signal_handler(number, heed)
    alive = asyncio.create_task(_tell_alive())
    try:
        with watching(patience_of(settings.lease)):
            async with opened_host(settings) as host:
                with _metrics(host, settings.metrics) as served:
                    worker = await _ready_worker(host, name, served, only)
                    workers.append(worker)
                    stopping = asyncio.create_task(_tell_stopping(stop, served))
                    try:
                        given_up = await worker.run(stop, until_idle=once, at_once=at_once)
                    finally:
                        stopping.cancel()
                    if given_up:
                        print_lines(f"Stopped; {given_up} calls were given up.")
    finally:
        alive.cancel()
        for number in SIGNALS:
            loop.remove_signal_handler(number)
    if given_up:
        return ExitCode.FAILED
    print_lines("Stopped; nothing is in hand.")
    return ExitCode.OK


async def _ready_worker(
    host: "Host", name: str, served: "Served | MetricsServer", only: Collection[str] | None
) -> "Engine":
    """A worker, once all is printed that there is to print before it begins.

    Raises:
        CommandRefused: A plugin that it is to call is not installed, or none can be used.
    """
    for plugin in only or ():
        if all(plugin != record.id for record in host.platform.plugins):
            raise CommandRefused(f"no plugin of the id {plugin} is installed: nagorik plugins lists them")
    # Before anything is taken in hand: no citizen's call waits for an import, and what cannot be imported is told
    # here.
    await host.platform.import_plugins()
    _print_composition(host, name)
    _print_takeovers(await host.take_over())
    worker = host.worker(name, served.observer, read_settings=_settings_reader(), only=only)
    served.working(is_so=True)
    print_lines("Working. Ctrl-C or SIGTERM stops it; calls under way are finished first.")
    tell_supervisor("READY=1")
    return worker


def _settings_reader() -> "ReadSettings":
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


def _run(do: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run the worker on an event loop of its own, whose end waits ``CLOSING`` seconds for a plugin's threads."""
    runner, ended = asyncio.Runner(), list[int]()
    try:
        ended.append(runner.run(do()))
    finally:
        closing = threading.Timer(CLOSING, _give_up, ended)
        closing.daemon = True
        closing.start()
        runner.close()
        closing.cancel()
    return ended[0]


def _give_up(code: int = ExitCode.FAILED) -> None:
    """End without waiting for a plugin's threads, which hang; all that was in hand has been reported."""
    sys.stdout.flush()
    os._exit(code)


async def _tell_alive() -> None:
    """Tell systemd, if it watches this process, that its event loop turns: twice as often as it wants to hear."""
    wanted = os.environ.get("WATCHDOG_USEC", "")
    is_watched = wanted.isascii() and wanted.isdigit() and int(wanted) > 0
    if not is_watched or os.environ.get("WATCHDOG_PID") not in {None, str(os.getpid())}:
        return
    while True:
        tell_supervisor("WATCHDOG=1")
        await asyncio.sleep(int(wanted) / 2_000_000)


def _print_given_up(held: Sequence[str]) -> None:
    print_lines(
        f"Ending at once. {len(held)} applications are in hand; whoever takes them over looks up what was sent:",
        *(f"  {one}" for one in held),
    )


async def _tell_stopping(stop: asyncio.Event, served: "Served | MetricsServer") -> None:
    await stop.wait()
    served.working(is_so=False)
    tell_supervisor("STOPPING=1")


class Served:
    """What is told of a worker over HTTP: nothing, where no address is set."""

    observer: "WorkerObserver | None" = None

    def working(self, *, is_so: bool) -> None:
        """Say that the worker takes applications in hand, or does so no more."""


@contextmanager
def _metrics(host: "Host", address: str | None) -> Iterator["Served | MetricsServer"]:
    """Serve the worker's metrics, where that is wanted.

    Raises:
        CommandRefused: The address cannot be used, or what serves them is not installed.
    """
    if address is None:
        yield Served()
        return
    try:
        from nagorik_host.metrics import MetricsServer, WorkerMetrics
    except ImportError:
        raise CommandRefused("the setting metrics needs: pip install 'nagorik-host[metrics]'") from None
    counted = WorkerMetrics(record.id for record in host.platform.plugins)
    server = MetricsServer(counted, host.database, host.clock)
    bound, _, port = address.rpartition(":")
    with ExitStack() as stack:
        try:
            served = stack.enter_context(server.serving(bound.strip("[]"), int(port)))
        except OSError as error:
            reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
            raise CommandRefused(f"the address of the setting metrics cannot be used: {reason}") from None
        print_lines(f"Metrics: http://{bound}:{served}/metrics, and /live and /ready.")
        yield server


def tell_supervisor(state: str) -> None:
    """Tell systemd, if it started this process and wants to be told, by the protocol of ``sd_notify``."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify, suppress(OSError):
        # Whoever started this may be gone; that is no reason to stop working. "@" stands for a name without a file.
        notify.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


def _print_composition(host: "Host", name: str) -> None:
    from nagorik_platform.registry.records import ADMISSION_CODES

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
    # What the host itself keeps out is no news to it.
    broken = (one for one in host.platform.quarantined if one.code not in ADMISSION_CODES)
    print_lines(*(f"  kept out: {one.code}: {one.reason} {one.hint}" for one in broken))


def _print_takeovers(takeovers: "Sequence[PluginTakeover]") -> None:
    for takeover in takeovers:
        if takeover.taken_over:
            done = "are taken over"
        elif takeover.left_alone:
            done = "are left to workers that have the newer release"
        else:
            done = "wait for an officer, since it is another release line: nagorik cases list"
        print_lines(f"{takeover.applications} applications of {takeover.before} → {takeover.after}: {done}.")


command: Final = WorkerCommand()
