"""What a hook is given beside its request."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from nagorik.clock import Clock, Deadline
from nagorik.errors import PluginFault

if TYPE_CHECKING:
    from nagorik.agency_client import AgencyHttp, AgencySettings
    from nagorik.fees import FeeSchedule
    from nagorik.manifest import PaymentGateway, PublicService
    from nagorik.model.document import DocumentStore

SettingsT = TypeVar("SettingsT", bound="AgencySettings")


class CallLog(Protocol):
    """A structured logger whose lines carry plugin, service and operation, and nothing personal."""

    def info(self, event: str, **fields: object) -> object:
        """Something worth knowing; ``event`` in snake_case, fields by declared data class."""
        ...

    def warning(self, event: str, **fields: object) -> object:
        """Something that the plugin's owner should look at."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class CallContext(Generic[SettingsT]):
    """One call's surroundings. It dies with the call: keep nothing of it.

    Attributes:
        http: The agency's client, bound to this call: retries, keys and time are taken care of.
        settings: The plugin's settings, secrets masked.
        clock: The time; use it instead of the machine's.
        deadline: When the call's answer is no longer waited for.
        idempotency_key: The application's key for this operation; the client derives a key for each step from it.
        offer: The manifest's entry of the service or gateway that is called.
        schedule: The service's fee schedule, if its manifest names one; see ``fees``.
        documents: The host's documents.
        log: A logger bound to this call.
    """

    http: "AgencyHttp"
    settings: SettingsT
    clock: Clock
    deadline: Deadline
    idempotency_key: str | None
    offer: "PublicService | PaymentGateway | None"
    schedule: "FeeSchedule | None"
    documents: "DocumentStore"
    log: CallLog

    @property
    def fees(self) -> "FeeSchedule":
        """The service's fee schedule.

        Raises:
            PluginFault: The service's manifest entry names none.
        """
        if self.schedule is None:
            raise PluginFault("no-fee-schedule", plugin=self.offer.id.partition(".")[0] if self.offer else "")
        return self.schedule

    def __repr__(self) -> str:
        return f"<CallContext {self.offer.id if self.offer else 'plugin'}>"
