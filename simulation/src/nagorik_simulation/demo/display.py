"""What shows the demonstration while it runs, and which changes of an application are worth showing."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from nagorik.model.status import ApplicationState, PaymentState
from nagorik_platform.lifecycle import Event, Progress
from nagorik_platform.lifecycle.events import Held, Moved, PaymentMoved
from nagorik_platform.lifecycle.tables import MONEY_TAKEN


class Display(AbstractContextManager["Display"], Protocol):
    """Shows what happens, from entering it to leaving it.

    Names no citizen: an application goes by its file's name.
    """

    def begin(self, agencies: Sequence[str], services: Mapping[str, str]) -> None:
        """Before anything happens: the agencies that are simulated, and each application's service."""
        ...

    def event(self, name: str, event: Event, progress: Progress) -> None:
        """Something happened to an application, which stands at ``progress`` now."""
        ...

    def killed(self, name: str) -> None:
        """The worker was killed when the agency had just filed this application."""
        ...


_ON_THE_WAY: Final = frozenset(
    {
        ApplicationState.AWAITING_PAYMENT,
        ApplicationState.SUBMISSION_UNKNOWN,
        ApplicationState.IN_REVIEW,
        ApplicationState.APPROVED,
        ApplicationState.ISSUED,
        ApplicationState.CLOSED,
    }
)
"""States that another line tells of already, or that say no more than that all goes its way."""


def matters(event: Event) -> bool:
    """Whether an event is worth a line of its own, as far as its kind tells."""
    match event:
        case Moved(to=state):
            return state not in _ON_THE_WAY
        case PaymentMoved(to=state):
            return state is PaymentState.CAPTURED or state not in MONEY_TAKEN
        case Held(hold=hold):
            # The decision that the citizen may not apply has its own line, with the reason.
            return hold.code != "ineligible"
        case _:
            return True
