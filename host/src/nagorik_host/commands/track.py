"""``nagorik track``: where an application is, and everything that happened to it."""

import argparse
from typing import Final

from nagorik.cli.command import ExitCode
from nagorik.cli.output import add_json_argument, print_json
from nagorik_host.commands.running import opened_host, run_command
from nagorik_host.commands.telling import as_document, find, tell
from nagorik_host.settings import load_host_settings


class TrackCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "tell where an application is and everything that happened to it"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("application", metavar="ID", help="the application's id, or its client reference")
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Tell it, in Bangla and English."""
        return run_command(lambda: _track(arguments.application, as_json=arguments.json))


async def _track(name: str, *, as_json: bool) -> int:
    async with opened_host(load_host_settings()) as host:
        document = as_document(await find(host, name), host)
    if as_json:
        print_json(document)
    else:
        tell(document)
    return ExitCode.OK


command: Final = TrackCommand()
