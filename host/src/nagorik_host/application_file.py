"""An application as a file: what a citizen handed in at a counter, ready to be taken in."""

import hashlib
import shlex
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, TypeVar, get_args
from uuid import uuid4

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from nagorik import PERSONAL, Applicant, ApplicationDraft, Consent, DocumentReference, Model, Operation, Payer, Text
from nagorik.data_files import DataFileInvalid, FileProblem, read_file
from nagorik.manifest import PublicService
from nagorik.model.application import Acting
from nagorik.privacy import Code, Several
from nagorik.values import Money, NationalDataError
from nagorik.values.text import clean_line
from nagorik_host.document_files import DocumentRefused, paper_text, wanted_document
from nagorik_host.own_numbers import holds_own_number, numbers_of
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import Vault
from nagorik_host.views import consent_operations
from nagorik_platform.documents import missing_documents
from nagorik_platform.json_files import SHAPES, parse_json
from nagorik_platform.number_mask import is_telling

T = TypeVar("T")

_OUR_TIME: Final = range(1971, 2200)
"""The years that a consent can be given in; any other is a slip of the pen, and may overflow the calendar."""


_AHEAD: Final = timedelta(minutes=5)
"""By how much the clock of whoever wrote a file may be ahead."""
_REFERENCE: Final = r"^[A-Za-z0-9][A-Za-z0-9-]{3,39}$"
_ACTING: Final = str(get_args(Acting)[1].pattern)
_OWN_NUMBER: Final = (
    "It holds a National ID, birth registration or telephone number of the applicant or the payer. Write another"
    " reference, or leave it out. এতে আবেদনকারীর বা যিনি টাকা দেন তাঁর এনআইডি, জন্ম নিবন্ধন বা ফোন নম্বর আছে।"
    " অন্য একটি নম্বর লিখুন, অথবা ঘরটি বাদ দিন।"
)
_TELLING_NAME: Final = "It holds a number or an address. Write the name alone. এতে নম্বর বা ঠিকানা আছে। শুধু নাম লিখুন।"
_SHAPES: Final = MappingProxyType(
    {
        **SHAPES,
        _REFERENCE: "write 4 to 40 Latin letters, digits and hyphens",
        _ACTING: "write the host's own id of them, such as centre-0042/operator-7; no name and no number",
        "not_in_our_time": f"write a year from {_OUR_TIME[0]} to {_OUR_TIME[-1]}",
    }
)


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

    def problems(self, service: PublicService, now: datetime, place: str = "") -> Iterator[FileProblem]:
        """Why it can be no consent to ``service``; ``place`` is where it stands in its file."""
        if self.given_at is not None and self.given_at > now + _AHEAD:
            yield FileProblem(f"{place}given_at", "lies in the future: write when it was given, or leave it out")
        for number, asked in enumerate(sorted(self.asks)):
            if asked not in service.asks:
                there_are = f"it asks {', '.join(service.asks)}" if service.asks else "it asks none: leave it out"
                yield FileProblem(f"{place}asks.{number}", f"{service.id} asks no such service; {there_are}")

    def consent(self, service: PublicService, now: datetime) -> Consent:
        """The consent to ``service``, of which there are no ``problems``."""
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


class ApplicationFile(Model):
    """One application."""

    title: Text | None = None
    """For whoever looks through the folder."""
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
    """What agencies are told, and by which it is taken in once; made from the file's content if absent."""

    def problems(self) -> Iterator[FileProblem]:
        """What is wrong beside each field by itself: agencies, receipts and lists show these, and they tell nothing.

        ``client_reference`` is nobody's number. The payer's name is one that can be read, with no number in it.
        """
        own = numbers_of(self.applicant, self.payer)
        if self.client_reference is not None and holds_own_number(self.client_reference, own):
            yield FileProblem("client_reference", _OWN_NUMBER)
        if self.payer is not None and self.payer.name is not None:
            name = self.payer.name
            try:
                clean_line(name)
            except NationalDataError as error:
                yield FileProblem("payer.name", f"{error.text.en} {error.text.bn}")
            if is_telling(name) or holds_own_number(name, own):
                yield FileProblem("payer.name", _TELLING_NAME)

    def reference(self, vault: Vault) -> str:
        """The client reference: the same for the same content, and not to be guessed from it without the keys."""
        if self.client_reference is not None:
            return self.client_reference
        # A title says nothing of what is applied for, and a payer that is not named makes no difference.
        content = self.model_dump_json(exclude={"title"} if self.payer is not None else {"title", "payer"})
        return f"NGK-{vault.lookup('application-file', content)[:16].upper()}"

    async def draft(
        self,
        file: Path,
        documents: FolderDocumentStore,
        service: PublicService,
        *,
        values: Mapping[str, JsonValue],
    ) -> ApplicationDraft:
        """What the citizen handed in by ``file``, the documents beside it put into the store.

        Args:
            file: The application's file.
            documents: Where its documents are put.
            service: What it is for.
            values: What the form's fields hold, by ``Platform.form_values``, which says what papers are required. As
                the file writes them, ``"3"`` and 3 would be two answers.

        Raises:
            DataFileInvalid: A document is none that the service takes, is not there or outside the file's folder, or
                one is missing that the service cannot do without; each is named, in Bangla and English.
        """
        # All are looked at before any is kept; then they go by one after the other, piece by piece.
        folder = file.parent
        problems = [*self._wrong(folder, service), *self._missing(service, values)]
        if problems:
            raise DataFileInvalid(file.name, problems)
        kept: list[DocumentReference] = []
        try:
            for given in self.documents:
                with wanted_document(service, given.kind, Path(given.file), within=folder) as paper:
                    kept.append(await documents.take(given.kind, paper.media_type, paper.pieces()))
        except BaseException as error:
            for one in kept:
                documents.remove(one.id)
            if isinstance(error, DocumentRefused):
                raise DataFileInvalid(file.name, [_told(len(kept), error)]) from None
            raise
        return ApplicationDraft(
            service=self.service,
            applicant=self.applicant,
            form=self.form,
            documents=tuple(kept),
            gateway=self.gateway,
            payer=self.payer,
        )

    def _wrong(self, folder: Path, service: PublicService) -> Iterator[FileProblem]:
        for number, given in enumerate(self.documents):
            try:
                with wanted_document(service, given.kind, Path(given.file), within=folder):
                    pass
            except DocumentRefused as error:
                yield _told(number, error)

    def _missing(self, service: PublicService, values: Mapping[str, JsonValue]) -> Iterator[FileProblem]:
        for problem in missing_documents(service, [given.kind for given in self.documents], values):
            yield FileProblem("documents", f"{problem.text.en} {problem.text.bn}")

    def papers_not_among(
        self,
        known: Collection[tuple[str, str]],
        file: Path,
        service: PublicService,
        application: str,
    ) -> Iterator[FileProblem]:
        """Papers beside ``file`` that an application which was taken in before does not have, and what to do.

        What is not there any more is not missed: the application has its own.

        Args:
            known: The kinds and hashes of the papers that the application was ever given.
            file: The application's file.
            service: What it is for.
            application: The id of the one that was taken in before.
        """
        for number, given in enumerate(self.documents):
            try:
                with wanted_document(service, given.kind, Path(given.file), within=file.parent) as paper:
                    digest = hashlib.sha256()
                    for piece in paper.pieces():
                        digest.update(piece)
            except DocumentRefused as error:
                if error.is_there:
                    yield _told(number, error)
                continue
            if (given.kind, digest.hexdigest()) not in known:
                listed = service.document_kind(given.kind)
                label = listed.label if listed is not None else Text(en=given.kind, bn=given.kind)
                path = shlex.quote(str(file.parent / given.file))
                said = {"application": application, "kind": given.kind, "path": path}
                text = paper_text("not-the-one", label, Path(given.file).name, **said)
                yield FileProblem(f"documents.{number}.file", f"{text.en} {text.bn}")


def _told(number: int, error: DocumentRefused) -> FileProblem:
    return FileProblem(f"documents.{number}.{error.field}", f"{error.text.en} {error.text.bn}")


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


def is_acting(text: str) -> bool:
    """Whether somebody who acts for a citizen can be known by this id."""
    try:
        TypeAdapter(Acting).validate_python(text)
    except ValidationError:
        return False
    return True


def _validated(adapter: TypeAdapter[T], path: Path, model: type[Model] | None = None) -> T:
    return parse_json(read_file(path), path.name, adapter, model, shapes=_SHAPES)
