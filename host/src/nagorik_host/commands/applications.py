"""``nagorik act`` and ``track``: what a citizen does, and where an application is."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nagorik_host.commands.running import CommandRefused, opened_host, run_command
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_json_argument, print_json

if TYPE_CHECKING:
    from nagorik import DocumentReference
    from nagorik_host.host import Host
    from nagorik_host.store.documents import FolderDocumentStore
    from nagorik_platform.lifecycle import Progress

ACTIONS: Final = ("go-on", "corrected", "pay", "pay-again", "withdraw", "received", "consent")


class ActCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "take in what the citizen does: go on, correct, pay, pay again, withdraw, receive, consent"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.add_argument("application", metavar="ID", help="the application's id, or its client reference")
        parser.add_argument("action", choices=ACTIONS, help="what the citizen does")
        parser.add_argument(
            "--form", type=Path, metavar="FILE", help="with corrected: a JSON object of the fields that change"
        )
        parser.add_argument(
            "--document",
            action="append",
            default=[],
            metavar="KIND=FILE",
            dest="documents",
            help="with corrected, as often as needed: a paper, in place of all of its kind that are there",
        )
        parser.add_argument(
            "--acting",
            metavar="WHO",
            help="with --document: who hands it in for the citizen, by an id that is nobody's name; whoever acts by"
            " the consent, if not given",
        )
        parser.add_argument(
            "--gateway",
            metavar="ID",
            help="with pay: what to pay by, such as cashdesk.counter, where none is chosen yet",
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

    _refuse_together(arguments)
    settings = load_host_settings()
    async with opened_host(settings) as host:
        view = await find_application(host, arguments.application)
        try:
            await _take_in(host, settings.documents, view.progress, arguments)
        except DataFileInvalid as problem:
            raise CommandRefused(str(problem)) from None
        document = as_document(await find_application(host, view.progress.id), host)
    if arguments.json:
        print_json(document)
    else:
        render_application(document)
    return ExitCode.OK


def _refuse_together(arguments: argparse.Namespace) -> None:
    """Refuse options that do not go with the action, and an action without what it needs."""
    from nagorik_host.application_file import is_acting

    if (arguments.consent is not None) != (arguments.action == "consent"):
        raise CommandRefused("consent and --consent go together")
    if (arguments.gateway is not None) != (arguments.action == "pay"):
        raise CommandRefused("pay and --gateway go together")
    given = arguments.form is not None or bool(arguments.documents)
    if given != (arguments.action == "corrected"):
        raise CommandRefused("corrected goes together with --form, --document or both")
    if arguments.acting is not None:
        if not arguments.documents:
            raise CommandRefused("--acting says who hands in a --document")
        if not is_acting(arguments.acting):
            raise CommandRefused("--acting takes an id that is nobody's name, such as centre-0042/operator-7")


async def _take_in(host: "Host", folder: Path, progress: "Progress", arguments: argparse.Namespace) -> None:
    from nagorik import NagorikError
    from nagorik.data_files import DataFileInvalid
    from nagorik_host.application_file import read_consent, read_form
    from nagorik_host.store.documents import FolderDocumentStore
    from nagorik_platform.lifecycle import NotPossible

    if arguments.action == "consent":
        service = host.platform.service(progress.service)
        given, at = read_consent(arguments.consent), host.clock.now()
        if problems := list(given.problems(service, at)):
            raise DataFileInvalid(arguments.consent.name, problems)
        await host.consent(progress.id, given.consent(service, at))
        return
    if arguments.action == "pay":
        _refuse_gateway(host, arguments.gateway)
    form = read_form(arguments.form) if arguments.form is not None else None
    store = FolderDocumentStore(folder, host.vault)
    documents = await _kept(host, store, progress, arguments) if arguments.documents else []
    try:
        await host.act(
            progress.id,
            arguments.action,
            form=form,
            documents=documents,
            by=arguments.acting,
            gateway=arguments.gateway,
        )
    except (NagorikError, NotPossible):
        # They belong to nobody. Whatever else ends it, the database may have taken them in: an audit finds out.
        for one in documents:
            store.remove(one.id)
        raise


def _refuse_gateway(host: "Host", gateway: str) -> None:
    """Refuse what is no gateway here, and name those that are."""
    known = sorted(one.id for one in host.platform.gateways)
    if gateway not in known:
        raise CommandRefused(f"there is no such gateway here; there is {', '.join(known) or 'none'}")


async def _kept(
    host: "Host", store: "FolderDocumentStore", progress: "Progress", arguments: argparse.Namespace
) -> "list[DocumentReference]":
    """The papers that were given, in the store; all are looked at before any is kept."""
    from nagorik_host.document_files import DocumentRefused, wanted_document

    given = [(kind, Path(file)) for kind, _, file in (one.partition("=") for one in arguments.documents)]
    if any(not kind or not file.name for kind, file in given):
        raise CommandRefused("write --document KIND=FILE, such as --document utility-bill=bill.pdf")
    service = host.platform.service(progress.service)
    kept: list[DocumentReference] = []
    try:
        for kind, file in given:
            with wanted_document(service, kind, file):
                pass
        for kind, file in given:
            with wanted_document(service, kind, file) as paper:
                kept.append(await store.take(kind, paper.media_type, paper.pieces()))
    except BaseException as error:
        for one in kept:
            store.remove(one.id)
        if isinstance(error, DocumentRefused):
            raise CommandRefused(f"{error.text.en} {error.text.bn}") from None
        raise
    return kept


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
