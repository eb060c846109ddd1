"""A command of the host: its arguments as data; its work is imported when it is run."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import methodcaller
from pkgutil import resolve_name
from typing import Any, Final

from nagorik_host.commands.running import run_command
from nagorik_platform.cli.output import add_json_argument

Argument = Callable[[Any], object]
"""Adds an argument to a parser."""


def argument(*names: str, **options: Any) -> Argument:
    """An argument, as ``ArgumentParser.add_argument`` takes it."""
    return methodcaller("add_argument", *names, **options)


def one_of(*arguments: Argument, required: bool = False) -> Argument:
    """Arguments of which at most one may be given."""

    def add(parser: argparse.ArgumentParser) -> None:
        group = parser.add_mutually_exclusive_group(required=required)
        for one in arguments:
            one(group)

    return add


APPLICATION: Final = argument("application", metavar="ID", help="the application's id, or its client reference")


@dataclass(frozen=True, slots=True)
class HostCommand:
    """A command as ``nagorik.commands`` wants it, or an action of one.

    Attributes:
        help: What it does, in a line.
        work: The coroutine function ``module:function``, in ``nagorik_host.commands`` if the module has no dots. It
            returns a ``Result``, or an exit code where it prints by itself.
        arguments: Its arguments.
        actions: Its actions by name, in place of work and arguments.
        offers_json: Whether it has ``--json`` beside them.
        epilog: What stands below them.
    """

    help: str
    work: str = ""
    arguments: Sequence[Argument] = ()
    actions: Mapping[str, "HostCommand"] = field(default_factory=dict)
    offers_json: bool = True
    epilog: str | None = None

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments or actions."""
        parser.epilog = self.epilog
        if self.actions:
            actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
            for name, action in self.actions.items():
                action.configure(actions.add_parser(name, help=action.help, allow_abbrev=False))
            return
        parser.set_defaults(work=self.work if "." in self.work else f"nagorik_host.commands.{self.work}")
        for add in (*self.arguments, *([add_json_argument] if self.offers_json else [])):
            add(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Import its work, do it, and print what it found."""
        work = resolve_name(arguments.work)

        async def do() -> int:
            found = await work(arguments)
            if isinstance(found, int):
                return found
            found.print(as_json=arguments.json)
            return int(found.code)

        return run_command(do)
