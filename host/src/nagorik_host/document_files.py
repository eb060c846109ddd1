"""A paper as a file: what it is by its content, and the content itself, which is never in memory as a whole."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple

from nagorik import DocumentReference, Text
from nagorik.data_files import DataFileInvalid, FileProblem
from nagorik.manifest import PublicService
from nagorik_host.media_types import BEGINNING, detect_media_type
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.texts import text_of
from nagorik_host.vault import PIECE
from nagorik_platform.documents import document_problem, unknown_kind


class _Refused(Exception):
    """A paper cannot be handed in; the text says why by the paper's name, never by the file's."""


class _Paper(NamedTuple):
    """A paper that is open for reading."""

    kind: str
    label: Text
    file: BinaryIO
    found: os.stat_result
    media_type: str

    def pieces(self) -> Iterator[bytes]:
        """Read its content; refuse a file that is not what it was when it was opened."""
        self.file.seek(0)
        read = 0
        while read <= self.found.st_size and (piece := self.file.read(PIECE)):
            read += len(piece)
            yield piece
        now = os.fstat(self.file.fileno())
        # The time of the last writing can be set to anything; that of the last change of the entry cannot.
        if read != self.found.st_size or now.st_ctime_ns != self.found.st_ctime_ns:
            raise _refused("changed", self.label)


async def keep_documents(
    store: FolderDocumentStore,
    service: PublicService,
    given: Sequence[tuple[str, Path]],
    *,
    name: str,
    within: Path | None = None,
) -> list[DocumentReference]:
    """Put papers into the store, once all have been looked at; on any error, no paper is kept.

    Args:
        store: Where they are put.
        service: What the application is for; it says which papers it takes.
        given: The kind and the path of each; paths from ``within`` on, where that is given.
        name: What refers to the papers, such as the application's file.
        within: The folder that no path may lead out of, by a link for instance.

    Raises:
        DataFileInvalid: A paper is not there, no ordinary file, outside, or the service does not take it; each is
            named, in Bangla and English.
    """
    kept: list[DocumentReference] = []
    problems: list[FileProblem] = []
    with ExitStack() as opened:
        papers = []
        for number, (kind, path) in enumerate(given):
            try:
                papers.append(_opened(opened, service, kind, path, within))
            except _Refused as refused:
                problems.append(FileProblem(f"documents.{number}.file", str(refused)))
        if problems:
            raise DataFileInvalid(name, problems)
        try:
            for paper in papers:
                kept += [await store.take(paper.kind, paper.media_type, paper.pieces())]
        except BaseException as error:
            for one in kept:
                store.remove(one.id)
            if isinstance(error, _Refused):
                raise DataFileInvalid(name, [FileProblem(f"documents.{len(kept)}.file", str(error))]) from None
            raise
    return kept


def _opened(opened: ExitStack, service: PublicService, kind: str, path: Path, within: Path | None) -> _Paper:
    listed = service.document_kind(kind)
    if listed is None:
        raise _Refused(_both(unknown_kind(service, 0).text))
    label = listed.label
    try:
        real = (within / path if within is not None else path).resolve(strict=True)
        if within is not None and not real.is_relative_to(within.resolve()):
            raise _refused("outside", label)
        if not real.is_file():  # a pipe is not waited for
            raise _refused("unreadable", label)
        file = opened.enter_context(real.open("rb"))
    except (OSError, ValueError, RuntimeError):  # also for a name that no file can have, and for links in a circle
        raise _refused("unreadable", label) from None
    found, media_type = os.fstat(file.fileno()), detect_media_type(file.read(BEGINNING))
    problem = document_problem(service, kind, media_type, found.st_size, 0)
    if problem is not None:
        raise _Refused(_both(problem.text))
    return _Paper(kind, label, file, found, media_type)


def _refused(code: str, label: Text) -> _Refused:
    text = text_of("paper", code)
    return _Refused(f"{text.en.replace('{paper}', label.en)} {text.bn.replace('{paper}', label.bn)}")


def _both(text: Text) -> str:
    return f"{text.en} {text.bn}"
