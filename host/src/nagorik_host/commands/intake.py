"""Takes applications in from files: some dozens in one transaction, a few transactions side by side.

Wherever that is interrupted, each file has a result: it is in, it is not, or it has to be applied again to know.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Final, Literal, NamedTuple

from nagorik import InputRejected, NagorikError, ServiceNotOffered
from nagorik.data_files import DataFileInvalid
from nagorik.manifest import Offer
from nagorik_host.application_file import ApplicationFile, read_application
from nagorik_host.host import Host, NewApplication
from nagorik_host.store.application_store import AlreadyErased
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import KeyMissing, SealBroken
from nagorik_platform.tracebacks import frames_of, type_name

TOGETHER: Final = 50
"""Files that are taken in by one transaction."""
LARGEST_TOGETHER: Final = 2_000_000
"""Bytes of the files that are taken in by one transaction, unless one alone has more."""
SIDE_BY_SIDE: Final = 4
"""Transactions at a time, and documents that are in memory at a time."""
FileResult = Literal["taken", "already-open", "refused", "failed", "not-reached"]
_OF_ALL_FILES: Final = (DatabaseUnavailable, KeyMissing, SealBroken)
"""Errors after which no other file fares better."""


class FieldRefused(Exception):
    """A field of a file that the host can do nothing with; the text names it and not what it holds."""


class AppliedFile(NamedTuple):
    """What became of one file.

    Attributes:
        file: Its name.
        result: Whether it was taken in now, had been before, or cannot be; ``failed`` for no fault of its own, and
            ``not-reached`` where something else ended it all before.
        application: The application's id, unless it was not taken in.
        problem: Why it was not.
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
    given: ApplicationFile
    reference: str


async def apply_files(
    host: Host,
    documents: FolderDocumentStore,
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
        progress: Called with what became of each few, as soon as it is known.
        is_ending: Whether to begin no more of them.
    """
    done: dict[Path, AppliedFile] = {}
    outcome = FolderOutcome([])
    chunks = _chunks(files)

    async def work() -> None:
        for chunk in chunks:
            if is_ending() or outcome.ended_by is not None:
                return
            try:
                found = await _Intake(host, documents).apply(chunk)
            except _OF_ALL_FILES as error:
                outcome.ended_by = error
                problem = "the database may have it or not: apply it again to know"
                found = {path: AppliedFile(path.name, "failed", None, problem) for path in chunk}
            done.update(found)
            progress(list(found.values()))

    async with asyncio.TaskGroup() as group:
        for _ in range(SIDE_BY_SIDE):
            group.create_task(work())
    not_reached = partial(AppliedFile, result="not-reached", problem="not reached: apply it again")
    outcome.files = [done.get(path) or not_reached(path.name) for path in files]
    return outcome


def _chunks(files: Sequence[Path]) -> Iterator[list[Path]]:
    """Files that are taken in together, in their order: neither too many nor too much."""
    chunk: list[Path] = []
    room = LARGEST_TOGETHER
    for path in files:
        # One that cannot be read is refused when its turn comes.
        size = path.stat().st_size if path.is_file() else 0
        if chunk and (len(chunk) == TOGETHER or size > room):
            yield chunk
            chunk, room = [], LARGEST_TOGETHER
        chunk.append(path)
        room -= size
    if chunk:
        yield chunk


class _Intake(NamedTuple):
    """Takes a few files in."""

    host: Host
    documents: FolderDocumentStore

    async def apply(self, paths: Sequence[Path]) -> dict[Path, AppliedFile]:
        """Take the files in by one transaction; one by one where that fails."""
        found: dict[Path, AppliedFile] = {}
        read: list[_Read] = []
        for path in paths:
            try:
                read.append(self._read(path))
            except Exception as error:  # noqa: BLE001 - one file's defect keeps no other from being taken in
                found[path] = _refused(path, error)
        store, references = self.host.store, [one.reference for one in read]
        there = await self.host.database.run(lambda transaction: store.ids_by_reference(transaction, references))
        erased = await self.host.database.run(lambda transaction: store.erased_of(transaction, references))
        checked: list[tuple[_Read, NewApplication]] = []
        for one in read:
            if one.reference in there:
                found[one.path] = _there_before(one, there[one.reference])
            elif one.reference in erased:
                found[one.path] = _refused(one.path, AlreadyErased())
            else:
                try:
                    checked.append((one, await self._checked(one)))
                except _OF_ALL_FILES:
                    for _, new in checked:
                        self._remove(new)
                    raise
                except Exception as error:  # noqa: BLE001 - as above
                    found[one.path] = _refused(one.path, error)
        return found | (await self._taken_in(checked) if checked else {})

    async def _taken_in(self, checked: Sequence[tuple[_Read, NewApplication]]) -> dict[Path, AppliedFile]:
        found: dict[Path, AppliedFile] = {}
        try:
            taken = await self.host.apply_all([new for _, new in checked])
        except _OF_ALL_FILES:
            # The database may have them or not, and their documents are theirs: an audit finds out.
            raise
        except Exception as error:  # noqa: BLE001 - one file's defect is no other's
            if len(checked) == 1:
                ((one, new),) = checked
                self._remove(new)
                return {one.path: _refused(one.path, error)}
            for alone in checked:
                found |= await self._taken_in([alone])
            return found
        for (one, new), became in zip(checked, taken, strict=True):
            if became.is_new:
                found[one.path] = AppliedFile(one.path.name, "taken", became.application)
            else:
                self._remove(new)
                found[one.path] = _there_before(one, became.application)
        return found

    def _remove(self, new: NewApplication) -> None:
        """Remove the documents of an application that was not taken in."""
        for one in new.draft.documents:
            self.documents.remove(one.id)

    def _read(self, path: Path) -> _Read:
        """What a file holds, for a service that is offered."""
        given, platform = read_application(path), self.host.platform
        with _offered("service", given.service, platform.services):
            platform.service(given.service)
        reference = given.reference(self.host.vault)
        return _Read(path, given, self.host.store.hash_client_reference(reference))

    async def _checked(self, one: _Read) -> NewApplication:
        """A file's application, once its form is valid; its documents are put into the store."""
        given, platform, at = one.given, self.host.platform, self.host.clock.now()
        if given.gateway is not None:
            with _offered("gateway", given.gateway, platform.gateways):
                platform.gateway(given.gateway)
        values = await platform.form_values(given.service, given.form)
        service = platform.service(given.service)
        draft = await given.draft(one.path, self.documents, service, values=values)
        consent = given.consent.consent(service, at) if given.consent is not None else None
        return NewApplication(draft, consent, client_reference=given.reference(self.host.vault))


def _there_before(one: _Read, application: str) -> AppliedFile:
    return AppliedFile(one.path.name, "already-open", application)


def _refused(path: Path, error: Exception) -> AppliedFile:
    """The result of a file that was not taken in."""
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
def _offered(field: str, written: str, known: Sequence[Offer]) -> Iterator[None]:
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
