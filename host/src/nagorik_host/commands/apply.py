"""``nagorik apply``: takes applications in from files, some dozens in one transaction; each file has a result."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeVar

from nagorik import InputRejected, ServiceNotOffered
from nagorik.data_files import DataFileInvalid, FileProblem
from nagorik.manifest import Offer
from nagorik_host.application_file import ApplicationFile, application_files
from nagorik_host.commands.result import CommandResult, Table, same_names
from nagorik_host.commands.running import ending_of, opened_host
from nagorik_host.host import Host, NewApplication
from nagorik_host.settings import load_host_settings
from nagorik_host.store.application_store import AlreadyErased
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import KeyMissing, SealBroken
from nagorik_platform.cli.commands import ExitCode
from nagorik_platform.tracebacks import failure

T = TypeVar("T")
TOGETHER: Final = 50
"""Files that are taken in by one transaction."""
_RESULTS: Final = {"taken": "taken in · গৃহীত", "already-open": "was taken in before · আগেই গৃহীত"}
_ERASED: Final = "it was taken in before, and erased since; to apply anew, write a client_reference into it"


class AppliedFile(NamedTuple):
    """What became of one file, and why; ``failed`` for no fault of its own."""

    file: str
    result: Literal["taken", "already-open", "refused", "failed"]
    application: str | None = None
    problem: str = ""


async def apply(arguments: argparse.Namespace) -> CommandResult:
    """Take in what can be taken in; exit code 2 where the one file was refused, 1 where any of a folder was."""
    files = application_files(arguments.path)
    settings = load_host_settings()
    async with opened_host(settings) as host:
        found = await apply_files(host, FolderDocumentStore(settings.documents, host.vault), files)
    taken = [{**one._asdict(), "result": _RESULTS[one.result]} for one in found if one.application is not None]
    problems = [f"{one.file}: {one.problem}" for one in found if one.problem]
    refused = ExitCode.USAGE if files == (arguments.path,) else ExitCode.FINDINGS
    code = ExitCode.FAILED if any(one.result == "failed" for one in found) else refused if problems else ExitCode.OK
    document = {"applications": [one._asdict() for one in found]}
    return CommandResult(
        document, [Table(same_names("file", "result", "application"), taken)] if taken else [], code, problems
    )


async def apply_files(host: Host, documents: FolderDocumentStore, files: Sequence[Path]) -> list[AppliedFile]:
    """Take in what can be taken in of ``files``, their documents into ``documents``.

    Raises ``DatabaseUnavailable``, ``KeyMissing`` or ``SealBroken``. Apply all again: nothing is taken in twice.
    """
    found: list[AppliedFile] = []
    for start in range(0, len(files), TOGETHER):
        some = files[start : start + TOGETHER]
        try:
            found += await _apply(host, documents, some)
        except Exception:  # noqa: BLE001 - which file it was of shows when each is taken in by itself
            for path in some:
                try:
                    found += await _apply(host, documents, [path])
                except Exception as error:  # noqa: BLE001 - one file's defect keeps no other from being taken in
                    found.append(_refused(path, error))
    return found


async def _apply(host: Host, documents: FolderDocumentStore, paths: Sequence[Path]) -> list[AppliedFile]:
    """Take all files in by one transaction, or on an error no file."""
    found: dict[Path, AppliedFile] = {}
    new: dict[Path, NewApplication] = {}
    try:
        for path in paths:
            given = ApplicationFile.read(path)
            service = _offered(path, "service", given.service, host.platform.services, host.platform.service)
            reference = given.reference(host.vault)
            hashed = host.store.hash_client_reference(reference)
            there = await host.database.run(partial(host.store.ids_by_reference, references=[hashed]))
            if there:
                found[path] = AppliedFile(path.name, "already-open", there[hashed])
                continue
            if given.gateway is not None:
                _offered(path, "gateway", given.gateway, host.platform.gateways, host.platform.gateway)
            values = await host.platform.form_values(given.service, given.form)
            draft = await given.draft(path, documents, service, values=values)
            consent = given.consent.consent(service, host.clock.now()) if given.consent is not None else None
            new[path] = NewApplication(draft, consent, client_reference=reference)
        taken = await host.apply_all(list(new.values())) if new else []
    except Exception as error:
        # They belong to no application; after a lost commit they may, and an audit finds out.
        if not isinstance(error, DatabaseUnavailable):
            _remove(documents, new.values())
        raise
    for (path, one), became in zip(new.items(), taken, strict=True):
        if not became.is_new:
            _remove(documents, [one])
        found[path] = AppliedFile(path.name, "taken" if became.is_new else "already-open", became.application)
    return [found[path] for path in paths]


def _remove(documents: FolderDocumentStore, given: Iterable[NewApplication]) -> None:
    for one in given:
        for document in one.draft.documents:
            documents.remove(document.id)


def _refused(path: Path, error: Exception) -> AppliedFile:
    """The result of a file that was not taken in; raises what no other file fares better with."""
    if isinstance(error, DatabaseUnavailable | KeyMissing | SealBroken):
        raise error
    ending = ending_of(error)
    if isinstance(error, InputRejected):
        problem = "; ".join(f"{field.pointer}: {field.text.en} {field.text.bn}" for field in error.fields)
    elif isinstance(error, AlreadyErased):
        problem = _ERASED
    elif ending is not None:
        problem = ending[0].removeprefix(f"{path.name}: ")
    else:
        return AppliedFile(path.name, "failed", None, f"not taken in, for no fault of the file: {failure(error)}")
    return AppliedFile(path.name, "refused", None, problem)


def _offered(path: Path, field: str, written: str, known: Sequence[Offer], find: Callable[[str], T]) -> T:
    """What ``find`` finds; if it is not offered, say which field names it and which one may be meant."""
    try:
        return find(written)
    except ServiceNotOffered as error:
        ids = [offer.id for offer in known] if error.because == "unknown-service" else []
        likely = get_close_matches(written, ids, n=1)
        meant = f"did you mean {likely[0]}?" if likely else "nagorik services and nagorik plugins list what there is"
        # What is written may be anything.
        raise DataFileInvalid(path.name, [FileProblem(field, f"{error.code} ({error.because}); {meant}")]) from None
