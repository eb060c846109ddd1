"""``nagorik act``: what only the citizen can do, at the counter."""

import argparse
from pathlib import Path
from typing import Final

from nagorik.cli.command import ExitCode
from nagorik.cli.output import add_json_argument, print_json
from nagorik.journey import Progress
from nagorik_host.application_file import FileProblem, read_consent, read_form
from nagorik_host.commands.running import Refused, opened_host, run_command
from nagorik_host.commands.telling import as_document, find, tell
from nagorik_host.host import Host
from nagorik_host.settings import load_host_settings

ACTIONS: Final = ("go-on", "corrected", "pay-again", "withdraw", "received", "consent")


class ActCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "take in what the citizen does: go on, correct, pay again, withdraw, receive, consent"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("application", metavar="ID", help="the application's id, or its client reference")
        parser.add_argument("action", choices=ACTIONS, help="what the citizen does")
        parser.add_argument(
            "--form", type=Path, metavar="FILE", help="with corrected: a JSON object of the fields that change"
        )
        parser.add_argument(
            "--consent", type=Path, metavar="FILE", help="with consent: a JSON object as in an application's file"
        )
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Take it in, and tell where the application is then."""
        return run_command(lambda: _act(arguments))


async def _act(arguments: argparse.Namespace) -> int:
    for option, action in (("form", "corrected"), ("consent", "consent")):
        if (getattr(arguments, option) is not None) != (arguments.action == action):
            raise Refused(f"{action} and --{option} go together")
    async with opened_host(load_host_settings()) as host:
        whole = await find(host, arguments.application)
        try:
            await _take_in(host, whole.progress, arguments)
        except FileProblem as problem:
            raise Refused(str(problem)) from None
        document = as_document(await find(host, whole.progress.id), host)
    if arguments.json:
        print_json(document)
    else:
        tell(document)
    return ExitCode.OK


async def _take_in(host: Host, progress: Progress, arguments: argparse.Namespace) -> None:
    if arguments.action == "consent":
        service = host.platform.service(progress.service)
        await host.consent(progress.id, read_consent(arguments.consent).consent(service, host.clock.now()))
    else:
        form = read_form(arguments.form) if arguments.form is not None else None
        await host.act(progress.id, arguments.action, form=form)


command: Final = ActCommand()
