"""``nagorik act`` and ``track``: what a citizen does, and where an application is."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nagorik_host.commands.running import CommandRefused, opened_host, run_command
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_json_argument, print_json

if TYPE_CHECKING:
    from nagorik_host.host import Host
    from nagorik_platform.lifecycle import Progress

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
    from nagorik.data_files import DataFileInvalid
    from nagorik_host.commands.render import as_document, find_application, render_application
    from nagorik_host.settings import load_host_settings

    for option, action in (("form", "corrected"), ("consent", "consent")):
        if (getattr(arguments, option) is not None) != (arguments.action == action):
            raise CommandRefused(f"{action} and --{option} go together")
    async with opened_host(load_host_settings()) as host:
        view = await find_application(host, arguments.application)
        try:
            await _take_in(host, view.progress, arguments)
        except DataFileInvalid as problem:
            raise CommandRefused(str(problem)) from None
        document = as_document(await find_application(host, view.progress.id), host)
    if arguments.json:
        print_json(document)
    else:
        render_application(document)
    return ExitCode.OK


async def _take_in(host: "Host", progress: "Progress", arguments: argparse.Namespace) -> None:
    from nagorik_host.application_file import read_consent, read_form

    if arguments.action == "consent":
        service = host.platform.service(progress.service)
        await host.consent(progress.id, read_consent(arguments.consent).consent(service, host.clock.now()))
    else:
        form = read_form(arguments.form) if arguments.form is not None else None
        await host.act(progress.id, arguments.action, form=form)


act_command: Final = ActCommand()


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
    from nagorik_host.commands.render import as_document, find_application, render_application
    from nagorik_host.settings import load_host_settings

    async with opened_host(load_host_settings()) as host:
        document = as_document(await find_application(host, name), host)
    if as_json:
        print_json(document)
    else:
        render_application(document)
    return ExitCode.OK


track_command: Final = TrackCommand()
