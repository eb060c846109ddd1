"""What a hook is given beside its request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from nagorik.clock import Clock, Deadline

if TYPE_CHECKING:
    from pydantic import JsonValue

    from nagorik.http import AgencyHttp
    from nagorik.manifest import AnyOffer
    from nagorik.model.application import DocumentStore
    from nagorik.model.submission import AskedAnswer
    from nagorik.settings import AgencySettings

SettingsT = TypeVar("SettingsT", bound="AgencySettings")


class CallLog(Protocol):
    """A structured logger whose lines carry plugin, service and operation, and nothing personal."""

    def info(self, event: str, **fields: object) -> object:
        """Something worth knowing; ``event`` in snake_case, fields by declared data class."""
        ...

    def warning(self, event: str, **fields: object) -> object:
        """Something that the plugin's owner should look at."""
        ...


class Asking(Protocol):
    """Puts one call's questions to services of other plugins."""

    async def ask(self, service: str, form: "Mapping[str, JsonValue]") -> "AskedAnswer":
        """As ``CallContext.ask``."""
        ...


class NobodyToAsk:
    """Stands where a call was not made by a platform, as in a plugin's unit test: there is no consent."""

    async def ask(self, service: str, form: "Mapping[str, JsonValue]") -> "AskedAnswer":  # noqa: ARG002
        """Answer that nothing was asked."""
        from nagorik.model.submission import NotAsked, WhyNotAsked

        return NotAsked(because=WhyNotAsked.NO_CONSENT)


@dataclass(frozen=True, slots=True, repr=False)
class CallContext(Generic[SettingsT]):
    """One call's surroundings. It dies with the call: keep nothing of it.

    Attributes:
        http: The agency's client, bound to this call: retries, keys and time are taken care of.
        settings: The plugin's settings, secrets masked.
        clock: The time, in UTC; use it instead of the machine's.
        deadline: When the host stops waiting for this call; ``deadline.remaining()`` is in seconds.
        idempotency_key: The same at each attempt of this operation for this application; ``None`` in a read. The
            client derives each step's key from it: ``http.key_of(step)``.
        offer: The manifest's entry of the service or gateway that is called; ``None`` for the plugin's own health.
        documents: ``open`` streams a document that the citizen handed in, ``put`` keeps one that the agency issued.
        log: A logger bound to this call.
        asking: Puts this call's questions to other plugins; call ``ask``.
    """

    http: "AgencyHttp"
    settings: SettingsT
    clock: Clock
    deadline: Deadline
    idempotency_key: str | None
    offer: "AnyOffer | None"
    documents: "DocumentStore"
    log: CallLog
    asking: Asking = field(default_factory=NobodyToAsk)

    async def ask(self, service: str, form: "Mapping[str, JsonValue]") -> "AskedAnswer":
        """Ask a service of another plugin about the citizen of this call, whom the platform adds by itself.

        The service's manifest entry lists ``service`` under ``asks``, the citizen's consent names it, and its submit
        has the class ``safe``. ``form`` is what the other service's form wants. The answer takes at most half of the
        time that this call has left. A question that fails is a ``NotAsked``, from which only "cannot tell" follows;
        it does not say what went wrong in the other plugin. ``Accepted`` says only that the agency answered: what it
        answered is its status.

        Raises:
            PluginFault: ``undeclared-ask``: the manifest does not list ``service``. Catching it does not undo it.
        """
        return await self.asking.ask(service, form)

    def __repr__(self) -> str:
        return f"<CallContext {self.offer.id if self.offer else 'plugin'}>"
