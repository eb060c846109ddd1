"""An application as a file: what a citizen handed in at a counter, ready to be taken in."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, get_args
from uuid import uuid4

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints, TypeAdapter, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from nagorik import PERSONAL, Applicant, ApplicationDraft, Consent, Model, Operation, Payer, Text
from nagorik.data_files import DataFileInvalid, FileProblem, read_file
from nagorik.manifest import PublicService
from nagorik.model.application import Acting
from nagorik.privacy import Code, Several
from nagorik.values import Money
from nagorik_host.document_files import keep_documents
from nagorik_host.own_numbers import holds_own_number, numbers_of
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_host.vault import Vault
from nagorik_host.views import consent_operations
from nagorik_platform.documents import missing_documents
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


class GivenConsent(Model):
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


class ApplicationFile(Model):
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

        Args:
            file: The application's file.
            documents: Where its documents are put.
            service: What it is for.
            values: What the form's fields hold, by ``Platform.form_values``; it says what documents are required.

        Raises:
            DataFileInvalid: As ``keep_documents``, or a document is missing that the service cannot do without.
        """
        missing = missing_documents(service, [given.kind for given in self.documents], values)
        if problems := [FileProblem("documents", f"{one.text.en} {one.text.bn}") for one in missing]:
            raise DataFileInvalid(file.name, problems)
        given = [(one.kind, Path(one.file)) for one in self.documents]
        kept = await keep_documents(documents, service, given, name=file.name, within=file.parent)
        same = {name: getattr(self, name) for name in ("service", "applicant", "form", "gateway", "payer")}
        return ApplicationDraft(**same, documents=tuple(kept))


def application_files(path: Path) -> tuple[Path, ...]:
    """A file itself, or all ``*.json`` files of a folder in the order of their names.

    Raises:
        DataFileInvalid: There is no such file.
    """
    found = tuple(sorted(path.glob("*.json"))) if path.is_dir() else (path,)
    if not found or not found[0].is_file():
        raise DataFileInvalid(path.name, [FileProblem("", "there is no such file, or no *.json file in this folder")])
    return found


def read_application(path: Path) -> ApplicationFile:
    """Read the application in a file.

    Raises:
        DataFileInvalid: It is not as it should be.
    """
    return parse_json(read_file(path), path.name, TypeAdapter(ApplicationFile), ApplicationFile, shapes=_SHAPES)


def read_consent(path: Path) -> GivenConsent:
    """Read the consent in a file; errors as ``read_application``."""
    return parse_json(read_file(path), path.name, TypeAdapter(GivenConsent), GivenConsent, shapes=_SHAPES)


def read_form(path: Path) -> Mapping[str, JsonValue]:
    """Read fields of a form in a file; errors as ``read_application``."""
    return parse_json(read_file(path), path.name, TypeAdapter(dict[str, JsonValue]))


def is_acting(text: str) -> bool:
    """Whether a person who acts for a citizen can be known by this id."""
    return re.fullmatch(_ACTING, text) is not None
