"""What a step has to know of a service: which operations exist and how its writes can be settled."""

from collections.abc import Mapping

from nagorik.manifest import PaymentGateway, PublicService
from nagorik.operations import Idempotency, Operation
from nagorik.privacy import Model


class Plan(Model):
    """A service's operations and manners, as far as they decide what comes next."""

    operations: Mapping[Operation, Idempotency | None]
    """Every operation offered, the gateway's included; a write with its idempotency class."""
    gateway: str | None
    """The gateway that the citizen pays with."""
    settle: float
    """Seconds after a lost answer before a look-up that finds nothing is believed."""

    @classmethod
    def of(cls, service: PublicService, gateway: PaymentGateway | None = None) -> "Plan":
        """The plan of a service paid through ``gateway``."""
        operations: dict[Operation, Idempotency | None] = {}
        for offer in filter(None, (service, gateway)):
            operations |= dict.fromkeys(offer.reads)
            operations |= offer.writes
        return cls(
            operations=operations,
            gateway=gateway.id if gateway else None,
            settle=service.settle.total_seconds(),
        )

    def offers(self, operation: Operation) -> bool:
        """Whether the operation exists."""
        return operation in self.operations

    def repeats(self, operation: Operation) -> bool:
        """Whether the agency itself sees to it that doing the operation twice does it once."""
        return self.operations.get(operation) in {Idempotency.NATIVE, Idempotency.SAFE}
