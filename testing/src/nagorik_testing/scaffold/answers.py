"""What the author says of the new plugin, checked before anything is written."""

import unicodedata
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from nagorik.manifest.fields import SHAPES, HostName, PluginId, Slug
from nagorik.operations import Idempotency
from nagorik.privacy import Model

LONGEST_NAME: Final = 120
LONGEST_SERVICE_ID: Final = 80
_JOINERS: Final = "\u200c\u200d"
"""Invisible, but Bangla is written with them."""
_UNSAYABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of what steers instead of being read, and of what is no character."""


class PluginKind(StrEnum):
    """What the plugin does."""

    READ_ONLY = "read-only"
    """Asks one question, which changes nothing at the agency, and has its answer at once."""
    SUBMISSION = "submission"
    """Files applications and follows them."""
    SUBMISSION_AND_PAYMENT = "submission-and-payment"
    """Prices them and tells the agency of payments too."""
    GATEWAY = "gateway"
    """Takes the money for other agencies' applications."""


_FILED: Final = frozenset({PluginKind.SUBMISSION, PluginKind.SUBMISSION_AND_PAYMENT})


class Wire(StrEnum):
    """What the agency's requests and answers are written in."""

    JSON = "json"
    """The reference interface, for an agency that publishes none; of a gateway, its own interface."""
    OWN_JSON = "own-json"
    """An interface of the agency's own."""
    XML = "xml"
    SOAP = "soap"
    """Envelopes of SOAP 1.1; what is asked for is posted, too."""
    FORM = "form"
    """Requests in form fields, answers in JSON."""
    MULTIPART = "multipart"
    """Requests in parts, with papers among them; answers in JSON."""


class SessionKind(StrEnum):
    """How the agency knows who asks."""

    NONE = "none"
    COOKIE = "cookie"
    """By the cookie of a session that a login opens."""


class FeeMoment(StrEnum):
    """When the fee is due, of a plugin that is paid through."""

    BEFORE = "before"
    AFTER = "after"
    """Once the application is filed."""


CLASSES: Final = (Idempotency.CLIENT_REFERENCE, Idempotency.NATIVE, Idempotency.NONE)
"""What an agency can promise of a request that has an effect."""


def _sayable(value: str) -> str:
    """Text of one line that survives in TOML, in Markdown and on a terminal."""
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise PydanticCustomError("empty", "say something")
    if len(text) > LONGEST_NAME:
        raise PydanticCustomError("long", f"write at most {LONGEST_NAME} characters")
    if any(unicodedata.category(char) in _UNSAYABLE and char not in _JOINERS for char in text):
        raise PydanticCustomError("control", "write one line without control characters")
    return text


DisplayName = Annotated[str, AfterValidator(_sayable)]


class AnswersRefused(ValueError):
    """Answers of which no plugin can be made; ``problems`` holds what is wrong by the answer's name."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems.items()))
        self.problems = problems


class Answers(Model):
    """Everything that a new plugin is made of."""

    id: PluginId
    kind: PluginKind
    name_en: DisplayName
    name_bn: DisplayName
    service_slug: Slug
    service_en: DisplayName
    service_bn: DisplayName
    idempotency: Idempotency = Idempotency.SAFE
    """The class of what the plugin writes; a question is safe and has no other."""
    wire: Wire = Wire.JSON
    """What the agency speaks."""
    session: SessionKind = SessionKind.NONE
    fee_due: FeeMoment | None = None
    """By default after the filing over the reference interface, and before it over any other."""
    host: HostName | None = None
    """The host to call; an invented one where none is known."""
    as_of: date

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problem = None
        if len(self.service) > LONGEST_SERVICE_ID:
            problem = f"service_slug: with the id and a dot at most {LONGEST_SERVICE_ID} characters"
        elif self.over_reference and self.idempotency not in {Idempotency.SAFE, Idempotency.CLIENT_REFERENCE}:
            problem = "idempotency: the reference interface has client-reference; for another one, name a --wire"
        elif self.session is SessionKind.COOKIE and (self.over_reference or self.kind not in _FILED):
            problem = "session: only a submission over a --wire of the agency's own has one"
        if problem is not None:
            raise PydanticCustomError("together", problem)
        return self

    @property
    def service(self) -> str:
        """The id of the service or of the gateway."""
        return f"{self.id}.{self.service_slug}"

    @property
    def distribution(self) -> str:
        """The name by which pip knows it."""
        return f"nagorik-{self.id}"

    @property
    def package(self) -> str:
        """The name by which Python knows it."""
        return self.distribution.replace("-", "_")

    @property
    def class_name(self) -> str:
        """What the names of its classes begin with."""
        return "".join(part.capitalize() for part in self.id.split("-"))

    @property
    def over_reference(self) -> bool:
        """Whether the plugin speaks the reference interface."""
        return self.wire is Wire.JSON and self.kind is not PluginKind.GATEWAY


def check(said: Mapping[str, object]) -> Answers:
    """The answers, if a plugin can be made of them.

    Raises:
        AnswersRefused: Naming every answer that is wrong.
    """
    try:
        return Answers.model_validate(said)
    except ValidationError as error:
        raise AnswersRefused(dict(_problem(found) for found in error.errors())) from None


def _problem(found: ErrorDetails) -> tuple[str, str]:
    if not found["loc"]:
        name, _, problem = found["msg"].partition(": ")
        return name, problem
    message = found["msg"]
    if found["type"] == "string_pattern_mismatch":
        message = SHAPES.get(found.get("ctx", {})["pattern"], message)
    return str(found["loc"][0]), message


NEEDED: Final = ("kind", "name_en", "name_bn", "service_slug", "service_en", "service_bn", "idempotency")
"""Names of the answers that have no default. For all but the last, every kind of plugin needs one."""


def missing(said: Mapping[str, object]) -> list[str]:
    """Names of the answers that are still to be given."""
    kind, is_json = said.get("kind"), said.get("wire", Wire.JSON) == Wire.JSON
    settled = kind in {PluginKind.READ_ONLY, None} or (is_json and kind != PluginKind.GATEWAY)
    return [name for name in NEEDED if name not in said and not (settled and name == "idempotency")]
