"""How a host composes its platform."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from nagorik.clock import Clock
from nagorik.manifest import Manifest
from nagorik.operations import Idempotency, Operation
from nagorik_platform.registry import ADMIT_ALL, Admission
from nagorik_platform.system_clock import SystemClock

if TYPE_CHECKING:
    from nagorik.model.application import DocumentStore
    from nagorik_platform.agency_client.limits import RateLimiter
    from nagorik_platform.agency_client.tokens import TokenStore
    from nagorik_platform.agency_client.transport import TransportFactory


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PluginConfiguration:
    """What a host sets for one plugin.

    Attributes:
        settings: Values of the plugin's settings by field name; they win over the environment. May hold secrets.
        egress: Hosts that may be reached beside the manifest's, such as a simulator's loopback address.
        transport_factory: Makes the transport in place of the network's; for tests.
    """

    settings: Mapping[str, object] = field(default_factory=dict)
    egress: frozenset[str] = frozenset()
    transport_factory: "TransportFactory | None" = None


DEFAULT_LEASE: Final = timedelta(seconds=60)
"""How long a host waits for a worker of whom nothing is heard, before another has what it had in hand."""


def outlasting_calls(manifest: Manifest, lease: timedelta = DEFAULT_LEASE) -> list[tuple[str, float]]:
    """List calls that may outlast ``lease``: what may happen, and the seconds that the lease must exceed.

    Another worker files an application anew after lease and ``lookup_grace``; by then the first call must be over.
    """
    deadline, seconds = manifest.limits.deadline, lease.total_seconds()
    found = []
    for service in manifest.services:
        grace = service.lookup_grace.total_seconds()
        is_safe = service.writes.get(Operation.SUBMIT, Idempotency.SAFE) is Idempotency.SAFE
        if not is_safe and deadline >= seconds + grace:
            why = (
                f"a call of {service.id} may take {deadline:g} seconds, and {seconds + grace:g} seconds after a"
                f" worker was last heard of ({seconds:g} of the lease and {grace:g} of lookup_grace) another files"
                " the application anew: it could be filed twice"
            )
            found.append((why, deadline - grace))
    return found


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PaymentAddresses:
    """Where payers and gateways reach this host.

    Each payment has addresses of its own, which end with the gateway's id and the payment's. An address names its
    payment and proves nothing.

    Attributes:
        returns: Where a payer's browser is sent back to, such as ``https://portal.example/payments/return``.
        notices: Where a gateway posts its notices, such as ``https://portal.example/payments/notice``.
    """

    returns: str | None = None
    notices: str | None = None

    def return_url(self, gateway: str, payment: str) -> str | None:
        """Where the payer of this payment comes back to, or ``None`` where the host has no such address."""
        return _of_payment(self.returns, gateway, payment)

    def notice_url(self, gateway: str, payment: str) -> str | None:
        """Where the gateway posts what it has to say of this payment, or ``None`` without such an address."""
        return _of_payment(self.notices, gateway, payment)


def _of_payment(base: str | None, gateway: str, payment: str) -> str | None:
    return None if base is None else f"{base.rstrip('/')}/{quote(gateway, safe='')}/{quote(payment, safe='')}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PlatformSettings:
    """How a host composes its platform.

    Attributes:
        plugins: Settings by plugin id; a plugin without an entry reads the environment alone.
        admission: Which of the installed plugins are let in.
        call_middleware: Objects that implement ``nagorik_call_policy``, outermost first.
        documents: The host's documents; without one, a plugin finds no document.
        clock: The time.
        payment_addresses: Where payers come back to and gateways post their notices.
        rate_limiter: Says when a request may be sent to an agency; without one, this process alone calls them.
        token_store: Where the tokens of agencies come from; without one, this process logs in for itself.
        has_circuit: Whether this process stops calling an agency that is down. A host that stops calls for all its
            processes says no.
        rng: Spreads what is tried again; seed it for a run that is to be repeated exactly.
        faults_before_quarantine: Citizens whose applications met a fault of a plugin in a row, after which it is not
            called for a while.
        import_seconds: Real seconds that the import of a plugin may take, when a host starts or at its first use; one
            that takes longer is quarantined. No call's deadline runs meanwhile.
        longest_step: Seconds for which a plugin's code may keep the event loop without awaiting. Nothing can
            interrupt it; a longer step counts as a fault, though what the hook returns stands.
    """

    plugins: Mapping[str, PluginConfiguration] = field(default_factory=dict)
    admission: Admission = ADMIT_ALL
    call_middleware: tuple[object, ...] = ()
    documents: "DocumentStore | None" = None
    clock: Clock = field(default_factory=SystemClock)
    payment_addresses: PaymentAddresses = field(default_factory=PaymentAddresses)
    rate_limiter: "RateLimiter | None" = None
    token_store: "TokenStore | None" = None
    has_circuit: bool = True
    rng: Random | None = None
    faults_before_quarantine: int = 5
    import_seconds: float = 30.0
    longest_step: float = 1.0
