"""``nagorik apply``: applications are taken in from files.

A folder is taken in some dozens of files at a time, each of them as a whole in one transaction, a few side by side.
Whatever ends it in the middle, each file is told of: it is in, it is not, or it has to be applied again to know.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

from nagorik_host.commands.running import CommandRefused, ending_of, opened_host, run_command
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.cli.output import (
    Document,
    add_json_argument,
    print_error,
    print_json,
    print_lines,
    print_plain,
    print_table,
)
from nagorik_platform.tracebacks import type_name

if TYPE_CHECKING:
    from sqlalchemy import Select

    from nagorik.manifest import Offer
    from nagorik_host.application_file import ApplicationFile
    from nagorik_host.document_files import DocumentFolder
    from nagorik_host.engine.suspensions import SuspensionRecord
    from nagorik_host.host import Host, NewApplication
    from nagorik_host.store.database import Transaction
    from nagorik_host.store.documents import FolderDocumentStore

TOGETHER: Final = 50
"""Files that are taken in by one transaction."""
LARGEST_TOGETHER: Final = 2_000_000
"""Bytes of the files that are taken in by one transaction, unless one alone has more; read, they take several times
as much memory."""
SIDE_BY_SIDE: Final = 4
"""Transactions at a time, and documents that are in memory at a time."""
TOLD: Final = 1000
"""Files after which a line says how far it is, where no terminal shows it."""
LISTED: Final = 200
"""Results up to which they are laid out as a table."""

FileResult = Literal["taken", "already-open", "refused", "failed", "not-reached"]


class FieldRefused(Exception):
    """A field of a file that the host can do nothing with; the text names it and not what it holds."""


class AppliedFile(NamedTuple):
    """What became of one file.

    Attributes:
        file: Its name.
        result: Whether it was taken in now, had been before, or cannot be; ``failed`` for no fault of its own, and
            ``not-reached`` where something else ended it all before.
        application: The application's id, unless it was not taken in.
        problem: Why it was not; of one that had been before, which papers beside the file it does not have.
    """

    file: str
    result: FileResult
    application: str | None = None
    problem: str = ""


@dataclass(slots=True)
class FolderOutcome:
    """What became of all files, in their order.

    Attributes:
        files: One for each.
        ended_by: What ended it before all were reached, if anything did.
    """

    files: list[AppliedFile]
    ended_by: Exception | None = None


class _Read(NamedTuple):
    """A file that was read, and the hash of its reference."""

    path: Path
    given: "ApplicationFile"
    reference: str


class ApplyCommand:
    """The command as ``nagorik.commands`` wants it."""

    help = "take an application in from a file, or all of a folder"

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""
        parser.epilog = (
            "A file is taken in once: applying it again names the application that it became, so whatever ended it"
            " in the middle, apply the folder again. Nothing is sent before a worker takes the application in hand."
            " The exit code is 2 if the file was refused, 1 if any of a folder was or if one that was taken in before"
            " has other papers beside it now, and 3 if any could not be taken in for a fault that is not its own, or"
            " was not reached."
        )
        parser.add_argument("path", type=Path, metavar="FILE|FOLDER", help="a JSON file, or a folder of them")
        add_json_argument(parser)

    def run(self, arguments: argparse.Namespace) -> int:
        """Take in what can be taken in, and tell each file's result."""
        return run_command(lambda: _apply(arguments.path, as_json=arguments.json))


async def _apply(path: Path, *, as_json: bool) -> int:
    from nagorik.data_files import DataFileInvalid
    from nagorik_host.application_file import application_files
    from nagorik_host.engine.restoration import Restoration, catching_up
    from nagorik_host.engine.suspensions import list_suspensions
    from nagorik_host.settings import load_host_settings
    from nagorik_host.store.documents import FolderDocumentStore

    try:
        files = application_files(path)
    except DataFileInvalid as problem:
        raise CommandRefused(str(problem)) from None
    settings = load_host_settings()
    stopped: Sequence[SuspensionRecord] = ()
    restoration: Restoration | None = None
    charged: Sequence[Document] = ()
    async with opened_host(settings) as host:
        with _progress(len(files)) as progress, _heeding_signals() as is_ending:
            documents = FolderDocumentStore(settings.documents, host.vault)
            outcome = await apply_files(host, documents, files, progress=progress.advance, is_ending=is_ending)
        if outcome.ended_by is None:
            stopped = await host.database.run(list_suspensions)
            restoration = await host.database.run(catching_up)
            charged = await _charged(host, outcome)
    if outcome.ended_by is not None and all(one.application is None for one in outcome.files):
        raise outcome.ended_by
    _tell(outcome, stopped, charged, as_json=as_json)
    if restoration is not None and not as_json:
        from nagorik_toolkit.texts import moment_text

        print_lines(
            f"The database was restored on {moment_text(restoration.at).en}: what was taken in now is looked up"
            " before it is sent, until nagorik db caught-up."
        )
    results = {one.result for one in outcome.files}
    if results & {"failed", "not-reached"}:
        return ExitCode.FAILED
    if "refused" in results:
        return ExitCode.USAGE if files == (path,) else ExitCode.FINDINGS
    return ExitCode.FINDINGS if any(one.problem for one in outcome.files) else ExitCode.OK


async def apply_files(
    host: "Host",
    documents: "FolderDocumentStore",
    files: Sequence[Path],
    *,
    progress: Callable[[Sequence[AppliedFile]], None] = lambda _: None,
    is_ending: Callable[[], bool] = lambda: False,
) -> FolderOutcome:
    """Take in what can be taken in of ``files``.

    Args:
        host: Where they are taken in.
        documents: Where their documents are put.
        files: The files.
        progress: Is told what became of each few, as soon as it is known.
        is_ending: Whether to begin no more of them.
    """
    from nagorik_host.document_files import DocumentFolder

    done: dict[Path, AppliedFile] = {}
    outcome = FolderOutcome([])
    chunks = _chunks(files)

    async def work(folders: dict[Path, DocumentFolder]) -> None:
        for chunk in chunks:
            if is_ending() or outcome.ended_by is not None:
                return
            try:
                found = await _apply_together(host, documents, chunk, folders)
            except _no_file_fares_better() as error:
                outcome.ended_by = error
                problem = "the database may have it or not: apply it again to know"
                found = {path: AppliedFile(path.name, "failed", None, problem) for path in chunk}
            done.update(found)
            progress(list(found.values()))

    with ExitStack() as opened:
        # Opened once: what takes a folder's place while it is read is not looked into.
        parents = dict.fromkeys(path.parent for path in files)
        folders = {parent: opened.enter_context(DocumentFolder(parent)) for parent in parents}
        async with asyncio.TaskGroup() as group:
            for _ in range(SIDE_BY_SIDE):
                group.create_task(work(folders))
    not_reached = partial(AppliedFile, result="not-reached", problem="not reached: apply it again")
    outcome.files = [done.get(path) or not_reached(path.name) for path in files]
    return outcome


def _chunks(files: Sequence[Path]) -> Iterator[list[Path]]:
    """Files that are taken in together, in their order: neither too many nor too much."""
    chunk: list[Path] = []
    room = LARGEST_TOGETHER
    for path in files:
        size = _size(path)
        if chunk and (len(chunk) == TOGETHER or size > room):
            yield chunk
            chunk, room = [], LARGEST_TOGETHER
        chunk.append(path)
        room -= size
    if chunk:
        yield chunk


def _size(path: Path) -> int:
    """Bytes of a file; none of one that cannot be read, which is told when its turn comes."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _no_file_fares_better() -> tuple[type[Exception], ...]:
    from nagorik_host.store.database import DatabaseUnavailable
    from nagorik_host.vault import KeyMissing, SealBroken

    return DatabaseUnavailable, KeyMissing, SealBroken


async def _apply_together(
    host: "Host",
    documents: "FolderDocumentStore",
    paths: Sequence[Path],
    folders: "Mapping[Path, DocumentFolder]",
) -> dict[Path, AppliedFile]:
    """Take a few files in by one transaction; one by one where that fails."""
    from nagorik_host.store.application_store import AlreadyErased

    found: dict[Path, AppliedFile] = {}
    read: list[_Read] = []
    for path in paths:
        try:
            read.append(_read(host, path))
        except Exception as error:  # noqa: BLE001 - a defect that one file brings to light keeps no other from being taken in
            found[path] = _refused(path, error)
    references = [one.reference for one in read]
    there = await host.database.run(lambda transaction: host.store.ids_by_reference(transaction, references))
    erased = await host.database.run(lambda transaction: host.store.erased_of(transaction, references))
    checked: list[tuple[_Read, NewApplication]] = []
    for one in read:
        folder = folders[one.path.parent]
        if one.reference in there:
            found[one.path] = await _there_before(host, one, folder, there[one.reference])
            continue
        if one.reference in erased:
            found[one.path] = _refused(one.path, AlreadyErased())
            continue
        try:
            checked.append((one, await _checked(host, documents, one, folder)))
        except _no_file_fares_better():
            for _, new in checked:
                _remove(documents, new)
            raise
        except Exception as error:  # noqa: BLE001 - as above
            found[one.path] = _refused(one.path, error)
    if checked:
        found |= await _taken_in(host, documents, checked, folders)
    return found


async def _taken_in(
    host: "Host",
    documents: "FolderDocumentStore",
    checked: "Sequence[tuple[_Read, NewApplication]]",
    folders: "Mapping[Path, DocumentFolder]",
) -> dict[Path, AppliedFile]:
    found: dict[Path, AppliedFile] = {}
    try:
        taken = await host.apply_all([new for _, new in checked])
    except _no_file_fares_better():
        # The database may have them or not, and their papers are theirs: an audit finds out.
        raise
    except Exception as error:  # noqa: BLE001 - one file's defect is no other's
        if len(checked) == 1:
            ((one, new),) = checked
            _remove(documents, new)
            return {one.path: _refused(one.path, error)}
        for alone in checked:
            found |= await _taken_in(host, documents, [alone], folders)
        return found
    for (one, new), became in zip(checked, taken, strict=True):
        if became.is_new:
            found[one.path] = AppliedFile(one.path.name, "taken", became.application)
            continue
        _remove(documents, new)
        found[one.path] = await _there_before(host, one, folders[one.path.parent], became.application)
    return found


def _remove(documents: "FolderDocumentStore", new: "NewApplication") -> None:
    """Remove the papers of an application that was not taken in: nobody else has them."""
    for one in new.draft.documents:
        documents.remove(one.id)


async def _there_before(host: "Host", one: _Read, folder: "DocumentFolder", application: str) -> AppliedFile:
    """What is told of a file that was taken in before: with it, papers that the application does not have."""
    from nagorik_host.store.kept_documents import kept_documents
    from nagorik_host.vault import Erased, KeyMissing, SealBroken

    def known(transaction: "Transaction") -> set[tuple[str, str]]:
        kept = kept_documents(transaction, host.store.read(transaction, application))
        return {(paper.reference.kind, paper.reference.sha256) for paper in kept if paper.source == "citizen"}

    there = AppliedFile(one.path.name, "already-open", application)
    if not one.given.documents:
        return there
    try:
        papers = await host.database.run(known)
    except (Erased, KeyMissing, SealBroken):
        return there  # nothing can be handed in to it, whatever lies beside the file
    service = host.platform.service(one.given.service)
    others = one.given.papers_not_among(papers, one.path, folder, service, application)
    problems = await asyncio.to_thread(lambda: [str(problem) for problem in others])
    return there._replace(problem="; ".join(problems))


def _read(host: "Host", path: Path) -> _Read:
    """What a file holds, for a service that is offered."""
    from nagorik.data_files import DataFileInvalid
    from nagorik_host.application_file import read_application

    given = read_application(path)
    if problems := list(given.problems()):
        raise DataFileInvalid(path.name, problems)
    with _offered("service", given.service, host.platform.services):
        host.platform.service(given.service)
    return _Read(path, given, host.store.hash_client_reference(given.reference(host.vault)))


async def _checked(
    host: "Host", documents: "FolderDocumentStore", one: _Read, folder: "DocumentFolder"
) -> "NewApplication":
    """A file's application, once its form is valid; its documents are put into the store."""
    from nagorik.data_files import DataFileInvalid
    from nagorik_host.host import NewApplication

    given = one.given
    if given.gateway is not None:
        with _offered("gateway", given.gateway, host.platform.gateways):
            host.platform.gateway(given.gateway)
    values = await host.platform.form_values(given.service, given.form)
    service = host.platform.service(given.service)
    at = host.clock.now()
    if given.consent is not None and (problems := list(given.consent.problems(service, at, "consent."))):
        raise DataFileInvalid(one.path.name, problems)
    draft = await given.draft(one.path, documents, service, folder=folder, values=values)
    consent = given.consent.consent(service, at) if given.consent is not None else None
    return NewApplication(draft, consent, client_reference=given.reference(host.vault))


def _refused(path: Path, error: Exception) -> AppliedFile:
    """What is told of a file that was not taken in."""
    from nagorik import InputRejected, NagorikError
    from nagorik.data_files import DataFileInvalid
    from nagorik_host.store.application_store import AlreadyErased
    from nagorik_platform.tracebacks import frames_of

    refused = partial(AppliedFile, path.name, "refused", None)
    match error:
        case DataFileInvalid():
            return refused(str(error).removeprefix(f"{path.name}: "))
        case FieldRefused():
            return refused(str(error))
        case AlreadyErased():
            return refused(
                "it was taken in before, and its citizen's data were erased since. Nothing was taken in. To apply"
                " anew with the same content, write a client_reference of your own into the file"
            )
        case InputRejected():
            return refused("; ".join(f"{field.pointer}: {field.text.en} {field.text.bn}" for field in error.fields))
        case NagorikError():
            return refused(f"{error.code}: {error.message.en}")
    # The text of an exception may hold anything; its type and place are enough to report it.
    *_, frame = frames_of(error)
    defect = f"{type_name(error)} at {frame.place}"
    return AppliedFile(path.name, "failed", None, f"not taken in, for no fault of the file: {defect}")


@contextmanager
def _offered(field: str, written: str, known: "Sequence[Offer]") -> Iterator[None]:
    """Say of an offer that is not there which field names it, and which one may be meant."""
    from nagorik.errors import ServiceNotOffered

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


# How far it is


@contextmanager
def _heeding_signals() -> Iterator[Callable[[], bool]]:
    """Whether somebody wants it to end: the first signal lets what was begun come to its end, the next does not."""
    asked: list[int] = []
    loop = asyncio.get_running_loop()

    def heed(number: int) -> None:
        asked.append(number)
        loop.remove_signal_handler(number)

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, heed, number)
    try:
        yield lambda: bool(asked)
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


class _FolderProgress(Protocol):
    def advance(self, found: Sequence[AppliedFile]) -> None: ...


@contextmanager
def _progress(number: int) -> "Iterator[_FolderProgress]":
    """Shows how far it is: on a terminal as a bar, elsewhere as a line for every ``TOLD`` files."""
    if number <= TOGETHER or not sys.stderr.isatty():
        yield _Lines(number)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        yield _Bar(bars.add_task("apply", total=number), bars.advance)


class _Bar:
    def __init__(self, task: int, advance: Callable[..., None]) -> None:
        self._task = task
        self._advance = advance

    def advance(self, found: Sequence[AppliedFile]) -> None:
        self._advance(self._task, len(found))


class _Lines:
    def __init__(self, number: int) -> None:
        self._number = number
        self._done = self._in = 0

    def advance(self, found: Sequence[AppliedFile]) -> None:
        before, self._done = self._done, self._done + len(found)
        self._in += sum(one.application is not None for one in found)
        if self._done // TOLD > before // TOLD and self._done < self._number:
            print_error(f"{self._done} of {self._number} files: {self._in} are in")


# What is told at the end


async def _charged(host: "Host", outcome: FolderOutcome) -> list[Document]:
    """What is asked for today beside the fees of what was taken in, by service and gateway."""
    from sqlalchemy import select

    from nagorik_host.store.schema import applications
    from nagorik_platform.cli.explanation_page import charge_document

    if not host.charges.entries:
        return []
    chosen: set[tuple[str, str | None]] = set()
    taken = [one.application for one in outcome.files if one.application is not None]
    for start in range(0, len(taken), LISTED):
        some = applications.c.id.in_(taken[start : start + LISTED])
        query = select(applications.c.service, applications.c.gateway).where(some).distinct()
        chosen |= await host.database.run(partial(_pairs, query=query))
    return [
        {"service": service, "gateway": gateway, **charges}
        for service, gateway in sorted(chosen, key=lambda one: (one[0], one[1] or ""))
        if (charges := charge_document(host.capabilities(service, gateway).charges)) is not None
    ]


def _pairs(transaction: "Transaction", *, query: "Select[Any]") -> set[tuple[str, str | None]]:
    return {(row.service, row.gateway) for row in transaction.connection.execute(query)}


def _tell(
    outcome: FolderOutcome, stopped: "Sequence[SuspensionRecord]", charged: Sequence[Document], *, as_json: bool
) -> None:
    if as_json:
        print_json({"applications": [one._asdict() for one in outcome.files], "charges": list(charged)})
    else:
        _print_results(outcome.files)
        _print_charges(charged)
        for record in stopped:
            print_lines(f"Stopped now: {record.kind} {record.name}. {record.reason.en} {record.reason.bn}")
    if outcome.ended_by is not None:
        ending = ending_of(outcome.ended_by)
        print_error(ending[0] if ending is not None else type_name(outcome.ended_by))
    left = [one for one in outcome.files if one.application is None and one.result != "refused"]
    if left and len(outcome.files) > 1:
        taken = sum(one.application is not None for one in outcome.files)
        print_error(f"{taken} of {len(outcome.files)} files are in; apply again: what is in is not taken in twice")


def _print_results(files: Sequence[AppliedFile]) -> None:
    rows = [(one.file, _result_text(one), one.application) for one in files if one.application is not None]
    if len(rows) > LISTED:
        # Laying out takes longer than taking in; whoever applies so many reads them by another program.
        print_plain(f"{file}  {application}  {result}" for file, result, application in rows)
    elif rows:
        print_table(("file", "result", "application"), rows)
    others = [one for one in files if one.application is not None and one.problem]
    _print_problems(others, "have other papers beside them")
    _print_problems([one for one in files if one.application is None], "are not in")


def _print_charges(charged: Sequence[Document]) -> None:
    from nagorik_platform.cli.explanation_page import charge_lines

    for one in charged:
        print_lines("", " · ".join(filter(None, (one["service"], one["gateway"]))), *charge_lines(one))


def _print_problems(files: Sequence[AppliedFile], what: str) -> None:
    for one in files[:LISTED]:
        print_error(f"{one.file}: {one.problem}")
    if len(files) > LISTED:
        print_error(f"{len(files) - LISTED} more {what}, the last of them {files[-1].file}; --json tells each")


def _result_text(one: AppliedFile) -> str:
    return "taken in · গৃহীত" if one.result == "taken" else "was taken in before · আগেই গৃহীত"


command: Final = ApplyCommand()
