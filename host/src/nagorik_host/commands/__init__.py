"""What an operator types.

A command's work is imported when it is run: a list of all commands and a command's help come at once.
"""

from collections.abc import Mapping
from typing import Final

from nagorik_host.commands import arguments
from nagorik_host.commands.command import HostCommand

HELP: Final[Mapping[str, str]] = {
    "audit": "verify all that was written; find documents that are missing or belong to no application",
    "worker": "carry applications: make the calls that are due, until stopped",
    **{name: one.help for name, one in vars(arguments).items() if isinstance(one, HostCommand)},
}
"""What each command does, in a line, by its name."""
