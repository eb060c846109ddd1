"""What a subcommand is."""

import argparse
from enum import IntEnum
from typing import Protocol


class ExitCode(IntEnum):
    """How every command ends."""

    OK = 0
    """All is well, or what was asked for is printed."""
    FINDINGS = 1
    """The command did its work and found something wrong."""
    USAGE = 2
    """The arguments are wrong, or name something that does not exist or cannot be used."""
    FAILED = 3
    """The command itself failed."""


class Command(Protocol):
    """A subcommand: an object that an entry point of the group ``nagorik.commands`` names.

    The entry point's name is the subcommand's. The object is imported when its subcommand is given, so its module
    may import what it likes; an object of the core is also asked for its ``help`` when all commands are listed.
    """

    @property
    def help(self) -> str:
        """One line that says what the command does, without a full stop."""
        ...

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments. A command that prints offers ``--json`` for machines."""
        ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it: results to standard output, errors to standard error, and an ``ExitCode``."""
        ...
