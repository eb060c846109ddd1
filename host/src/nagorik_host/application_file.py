"""An application and its documents as files: what a citizen handed in at a counter, ready to be taken in."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, BinaryIO, Final, NamedTuple, Self, get_args
from uuid import uuid4

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints, TypeAdapter, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from nagorik import PERSONAL, Applicant, ApplicationDraft, Consent, DocumentReference, Model, Operation, Payer, Text
from nagorik.data_files import DataFileInvalid, FileProblem, read_file
from nagorik.manifest import DocumentKind, PublicService
from nagorik.model.application import Acting
from nagorik.privacy import Code, Several
from nagorik.values import Money
from nagorik_host.media_types import BEGINNING, detect_media_type
from nagorik_host.own_numbers import holds_own_number, numbers_of
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.texts import text_of
from nagorik_host.vault import PIECE, Vault
from nagorik_host.views import consent_operations
from nagorik_platform.documents import document_problem, missing_documents, unknown_kind
from nagorik_platform.json_files import SHAPES, parse_json
from nagorik_platform.number_mask import is_telling

_REFERENCE: Final = r"^[A-Za-z0-9][A-Za-z0-9-]{3,39}$"
_ACTING: Final = str(get_args(Acting)[1].pattern)
_TELLING: Final = "own_number"
_SHAPES: Final[Mapping[str, str]] = {
    **SHAPES,
    _REFERENCE: "write 4 to 40 Latin letters, digits and hyphens",
    _ACTING: "write the host's own id of them, such as centre-0042/operator-7; no name and no number",
    _TELLING: (
        "It holds a National ID, birth registration or telephone number, or an address. Leave it out."
        " এতে এনআইডি, জন্ম নিবন্ধন বা ফোন নম্বর, বা ঠিকানা আছে। তা বাদ দিন।"
    ),
}


class _ReadFromFile(Model):
    @classmethod
    def read(cls, path: Path) -> Self:
        """Read it from a file of JSON.

        Raises:
            DataFileInvalid: It is not as it should be.
        """
        return parse_json(read_file(path), path.name, TypeAdapter(cls), cls, shapes=_SHAPES)


class GivenConsent(_ReadFromFile):
    """The citizen's consent, as it is written into a file."""

    fee_ceiling: Money
    """The most that may be spent on the application, all stages together."""
    days: int = Field(ge=1, le=3650)
    """How long it is in force."""
    given_at: AwareDatetime | None = None
    """When it was given; when the application is taken in, if absent."""
    operations: frozenset[Operation] | None = Field(default=None, min_length=1)
    """What may be done; all that the service needs, if absent."""
    asks: frozenset[str] = frozenset()
    """Services of other agencies that may be asked about the citizen."""
    acting: Acting | None = None
    """Who acts for the citizen, by the host's own id; absent where the citizen acts."""

    def consent(self, service: PublicService, now: datetime) -> Consent:
        """Make it the consent to ``service``."""
        given_at = self.given_at or now
        return Consent(
            id=str(uuid4()),
            service=service.id,
            operations=self.operations or consent_operations(service),
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


class ApplicationFile(_ReadFromFile):
    """One application."""

    title: Text | None = None
    """For those who look through the folder."""
    service: str
    gateway: str | None = None
    """How the citizen pays, where the service costs something."""
    applicant: Applicant
    payer: Payer | None = None
    """Who pays, where that is not the applicant."""
    form: Annotated[dict[str, JsonValue], PERSONAL] = Field(default_factory=dict)
    documents: Several[GivenDocument] = ()
    consent: GivenConsent | None = None
    """Without one, the application waits for it and nothing is sent."""
    client_reference: Annotated[str | None, StringConstraints(pattern=_REFERENCE), PERSONAL] = None
    """What agencies get, and by which it is taken in once; made from the file's content if absent."""

    @field_validator("payer", "client_reference")
    @classmethod
    def _is_no_number(cls, value: Payer | str | None, info: ValidationInfo) -> Payer | str | None:
        """Refuse a number in what receipts, lists and agencies show: the payer's name and the reference."""
        payer = value if isinstance(value, Payer) else info.data.get("payer")
        text = (value.name if isinstance(value, Payer) else value) or ""
        own = numbers_of(info.data["applicant"], payer) if "applicant" in info.data else ()
        if holds_own_number(text, own) or (isinstance(value, Payer) and is_telling(text)):
            raise PydanticCustomError(_TELLING, "holds a number")
        return value

    def reference(self, vault: Vault) -> str:
        """The client reference: the same for the same content, and not to be guessed from it without the keys."""
        if self.client_reference is not None:
            return self.client_reference
        # A title says nothing of what is applied for.
        content = self.model_dump_json(exclude={"title"}, exclude_none=True)
        return f"NGK-{vault.lookup('application-file', content)[:16].upper()}"

    async def draft(
        self, file: Path, documents: FolderDocumentStore, service: PublicService, *, values: Mapping[str, JsonValue]
    ) -> ApplicationDraft:
        """Read what the citizen handed in by ``file``, and put the documents beside it into the store.

        ``values`` are what the form's fields hold, by ``Platform.form_values``: they say what ``service`` requires.

        Raises:
            DataFileInvalid: As ``keep_documents``, or a document is missing that the service cannot do without.
        """
        missing = missing_documents(service, [given.kind for given in self.documents], values)
        if problems := [FileProblem("documents", f"{one.text.en} {one.text.bn}") for one in missing]:
            raise DataFileInvalid(file.name, problems)
        given = [(one.kind, Path(one.file)) for one in self.documents]
        kept = await keep_documents(documents, service, given, name=file.name, within=file.parent)
        return ApplicationDraft(
            service=self.service,
            applicant=self.applicant,
            form=self.form,
            documents=tuple(kept),
            gateway=self.gateway,
            payer=self.payer,
        )


def application_files(path: Path) -> tuple[Path, ...]:
    """A file itself, or all ``*.json`` files of a folder in the order of their names.

    Raises:
        DataFileInvalid: There is no such file.
    """
    found = tuple(sorted(path.glob("*.json"))) if path.is_dir() else (path,)
    if not found or not found[0].is_file():
        raise DataFileInvalid(path.name, [FileProblem("", "there is no such file, or no *.json file in this folder")])
    return found


def read_form(path: Path) -> Mapping[str, JsonValue]:
    """Read fields of a form in a file; errors as ``ApplicationFile.read``."""
    return parse_json(read_file(path), path.name, TypeAdapter(dict[str, JsonValue]))


def is_acting(text: str) -> bool:
    """Whether a person who acts for a citizen can be known by this id."""
    return re.fullmatch(_ACTING, text) is not None


class _Refused(Exception):
    """A document cannot be handed in; the text says why by the document's name, never by the file's."""

    def __init__(self, text: Text) -> None:
        super().__init__(f"{text.en} {text.bn}")


class _OpenDocument(NamedTuple):
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
        given: The kind and the path of each.
        name: What refers to the documents, such as the application's file.
        within: The folder that paths begin at, and that no path may lead out of, by a link for instance.

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


def _open(files: ExitStack, service: PublicService, kind: str, path: Path, within: Path | None) -> _OpenDocument:
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
    return _OpenDocument(listed, file, found, media_type)
