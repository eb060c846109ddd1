"""``Portal``: what the API and the desk are made of, for programs that mount them."""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from nagorik_host.host import Host
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_portal.accounts import Accounts, Environment, SessionLimits
from nagorik_portal.actors import PortalActor
from nagorik_portal.casework import Casework
from nagorik_portal.documents import DocumentDesk
from nagorik_portal.drafts import Drafts
from nagorik_portal.limits import RateLimits


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """What an operator of the portal sets.

    Attributes:
        base_url: Where browsers reach it, without a slash at the end; cookies are secure where it is ``https``.
        session_hours: How long a session lasts at most.
        idle_minutes: How long a session lasts without a request.
        body_limit: Bytes of a request's body, documents included.
        draft_days: How long a draft is kept after it was saved last.
        environment: ``test`` before simulated agencies, ``live`` before real ones.
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
        return urlsplit(self.base_url).scheme == "https"

    @property
    def sessions(self) -> SessionLimits:
        """How long a session lasts."""
        return SessionLimits(timedelta(hours=self.session_hours), timedelta(minutes=self.idle_minutes))


@dataclass(frozen=True, slots=True)
class Portal:
    """A host with accounts, drafts and documents; ``open_portal`` makes it.

    Attributes:
        host: What carries the applications.
        accounts: Who may come in.
        drafts: Saved forms.
        documents: What citizens hand in.
        settings: What an operator of the portal sets.
        rate_limits: How fast each actor may ask.
    """

    host: Host
    accounts: Accounts
    drafts: Drafts
    documents: DocumentDesk
    settings: PortalSettings = field(default_factory=PortalSettings)
    rate_limits: RateLimits = field(default_factory=RateLimits)

    def casework(self, actor: PortalActor) -> Casework:
        """The work of an actor; made once for each request.

        Raises:
            TooManyRequests: The actor asks too fast; ``retry_after`` says when there is room again.
        """
        self.rate_limits.take(actor.id)
        return Casework(self.host, self.drafts, self.documents, actor)


def open_portal(host: Host, settings: PortalSettings | None = None) -> Portal:
    """A portal on an open host. The host keeps its documents in a folder, by its own settings.

    Raises:
        ValueError: The host has no folder of documents.
    """
    settings = settings or PortalSettings()
    if not isinstance(host.documents, FolderDocumentStore):
        raise ValueError("the host has no folder of documents")  # noqa: TRY004 - a setting is missing
    accounts = Accounts(host.database, host.vault, limits=settings.sessions, environment=settings.environment)
    drafts = Drafts(host.database, host.vault, host.clock)
    return Portal(host, accounts, drafts, DocumentDesk(host.documents), settings)
