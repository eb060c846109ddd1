"""What a plugin may ask its agency over HTTP: ``context.http``, and what it gets and gives there.

The contract only. Who keeps it is the platform's agency client; a plugin's test may bring another.
"""

import codecs
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol, TypedDict, TypeVar, Unpack

import pydantic_core
from pydantic import ConfigDict, JsonValue, SecretStr, TypeAdapter

from nagorik.clock import Clock
from nagorik.errors import NagorikError
from nagorik.model.application import DocumentReference
from nagorik.privacy import PERSONAL, Model

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Headers = Mapping[str, str]
ParamValue = str | int | float | bool | None
Params = Mapping[str, ParamValue | Sequence[ParamValue]]
"""Query or form fields. ``None`` leaves a field out, a sequence repeats it, booleans are ``true`` and ``false``."""
SUCCESS: Final = range(200, 300)
"""The statuses that bring what was asked for, unless a request names others."""
NOT_FOUND: Final = frozenset({404})
"""The statuses that say that a thing is absent, unless a request names others."""
_WORD: Final = re.compile(r"[A-Za-z0-9\-_.]+")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class WireModel(Model):
    """Base of a plugin's models of its agency's wire format.

    What the agency adds is ignored, what is missing or of another type breaks the contract. Every field is
    personal until it declares otherwise, because most of what an agency answers is about one citizen.
    """

    model_config = ConfigDict(extra="ignore", str_max_length=None, str_strip_whitespace=True, populate_by_name=True)
    default_data_class = PERSONAL


class AgencyResponse:
    """One answer of the agency, read to its end.

    Attributes:
        status: The HTTP status.
        body: The bytes, after decompression.
    """

    __slots__ = ("_document", "_headers", "_parsed", "body", "raw_headers", "status")

    def __init__(self, status: int, raw_headers: Sequence[tuple[bytes, bytes]], body: bytes) -> None:
        self.status = status
        self.raw_headers = raw_headers
        self.body = body
        self._headers: Mapping[str, str] | None = None
        self._document: JsonValue = None
        self._parsed = False

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by their names in lower case; of a repeated one, the last."""
        if self._headers is None:
            self._headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.raw_headers
            }
        return self._headers

    @property
    def content_type(self) -> str | None:
        """The ``Content-Type`` header as sent."""
        return self.headers.get("content-type")

    @property
    def document(self) -> JsonValue:
        """The body read as JSON, whatever its label says; ``None`` when it is none (or is ``null``)."""
        if not self._parsed:
            self._parsed = True
            try:
                self._document = pydantic_core.from_json(self.text or "", allow_inf_nan=False)
            except ValueError:
                self._document = None
        return self._document

    @property
    def text(self) -> str | None:
        """The body as text; ``None`` when it is in no character set that it states."""
        return to_text(self.body, self.content_type)

    def __repr__(self) -> str:
        return f"<AgencyResponse {self.status}>"


ErrorReader = Callable[[AgencyResponse], NagorikError | None]
"""A plugin's ``error_reader``: the agency's own error, where it recognises one, and ``None`` otherwise."""


class AnswerReader(Protocol[T_co]):
    """Reads answers in another format than JSON."""

    @property
    def format(self) -> str:
        """The format's name as a code, such as ``xml``; errors name it."""
        ...

    @property
    def accept(self) -> str:
        """The media types that are asked for."""
        ...

    @property
    def model(self) -> Any:
        """The type of what is read; of names in an answer, errors show those alone that it declares."""
        ...

    def read(self, answer: AgencyResponse) -> T_co:
        """What the answer holds.

        Raises:
            ValueError: It is not in this format, or (a ``ValidationError``) does not fit the model.
        """
        ...

    def recognises(self, answer: AgencyResponse) -> bool:
        """Whether the answer is in this format, whatever it says: then it is the agency's word, and no proxy's."""
        ...


class ReadsAnswers(Protocol[T_co]):
    """A type that brings its reader, such as a model of the agency's XML."""

    @classmethod
    def answer_reader(cls) -> AnswerReader[T_co]:
        """What reads an answer into this type."""
        ...


Expected = type[T] | TypeAdapter[T] | AnswerReader[T]
"""What an answer must be: a type, read from JSON unless it brings its reader; a ``TypeAdapter`` for what a type
checker does not take for one; or a reader."""


@dataclass(frozen=True, slots=True, repr=False)
class Body:
    """The body of a request, ready to be sent.

    Attributes:
        content: Its bytes; each attempt sends the same.
        content_type: The value of its ``Content-Type`` header.
        headers: Further headers that go with it, such as a SOAP action.
    """

    content: bytes
    content_type: str
    headers: Headers = field(default_factory=dict)


class SupportsBody(Protocol):
    """What can be sent as a body, such as a model of the agency's XML."""

    def to_body(self) -> Body:
        """It as a body."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class FormPart:
    """One part of a ``multipart/form-data`` body (RFC 7578).

    Attributes:
        name: The form field's name.
        content: Text, sent in UTF-8; bytes; what has a body; or a document, streamed from the host's store: it is
            read twice, at first to see that it is what the host took in.
        filename: What the file is called at the agency; never a name that a citizen's device gave it.
        content_type: Its media type; without one, that of the body or document, and none for text and bytes.
    """

    name: str
    content: str | bytes | SupportsBody | DocumentReference
    filename: str | None = None
    content_type: str | None = None


class RequestOptions(TypedDict, total=False):
    """What a request may have besides its path. Of the bodies it has one at most."""

    params: Params | None
    """Query fields."""
    json: object
    """The body as JSON: a model, or plain values."""
    form: Params | None
    """The body as form fields."""
    xml: SupportsBody | None
    """The body as XML: a model, or an envelope."""
    parts: Sequence[FormPart] | None
    """The body as ``multipart/form-data``."""
    body: Body | SupportsBody | None
    """The body in any other format."""
    headers: Headers | None
    """Further headers, printable ASCII, in place of any of the same name, such as the body's own media type."""
    accept: Collection[int]
    """Statuses that bring what is asked for; ``SUCCESS`` without."""


class Download:
    """A file from the agency, gone through in pieces; a large one is on disk, sealed, while it is referred to.

    Attributes:
        content_type: Its media type as the agency labels it, without parameters and in lower case.
    """

    __slots__ = ("_content", "content_type")

    def __init__(self, content: bytes | Iterable[bytes], content_type: str | None) -> None:
        self._content = (content,) if isinstance(content, bytes) else content
        self.content_type = content_type

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._content)

    @property
    def content(self) -> bytes:
        """Its bytes, in memory as a whole."""
        return b"".join(self._content)


class Token:
    """What a plugin's ``login`` returns; every request to the agency's base address then carries it.

    Attributes:
        header: The header that it travels in.
        expires_in: Seconds from now that it is good for, if it was given so.
        expires_at: When it ends, aware, if it was given so.
    """

    __slots__ = ("_value", "expires_at", "expires_in", "header")

    def __init__(
        self,
        value: SecretStr | str,
        *,
        expires_in: float | None = None,
        expires_at: datetime | None = None,
        scheme: str = "Bearer",
        header: str = "Authorization",
    ) -> None:
        """Make a token.

        Args:
            value: The token itself.
            expires_in: Seconds from now that it is good for, above zero, for an agency that says so.
            expires_at: When it ends, aware, for an agency that writes a time. Of both, what ends first counts; with
                neither, it is good until the agency refuses it.
            scheme: What stands before it in the header; empty for nothing.
            header: The header that it travels in.

        Raises:
            ValueError: One of them is nothing that a token can have, or that a header can be made of.
        """
        secret = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not secret.isascii() or not secret.isprintable() or not secret:
            raise ValueError("a token is printable ASCII")
        if not all(type(word) is str and _WORD.fullmatch(word) for word in (scheme or "none", header)):
            raise ValueError("a header's name and a scheme are words of ASCII letters, digits, hyphens and the like")
        if expires_in is not None and not (type(expires_in) in {int, float} and 0 < expires_in <= sys.float_info.max):
            raise ValueError("a token is good for a number of seconds above zero")
        if expires_at is not None and (not issubclass(type(expires_at), datetime) or expires_at.utcoffset() is None):
            raise ValueError("the time at which a token ends has an offset from UTC")
        self._value = f"{scheme} {secret}".strip().encode("ascii")
        self.header = header
        self.expires_in = expires_in
        self.expires_at = expires_at

    def as_header(self) -> tuple[bytes, bytes]:
        """The header's name and value."""
        return self.header.encode("ascii"), self._value

    def __repr__(self) -> str:
        return "<Token •••>"


Login = Callable[["AgencyHttp", Any, Clock], Awaitable[Token]]
"""A plugin's ``login(http, settings, clock)``: asks the agency for a token through ``http``, which carries none."""


@dataclass(frozen=True, slots=True, repr=False)
class SignableRequest:
    """A request as it is about to be sent, to an agency that wants it signed.

    Attributes:
        method: The HTTP method.
        url: The absolute URL with its query; it may hold identifiers.
        headers: What is sent, names as they are sent; a token and a key among them.
        content: The body; ``None`` where there is none, or where it is streamed.
        stream: Gives the body piece by piece, whether or not it is streamed.
    """

    method: str
    url: str
    headers: Headers
    content: bytes | None
    stream: Callable[[], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True, repr=False)
class Signature:
    """What a signer adds to a request.

    Attributes:
        headers: Further headers.
        content: The body in place of the one that was to be sent, where the signature stands in it.
    """

    headers: Headers = field(default_factory=dict)
    content: bytes | None = None


Signer = Callable[[SignableRequest, Any, Clock], Awaitable[Signature]]
"""A plugin's ``sign(request, settings, clock)``: runs on each attempt over the bytes that are going to be sent to the
agency's base address, a login's too. It may not call the agency."""


class AgencyHttp(Protocol):
    """The agency's HTTP interface within one call.

    Retries, keys, tokens, time limits and the size of answers are taken care of; which failures are tried again
    follows from the operation's declared class. Every method names its ``step``, the write's name in the plugin.

    Once the outcome of a write is unknown, no further write of the same call is sent: each raises the same
    ``OutcomeUnknown``. Reads stay allowed, so that a plugin can look the outcome up.

    All methods raise the errors of ``nagorik.errors`` and nothing else; ``PluginFault`` for one not allowed.
    """

    def key_of(self, step: str) -> str:
        """The idempotency key of a step of this call, as the agency sees it; a look-up may need it."""

    async def read(
        self, step: str, method: Method, path: str, *, expect: Expected[T], **options: Unpack[RequestOptions]
    ) -> T:
        """Ask the agency something that has no effect there, whatever the HTTP method; tried again as a read.

        Args:
            step: A word for it, such as ``find``.
            method: The HTTP method.
            path: Below the base address, or an absolute URL whose host the manifest lists.
            expect: What the answer must be; ``type(None)`` when no body matters.
            **options: As ``RequestOptions``: ``params``, one of the bodies, ``headers``, ``accept``.
        """

    async def read_or_none(
        self,
        step: str,
        method: Method,
        path: str,
        *,
        expect: Expected[T],
        absent: Collection[int] = NOT_FOUND,
        **options: Unpack[RequestOptions],
    ) -> T | None:
        """As ``read``, but ``None`` when the agency says that there is no such thing.

        A status in ``absent`` counts only with a body that is empty or in the format that is expected: the page of a
        proxy that does not know the agency says nothing about the thing, and is a ``ContractViolation``.
        """

    async def write(
        self, step: str, method: Method, path: str, *, expect: Expected[T], **options: Unpack[RequestOptions]
    ) -> T:
        """Have an effect at the agency, under the class that the manifest declares for this operation.

        With native keys, the step's key travels in the manifest's header, the same each time. Arguments: ``read``'s.

        Raises:
            OutcomeUnknown: The agency may have processed it, or an earlier write of this call.
            PluginFault: ``write-in-read-operation``; ``step-repeated`` for a second write of a step that is
                being written or was, unless the agency has native keys.
        """

    async def prepare(
        self, step: str, method: Method, path: str, *, expect: Expected[T], **options: Unpack[RequestOptions]
    ) -> T:
        """Send part of a write that may be sent again, such as a draft or an upload; tried again as a read.

        Only for what counts for nothing at the agency before a ``write`` of the same call names or completes it, and
        does no harm if it is there twice. It carries no key. Arguments: ``read``'s; every method may be used.

        Raises:
            OutcomeUnknown: Of an earlier write of this call.
            PluginFault: ``write-in-read-operation``.
        """

    async def download(
        self,
        step: str,
        path: str,
        *,
        params: Params | None = None,
        headers: Headers | None = None,
        accept: Collection[int] = SUCCESS,
        limit: int | None = None,
    ) -> Download:
        """Fetch a file with ``GET``; tried again as a read.

        Takes the arguments of ``read``; the absolute URL may be a presigned one, and the agency's token goes to the
        base address only. ``limit`` is the most bytes to read; without one, the manifest's ``response_bytes``.
        """


def to_text(body: bytes, content_type: str | None) -> str | None:
    """The body as text without its byte order mark; ``None`` when no stated character set fits.

    A byte order mark is believed first; then UTF-8, which is what JSON is written in and which text of another
    character set practically never is by accident; then the ``charset`` that the content type names.
    """
    for mark, charset in _BOMS:
        if body.startswith(mark):
            return _decode(body[len(mark) :], charset)
    stated = _charset(content_type)
    wide = stated is not None and stated.startswith(("utf-16", "utf-32", "utf_16", "utf_32"))
    text = None if wide else _decode(body, "utf-8")
    if text is None and stated is not None:
        text = _decode(body, stated)
    return text


def _decode(body: bytes, charset: str) -> str | None:
    try:
        return body.decode(charset)
    except (ValueError, LookupError):
        return None


def _charset(content_type: str | None) -> str | None:
    for parameter in (content_type or "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"').lower()
    return None
