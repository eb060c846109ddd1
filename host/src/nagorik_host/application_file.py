"""An application as a file: what a citizen handed in at a counter, ready to be taken in."""

import os
import stat
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, TypeVar
from uuid import uuid4

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue, StringConstraints, TypeAdapter
from pydantic_core import PydanticCustomError

from nagorik import PERSONAL, Applicant, ApplicationDraft, Consent, Model, Operation, Text
from nagorik.data_files import DataFileInvalid, FileProblem, read_file
from nagorik.manifest import PublicService
from nagorik.model.application import Acting, DocumentStore
from nagorik.privacy import Code, Several
from nagorik.values import Money
from nagorik_host.vault import Vault
from nagorik_platform.json_files import parse_json

T = TypeVar("T")

LARGEST_DOCUMENT: Final = 20_000_000
"""Bytes."""

_OUR_TIME: Final = range(1971, 2200)
"""The years that a consent can be given in; any other is a slip of the pen, and may overflow the calendar."""

_BEGINNING: Final = 16
"""Bytes of a document that tell what it is."""
_MEDIA_TYPES: Final = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n": "image/png"}


def _in_our_time(value: datetime) -> datetime:
    if value.year not in _OUR_TIME:
        raise PydanticCustomError("not_in_our_time", "not in our time")
    return value


class GivenConsent(Model):
    """The citizen's consent, as it is written into a file."""

    fee_ceiling: Money
    """The most that may be spent on the application, all stages together."""
    days: int = Field(ge=1, le=3650)
    """How long it is in force."""
    given_at: Annotated[AwareDatetime, AfterValidator(_in_our_time)] | None = None
    """When it was given; when the application is taken in, if absent."""
    operations: frozenset[Operation] | None = Field(default=None, min_length=1)
    """What may be done; all that the service needs, if absent."""
    asks: frozenset[str] = frozenset()
    """Services of other agencies that may be asked about the citizen."""
    acting: Acting | None = None
    """Who acts for the citizen, by the host's own id; absent where the citizen acts."""

    def consent(self, service: PublicService, now: datetime) -> Consent:
        """The consent to ``service``."""
        given_at = self.given_at or now
        everything = frozenset({*service.writes, Operation.START_PAYMENT})
        return Consent(
            id=str(uuid4()),
            service=service.id,
            operations=self.operations or everything,
            fee_ceiling=self.fee_ceiling,
            given_at=given_at,
            expires_at=given_at + timedelta(days=self.days),
            asks=self.asks,
            acting=self.acting,
        )


class GivenDocument(Model):
    """A document that goes with the application."""

    kind: Code
    """One of the kinds that the service lists."""
    file: Annotated[str, Field(min_length=1), PERSONAL]
    """Where it is, beside the application's file."""


class ApplicationFile(Model):
    """One application."""

    title: Text | None = None
    """For whoever looks through the folder."""
    service: str
    gateway: str | None = None
    """How the citizen pays, where the service costs something."""
    applicant: Applicant
    form: Annotated[dict[str, JsonValue], PERSONAL] = Field(default_factory=dict)
    documents: Several[GivenDocument] = ()
    consent: GivenConsent | None = None
    """Without one, the application waits for it and nothing is sent."""
    client_reference: Annotated[
        str | None, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{3,39}$"), PERSONAL
    ] = None
    """What agencies are told, and by which it is taken in once; made from the file's content if absent."""

    def reference(self, vault: Vault) -> str:
        """The client reference: the same for the same content, and not to be guessed from it without the keys."""
        if self.client_reference is not None:
            return self.client_reference
        content = self.model_dump_json(exclude={"title"})  # which says nothing of what is applied for
        return f"NGK-{vault.lookup('application-file', content)[:16].upper()}"

    async def draft(self, file: Path, documents: DocumentStore, service: PublicService) -> ApplicationDraft:
        """What the citizen handed in by ``file``, the documents beside it put into the store.

        Raises:
            DataFileInvalid: A document is of a kind that the service does not list, is not there or outside the
                file's folder, too large, or neither PDF nor JPEG nor PNG.
        """
        self._refuse_unlisted(file, service)
        for number, given in enumerate(self.documents):
            _document(file, number, given, _BEGINNING)
        # All are looked at before any is kept, and then read one after the other: together, they may be larger than
        # the memory of the machine.
        kept = [
            await documents.put(given.kind, *_document(file, number, given, LARGEST_DOCUMENT))
            for number, given in enumerate(self.documents)
        ]
        return ApplicationDraft(
            service=self.service,
            applicant=self.applicant,
            form=self.form,
            documents=tuple(kept),
            gateway=self.gateway,
        )

    def _refuse_unlisted(self, file: Path, service: PublicService) -> None:
        listed = f"write one of {', '.join(service.documents)}" if service.documents else "the service takes none"
        problems = [
            FileProblem(f"documents.{number}.kind", f"not a kind that the service lists; {listed}")
            for number, given in enumerate(self.documents)
            if given.kind not in service.documents
        ]
        if problems:
            raise DataFileInvalid(file.name, problems)


def application_files(path: Path) -> tuple[Path, ...]:
    """A file itself, or all ``*.json`` files of a folder in the order of their names.

    Raises:
        DataFileInvalid: There is none.
    """
    if path.is_dir():
        found = tuple(sorted(path.glob("*.json")))
        if not found:
            raise DataFileInvalid(path.name, [FileProblem("", "there are no *.json files in this folder")])
        return found
    if not path.is_file():
        raise DataFileInvalid(path.name, [FileProblem("", "there is no such file or folder")])
    return (path,)


def read_application(path: Path) -> ApplicationFile:
    """The application in a file.

    Raises:
        DataFileInvalid: It is not as it should be.
    """
    return _validated(TypeAdapter(ApplicationFile), path, ApplicationFile)


def read_consent(path: Path) -> GivenConsent:
    """The consent in a file.

    Raises:
        DataFileInvalid: It is not as it should be.
    """
    return _validated(TypeAdapter(GivenConsent), path, GivenConsent)


def read_form(path: Path) -> Mapping[str, JsonValue]:
    """Fields of a form in a file.

    Raises:
        DataFileInvalid: It holds no JSON object.
    """
    return _validated(TypeAdapter(dict[str, JsonValue]), path)


def _validated(adapter: TypeAdapter[T], path: Path, model: type[Model] | None = None) -> T:
    return parse_json(read_file(path), path.name, adapter, model)


def _document(application: Path, number: int, given: GivenDocument, most: int) -> tuple[str, bytes]:
    """A document's media type, by how its content begins, and the first ``most`` bytes of its content.

    Raises:
        DataFileInvalid: It is none that can be handed in.
    """
    try:
        content = _read_beside(application.parent, given.file, most)
    except _Unreadable as error:
        problem = error.problem
    else:
        for beginning, media_type in _MEDIA_TYPES.items():
            if content.startswith(beginning):
                return media_type, content
        problem = "neither PDF nor JPEG nor PNG"
    raise DataFileInvalid(application.name, [FileProblem(f"documents.{number}.file", problem)])


class _Unreadable(Exception):
    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def _read_beside(folder: Path, name: str, most: int) -> bytes:
    """The first ``most`` bytes of a file in ``folder`` or below, of a path that somebody else wrote.

    Raises:
        _Unreadable: It is not there, no regular file, too large, or leads out of the folder, by a link for instance.
    """
    try:
        home = folder.resolve(strict=True)
        path = (home / name).resolve(strict=True)
        if not path.is_relative_to(home):
            raise _Unreadable("not in the folder of the application")
        # Resolved, it holds no link any more; one that was put there since is not followed, nor a pipe waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise _Unreadable("not a readable file")
            if found.st_size > LARGEST_DOCUMENT:
                raise _Unreadable(f"larger than {LARGEST_DOCUMENT} bytes")
            with open(descriptor, "rb", closefd=False) as file:
                return file.read(most)
        finally:
            os.close(descriptor)
    except (OSError, RuntimeError, ValueError):  # also for a name that no file can have, and for links in a circle
        raise _Unreadable("not a readable file") from None
