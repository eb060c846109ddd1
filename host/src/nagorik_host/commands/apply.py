"""``nagorik apply``: takes applications in from files."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from nagorik import InputRejected, NagorikError
from nagorik.cli.command import ExitCode
from nagorik.cli.output import add_json_argument, print_error, print_json, print_lines, print_table
from nagorik_host.application_file import FileProblem, application_files, read_application
from nagorik_host.commands.running import Refused, opened_host, run_command
from nagorik_host.commands.telling import when
from nagorik_host.documents import FolderDocuments
from nagorik_host.engine.restored import catching_up
from nagorik_host.engine.stops import Stop, stops
from nagorik_host.host import Host
from nagorik_host.settings import load_host_settings
from nagorik_host.store.books import AlreadyOpen, NoSuchApplication


class Taken(NamedTuple):
    """What became of one file.

    Attributes:
        file: Its name.
        result: Whether it was taken in now, had been before, or cannot be.
        application: The application's id, unless it cannot be taken in.
        problem: Why it cannot.
    """

    file: str
    result: Literal["taken", "already-open", "refused"]
    application: str | None = None
    problem: str = ""


class ApplyCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "take an application in from a file, or all of a folder"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.epilog = (
            "A file is taken in once: applying it again names the application that it became. Nothing is sent before"
            " a worker takes the application in hand. The exit code is 1 if any file was refused."
        )
        parser.add_argument("path", type=Path, metavar="FILE|FOLDER", help="a JSON file, or a folder of them")
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Take in what can be taken in, and tell each file's result."""
        return run_command(lambda: _apply(arguments.path, as_json=arguments.json))


async def _apply(path: Path, *, as_json: bool) -> int:
    try:
        files = application_files(path)
    except FileProblem as problem:
        raise Refused(str(problem)) from None
    settings = load_host_settings()
    async with opened_host(settings) as host:
        documents = FolderDocuments(settings.documents, host.vault)
        taken = [await _take(host, documents, file) for file in files]
        stopped = await host.database.run(stops)
        restoration = await host.database.run(catching_up)
    if as_json:
        print_json({"applications": [one._asdict() for one in taken]})
    else:
        _tell(taken, stopped)
        if restoration is not None:
            print_lines(
                f"The books were restored on {when(restoration.at)}: what was taken in now is looked up before it is"
                " sent, until nagorik db caught-up."
            )
    return ExitCode.FINDINGS if any(one.result == "refused" for one in taken) else ExitCode.OK


def _tell(taken: list[Taken], stopped: Sequence[Stop]) -> None:
    rows = [(one.file, _words(one), one.application or "–") for one in taken if one.result != "refused"]
    if rows:
        print_table(("file", "result", "application"), rows)
    for one in taken:
        if one.result == "refused":
            print_error(f"{one.file}: {one.problem}")
    for stop in stopped:
        _tell_stop(stop)


def _tell_stop(stop: Stop) -> None:
    print_lines(f"Stopped now: {stop.kind} {stop.name}. {stop.reason.en} {stop.reason.bn}")


def _words(one: Taken) -> str:
    return "taken in · গৃহীত" if one.result == "taken" else "was taken in before · আগেই গৃহীত"


async def _take(host: Host, documents: FolderDocuments, path: Path) -> Taken:
    refused: Callable[[str], Taken] = lambda problem: Taken(path.name, "refused", None, problem)  # noqa: E731
    try:
        given = read_application(path)
        service = host.platform.service(given.service)
        reference = given.reference(host.vault)
        if (there := await _there(host, reference)) is not None:
            return Taken(path.name, "already-open", there)
        await host.platform.validate(given.service, given.form)
        draft = await given.draft(path.parent, documents)
        consent = given.consent.consent(service, host.clock.now()) if given.consent is not None else None
        return Taken(path.name, "taken", await host.apply(draft, consent=consent, client_reference=reference))
    except AlreadyOpen as there_already:
        return Taken(path.name, "already-open", there_already.application)
    except FileProblem as problem:
        return refused(str(problem).removeprefix(f"{path.name}: "))
    except InputRejected as error:
        return refused("; ".join(f"{field.pointer}: {field.text.en} {field.text.bn}" for field in error.fields))
    except NagorikError as error:
        return refused(f"{error.code}: {error.message.en}")


async def _there(host: Host, reference: str) -> str | None:
    try:
        return await host.database.run(lambda transaction: host.books.named(transaction, reference))
    except NoSuchApplication:
        return None


command: Final = ApplyCommand()
