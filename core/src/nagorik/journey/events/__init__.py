"""The journal's entries: what happened to an application, in order.

The journal is the truth and ``Progress`` its fold. An event says what happened and never what to do about it.
"""

from typing import Annotated

from pydantic import Field

from nagorik.journey.events.agency import (
    ArtefactFetched,
    CorrectionGiven,
    CorrectionSent,
    LookedUp,
    ReferenceDoubted,
    ReferenceReceived,
    StatusReceived,
    WithdrawalSettled,
    WithdrawalWanted,
)
from nagorik.journey.events.application import (
    Acknowledged,
    BooksRestored,
    ConsentGiven,
    EligibilityDecided,
    EligibilityDropped,
    FlagsChanged,
    Held,
    Moved,
    Opened,
    Released,
)
from nagorik.journey.events.base import Actor, JournalEvent
from nagorik.journey.events.calls import UNCHANGED, AttemptBegan, AttemptEnded, Postponed
from nagorik.journey.events.paying import (
    AdviceAbsent,
    AdviceLost,
    FeeDemanded,
    FeeSettled,
    PaymentMoved,
    PaymentNoticed,
    PaymentOpened,
    QuoteDropped,
    QuoteReceived,
)

__all__ = [
    "UNCHANGED",
    "Acknowledged",
    "Actor",
    "AdviceAbsent",
    "AdviceLost",
    "ArtefactFetched",
    "AttemptBegan",
    "AttemptEnded",
    "BooksRestored",
    "ConsentGiven",
    "CorrectionGiven",
    "CorrectionSent",
    "EligibilityDecided",
    "EligibilityDropped",
    "Event",
    "FeeDemanded",
    "FeeSettled",
    "FlagsChanged",
    "Held",
    "JournalEvent",
    "LookedUp",
    "Moved",
    "Opened",
    "PaymentMoved",
    "PaymentNoticed",
    "PaymentOpened",
    "Postponed",
    "QuoteDropped",
    "QuoteReceived",
    "ReferenceDoubted",
    "ReferenceReceived",
    "Released",
    "StatusReceived",
    "WithdrawalSettled",
    "WithdrawalWanted",
]

Event = Annotated[
    Opened
    | ConsentGiven
    | Moved
    | FlagsChanged
    | Held
    | Released
    | Acknowledged
    | EligibilityDecided
    | EligibilityDropped
    | BooksRestored
    | QuoteReceived
    | QuoteDropped
    | FeeDemanded
    | FeeSettled
    | PaymentOpened
    | PaymentMoved
    | AdviceLost
    | AdviceAbsent
    | PaymentNoticed
    | AttemptBegan
    | AttemptEnded
    | Postponed
    | ReferenceReceived
    | ReferenceDoubted
    | StatusReceived
    | ArtefactFetched
    | CorrectionGiven
    | CorrectionSent
    | WithdrawalWanted
    | WithdrawalSettled
    | LookedUp,
    Field(discriminator="kind"),
]
