"""A command of the host: its arguments now, its work when it is run."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from nagorik_host.commands.running import run_command
from nagorik_platform.cli.output import add_json_argument


@dataclass(frozen=True, slots=True)
class HostCommand:
    """A command as ``nagorik.commands`` wants it.

    Attributes:
        help: What it does, in a line.
        arguments: Adds its arguments to a parser; ``works`` says in which coroutine function its work is.
    """

    help: str
    arguments: Callable[[argparse.ArgumentParser], None]

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments."""
        self.arguments(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Import its work and do it."""
        work = resolve_name(arguments.work)
        return run_command(lambda: work(arguments))


def works(parser: argparse.ArgumentParser, work: str) -> None:
    """Let a parser's command be done by ``module:function``, of this package if not dotted, and offer ``--json``."""
    parser.set_defaults(work=work if "." in work else f"nagorik_host.commands.{work}")
    add_json_argument(parser)


def actions_of(parser: argparse.ArgumentParser) -> Any:
    """Let a command have actions, to be added by ``add_action``."""
    return parser.add_subparsers(dest="action", metavar="ACTION", required=True)


def add_action(actions: Any, name: str, work: str, help_: str, **texts: str) -> argparse.ArgumentParser:
    """One more action of a command; ``texts`` are its description and epilog."""
    parser: argparse.ArgumentParser = actions.add_parser(name, help=help_, allow_abbrev=False, **texts)
    works(parser, work)
    return parser


def add_signature(parser: argparse.ArgumentParser, who: str, *, required: bool = True) -> None:
    """``--officer`` and ``--reason``, which are kept."""
    parser.add_argument("--officer", required=required, help=f"{who}; it is kept")
    parser.add_argument("--reason", required=required, help="why; it is kept, so write no citizen's name")
