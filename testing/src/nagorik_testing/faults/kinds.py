"""The faults that a simulated agency can meet: data, so that a script, a test and the admin API write them alike.

They are enacted below the plugin, where it cannot see the cause. In process a fault becomes the exception that the
transport raises in life; on the loopback it happens to the socket.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, JsonValue, TypeAdapter

from nagorik.privacy import Model

LONGEST_BODY: Final = 10_000_000
"""Characters of an answer that somebody wrote down."""

SimulatedSeconds = Annotated[float, Field(ge=0, le=100 * 366 * 86_400, allow_inf_nan=False)]
"""No more than a hundred years, which a clock can be put forward by."""

Break = Literal["reset", "closed", "half-closed"]
"""How a connection ends: ``reset`` by RST (in httpx a ``ReadError``), ``closed`` by FIN (``RemoteProtocolError``);
``half-closed`` is the FIN of one who goes on listening."""

Shape = Literal["null", "no-fields", "nulls", "in-list", "double-encoded", "numbers-as-text", "bangla-digits"]
"""Another shape of an answer. ``nulls`` puts ``null`` for every value, in XML an element without text;
``double-encoded`` is a document inside a text of the document; ``bangla-digits`` writes the digits of every text in
Bangla."""


class NotSent(Model):
    """The request never reaches the agency.

    Only a client can know that. On the loopback the request is read already; a client on a ``LoopbackClock``, such as
    the contract suite's, sends it again to where nobody listens, and any other meets a connection that is reset
    before processing, with the doubt that it has after ``ClosedBeforeProcessing``.
    """

    fault: Literal["refused-before-processing"] = "refused-before-processing"
    how: Literal["refused", "connect-timeout", "pool-timeout"] = "refused"


class ClosedBeforeProcessing(Model):
    """The agency drops the request unprocessed; a client cannot tell it from an answer that was lost."""

    fault: Literal["closed-before-processing"] = "closed-before-processing"
    how: Literal["reset", "closed", "silent"] = "reset"


class AnswerLost(Model):
    """The agency processes the request, and not a byte of its answer arrives."""

    fault: Literal["answer-lost"] = "answer-lost"
    how: Literal["reset", "closed", "half-closed", "silent"] = "reset"
    """``half-closed`` says that nothing more will come and goes on listening; ``silent`` keeps the connection open
    without a word, until the client's read timeout."""


class InjectedResponse(Model):
    """Another answer than the agency's own arrives."""

    fault: Literal["status"] = "status"
    status: int = Field(default=503, ge=200, le=599)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Annotated[str, Field(max_length=LONGEST_BODY)] = ""
    document: JsonValue = None
    """The agency's own error in place of ``body``, written and labelled by the simulator's codec."""
    retry_after: str | None = None
    """The ``Retry-After`` header as written: seconds or an HTTP date."""
    processed: bool = False
    """Whether the agency carried the request out all the same, like a proxy that gives up too early."""


class MaintenancePage(Model):
    """A page in HTML with status 200, where a document is expected."""

    fault: Literal["html-maintenance"] = "html-maintenance"
    processed: bool = False


class Slow(Model):
    """The agency processes the request and then keeps the answer back."""

    fault: Literal["slow"] = "slow"
    seconds: SimulatedSeconds
    """Of the simulator's clock; longer than the client's read timeout in process means that it gives up."""
    real: bool = False
    """Whether to wait on the machine's clock instead, for real sockets."""


class Dripping(Model):
    """The answer arrives in small pieces."""

    fault: Literal["slow-drip"] = "slow-drip"
    seconds: SimulatedSeconds
    """Between two pieces, of the simulator's clock."""
    piece: int = Field(default=16, ge=1)
    """Bytes in a piece."""
    real: bool = False
    """Whether to wait on the machine's clock instead, for real sockets."""


class Truncated(Model):
    """The agency processes the request and the connection breaks in the middle of the answer's body."""

    fault: Literal["truncated"] = "truncated"
    keep: float = Field(default=0.5, ge=0, lt=1)
    """The part of the body that arrives; ``Content-Length`` tells of the whole."""
    how: Break = "closed"


class Altered(Model):
    """The agency's answer with fields renamed, removed and put in, by its codec: drift that nobody announced.

    Places are dotted: ``success.data.pin``; a number is a place in a list. In XML they begin below the root, or
    below the first element of a SOAP body: names stand without their prefixes, a number counts the elements of one
    name, and ``@id`` is an attribute.
    """

    fault: Literal["altered"] = "altered"
    remove: tuple[str, ...] = ()
    put: dict[str, JsonValue] = Field(default_factory=dict)
    rename: dict[str, str] = Field(default_factory=dict)
    """The new name of what stands at a place."""


class Garbled(Model):
    """The agency processes the request and its answer cannot be read as what it says that it is."""

    fault: Literal["garbled"] = "garbled"
    how: Literal["unparsable", "cut-short", "not-utf-8", "not-gzip", "empty"] = "unparsable"


class Reshaped(Model):
    """The agency processes the request, and its answer comes in another shape: drift that nobody announced.

    An answer that the simulator's codec did not write, such as a file, stays as it is.
    """

    fault: Literal["reshaped"] = "reshaped"
    how: Shape = "no-fields"


class Encoded(Model):
    """The agency's answer in another character set than the usual one, or labelled as what it is not."""

    fault: Literal["encoded"] = "encoded"
    how: Literal["byte-order-mark", "utf-16", "labelled-latin-1", "labelled-html"] = "byte-order-mark"


class Padded(Model):
    """The agency's answer after so many blanks: larger than anybody should read."""

    fault: Literal["padded"] = "padded"
    size: int = Field(default=100_000_000, ge=1)
    """Bytes before the answer; by default as many as the largest ``response_bytes`` of a manifest."""


Fault = (
    NotSent
    | ClosedBeforeProcessing
    | AnswerLost
    | InjectedResponse
    | MaintenancePage
    | Slow
    | Dripping
    | Truncated
    | Altered
    | Garbled
    | Reshaped
    | Encoded
    | Padded
)

AnyFault = Annotated[Fault, Field(discriminator="fault")]
"""A fault as a field of a model."""

FAULTS: TypeAdapter[Fault] = TypeAdapter(AnyFault)
"""Reads a fault from JSON: ``{"fault": "answer-lost", "how": "silent"}``."""
