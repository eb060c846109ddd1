"""A document as a file: what it is by its content, and the content itself, which is never in memory as a whole."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple

from nagorik import DocumentReference, Text
from nagorik.data_files import DataFileInvalid, FileProblem
from nagorik.manifest import DocumentKind, PublicService
from nagorik_host.media_types import BEGINNING, detect_media_type
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.texts import text_of
from nagorik_host.vault import PIECE
from nagorik_platform.documents import document_problem, unknown_kind


class _Refused(Exception):
    """A document cannot be handed in; the text says why by the document's name, never by the file's."""

    def __init__(self, text: Text) -> None:
        super().__init__(f"{text.en} {text.bn}")


class _Opened(NamedTuple):
    """A document that is open for reading."""

    listed: DocumentKind
    file: BinaryIO
    found: os.stat_result
    media_type: str

    def pieces(self) -> Iterator[bytes]:
        """Read its content; refuse a file that is not what it was when it was opened."""
        self.file.seek(0)
        yield from iter(lambda: self.file.read(PIECE), b"")
        now = os.fstat(self.file.fileno())
        # The time of the last writing can be set to anything; that of the last change of the entry cannot.
        if (now.st_size, now.st_ctime_ns) != (self.found.st_size, self.found.st_ctime_ns):
            raise _Refused(text_of("paper", "changed", paper=self.listed.label))


async def keep_documents(
    store: FolderDocumentStore,
    service: PublicService,
    given: Sequence[tuple[str, Path]],
    *,
    name: str,
    within: Path | None = None,
) -> list[DocumentReference]:
    """Put documents into the store, once all have been looked at; on any error, no document is kept.

    Args:
        store: Where they are put.
        service: What the application is for; it says which documents it takes.
        given: The kind and the path of each; paths from ``within`` on, where that is given.
        name: What refers to the documents, such as the application's file.
        within: The folder that no path may lead out of, by a link for instance.

    Raises:
        DataFileInvalid: A document is not there, no ordinary file, outside, or the service does not take it; each is
            named, in Bangla and English.
    """
    kept: list[DocumentReference] = []
    problems: list[FileProblem] = []
    with ExitStack() as files, ExitStack() as undo:
        opened = []
        for number, (kind, path) in enumerate(given):
            try:
                opened.append(_open(files, service, kind, path, within))
            except _Refused as refused:
                problems.append(FileProblem(f"documents.{number}.file", str(refused)))
        for one in opened if not problems else ():
            try:
                kept.append(await store.take(one.listed.kind, one.media_type, one.pieces()))
            except _Refused as refused:
                problems.append(FileProblem(f"documents.{len(kept)}.file", str(refused)))
                break
            undo.callback(store.remove, kept[-1].id)
        if problems:
            raise DataFileInvalid(name, problems)
        undo.pop_all()
    return kept


def _open(files: ExitStack, service: PublicService, kind: str, path: Path, within: Path | None) -> _Opened:
    listed = service.document_kind(kind)
    if listed is None:
        raise _Refused(unknown_kind(service, 0).text)
    try:
        real = (within / path if within is not None else path).resolve(strict=True)
        if within is not None and not real.is_relative_to(within.resolve()):
            raise _Refused(text_of("paper", "outside", paper=listed.label))
        # A pipe is not waited for.
        file = files.enter_context(real.open("rb")) if real.is_file() else None
    except (OSError, ValueError, RuntimeError):  # also for a name that no file can have, and for links in a circle
        file = None
    if file is None:
        raise _Refused(text_of("paper", "unreadable", paper=listed.label))
    found, media_type = os.fstat(file.fileno()), detect_media_type(file.read(BEGINNING))
    problem = document_problem(service, kind, media_type, found.st_size, 0)
    if problem is not None:
        raise _Refused(problem.text)
    return _Opened(listed, file, found, media_type)
