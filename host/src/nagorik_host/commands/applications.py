"""``nagorik apply``, ``act`` and ``track``: an application at the counter, from its file to its end.

What reads files is imported by the commands that are given one.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from nagorik import InputRejected, NagorikError
from nagorik.data_files import DataFileInvalid
from nagorik.errors import ServiceNotOffered
from nagorik_host.commands.render import as_document, find_application, render_application, when
from nagorik_host.commands.running import CommandRefused, opened_host, run_command
from nagorik_host.engine.restoration import catching_up
from nagorik_host.engine.suspensions import SuspensionRecord, list_suspensions
from nagorik_host.host import Host
from nagorik_host.settings import load_host_settings
from nagorik_host.store.application_store import AlreadyOpen, NoSuchApplication
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import KeyMissing, SealBroken
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import add_json_argument, print_error, print_json, print_lines, print_table
from nagorik_platform.lifecycle import Progress
from nagorik_platform.tracebacks import frames_of

if TYPE_CHECKING:
    from nagorik.manifest import Offer


class FieldRefused(Exception):
    """A field of a file that the host can do nothing with; the text names it and not what it holds."""


class AppliedFile(NamedTuple):
    """What became of one file.

    Attributes:
        file: Its name.
        result: Whether it was taken in now, had been before, or cannot be; ``failed`` for no fault of its own.
        application: The application's id, unless it cannot be taken in.
        problem: Why it cannot.
    """

    file: str
    result: Literal["taken", "already-open", "refused", "failed"]
    application: str | None = None
    problem: str = ""


class ApplyCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "take an application in from a file, or all of a folder"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.epilog = (
            "A file is taken in once: applying it again names the application that it became. Nothing is sent before"
            " a worker takes the application in hand. The exit code is 2 if the file was refused, 1 if any of a"
            " folder was, and 3 if any could not be taken in for a fault that is not its own."
        )
        parser.add_argument("path", type=Path, metavar="FILE|FOLDER", help="a JSON file, or a folder of them")
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Take in what can be taken in, and tell each file's result."""
        return run_command(lambda: _apply(arguments.path, as_json=arguments.json))


async def _apply(path: Path, *, as_json: bool) -> int:
    from nagorik_host.application_file import application_files

    try:
        files = application_files(path)
    except DataFileInvalid as problem:
        raise CommandRefused(str(problem)) from None
    settings = load_host_settings()
    async with opened_host(settings) as host:
        documents = FolderDocumentStore(settings.documents, host.vault)
        taken = [await _apply_file(host, documents, file) for file in files]
        stopped = await host.database.run(list_suspensions)
        restoration = await host.database.run(catching_up)
    if as_json:
        print_json({"applications": [one._asdict() for one in taken]})
    else:
        _print_results(taken, stopped)
        if restoration is not None:
            print_lines(
                f"The database was restored on {when(restoration.at)}: what was taken in now is looked up before it"
                " is sent, until nagorik db caught-up."
            )
    results = {one.result for one in taken}
    if "failed" in results:
        return ExitCode.FAILED
    if "refused" in results:
        return ExitCode.USAGE if files == (path,) else ExitCode.FINDINGS
    return ExitCode.OK


def _print_results(taken: list[AppliedFile], stopped: Sequence[SuspensionRecord]) -> None:
    rows = [(one.file, _result_text(one), one.application) for one in taken if one.application is not None]
    if rows:
        print_table(("file", "result", "application"), rows)
    for one in taken:
        if one.application is None:
            print_error(f"{one.file}: {one.problem}")
    for record in stopped:
        _print_suspension(record)


def _print_suspension(record: SuspensionRecord) -> None:
    print_lines(f"Stopped now: {record.kind} {record.name}. {record.reason.en} {record.reason.bn}")


def _result_text(one: AppliedFile) -> str:
    return "taken in · গৃহীত" if one.result == "taken" else "was taken in before · আগেই গৃহীত"


async def _apply_file(host: Host, documents: FolderDocumentStore, path: Path) -> AppliedFile:
    from nagorik_host.application_file import read_application

    refused: Callable[[str], AppliedFile] = lambda problem: AppliedFile(path.name, "refused", None, problem)  # noqa: E731
    try:
        given = read_application(path)
        with _offered("service", given.service, host.platform.services):
            service = host.platform.service(given.service)
        reference = given.reference(host.vault)
        if (there := await _already_applied(host, reference)) is not None:
            return AppliedFile(path.name, "already-open", there)
        if given.gateway is not None:
            with _offered("gateway", given.gateway, host.platform.gateways):
                host.platform.gateway(given.gateway)
        await host.platform.validate(given.service, given.form)
        draft = await given.draft(path, documents, service)
        consent = given.consent.consent(service, host.clock.now()) if given.consent is not None else None
        return AppliedFile(path.name, "taken", await host.apply(draft, consent=consent, client_reference=reference))
    except AlreadyOpen as there_already:
        return AppliedFile(path.name, "already-open", there_already.application)
    except DataFileInvalid as problem:
        return refused(str(problem).removeprefix(f"{path.name}: "))
    except FieldRefused as problem:
        return refused(str(problem))
    except InputRejected as error:
        return refused("; ".join(f"{field.pointer}: {field.text.en} {field.text.bn}" for field in error.fields))
    except NagorikError as error:
        return refused(f"{error.code}: {error.message.en}")
    except (DatabaseUnavailable, KeyMissing, SealBroken):
        raise  # no file that follows would fare better
    except Exception as error:  # noqa: BLE001 - a defect that one file brings to light keeps no other from being taken in
        # The text of an exception may hold anything; its type and place are enough to report it.
        *_, frame = frames_of(error)
        defect = f"{type(error).__name__} at {frame.place}"
        return AppliedFile(path.name, "failed", None, f"not taken in, for no fault of the file: {defect}")


@contextmanager
def _offered(field: str, written: str, known: "Sequence[Offer]") -> Iterator[None]:
    """Say of an offer that is not there which field names it, and which one may be meant."""
    try:
        yield
    except ServiceNotOffered as error:
        likely = get_close_matches(written, [offer.id for offer in known], n=1)
        match error.because:
            case "unknown-service":
                what = f"there is no such {field}"
            case "not-a-service" | "not-a-gateway":
                what = f"this is no {field}"
            case because:
                what = f"its plugin is not used ({because}); nagorik plugins says why"
        meant = f"did you mean {likely[0]}?" if likely else "nagorik services lists what there is"
        raise FieldRefused(f"{field}: {error.code}: {what}; {meant}") from None


async def _already_applied(host: Host, reference: str) -> str | None:
    try:
        return await host.database.run(lambda transaction: host.store.resolve(transaction, reference))
    except NoSuchApplication:
        return None


apply_command: Final = ApplyCommand()


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


async def _take_in(host: Host, progress: Progress, arguments: argparse.Namespace) -> None:
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
    async with opened_host(load_host_settings()) as host:
        document = as_document(await find_application(host, name), host)
    if as_json:
        print_json(document)
    else:
        render_application(document)
    return ExitCode.OK


track_command: Final = TrackCommand()
