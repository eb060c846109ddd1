"""``Portal``: what the API and the desk are made of, for programs that mount them."""

from dataclasses import dataclass, field
from datetime import timedelta

from nagorik_host.host import Host
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_portal.accounts import Accounts, Environment
from nagorik_portal.actors import PortalActor
from nagorik_portal.casework import Casework
from nagorik_portal.limits import RateLimits


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """What an operator of the portal sets: a session's longest and idle time, and days after a draft's last save.

    ``base_url`` is where browsers reach it, without a slash at the end; ``body_limit`` counts bytes.
    """

    base_url: str = "http://127.0.0.1:8000"
    session_hours: int = 12
    idle_minutes: int = 60
    body_limit: int = 25_000_000
    draft_days: int = 30
    environment: Environment = "live"

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers send cookies over TLS alone."""
        return self.base_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class Portal:
    """A host with accounts and documents; ``open_portal`` makes it."""

    host: Host
    accounts: Accounts
    documents: FolderDocumentStore
    settings: PortalSettings = field(default_factory=PortalSettings)
    rate_limits: RateLimits = field(default_factory=RateLimits)

    def casework(self, actor: PortalActor) -> Casework:
        """The work of an actor; made once for each request. Raises ``TooManyRequests``."""
        self.rate_limits.take(actor.id)
        return Casework(self.host, self.documents, actor)


def open_portal(host: Host, settings: PortalSettings | None = None) -> Portal:
    """A portal on an open host. The host keeps its documents in a folder, by its own settings."""
    settings = settings or PortalSettings()
    if not isinstance(host.documents, FolderDocumentStore):
        raise TypeError("the host has no folder of documents")
    longest, idle = timedelta(hours=settings.session_hours), timedelta(minutes=settings.idle_minutes)
    accounts = Accounts(host.database, host.vault, longest=longest, idle=idle, environment=settings.environment)
    return Portal(host, accounts, host.documents, settings)
