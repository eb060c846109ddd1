"""A command of the host: its arguments as data; its work is imported when it is run."""

import argparse
from collections.abc import Callable
from functools import partial
from operator import methodcaller
from pkgutil import resolve_name
from typing import Any, Final

from nagorik_platform.cli.output import add_json_argument

Argument = Callable[[Any], object]
"""Adds an argument to a parser."""


argument: Final = partial(methodcaller, "add_argument")
"""An argument, as ``ArgumentParser.add_argument`` takes it."""


APPLICATION: Final = argument("application", metavar="ID", help="the application's id, or its client reference")


class HostCommand:
    """A command as ``nagorik.commands`` wants it, or an action of one; it has a work and arguments, or actions.

    The work is a coroutine function ``module:function``, in ``nagorik_host.commands`` if the module has no dots. It
    returns a ``CommandResult``, or an exit code where it prints by itself.
    """

    def __init__(
        self, help_: str, work: str = "", *arguments: Argument, offers_json: bool = True, **actions: "HostCommand"
    ) -> None:
        """Declare what it does in a line, its work, its arguments and whether it has ``--json``; or its actions."""
        self.help, self._actions = help_, actions
        self._work = work if "." in work else f"nagorik_host.commands.{work}"
        self._arguments = (*arguments, add_json_argument) if offers_json else arguments

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments or actions."""
        if self._actions:
            group = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
            for name, action in self._actions.items():
                action.configure(group.add_parser(name.replace("_", "-"), help=action.help, allow_abbrev=False))
            return
        parser.set_defaults(work=self._work)
        for add in self._arguments:
            add(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Import its work, do it, and print what it found."""
        from nagorik_host.commands.running import run_command

        work = resolve_name(arguments.work)

        async def do() -> int:
            found = await work(arguments)
            if isinstance(found, int):
                return found
            found.print(as_json=arguments.json)
            return int(found.code)

        return run_command(do)
