"""``Portal``: what the API and the desk are made of, for programs that mount them."""

from dataclasses import dataclass, field
from math import ceil
from time import monotonic

from nagorik_host.host import Host
from nagorik_host.store.documents import FolderDocumentStore
from nagorik_portal.accounts import Accounts
from nagorik_portal.actors import PortalActor
from nagorik_portal.casework import Casework
from nagorik_portal.errors import TooManyRequests


@dataclass(frozen=True, slots=True)
class Portal:
    """A host with accounts and documents; ``open_portal`` makes it.

    ``base_url`` is where browsers reach it, without a slash at the end. Each actor may make ``rate`` requests a
    second for any time, and ``burst`` at once; several processes each count for themselves.
    """

    host: Host
    accounts: Accounts
    documents: FolderDocumentStore
    base_url: str
    rate: float = 15
    burst: float = 60
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers send cookies over TLS alone."""
        return self.base_url.startswith("https://")

    def casework(self, actor: PortalActor) -> Casework:
        """The work of an actor; made once for each request. Raises ``TooManyRequests``."""
        now = monotonic()
        left, since = self._left.get(actor.id, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.rate)
        if left < 1:
            raise TooManyRequests(max(1, ceil((1 - left) / self.rate)))
        self._left[actor.id] = left - 1, now
        return Casework(self.host, self.documents, actor)


def open_portal(host: Host, base_url: str = "http://127.0.0.1:8000") -> Portal:
    """A portal on an open host. The host keeps its documents in a folder, by its own settings."""
    if not isinstance(host.documents, FolderDocumentStore):
        raise TypeError("the host has no folder of documents")
    return Portal(host, Accounts(host.database, host.vault), host.documents, base_url)
