"""Takes applications in from files, some dozens in one transaction; each file has a result."""

from collections.abc import AsyncIterator, Callable, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeVar

from nagorik import InputRejected, NagorikError, ServiceNotOffered
from nagorik.data_files import DataFileInvalid
from nagorik.manifest import Offer
from nagorik_host.application_file import ApplicationFile
from nagorik_host.host import Host, NewApplication
from nagorik_host.store.application_store import AlreadyErased
from nagorik_host.store.database import DatabaseUnavailable
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import KeyMissing, SealBroken
from nagorik_platform.tracebacks import failure

T = TypeVar("T")
TOGETHER: Final = 50
"""Files that are taken in by one transaction."""
FileResult = Literal["taken", "already-open", "refused", "failed"]
_ERASED: Final = (
    "it was taken in before, and its citizen's data were erased since. Nothing was taken in. To apply anew with the"
    " same content, write a client_reference of your own into the file"
)


class FieldRefused(Exception):
    """A field of a file that the host can do nothing with; the text names it and not what it holds."""


class AppliedFile(NamedTuple):
    """What became of one file, and why; ``failed`` for no fault of its own."""

    file: str
    result: FileResult
    application: str | None = None
    problem: str = ""


async def apply_files(
    host: Host, documents: FolderDocumentStore, files: Sequence[Path]
) -> AsyncIterator[list[AppliedFile]]:
    """Take in what can be taken in of ``files``, their documents into ``documents``; the results of some at a time.

    Raises:
        DatabaseUnavailable: It cannot be reached any more. Apply all files again: what is in is not taken in twice.
        KeyMissing: A key that was used is not on the ring.
        SealBroken: Something that is kept was changed.
    """
    for start in range(0, len(files), TOGETHER):
        some = files[start : start + TOGETHER]
        results = await _apply(host, documents, some)
        yield [results[path] for path in some]


async def _apply(host: Host, documents: FolderDocumentStore, paths: Sequence[Path]) -> dict[Path, AppliedFile]:
    """Take files in by one transaction; one by one where that fails."""
    found: dict[Path, AppliedFile] = {}
    checked: dict[Path, NewApplication] = {}
    for path in paths:
        try:
            new = await _read(host, documents, path)
        except Exception as error:  # noqa: BLE001 - one file's defect keeps no other from being taken in
            new = _refused(path, error)
        if isinstance(new, AppliedFile):
            found[path] = new
        else:
            checked[path] = new
    try:
        taken = await host.apply_all(list(checked.values())) if checked else []
    except Exception as error:  # noqa: BLE001 - as above
        refused = [_refused(path, error) for path in checked]
        for new in checked.values():
            _remove(documents, new)
        if len(checked) == 1:
            return found | dict(zip(checked, refused, strict=True))
        for path in checked:
            found |= await _apply(host, documents, [path])
        return found
    for (path, new), became in zip(checked.items(), taken, strict=True):
        if not became.is_new:
            _remove(documents, new)
        found[path] = AppliedFile(path.name, "taken" if became.is_new else "already-open", became.application)
    return found


async def _read(host: Host, documents: FolderDocumentStore, path: Path) -> NewApplication | AppliedFile:
    """A file's application, its documents in the store; or its result, where it is in already."""
    given, platform, store = ApplicationFile.read(path), host.platform, host.store
    service = _offered("service", given.service, platform.services, platform.service)
    reference = given.reference(host.vault)
    hashed = store.hash_client_reference(reference)
    there = await host.database.run(lambda transaction: store.ids_by_reference(transaction, [hashed]))
    if there:
        return AppliedFile(path.name, "already-open", there[hashed])
    if given.gateway is not None:
        _offered("gateway", given.gateway, platform.gateways, platform.gateway)
    values = await platform.form_values(given.service, given.form)
    draft = await given.draft(path, documents, service, values=values)
    consent = given.consent.consent(service, host.clock.now()) if given.consent is not None else None
    return NewApplication(draft, consent, client_reference=reference)


def _remove(documents: FolderDocumentStore, new: NewApplication) -> None:
    """Remove the documents of an application that was not taken in."""
    for one in new.draft.documents:
        documents.remove(one.id)


def _refused(path: Path, error: Exception) -> AppliedFile:
    """The result of a file that was not taken in; raises what no other file fares better with."""
    refused = partial(AppliedFile, path.name, "refused", None)
    match error:
        case DatabaseUnavailable() | KeyMissing() | SealBroken():
            raise error
        case DataFileInvalid() | FieldRefused():
            return refused(str(error).removeprefix(f"{path.name}: "))
        case AlreadyErased():
            return refused(_ERASED)
        case InputRejected():
            return refused("; ".join(f"{field.pointer}: {field.text.en} {field.text.bn}" for field in error.fields))
        case NagorikError():
            return refused(f"{error.code}: {error.message.en}")
    # The text of an exception may hold anything; its type and place are enough to report it.
    return AppliedFile(path.name, "failed", None, f"not taken in, for no fault of the file: {failure(error)}")


def _offered(field: str, written: str, known: Sequence[Offer], find: Callable[[str], T]) -> T:
    """What ``find`` finds; if it is not offered, say which field names it and which one may be meant."""
    try:
        return find(written)
    except ServiceNotOffered as error:
        text = f"its plugin is not used ({error.because}); nagorik plugins says why"
        if error.because in {"unknown-service", "not-a-service", "not-a-gateway"}:
            likely = get_close_matches(written, [offer.id for offer in known], n=1)
            meant = f"did you mean {likely[0]}?" if likely else "nagorik services lists what there is"
            text = f"there is no such {field}; {meant}"  # what is written may be anything
        raise FieldRefused(f"{field}: {error.code}: {text}") from None
