"""``nagorik simulate``: a simulated agency on this machine, until it is stopped."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.markup import escape

from nagorik.data_files import DataFileInvalid
from nagorik_platform.plugin_settings import environment_prefix
from nagorik_testing.simulator.base import (
    ADMIN_PATH,
    Simulator,
    SimulatorUnusable,
    installed_simulators,
    load_simulator,
)
from nagorik_testing.simulator.clock import FlowingClock
from nagorik_testing.simulator.loopback import serve

_STOPPED: Final = 0
_UNUSABLE: Final = 2
_HIGHEST_PORT: Final = 65_535
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class SimulateCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "serve a simulated agency on this machine"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("plugin", nargs="?", metavar="ID", help="the plugin whose agency is simulated")
        parser.add_argument(
            "--all", action="store_true", help="serve every installed simulator, each on its own port"
        )
        parser.add_argument(
            "--port", type=port_number, default=0, help="the port on 127.0.0.1; a free one by default"
        )
        parser.add_argument("--seed", type=int, default=0, help="from which references and people are drawn")
        parser.add_argument(
            "--speed", type=float, default=1.0, help="simulated seconds in a second; 3600 lets a day pass in 24 s"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document a simulator, one a line")

    def run(self, arguments: argparse.Namespace) -> int:
        """Serve until SIGINT or SIGTERM; the exit code: 0, or 2 where there is nothing to serve."""
        try:
            simulators = _choose(arguments)
            asyncio.run(_serve(simulators, port=arguments.port, as_json=arguments.json))
        except (SimulatorUnusable, DataFileInvalid) as problem:
            sys.stderr.write(f"{problem}\n")
            return _UNUSABLE
        except OSError as problem:
            sys.stderr.write(f"127.0.0.1:{arguments.port} cannot be used: {problem.strerror}\n")
            return _UNUSABLE
        return _STOPPED


command: Final = SimulateCommand()


def port_number(text: str) -> int:
    """The port that a command's argument names; 0 for a free one."""
    port = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= port <= _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 0 to {_HIGHEST_PORT}")
    return port


def _choose(arguments: argparse.Namespace) -> list[Simulator]:
    """Make the simulators that were asked for, all on one clock so that they agree on the time.

    Raises:
        SimulatorUnusable: When there is none of that name, or it cannot be used.
    """
    try:
        clock = FlowingClock(datetime.now(UTC), speed=arguments.speed)
    except ValueError as problem:
        raise SimulatorUnusable(f"--speed: {problem}") from None
    installed = installed_simulators()
    names = list(installed) if arguments.all else [arguments.plugin] if arguments.plugin else []
    known = ", ".join(installed) or "none: install a plugin that brings one"
    if not names:
        raise SimulatorUnusable(f"name a plugin, or --all; installed simulators: {known}")
    if missing := [name for name in names if name not in installed]:
        raise SimulatorUnusable(f"no simulator of {', '.join(missing)} is installed; installed simulators: {known}")
    if len(names) > 1 and arguments.port:
        raise SimulatorUnusable("--port is for one simulator; with --all each takes a free port")
    return [load_simulator(installed[name])(clock=clock, seed=arguments.seed) for name in names]


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set until the block ends."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _serve(simulators: list[Simulator], *, port: int, as_json: bool) -> None:
    async with AsyncExitStack() as served:
        stop = served.enter_context(stop_signals())
        for simulator in simulators:
            base_url = await served.enter_async_context(serve(simulator, port=port))
            _announce(simulator, base_url, as_json=as_json)
        await stop.wait()


def _announce(simulator: Simulator, base_url: str, *, as_json: bool) -> None:
    prefix = environment_prefix(simulator.plugin_id)
    exports = {f"{prefix}{name.upper()}": str(value) for name, value in simulator.settings(base_url).items()}
    document: dict[str, object] = {
        "plugin": simulator.plugin_id,
        "base_url": base_url,
        "admin_url": base_url + ADMIN_PATH,
        "modelled": simulator.modelled,
        "conditions": [str(condition) for condition in simulator.conditions.all],
    }
    if as_json:
        sys.stdout.write(json.dumps({**document, "environment": exports}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"[bold]{escape(simulator.plugin_id)}[/] simulated at [bold]{base_url}[/]")
    console.print(f"  admin     {base_url}{ADMIN_PATH}")
    console.print(f"  modelled  {escape(simulator.modelled)}")
    for condition in simulator.conditions.all:
        console.print(f"  condition {escape(str(condition))}")
    for name, value in exports.items():
        console.print(f"  export {name}={escape(value)}")
    console.print("  Ctrl-C stops it; nothing of it is kept.")
