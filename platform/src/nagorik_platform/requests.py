"""What identifies an application in each request about it."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from nagorik.operations import Operation


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class References:
    """What identifies an application towards an agency; personal, and the same for every attempt.

    Attributes:
        client_reference: The platform's own reference, shown to the agency.
        idempotency_key: The root of the keys of the application's writes, a UUID.
        agency_reference: The agency's reference, once it is known.
    """

    client_reference: str
    idempotency_key: UUID
    agency_reference: str | None = None

    def key(self, operation: Operation, about: str = "") -> str:
        """The key of one write, derived (UUID version 5) so that every attempt at it has the same.

        ``about`` keeps writes of one operation apart: a payment, a slot, the number of a correction.
        """
        return str(uuid5(self.idempotency_key, f"{operation.value}/{about}"))
