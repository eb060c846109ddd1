"""One hierarchy of errors, ordered by what the caller does next.

Nothing of httpx, tenacity, pluggy or a plugin's own exceptions reaches a host: it meets one of these. The text
of an error holds a stable code and a sentence; never a payload, a URL, an identifier or an agency's free text.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Self

from pydantic import JsonValue

from nagorik.privacy import Model
from nagorik.values.sentences import Text, read_sentences


class Outcome(StrEnum):
    """What is known of the effect at the agency when a call ends in an error."""

    NOT_SENT = "not-sent"
    REJECTED = "rejected"
    ALREADY_THERE = "already-there"
    UNKNOWN = "unknown"


class Retry(StrEnum):
    """Whether and how the caller may try again."""

    NEVER = "never"
    SAFE = "safe"
    AFTER = "after"
    LOOK_UP_FIRST = "look-up-first"


class Layer(StrEnum):
    """Where the failure arose."""

    CORE = "core"
    PLUGIN = "plugin"
    TRANSPORT = "transport"
    AGENCY = "agency"
    GATEWAY = "gateway"


class CredentialProblem(StrEnum):
    """Why an agency refused the platform's own credentials; each has another person to call."""

    EXPIRED = "expired"
    REVOKED = "revoked"
    WRONG = "wrong"
    ADDRESS_NOT_ALLOWED = "address-not-allowed"
    NOT_PERMITTED = "not-permitted"
    UNSPECIFIED = "unspecified"


class FieldProblem(Model):
    """What is wrong with one field of a citizen's input."""

    pointer: str
    """RFC 6901 JSON Pointer into the submitted document, such as ``/form/birth_date``."""
    code: str
    """Stable, machine-readable: ``missing``, ``nid.birth-year-mismatch``."""
    text: Text
    """One sentence for the person who must correct it."""


class NagorikError(Exception):
    """Base of all errors a host meets.

    Attributes:
        code: Stable identifier; the key of the message catalogue.
        retry: What the caller may do about it.
        layer: Where it arose.
        outcome: What is known of the effect at the agency.
        status: HTTP status for an RFC 9457 rendering.
        service: The service that was called, once the dispatcher knows it.
        operation: The operation that was called, once the dispatcher knows it.
        agency: The agency's name, once the dispatcher knows it.
    """

    code: ClassVar[str] = "error"
    retry: ClassVar[Retry] = Retry.NEVER
    status: ClassVar[int] = 500
    outcome: Outcome = Outcome.NOT_SENT

    def __init__(self, *, layer: Layer = Layer.CORE) -> None:
        super().__init__()
        self.layer = layer
        self.service: str | None = None
        self.operation: str | None = None
        self.agency: Text | None = None

    @property
    def message(self) -> Text:
        """What happened, what it means for the application, and what to do next, in both languages."""
        return message_of(self.code, self.agency)

    def details(self) -> Mapping[str, JsonValue]:
        """Members that only this kind of error adds to its rendering; nothing personal."""
        return {}

    def to_problem(self) -> dict[str, JsonValue]:
        """This error as an RFC 9457 problem details object, with the members of this platform as extensions."""
        message = self.message
        problem: dict[str, JsonValue] = {
            "type": f"urn:nagorik:problem:{self.code}",
            "title": message.en.split(". ")[0].rstrip("."),
            "status": self.status,
            "detail": message.en,
            "code": self.code,
            "detail_bn": message.bn,
            "retry": self.retry.value,
            "outcome": self.outcome.value,
            "layer": self.layer.value,
        }
        return problem | _known(service=self.service, operation=self.operation) | dict(self.details())

    def copy(self) -> Self:
        """The same error as an object of its own: without traceback, causes and notes, which may quote anything.

        Whoever made this one may keep it, and raise it in several calls at once.
        """
        other = type(self).__new__(type(self))
        other.__dict__.update({name: value for name, value in self.__dict__.items() if name != "__notes__"})
        return other

    def __str__(self) -> str:
        where = "/".join(part for part in (self.service, self.operation) if part)
        return f"{self.code}{f' [{where}]' if where else ''}: {self.message.en}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.code}>"

    def __reduce__(
        self,
    ) -> tuple[Callable[[type["NagorikError"]], "NagorikError"], tuple[type[Self]], dict[str, Any]]:
        # An exception is copied by calling its class with ``args``; these are empty, since a text may show them.
        return _blank, (type(self),), vars(self).copy()


class InputRejected(NagorikError):
    """The citizen's input must be corrected. Nothing was filed."""

    code = "input-rejected"
    status = 422
    outcome = Outcome.REJECTED

    def __init__(self, fields: Sequence[FieldProblem], *, layer: Layer = Layer.CORE) -> None:
        super().__init__(layer=layer)
        self.fields = tuple(fields)

    def details(self) -> Mapping[str, JsonValue]:
        """The problems, field by field."""
        told = ((field.pointer, field.code, field.text) for field in self.fields)
        return {"errors": [{"pointer": at, "code": code, "detail": t.en, "detail_bn": t.bn} for at, code, t in told]}


class AgencyRejected(NagorikError):
    """The agency answered, and its answer is no. Trying again would change nothing.

    ``reason_code`` is the plugin's or the platform's stable word for it (``http-404``, ``nid.locked``), never the
    agency's free text; ``reason`` is the plugin's own sentence for that code.
    """

    code = "agency-rejected"
    status = 409
    outcome = Outcome.REJECTED

    def __init__(self, reason_code: str, *, reason: Text | None = None, layer: Layer = Layer.AGENCY) -> None:
        super().__init__(layer=layer)
        self.reason_code = reason_code
        self.reason = reason

    def details(self) -> Mapping[str, JsonValue]:
        """The reason's code, and its sentence where the plugin has one."""
        told: dict[str, JsonValue] = {"reason_code": self.reason_code}
        if self.reason is not None:
            told |= {"reason": self.reason.en, "reason_bn": self.reason.bn}
        return told


class DuplicateApplication(NagorikError):
    """The agency already holds this application; adopt ``reference`` instead of filing again."""

    code = "duplicate-application"
    status = 409
    outcome = Outcome.ALREADY_THERE

    def __init__(self, reference: str, *, layer: Layer = Layer.AGENCY) -> None:
        super().__init__(layer=layer)
        self.reference = reference


class AgencyUnavailable(NagorikError):
    """The agency cannot be reached or cannot work now. Nothing was filed; wait and come again.

    ``retry_after`` is in seconds; ``None`` leaves the choice to the caller's own back-off.
    """

    code = "agency-unavailable"
    retry = Retry.SAFE
    status = 503

    def __init__(
        self, *, retry_after: float | None = None, because: str = "unreachable", layer: Layer = Layer.TRANSPORT
    ) -> None:
        super().__init__(layer=layer)
        self.retry_after = retry_after
        self.because = because

    def details(self) -> Mapping[str, JsonValue]:
        """The cause as a code, and the wait in seconds where it is known."""
        return _known(because=self.because, retry_after=self.retry_after)


class AgencyClosed(NagorikError):
    """The agency is outside its hours; nothing was sent. It opens again at ``until`` (aware UTC)."""

    code = "agency-closed"
    retry = Retry.AFTER
    status = 503

    def __init__(self, until: datetime, *, layer: Layer = Layer.CORE) -> None:
        super().__init__(layer=layer)
        self.until = until

    def details(self) -> Mapping[str, JsonValue]:
        """When it opens again."""
        return {"until": self.until.isoformat()}


class RateLimited(NagorikError):
    """The agency, or the platform on its behalf, asks for fewer calls; nothing was processed."""

    code = "rate-limited"
    retry = Retry.AFTER
    status = 429

    def __init__(self, *, retry_after: float | None = None, layer: Layer = Layer.AGENCY) -> None:
        super().__init__(layer=layer)
        self.retry_after = retry_after

    def details(self) -> Mapping[str, JsonValue]:
        """The wait in seconds, where it is known."""
        return _known(retry_after=self.retry_after)


class CredentialsRejected(NagorikError):
    """The agency does not accept the platform's credentials. The host's administrator must act."""

    code = "credentials-rejected"
    status = 502

    def __init__(
        self, kind: CredentialProblem = CredentialProblem.UNSPECIFIED, *, layer: Layer = Layer.AGENCY
    ) -> None:
        super().__init__(layer=layer)
        self.kind = kind

    def details(self) -> Mapping[str, JsonValue]:
        """Which kind of refusal it was."""
        return {"kind": self.kind.value}


class OutcomeUnknown(NagorikError):
    """It is not known whether the agency processed the write. Look it up before anything else.

    ``step`` is the write's name in the plugin; ``because`` the cause as a code (``read-timeout``,
    ``contract-violation``, ``plugin-fault``).
    """

    code = "outcome-unknown"
    retry = Retry.LOOK_UP_FIRST
    status = 504
    outcome = Outcome.UNKNOWN

    def __init__(self, *, step: str, because: str, layer: Layer = Layer.TRANSPORT) -> None:
        super().__init__(layer=layer)
        self.step = step
        self.because = because
        self.client_reference: str | None = None

    def details(self) -> Mapping[str, JsonValue]:
        """The step and the cause; the client reference is for code, not for texts."""
        return {"step": self.step, "because": self.because}


class ContractViolation(NagorikError):
    """The agency's answer is not what its contract says. The plugin's owner must look at it.

    ``detail`` is a code and, for a document that does not fit, the places (``$.items.0.state``), never a value.
    """

    code = "contract-violation"
    status = 502

    def __init__(self, detail: str, *, layer: Layer = Layer.AGENCY) -> None:
        super().__init__(layer=layer)
        self.detail = detail

    def details(self) -> Mapping[str, JsonValue]:
        """What did not fit, and where."""
        return {"violation": self.detail}


class PluginFault(NagorikError):
    """The plugin itself failed: it raised a foreign exception, returned the wrong type, or did not return.

    ``fault`` is a code (``raised``, ``wrong-result``, ``deadline``, ``exit``), ``exception`` the type's name and
    ``where`` the place inside the plugin, or the result's members that do not fit. The exception's text is dropped.
    """

    code = "plugin-fault"
    status = 500

    def __init__(self, fault: str, *, plugin: str, exception: str | None = None, where: str | None = None) -> None:
        super().__init__(layer=Layer.PLUGIN)
        self.fault = fault
        self.plugin = plugin
        self.exception = exception
        self.where = where

    def details(self) -> Mapping[str, JsonValue]:
        """Whose fault, of what kind, and where in the plugin."""
        return _known(fault=self.fault, plugin=self.plugin, exception=self.exception, where=self.where)


class ServiceNotOffered(NagorikError):
    """No installed, usable plugin offers this service or this operation of it.

    ``because`` says which: ``unknown-service``, ``operation-not-offered``, or the code of the quarantine that
    keeps the service's plugin out.
    """

    code = "service-not-offered"
    status = 404

    def __init__(self, because: str) -> None:
        super().__init__(layer=Layer.CORE)
        self.because = because

    def details(self) -> Mapping[str, JsonValue]:
        """Why it is not offered."""
        return {"because": self.because}


class SettingsRejected(NagorikError):
    """A plugin's settings are missing or wrong. ``names`` are the settings' names, never their values.

    ``reasons`` are codes by name, such as ``missing``, ``secret-empty`` or ``not-https``, where they are known.
    """

    code = "settings-rejected"
    status = 500

    def __init__(self, names: Sequence[str], *, plugin: str, reasons: Mapping[str, str] | None = None) -> None:
        super().__init__(layer=Layer.CORE)
        self.names = tuple(names)
        self.plugin = plugin
        self.reasons = dict(reasons or {})

    def details(self) -> Mapping[str, JsonValue]:
        """Which settings of which plugin, and what is wrong with each as far as it is known."""
        reasons: dict[str, JsonValue] = dict(self.reasons)
        told: dict[str, JsonValue] = {"plugin": self.plugin, "settings": list(self.names)}
        return told | ({"reasons": reasons} if reasons else {})


class ConsentMissing(NagorikError):
    """The citizen's consent does not cover this operation or this amount; nothing was sent."""

    code = "consent-missing"
    status = 403

    def __init__(self, because: str) -> None:
        super().__init__(layer=Layer.CORE)
        self.because = because

    def details(self) -> Mapping[str, JsonValue]:
        """What the consent lacks: ``absent``, ``scope``, ``fee-ceiling``, ``expired``."""
        return {"because": self.because}


def _blank(kind: type[NagorikError]) -> NagorikError:
    return kind.__new__(kind)


def _known(**members: JsonValue) -> dict[str, JsonValue]:
    return {name: value for name, value in members.items() if value is not None}


def message_of(code: str, agency: Text | None = None) -> Text:
    """What a person reads when a call ends in an error with ``code``; without an agency it goes unnamed.

    Raises:
        KeyError: No error has this code.
    """
    template = _catalogue()[code]
    name = agency or Text(bn="সংস্থাটি", en="the agency")
    english = template.en.replace("{agency}", name.en)
    return Text(bn=template.bn.replace("{agency}", name.bn), en=english[0].upper() + english[1:])


@cache
def _catalogue() -> Mapping[str, Text]:
    return read_sentences("nagorik")
