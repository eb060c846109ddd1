"""The command ``nagorik demo``."""

import argparse
import asyncio
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from rich.console import Console

from nagorik import NagorikError
from nagorik.data_files import DataFileInvalid
from nagorik_platform.cli.commands import CommandFailed, ExitCode
from nagorik_platform.logs import configure_logging
from nagorik_simulation.command_lines import HELP
from nagorik_simulation.demo.closing import as_json, print_closing
from nagorik_simulation.demo.display import ProgressPrinter
from nagorik_simulation.demo.example import ExampleProblem, read_examples
from nagorik_testing.simulator.base import SimulatorUnusable
from nagorik_testing.simulator.command import port_number

EXAMPLES: Final = Path("examples") / "applications"

WITHOUT_TERMINAL: Final = 120

FASTEST: Final = 100_000


class DemoCommand:
    """Carries example applications from eligibility to delivery."""

    help = HELP["demo"]

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's arguments."""
        parser.description = (
            "Starts the simulators of all installed plugins on this machine, reads the application files of a folder,"
            " and takes each application through eligibility, quote, payment, submission and status to delivery."
            " The durable host does it, with its database in a SQLite file. Time is simulated: weeks pass in seconds."
            " No real agency is called. The exit code is 0 if every application ended as its file expects, 1 if one"
            " did not, 2 if the files cannot be played."
        )
        parser.add_argument(
            "folder",
            nargs="?",
            type=Path,
            default=EXAMPLES,
            help=f"the folder of application files (default: {EXAMPLES})",
        )
        parser.add_argument(
            "--kill",
            action="store_true",
            help="run the worker in a process of its own, and kill it when an agency has filed and not yet answered",
        )
        parser.add_argument(
            "--serve",
            action="store_true",
            help="leave the simulated country running, with the desk and the API of nagorik-portal, until Ctrl-C",
        )
        parser.add_argument("--port", type=port_number, default=0, help="of the desk; a free one by default")
        parser.add_argument(
            "--pace",
            type=_pace,
            default=1440.0,
            help="with --serve: simulated seconds in a second; by default a day passes in a minute",
        )
        parser.add_argument("--json", action="store_true", help="print the result as data, and nothing else")

    def run(self, arguments: argparse.Namespace) -> int:
        """Play the examples; the exit code says whether all ended as expected."""
        configure_logging(level="ERROR")
        if arguments.serve:
            return _serve(arguments)
        from nagorik_simulation.demo.play import play

        console = _console()
        try:
            examples = read_examples(arguments.folder)
            display = ProgressPrinter(Console(quiet=True) if arguments.json else console)
            entries = asyncio.run(play(examples, display, kill=arguments.kill))
        except (ExampleProblem, DataFileInvalid, SimulatorUnusable, NagorikError) as error:
            raise CommandFailed(str(error), ExitCode.USAGE) from None
        if arguments.json:
            sys.stdout.write(as_json(entries) + "\n")
        else:
            print_closing(console, entries)
        return ExitCode.FINDINGS if any(entry.problems for entry in entries) else ExitCode.OK


def _serve(arguments: argparse.Namespace) -> int:
    if find_spec("nagorik_portal") is None:
        raise CommandFailed("--serve needs the desk: pip install nagorik-portal", ExitCode.USAGE)
    from nagorik_simulation.demo.country import serve_country

    try:
        asyncio.run(serve_country(arguments.port, arguments.pace, as_json=arguments.json))
    except (SimulatorUnusable, OSError) as error:
        raise CommandFailed(str(error), ExitCode.USAGE) from None
    return ExitCode.OK


def _pace(text: str) -> float:
    pace = float(text)
    if not 1 <= pace <= FASTEST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a pace, 1 to {FASTEST}")
    return pace


def _console() -> Console:
    """As wide as the terminal; wide enough for the table elsewhere, such as in a log."""
    console = Console()
    return console if console.is_terminal and console.width else Console(width=WITHOUT_TERMINAL)


command: Final = DemoCommand()
