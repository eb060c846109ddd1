"""Whether papers are those that a service takes: of its kinds, of a type and size that it wants, and complete."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final, Protocol, runtime_checkable

from pydantic import JsonValue

from nagorik.errors import AgencyUnavailable, FieldProblem, InputRejected, Layer
from nagorik.manifest import DocumentKind, PublicService
from nagorik.model.application import ApplicationDraft, DocumentReference, DocumentStore
from nagorik.values import to_bangla_digits
from nagorik.values.sentences import Text
from nagorik_toolkit.texts import TextCatalogue, read_texts

DOCUMENTS: Final = "/documents"
MOST_DOCUMENTS: Final = 200
"""As many as the contract's models carry."""
DOCUMENT_UNREADABLE: Final = "document-unreadable"
"""The code of a paper whose copy cannot be read, or is not what was handed in."""

_MEGABYTE: Final = 1_000_000


@runtime_checkable
class OwnedDocuments(DocumentStore, Protocol):
    """A store that knows whose a document is."""

    async def claim(self, identity: str, owner: str) -> bool:
        """Say whose a document is, once and for good; returns whether it was free or theirs."""


class DocumentUnreadable(AgencyUnavailable):
    """The copy of a paper that the host keeps cannot be read, or is not what was handed in; nothing was sent.

    Attributes:
        field: Which paper that is, and what to do.
    """

    code = DOCUMENT_UNREADABLE

    def __init__(self, service: PublicService | None, kind: str, number: int | None) -> None:
        """Say which paper, by its kind and its place among the application's from 0, if it has one."""
        super().__init__(because=DOCUMENT_UNREADABLE, layer=Layer.CORE)
        listed = service.document_kind(kind) if service is not None else None
        paper = listed.label if listed is not None else Text(en=kind, bn=kind)
        pointer = DOCUMENTS if number is None else f"{DOCUMENTS}/{number}"
        self.field = _problem(pointer, DOCUMENT_UNREADABLE, paper=paper)

    @property
    def message(self) -> Text:
        """Which paper, and what to do."""
        return self.field.text

    def details(self) -> Mapping[str, JsonValue]:
        """The paper, as a field that is to be put right."""
        return {**super().details(), **InputRejected([self.field]).details()}


def document_problems(
    service: PublicService, documents: Sequence[DocumentReference], form: Mapping[str, JsonValue]
) -> Iterator[FieldProblem]:
    """What is wrong with the papers of an application, each named by its label; ``form`` holds its values."""
    for number, document in enumerate(documents):
        problem = document_problem(service, document.kind, document.media_type, document.bytes, number)
        if problem is not None:
            yield problem
    yield from missing_documents(service, [document.kind for document in documents], form)


def document_problem(
    service: PublicService, kind: str, media_type: str, size: int, number: int
) -> FieldProblem | None:
    """What is wrong with one paper: its ``media_type`` by its content, its ``size`` in bytes, its place from 0."""
    listed, pointer = service.document_kind(kind), f"{DOCUMENTS}/{number}"
    if listed is None:
        return unknown_kind(service, number)
    if not size:
        return _problem(pointer, "document-empty", paper=listed.label)
    if size > listed.largest_bytes:
        return _problem(pointer, "document-too-large", paper=listed.label, size=in_megabytes(listed.largest_bytes))
    if media_type not in listed.media_types:
        return _problem(pointer, "document-of-another-type", paper=listed.label, types=_type_names(listed))
    return None


def unknown_kind(service: PublicService, number: int) -> FieldProblem:
    """The paper in place ``number`` is of a kind that the service does not list."""
    pointer = f"{DOCUMENTS}/{number}"
    if not service.documents:
        return _problem(pointer, "document-not-taken")
    kinds = ", ".join(document.kind for document in service.documents)
    return _problem(pointer, "document-of-unknown-kind", kinds=Text(en=kinds, bn=kinds))


def missing_documents(
    service: PublicService, kinds: Sequence[str], form: Mapping[str, JsonValue]
) -> Iterator[FieldProblem]:
    """Which papers a service cannot do without, with this form, and that are not among ``kinds``."""
    for listed in service.documents:
        if is_required(listed, form) and listed.kind not in kinds:
            yield _problem(DOCUMENTS, "document-missing", paper=listed.label)


def is_required(listed: DocumentKind, form: Mapping[str, JsonValue]) -> bool:
    """Whether nothing is paid or filed without a paper, with this form."""
    if listed.required or not listed.when:
        return listed.required
    return all(any(is_same(form.get(field), value) for value in values) for field, values in listed.when.items())


def is_same(given: JsonValue, value: JsonValue) -> bool:
    """Whether a field holds a value of a condition: 1 is 1.0, and neither is true or ``"1"``."""
    return isinstance(given, bool) is isinstance(value, bool) and given == value


def not_their_own(number: int) -> InputRejected:
    """The paper in place ``number`` was handed in for another application, or is an agency's."""
    return InputRejected([_problem(f"{DOCUMENTS}/{number}", "document-of-another-application")])


def with_documents(draft: ApplicationDraft, handed_in: Sequence[DocumentReference]) -> ApplicationDraft:
    """A draft with papers in place of all that it had of the same kinds, after the others.

    Raises:
        InputRejected: There would be more than a draft has room for.
    """
    kinds = {document.kind for document in handed_in}
    documents = [*(one for one in draft.documents if one.kind not in kinds), *handed_in]
    if len(documents) > MOST_DOCUMENTS:
        raise InputRejected([_problem(DOCUMENTS, "document-too-many")])
    return draft.model_copy(update={"documents": tuple(documents)})


async def is_as_kept(store: DocumentStore, document: DocumentReference) -> bool:
    """Whether a store holds what a reference to it says, by size and hash.

    Raises:
        AgencyUnavailable: It cannot be read there.
    """
    digest, size = hashlib.sha256(), 0
    try:
        async for piece in store.open(document):
            digest.update(piece)
            size += len(piece)
    except Exception:  # noqa: BLE001 - a host's store may raise anything, with a path in its text
        raise AgencyUnavailable(because="deliverable-unreadable", layer=Layer.CORE) from None
    return (size, digest.hexdigest()) == (document.bytes, document.sha256)


def in_megabytes(size: int) -> Text:
    """Write a size in bytes as kilobytes of a thousand or megabytes of a million; never more than it is."""
    unit, en, bn = (_MEGABYTE, "MB", "এমবি") if size >= _MEGABYTE else (1_000, "kB", "কেবি")
    tenths = size * 10 // unit
    number = f"{tenths // 10}.{tenths % 10}".removesuffix(".0")
    return Text(en=f"{number} {en}", bn=f"{to_bangla_digits(number)} {bn}")


def _type_names(listed: DocumentKind) -> Text:
    names = dict.fromkeys(one.rpartition("/")[2].upper() for one in listed.media_types)
    others, _, last = ", ".join(names).rpartition(", ")
    return Text(en=f"{others} or {last}" if others else last, bn=f"{others} বা {last}" if others else last)


def _problem(pointer: str, code: str, **said: Text) -> FieldProblem:
    return _sentences().field_problem(pointer, code, **said)


@cache
def _sentences() -> TextCatalogue:
    return read_texts("nagorik_platform", "documents.toml")
