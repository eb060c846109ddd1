"""Who acts: an operator at a desk or a machine, and what each may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from nagorik_portal.errors import PortalError

Scope = Literal["apply", "view", "decide", "events", "supervise"]
"""What an actor may do: hand in and act for citizens; see applications; decide officers' cases; read events; see all
of the centre's queue and the work of others."""
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
ROLES: Final[Mapping[str, frozenset[Scope]]] = {
    "operator": frozenset({"apply", "view"}),
    "supervisor": frozenset({"apply", "view", "supervise"}),
    "officer": frozenset({"view", "decide"}),
}
"""The scopes of each role that an operator can have."""


class NotPermitted(PortalError):
    """The actor lacks the scope or the service."""

    code, status = "not-permitted", 403


@dataclass(frozen=True, slots=True)
class PortalActor:
    """An operator or a machine.

    Attributes:
        id: As ``Consent.acting``: ``centre-0042/operator-7``; no name and no number of a person.
        centre: The first part of the id. An actor sees what this centre took in, and nothing else.
        kind: A person with a session, or a machine with a key.
        name: What is shown to colleagues.
        scopes: What the actor may do.
        services: The services that the actor may act on, by id; ``None`` for all.
    """

    id: str
    centre: str
    kind: Literal["operator", "machine"]
    name: str
    scopes: frozenset[Scope]
    services: frozenset[str] | None = None

    def require(self, scope: Scope, service: str | None = None) -> None:
        """Check the scope, and the service if one is named; raises ``NotPermitted``."""
        if scope not in self.scopes or not (service is None or self.serves(service)):
            raise NotPermitted

    def serves(self, service: str) -> bool:
        """Whether the actor may act on a service."""
        return self.services is None or service in self.services
