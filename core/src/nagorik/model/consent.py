"""What the citizen allowed."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from nagorik.bangladesh import Money
from nagorik.operations import Operation
from nagorik.privacy import PERSONAL, Model

ConsentGap = Literal["absent", "scope", "fee-ceiling", "not-yet", "expired"]

Acting = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9._/-]{0,79}$")]
"""Who acts for a citizen, by the host's own id, such as ``centre-0042/operator-7``.

It is nobody's name or identity number, and stays readable when the citizen's data have been erased.
"""


class Consent(Model):
    """A citizen's consent to one service, for named operations, up to an amount, for a time."""

    id: Annotated[str, PERSONAL]
    service: str
    operations: frozenset[Operation] = Field(min_length=1)
    """What may be done on the citizen's behalf."""
    fee_ceiling: Money
    """The most that may be spent on the application, all stages together."""
    given_at: AwareDatetime
    expires_at: AwareDatetime
    asks: frozenset[str] = frozenset()
    """Services of other agencies that may be asked about the citizen for this one, by id."""
    acting: Acting | None = None
    """Who acts for the citizen; ``None`` where the citizen acts."""

    def gap(
        self, service: str, operation: Operation, at: datetime, spending: Money | None = None
    ) -> ConsentGap | None:
        """What keeps this consent from covering an operation at ``at``, or ``None`` if it covers it.

        ``spending`` is the sum of all amounts committed for the application, the one in question included.
        """
        if (untimely := self._untimely(at)) is not None:
            return untimely
        if service != self.service or operation not in self.operations:
            return "scope"
        if spending is not None and (
            spending.currency != self.fee_ceiling.currency or spending.poisha > self.fee_ceiling.poisha
        ):
            return "fee-ceiling"
        return None

    def gap_to_ask(self, service: str, asked: str, at: datetime) -> ConsentGap | None:
        """What keeps ``service`` from asking the service ``asked`` about the citizen at ``at``, if anything."""
        if (untimely := self._untimely(at)) is not None:
            return untimely
        return None if service == self.service and asked in self.asks else "scope"

    def _untimely(self, at: datetime) -> ConsentGap | None:
        if at < self.given_at:
            return "not-yet"
        return "expired" if at >= self.expires_at else None
